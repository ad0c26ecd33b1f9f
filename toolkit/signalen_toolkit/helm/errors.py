"""What Helm says when it fails, in plain words and with the places that it names.

Helm 3 prints an error on one line, Helm 4 (and the library made of it) over several; both are read here.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from signalen_toolkit.diagnostics.hiding import MASK, hidden
from signalen_toolkit.diagnostics.places import Place, dotted
from signalen_toolkit.diagnostics.secret_shapes import is_secret_name

_LONGEST: Final = 500  # characters of a message that we have no words for
_MOST: Final = 2**15  # characters that are looked at; a chart may put whole files into its message
# Lines that are no part of the error: advice, warnings, and remarks about values.
_NOISE = re.compile(r"^(?:Use --debug flag|WARNING:|walk\.go:|coalesce\.go:|level=|time=|\d{4}/\d\d/\d\d )")
# One step into a template: file, line, column, and the expression that was being worked out there.
_STEP = re.compile(
    r"(?<![^\s:(])(?P<file>[^\s:]+):(?P<line>\d+)(?::(?P<column>\d+))?:?\s+"
    r'executing "[^"]*" at <(?P<expression>.{0,1000}?)>:\s*',
    re.DOTALL,
)
_PLACE = re.compile(r"(?:parse|execution) error at \((?P<file>[^\s:()]+):(?P<line>\d+)(?::(?P<column>\d+))?\):\s*")
_NOT_YAML = re.compile(r"YAML parse error on (?P<file>[^\s:]+):\s*(?P<reason>.*)", re.DOTALL)
_YAML_REASON = re.compile(r"^.*?yaml:\s*(?:line (?P<line>\d+):\s*)?", re.DOTALL)
_VALUE = re.compile(r"(?:^|[\s($])\.Values((?:\.\w+)+)")
_NIL = re.compile(r"nil pointer evaluating (?:interface \{\}|\S+?)\.(?P<field>\w+)")
_NO_FIELD = re.compile(r"can't evaluate field (?P<field>\w+) in type")
_SCHEMA = "values don't meet the specifications of the schema(s)"
_REFUSED = re.compile(r"^- (?:at '(?P<pointer>[^']*)'|(?P<dotted>[^:]+)): (?P<reason>.+)$")
_EXTRA = re.compile(r"additional propert(?:y|ies) '?(?P<key>[\w.-]+)'?", re.IGNORECASE)
_LACKING = re.compile(r"missing in charts/ directory:\s*(?P<names>.+)")
_KUBERNETES = re.compile(
    r"chart requires kubeVersion: (?P<wants>.{1,200}?) which is incompatible with Kubernetes v?(?P<is>\S+)"
)


@dataclass(frozen=True, slots=True)
class Refusal:
    """One value that the chart's own schema refuses: its place in the values, and why."""

    place: Place
    reason: str

    @property
    def path(self) -> str:
        """The place in words."""
        return dotted(self.place)


class HelmError(Exception):
    """Helm could not make objects of a chart and its values.

    `message` is one line. `template` is the file in the chart (`backend/templates/deployment.yaml`) with `line` and
    `column` from 1, 0 where Helm names none. `place` is that of the value that it is about (`settings.database.host`),
    `refusals` are all those that the chart's schema refuses. `raw` is what Helm itself said.
    """

    def __init__(
        self,
        message: str,
        *,
        template: str = "",
        line: int = 0,
        column: int = 0,
        place: Place = (),
        refusals: tuple[Refusal, ...] = (),
        raw: str = "",
    ) -> None:
        super().__init__(message)
        self.message = message
        self.template = template
        self.line = line
        self.column = column
        self.place = place
        self.refusals = refusals
        self.raw = raw


def understand(said: str, chart: str = "") -> HelmError:
    """Make an error of what Helm printed; `chart` is the name of the chart that it was given."""
    lines = [line for line in said[:_MOST].splitlines() if line.strip() and not _NOISE.match(line)]
    text = "\n".join(lines)
    at = re.search(r"^Error: ", text, re.MULTILINE)
    text = (text[at.end() :] if at else text).strip()
    for reader in (_schema_error, _not_yaml, _template_error, _place_error, _chart_error):
        error = reader(text, chart)
        if error is not None:
            error.raw = said
            return error
    return HelmError(f"helm failed: {one_line(text)}" if text else "helm failed without saying why", raw=said)


def one_line(text: str) -> str:
    """Put what another program said on one line, without control characters, and cut it."""
    text = " ".join("".join(letter if letter.isprintable() else " " for letter in hidden(_quoted(text))).split())
    return text if len(text) <= _LONGEST else text[: _LONGEST - 1] + "…"


def _quoted(text: str) -> str:
    """Leave out the value that Go's reader of YAML quotes when it does not fit, whatever it is called."""
    return re.sub(r"(cannot unmarshal !!\w+) `[^`]*`", r"\1", text)


