"""The page for who starts as static files: for an intranet, or the pages of a Git host, where nothing of ours runs.

What a schema can say is checked in the browser; the answers are a file to download, or to send, that
`signalen new --answers` takes and checks by all rules.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from jinja2 import Environment as Templates
from jinja2 import FileSystemLoader, StrictUndefined

from signalen_toolkit.base import files
from signalen_toolkit.base.paths import PACKAGE
from signalen_toolkit.diagnostics.problems import UsageError
from signalen_toolkit.form.municipalities import municipalities
from signalen_toolkit.page.asking import outline
from signalen_toolkit.page.asking.kinds import FieldKind
from signalen_toolkit.page.asking.places import identifier, pointer
from signalen_toolkit.page.elsewhere.questions import CODE, PlainQuestion, inquiries
from signalen_toolkit.page.language.words import LANGUAGES, Words
from signalen_toolkit.schema.formats import FORMATS

_PAGE: Final = PACKAGE / "page"
_ASSETS: Final = ("page.css", "icon.svg", "static.js")
_NAMES: Final[Mapping[str, str]] = {"nl": "index.html", "en": "en.html"}


def write(directory: Path, mail_to: str = "") -> list[str]:
    """Write the page into a folder, and return its files. `mail_to` is who gets the answers by e-mail.

    Raises UsageError where the folder is a file.
    """
    if directory.exists() and not directory.is_dir():
        raise UsageError(f"{directory} is a file; name a folder")
    directory.mkdir(parents=True, exist_ok=True)
    for name in _ASSETS:
        shutil.copyfile(_PAGE / "assets" / name, directory / name)
    for language in LANGUAGES:
        files.replace(directory / _NAMES[language], page(language, mail_to).encode(), mode=0o644)
    return sorted([*_ASSETS, *_NAMES.values()])


def page(language: str, mail_to: str = "") -> str:
    """Return the page in one language."""
    words = Words(language)
    templates = Templates(
        loader=FileSystemLoader(_PAGE / "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    asked = inquiries()
    steps = [(name, [one for one in asked if one.step == name]) for name in outline.STEPS]
    other = next(one for one in LANGUAGES if one != language)
    return templates.get_template("static.html").render(
        t=words,
        Kind=FieldKind,
        anchor=identifier,
        steps=steps,
        other=other,
        other_page=_NAMES[other],
        mail_to=mail_to,
        code=pointer(CODE),
        register=municipalities(),
        facts=json.dumps(_facts(asked, words), ensure_ascii=False).replace("<", "\\u003c"),
    )


def _facts(asked: list[PlainQuestion], words: Words) -> dict[str, Any]:
    """Return what the script has to know: the questions with their limits, the register, and its own words."""
    said = {key: words(f"static:{key}") for key in ("missing", "short", "long", "pattern", "unknown", "subject")}
    return {
        "words": said,
        "questions": [_limits(one, words) for one in asked],
        "municipalities": [[one.code, one.label, one.name, *one.aliases] for one in municipalities()],
    }


def _limits(one: PlainQuestion, words: Words) -> dict[str, Any]:
    item = one.schema.get("items", one.schema)
    pattern = item.get("pattern", "")
    meant = item.get("x-pattern-message") or (FORMATS[item["format"]][1] if item.get("format") in FORMATS else "")
    found = {
        "name": one.name,
        "path": list(one.place),
        "id": identifier(one.place),
        "title": words.title(one.schema, one.place[-1]),
        "list": one.kind is FieldKind.LIST,
        "switch": one.kind is FieldKind.SWITCH,
        "required": one.required,
        "when": dict(one.when),
        "pattern": pattern,
        "meant": words.phrase(str(meant)),
        "format": item.get("format", ""),
        "least": item.get("minLength", 0),
        "most": item.get("maxLength", 0),
    }
    return {key: value for key, value in found.items() if value not in ("", 0, {}, False)}
