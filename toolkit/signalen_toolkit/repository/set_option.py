"""`--set KEY=VALUE` and `signalen set`: a setting on the command line, read with its schema in mind."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

from signalen_toolkit.base.files import alone
from signalen_toolkit.catalog.load import catalog
from signalen_toolkit.diagnostics.characters import CONTROL, INVISIBLE, character_name
from signalen_toolkit.diagnostics.problems import Problem, ProblemsError, UsageError
from signalen_toolkit.diagnostics.source import Source
from signalen_toolkit.documents import edit, reader, unseen
from signalen_toolkit.documents.nodes import Node
from signalen_toolkit.form.municipalities import meant_by, not_found
from signalen_toolkit.form.schema import form_schema, resolve
from signalen_toolkit.helm.charts.sources import Sources
from signalen_toolkit.repository import change as revision
from signalen_toolkit.repository import charts_lock

Place = tuple[str, ...]

SET: Final = "--set"

_PART = re.compile(r'\.?([^\s.\[\]"=]+)|\["([^"\r\n]+)"\]')
_QUOTED = re.compile(r""""(?:[^"\\]|\\.)*"|'(?:[^']|'')*'""", re.DOTALL)


def parse(setting: str, number: int) -> tuple[Place, Node]:
    """Return the place and the value of one `--set KEY=VALUE`, `number` its place among them; offsets are those in it.

    Text is taken as it stands where the schema wants text: a telephone number keeps its zero. Any other value, and a
    text that stands between quotes as a whole, is read as YAML.

    Raises UsageError where there is no key, ProblemsError where the value cannot be read.
    """
    place, start = _place(setting)
    value = setting[start:]
    if found := CONTROL.search(setting) or INVISIBLE.search(setting):
        rule = unseen.RULE if INVISIBLE.match(found.group()) else "control-character"
        message = f"this answer contains {character_name(found.group())}"
        raise ProblemsError([_problem(setting, number, rule, message, found.start())])
    if place == ("municipality",) and not value.lstrip().startswith("{"):
        place, value = ("municipality", "code"), _code(value, setting, number, start)
    node = schema_at(place)
    is_text = node is not None and node.get("type") == "string"
    if is_text and not _QUOTED.fullmatch(value):
        return place, plain(value, setting, start)
    return place, _read(setting, start, number)


def setting_place(setting: str) -> Place:
    """Return the place that a setting is called by: `contact.phone`. Raises UsageError for what calls none."""
    try:
        return _place(f"{setting}=")[0]
    except UsageError:
        raise UsageError(f"'{setting}' is not how a setting is called, such as contact.phone") from None


def plain(value: Any, written: str, start: int | None = None) -> Node:
    """Return a value as it would be in a document; it stands behind the `=` in what is `written`."""
    start = written.find("=") + 1 if start is None else start
    return Node(start, max(len(written), start), "plain", value)


def _code(text: str, setting: str, number: int, start: int) -> str:
    found = meant_by(text)
    if len(found) == 1:
        return found[0].code
    message, hint = not_found(text)
    raise ProblemsError([_problem(setting, number, "unknown-value", message, start, len(setting), hint)])


def _place(setting: str) -> tuple[Place, int]:
    """Return the key of `KEY=VALUE` as a path, and where the value starts."""
    parts: list[str] = []
    position = 0
    while (match := _PART.match(setting, position)) and match[0].startswith(".") == (bool(parts) and match[2] is None):
        parts.append(match[1] or match[2])
        position = match.end()
    if not parts or setting[position : position + 1] != "=":
        raise UsageError(f"{SET} '{setting}' is not KEY=VALUE, such as {SET} contact.phone='073 615 51 55'")
    return tuple(parts), position + 1


def schema_at(place: Place) -> Mapping[str, Any] | None:
    """Return the schema of a setting, None where the form has none."""
    node = resolve(form_schema())
    for part in place:
        child = node.get("properties", {}).get(part, node.get("additionalProperties"))
        if not isinstance(child, dict):
            return None
        node = resolve(child)
    return node


def _read(setting: str, start: int, number: int) -> Node:
    """Read the value of a `--set` as YAML; offsets are those in the setting."""
    source = reader.parse(f"x: {setting[start:]}", SET)
    if source.problems or source.root is None or list(source.data) != ["x"]:
        first = source.problems[0] if source.problems else None
        message = first.message if first else "a value is one text, number, list or map"
        rule, hint = (first.rule, first.hint) if first else ("yaml-syntax", "")
        hint = hint or "to write it as text, put it between double quotes"
        raise ProblemsError([_problem(setting, number, rule, message, start, len(setting), hint)])
    return shifted(source.root.children["x"], start - 3)


def shifted(node: Node, by: int) -> Node:
    """Return a value that stands so many characters further on."""
    return replace(
        node,
        start=node.start + by,
        end=node.end + by,
        children={key: shifted(child, by) for key, child in node.children.items()},
        keys={key: (start + by, end + by) for key, (start, end) in node.keys.items()},
    )


def _problem(
    setting: str, number: int, rule: str, message: str, start: int, end: int | None = None, hint: str = ""
) -> Problem:
    return replace(Source(SET, setting).problem(rule, message, start, end, hint=hint), line=number)


@dataclass(frozen=True, slots=True)
class SetResult:
    """What was done, in words, and the warnings that are left."""

    text: str
    problems: tuple[Problem, ...]


def put(directory: Path, key: str, value: str, sources: Sources | None = None) -> SetResult:
    """Give a setting a value, write form and tree; repeated, it has no effect.

    Raises ProblemsError (nothing is written) where the form would have errors or cannot be changed safely, UsageError
    for a key that is none.
    """
    place, node = parse(f"{key}={value}", 1)
    with alone(directory):
        before = revision.read(directory, catalog())
        made = revision.revise(directory, before, catalog(), lambda text: edit.set_values(text, {place: node.data}))
        locked = charts_lock.plan(directory, made.files, catalog(), sources)
        changes = revision.put(made, locked.files())
    remarks = locked.lacks()
    done = [made.diff.removesuffix("\n"), revision.tree_summary(changes)] if made else ["nothing changes"]
    return SetResult("\n".join([*done, *remarks]), made.after.problems)