def _template_error(text: str, _chart: str) -> HelmError | None:
    steps = list(_STEP.finditer(text))
    if not steps:
        return None
    last = steps[-1]
    reason = text[last.end() :]
    if said := _PLACE.search(reason):  # `required` or `fail`, called by a template inside another
        return _place_error(reason[said.start() :], "")
    path = ""
    for step in reversed(steps):
        if path := _value_of(step["expression"]):
            break
    message = _why(path, reason) or f"{one_line(last['expression'])}: {one_line(reason)}"
    return HelmError(
        message,
        template=last["file"],
        line=int(last["line"]),
        column=int(last["column"] or 0),
        place=_of_subchart(steps[0]["file"], path),
    )


def _why(path: str, reason: str) -> str:
    """Say which value is not there, or is not a map; empty where it is something else."""
    if (nil := _NIL.search(reason)) and path:
        return f"the chart reads the value '{path}', and '{_before(path, nil['field'])}' is not set"
    if (found := _NO_FIELD.search(reason)) and path:
        return f"the chart reads the value '{path}', but '{_before(path, found['field'])}' is not a map"
    return ""


def _before(path: str, field: str) -> str:
    """Return the part of a path that a field was looked for in."""
    parts = path.split(".")
    at = len(parts) - 1 - parts[::-1].index(field) if field in parts else len(parts) - 1
    return ".".join(parts[:at]) or path


def _value_of(expression: str) -> str:
    found = _VALUE.search(expression)
    return found[1][1:] if found else ""


def _of_subchart(template: str, path: str) -> Place:
    """Return the place in the values of the chart itself, of a value that a subchart reads."""
    place = tuple(filter(None, path.split(".")))
    if place[:1] in ((), ("global",)):
        return place
    return (*re.findall(r"/charts/([^/]+)(?=/)", template), *place)


def _place_error(text: str, _chart: str) -> HelmError | None:
    found = _PLACE.search(text)
    if found is None:
        return None
    reason = one_line(text[found.end() :])
    unreadable = text[found.start() :].startswith("parse")
    return HelmError(
        f"the template cannot be read: {reason}" if unreadable else f"the chart refuses its values: {reason}",
        template=found["file"],
        line=int(found["line"]),
        column=int(found["column"] or 0),
        place=() if unreadable else _of_subchart(found["file"], _value_of(f" {reason}")),
    )


def _not_yaml(text: str, _chart: str) -> HelmError | None:
    found = _NOT_YAML.search(text)
    return not_yaml(found["file"], found["reason"]) if found else None


def not_yaml(template: str, reason: str) -> HelmError:
    """Make the error for a template whose text is not YAML.

    The line that Helm names counts in what the template makes, so it is in the message and not in `line`.
    """
    detail = _YAML_REASON.match(reason)
    where = f" (line {detail['line']} of what it makes)" if detail and detail["line"] else ""
    said = one_line(reason[detail.end() :] if detail else reason)
    return HelmError(f"the template makes something that is not YAML{where}: {said}", template=template, raw=reason)


def _schema_error(text: str, chart: str) -> HelmError | None:
    if _SCHEMA not in text:
        return None
    refusals: list[Refusal] = []
    owner = ""
    for line in text.splitlines()[1:]:
        refused = _REFUSED.match(line.strip())
        if refused:
            refusals.append(_refusal(refused, owner))
        elif line.strip().endswith(":"):
            name = line.strip().removesuffix(":")
            owner = "" if name == chart else name
    if not refusals:
        return HelmError(f"the schema of the chart cannot be used: {one_line(' '.join(text.splitlines()[1:]))}")
    listed = "; ".join(f"'{one.path}': {one.reason}" if one.path else one.reason for one in refusals)
    return HelmError(
        f"the chart refuses these values: {one_line(listed)}",
        place=refusals[0].place,
        refusals=tuple(refusals),
    )


def _refusal(found: re.Match[str], owner: str) -> Refusal:
    if found["dotted"]:
        parts = [] if found["dotted"] == "(root)" else found["dotted"].split(".")
    else:  # a key may have a dot in it
        parts = [part.replace("~1", "/").replace("~0", "~") for part in found["pointer"].split("/")[1:]]
    extra = _EXTRA.search(found["reason"])
    place = (owner, *parts, extra["key"] if extra else "")
    place, reason = tuple(filter(None, place)), found["reason"]
    if place and is_secret_name(place[-1]):
        reason = re.sub(r"'[^']*'", f"'{MASK * 8}'", reason)
    return Refusal(place, one_line(reason))


def _chart_error(text: str, _chart: str) -> HelmError | None:
    if found := _LACKING.search(text):
        return HelmError(
            f"the chart lacks charts that it depends on: {one_line(found['names'])};"
            " a packed chart (.tgz) has them, in a folder `helm dependency build` fetches them"
        )
    if found := _KUBERNETES.search(text):
        return HelmError(f"the chart is for Kubernetes {found['wants']}, and this is {found['is']}")
    if text.startswith("failed to parse -:"):
        return HelmError(f"the values are not what Helm reads: {one_line(text.split(':', 1)[1])}")
    return None
