"""Forms of an older version, brought to the version that this toolkit has.

A migration changes the text of a form and keeps what stands around it, comments and order: use
`signalen_toolkit.documents.edit`. There is one version yet, so there is none.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from signalen_toolkit.diagnostics.problems import UsageError
from signalen_toolkit.documents import reader
from signalen_toolkit.form.schema import form_schema

# By the `apiVersion` that a form has before: the one after it, and the function from text to text.
MIGRATIONS: Final[dict[str, tuple[str, Callable[[str], str]]]] = {}


def migrated(text: str, file: str) -> str:
    """Return the text of a form in the version of this toolkit; as it is where no migration begins at its version.

    Raises UsageError where a migration does not give what it promises.
    """
    current = form_schema()["properties"]["apiVersion"]["const"]
    version = _version(text, file)
    while version != current and version in MIGRATIONS:
        after, change = MIGRATIONS[version]
        text = change(text)
        if _version(text, file) != after:
            raise UsageError(f"{file} could not be brought from {version} to {after}; nothing was changed")
        version = after
    return text


def _version(text: str, file: str) -> str:
    data = reader.parse(text, file).data
    return str(data.get("apiVersion", "")) if isinstance(data, dict) else ""
