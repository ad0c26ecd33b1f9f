"""The form of a Git host itself: an issue with the questions of who starts, and a pipeline that takes it up.

What is in the files follows from the schema; written again by the same command, they follow a newer one.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from signalen_toolkit import __version__
from signalen_toolkit.base import files
from signalen_toolkit.base.paths import PACKAGE
from signalen_toolkit.diagnostics.problems import UsageError
from signalen_toolkit.documents.scalars import Below, below
from signalen_toolkit.page.asking.kinds import FieldKind
from signalen_toolkit.page.elsewhere.questions import CODE, PlainQuestion, inquiries
from signalen_toolkit.page.elsewhere.submitted_issue import label
from signalen_toolkit.page.language.words import Words
from signalen_toolkit.rendering.engine import bracketed

LABEL: Final = "nieuwe gemeente"
NAME: Final = "nieuwe-gemeente"
_TITLE: Final = "Signalen voor een nieuwe gemeente"
_ABOUT: Final = "Vraag Signalen aan voor een gemeente. Zet hier geen wachtwoorden of andere geheimen."


@dataclass(frozen=True, slots=True)
class _Place:
    """Where a Git host looks for the form of an issue, and for its pipeline."""

    form: str
    pipeline: str


HOSTS: Final[Mapping[str, _Place]] = {
    "github": _Place(f".github/ISSUE_TEMPLATE/{NAME}.yml", f".github/workflows/{NAME}.yml"),
    "gitlab": _Place(f".gitlab/issue_templates/{NAME}.md", f".gitlab/{NAME}.yml"),
    "forgejo": _Place(f".forgejo/issue_template/{NAME}.yml", f".forgejo/workflows/{NAME}.yml"),
}


def write(directory: Path, host: str) -> list[str]:
    """Write the form and the pipeline of a Git host into a repository, and return their paths.

    Raises UsageError where the folder is none.
    """
    if not directory.is_dir():
        raise UsageError(f"there is no folder {directory}")
    place = HOSTS[host]
    for path, text in ((place.form, form(host)), (place.pipeline, pipeline(host))):
        (directory / path).parent.mkdir(parents=True, exist_ok=True)
        files.replace(directory / path, text.encode(), mode=0o644)
    return [place.form, place.pipeline]


def form(host: str) -> str:
    """Return the form of an issue."""
    if host == "gitlab":
        return _markdown()
    head = {"name": _TITLE, "description": _ABOUT, "title": "Nieuwe gemeente", "labels": [LABEL]}
    intro = {"type": "markdown", "attributes": {"value": _ABOUT}}
    body = [intro, *(_element(number, one) for number, one in enumerate(inquiries()))]
    return below(Below({**head, "body": body}, 0)).lstrip("\n") + "\n"


def pipeline(host: str) -> str:
    """Return the pipeline that takes up an issue that was made with the form."""
    templates = bracketed(PACKAGE / "page/templates/issue")
    return templates.get_template(f"{host}.yml").render(version=__version__, label=LABEL)


def _element(number: int, one: PlainQuestion) -> dict[str, Any]:
    words = Words("nl")
    attributes: dict[str, Any] = {"label": label(one, words), "description": " ".join(_explained(one, words))}
    kind = {FieldKind.LIST: "textarea", FieldKind.LONG: "textarea"}.get(one.kind, "input")
    if options := list(_options(one, words)):
        kind = "dropdown"
        attributes["options"] = options
    elif one.place != CODE and one.kind is not FieldKind.LIST and one.schema.get("examples"):
        attributes["placeholder"] = str(one.schema["examples"][0])
    # What goes with another answer cannot be asked for here: who reads the issue says what is missing.
    required = one.required and not one.when
    return {"type": kind, "id": f"q{number}", "attributes": attributes, "validations": {"required": required}}


def _options(one: PlainQuestion, words: Words) -> Iterator[str]:
    values = ("true", "false") if one.kind is FieldKind.SWITCH else one.schema.get("enum", ())
    for value in values:
        yield words.asked(one.place, f":{value}") or words.value(str(value))


def _explained(one: PlainQuestion, words: Words) -> Iterator[str]:
    yield (
        words("municipality:help")
        if one.place == CODE
        else words.asked(one.place, ":help") or words.description(one.schema)
    )
    if one.kind is FieldKind.LIST:
        yield words("static:lines")
    if one.when:
        yield words("issue:with-dex" if "true" in one.when.values() else "issue:without-dex")


def _markdown() -> str:
    """Return the form as GitLab has it: headings, with an explanation that does not show."""
    words = Words("nl")
    lines = [f"<!-- {_ABOUT} Schrijf elk antwoord onder zijn vraag, en laat de vragen zelf staan. -->", ""]
    for one in inquiries():
        said = " ".join(_explained(one, words)).replace("--", "-")
        choices = list(_options(one, words))
        said += f" Kies uit: {'; '.join(choices)}." if choices else ""
        lines += [f"### {label(one, words)}", f"<!-- {said} -->", "", ""]
    return "\n".join([*lines, f'/label ~"{LABEL}"', ""])
