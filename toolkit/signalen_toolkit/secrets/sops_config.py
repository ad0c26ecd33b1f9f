"""`.sops.yaml`: for which keys the secrets of each environment are encrypted.

A person may add to it: other keys, other rules, comments. It is changed by the character, so all of that stays.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from signalen_toolkit.base import beneath
from signalen_toolkit.base.expressions import is_found
from signalen_toolkit.base.layout import SOPS_CONFIG
from signalen_toolkit.base.together import together
from signalen_toolkit.diagnostics.problems import Problem, UsageError
from signalen_toolkit.documents import reader
from signalen_toolkit.documents.reader import Document

ENCRYPTED = "^(data|stringData)$"
_HEAD = """\
# Who can read the secrets: files in secrets/ are encrypted for the age keys below. These are public; the private ones
# are with the administrators and in the cluster. Changed with `signalen secrets init` and `signalen secrets rotate`.
creation_rules:
"""


@dataclass(frozen=True)
class SopsConfig:
    """The file as it is on disk; one that is not there has no rules."""

    document: Document | None

    @property
    def problems(self) -> tuple[Problem, ...]:
        """Why the file cannot be read, if so."""
        return self.document.problems if self.document else ()

    def rule(self, file: str) -> tuple[int, dict[str, Any]] | None:
        """Return the number and the content of the first rule for a path in the repository, as SOPS chooses it."""
        for number, rule in enumerate(self._rules()):
            if isinstance(rule, dict) and _matches(rule.get("path_regex"), file):
                return number, rule
        return None

    def recipients(self, file: str) -> list[str]:
        """Return the age keys for which a path is encrypted."""
        found = self.rule(file)
        groups = found[1].get("key_groups") if found else None
        parts = [found[1] if found else {}, *(groups if isinstance(groups, list) else [])]
        return list(dict.fromkeys(key for part in parts if isinstance(part, dict) for key in _keys(part.get("age"))))

    def _rules(self) -> list[Any]:
        data = self.document.data if self.document else None
        rules = data.get("creation_rules") if isinstance(data, dict) else None
        return rules if isinstance(rules, list) else []


def read(repository: Path) -> SopsConfig:
    """Read the file of a repository."""
    content = beneath.read(repository, SOPS_CONFIG, reader.LARGEST + 1)
    return SopsConfig(None if content is None else reader.parse(content, SOPS_CONFIG))


def add_rule(repository: Path, environment: str, recipient: str) -> None:
    """Add the rule of an environment, before those that are there. Raises UsageError where the file is of no use."""
    before = beneath.read(repository, SOPS_CONFIG)
    config = read(repository)
    lines = [
        rf"- path_regex: ^secrets/{re.escape(environment)}/[^/]+\.yaml$",
        f"  encrypted_regex: {ENCRYPTED}",
        f"  age: {recipient}",
    ]
    if config.document is None:
        text = _HEAD + "".join(f"  {line}\n" for line in lines)
    else:
        text = config.document.text
        first = config.document.node(("creation_rules", 0))
        if config.problems or first is None:
            raise UsageError(f"{SOPS_CONFIG} has no creation_rules that can be read; mend it, or move it away")
        begin = text.rfind("\n", 0, first.start) + 1
        dash = re.match(r" *- ", text[begin : first.start])
        if dash is None:
            raise UsageError(
                f"{SOPS_CONFIG} does not have each rule of its creation_rules on lines of its own; mend that"
            )
        indent = " " * (len(dash[0]) - 2)
        text = text[:begin] + "".join(f"{indent}{line}\n" for line in lines) + text[begin:]
    with together(repository) as files:
        files.write(SOPS_CONFIG, text.encode(), before)
        files.take_place()


def with_recipients(repository: Path, file: str, recipients: Sequence[str]) -> str:
    """Return the text of `.sops.yaml` with other recipients for a path.

    Raises UsageError where a person has written the rule in another way than we do.
    """
    config = read(repository)
    found = config.rule(file)
    if config.document is None or found is None:
        raise UsageError(f"{SOPS_CONFIG} has no rule for {file}; `signalen secrets init` adds it")
    node = config.document.node(("creation_rules", found[0], "age"))
    if node is None or not isinstance(node.data, str) or node.style not in ("plain", "quoted"):
        raise UsageError(
            f"{SOPS_CONFIG} does not have the recipients of {file} on one line 'age: …'; change them there"
        )
    text = config.document.text
    return text[: node.start] + ",".join(recipients) + text[node.end :]


def _matches(pattern: Any, file: str) -> bool:
    if pattern is None:
        return True  # a rule for everything
    try:
        return isinstance(pattern, str) and is_found(pattern, file)
    except ValueError:  # which SOPS refuses as well
        return False


def _keys(value: Any) -> list[str]:
    parts = value if isinstance(value, list) else [value]
    return [key.strip() for part in parts if isinstance(part, str) for key in part.split(",") if key.strip()]
