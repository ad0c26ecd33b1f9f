"""Forms of an older version, brought to the version that this toolkit has.

A migration changes the text of a form and keeps what stands around it, comments and order: use
`signalen_toolkit.documents.edit`. There is one version yet, so there is none.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from signalen_toolkit.diagnostics.problems import UsageError
from signalen_toolkit.documents import reader
from signalen_toolkit.form.schema import form_schema


@dataclass(frozen=True, slots=True)
class Migration:
    """From one `apiVersion` to the next: the version after it, and the function from text to text."""

    to: str
    change: Callable[[str], str]


# By the `apiVersion` that a form has before.
MIGRATIONS: Final[dict[str, Migration]] = {}


def migrated(text: str, file: str) -> str:
    """Return the text of a form in the version of this toolkit; as it is where no migration begins at its version.

    Raises UsageError where a migration does not give what it promises.
    """
    current = form_schema()["properties"]["apiVersion"]["const"]
    version = _version(text, file)
    while version != current and version in MIGRATIONS:
        step = MIGRATIONS[version]
        text = step.change(text)
        if _version(text, file) != step.to:
            raise UsageError(f"{file} could not be brought from {version} to {step.to}; nothing was changed")
        version = step.to
    return text


def _version(text: str, file: str) -> str:
    data = reader.parse(text, file).data
    return str(data.get("apiVersion", "")) if isinstance(data, dict) else ""
