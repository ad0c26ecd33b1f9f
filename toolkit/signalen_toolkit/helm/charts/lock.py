"""charts.lock: which bytes each version of a chart was, when it was first fetched for this repository.

A version in a chart repository can be published again with other content. The lock makes that visible in a review
instead of on a cluster.
"""

from __future__ import annotations

import dataclasses
import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Final

from signalen_toolkit.base import beneath
from signalen_toolkit.base.files import alone, changed_meanwhile
from signalen_toolkit.base.layout import CHARTS_LOCK
from signalen_toolkit.diagnostics.problems import Problem, ProblemsError
from signalen_toolkit.documents import reader
from signalen_toolkit.documents.reader import Document
from signalen_toolkit.helm.model import ChartReference

if TYPE_CHECKING:
    from signalen_toolkit.helm.charts.sources import Chart

RULE: Final = "chart-digest"
NOT_LOCKED: Final = "chart-not-locked"
_HEADER: Final = """\
# Written by `signalen verify`: the charts of this repository, and the digest of each.
# Commit it. A chart that is published again with other content under the same version is then refused.
"""
_KEYS: Final = ("repository", "name", "version", "digest")
_DIGEST: Final = re.compile(r"sha256:[0-9a-f]{64}")


def read_lock(repository: Path) -> dict[ChartReference, str]:
    """Return the digests in the lock of a repository; none where there is no such file.

    Raises ProblemsError where it is not what `lock_text` writes: a merge gone wrong, say; UsageError for a link.
    """
    content = beneath.read(repository, CHARTS_LOCK, reader.LARGEST + 1)
    return {} if content is None else parse_lock(content)


def parse_lock(content: bytes) -> dict[ChartReference, str]:
    """Return the digests in the content of a lock. Raises ProblemsError as `read_lock` does."""
    return _digests(reader.parse(content, CHARTS_LOCK))


def _digests(lock: Document) -> dict[ChartReference, str]:
    hint = f"delete {CHARTS_LOCK} and run `signalen verify`, which writes it again"
    if lock.problems or lock.data is None:
        raise ProblemsError(lock.problems)
    listed = lock.data.get("charts")
    if not isinstance(listed, list):
        raise ProblemsError([lock.problem(RULE, "a lock has a list of 'charts'", ("charts",), hint=hint)])
    entries: dict[ChartReference, str] = {}
    for number, entry in enumerate(listed):
        values = [entry.get(key) for key in _KEYS] if isinstance(entry, dict) else []
        if not values or not all(isinstance(value, str) for value in values) or not _DIGEST.fullmatch(str(values[3])):
            message = "a chart in a lock has the texts repository, name, version and digest (sha256:…)"
            raise ProblemsError([lock.problem(RULE, message, ("charts", number), at="key", hint=hint)])
        reference = ChartReference(*map(str, values[:3]))
        if entries.setdefault(reference, str(values[3])) != values[3]:
            message = f"{reference.name} {reference.version} is in the lock twice, with two digests"
            raise ProblemsError([lock.problem(RULE, message, ("charts", number, "digest"), hint=hint)])
    return entries


def lock_text(entries: Mapping[ChartReference, str]) -> str:
    """Return the text of a lock, in one order."""
    lines = [_HEADER, "charts:\n" if entries else "charts: []\n"]
    for one in _in_order(entries):
        values = (one.repository, one.name, one.version, entries[one])
        # A JSON string is a YAML string, whatever is in it.
        texts = [f"{key}: {json.dumps(value)}\n" for key, value in zip(_KEYS, values, strict=True)]
        lines.append("  - " + "    ".join(texts))
    return "".join(lines)


@dataclass(frozen=True, slots=True)
class Locks:
    """The digests of a lock, and for charts that it no longer has those of an earlier one.

    With `only`, a chart that has none is refused.
    """

    now: Mapping[ChartReference, str] = field(default_factory=dict)
    earlier: Mapping[ChartReference, str] = field(default_factory=dict)
    only: bool = False

    @property
    def digests(self) -> dict[ChartReference, str]:
        """The digest of every chart that is locked."""
        return {**self.earlier, **self.now}

    def check(self, chart: Chart) -> Problem | None:
        """Return the problem of a chart that is not the locked one."""
        if self.only and chart.reference not in self.digests:
            return _not_locked(chart.reference)
        if chart.reference in self.now:
            return check_lock(self.now, chart)
        problem = check_lock(self.earlier, chart)
        hint = (
            "it was published again with other content since: put the locked one in a folder, and name that: --charts"
        )
        return dataclasses.replace(problem, hint=hint) if problem else None


def check_lock(entries: Mapping[ChartReference, str], chart: Chart) -> Problem | None:
    """Return the problem of a chart that is not the one in the lock.

    A chart in a folder is one that somebody works on; it is not compared.
    """
    locked = entries.get(chart.reference)
    if locked is None or locked == chart.digest or chart.is_folder:
        return None
    reference = chart.reference
    message = (
        f"the chart {reference.name} {reference.version} of {reference.repository} has the digest {chart.digest},"
        f" and {CHARTS_LOCK} says {locked}"
    )
    hint = f"it was published again with other content: if that is right, remove its entry from {CHARTS_LOCK}"
    place = ("charts", _in_order(entries).index(reference), "digest")
    return reader.parse(lock_text(entries), CHARTS_LOCK).problem(RULE, message, place, hint=hint)


def _not_locked(reference: ChartReference) -> Problem:
    message = f"the chart {reference.name} {reference.version} of {reference.repository} is not in {CHARTS_LOCK}"
    return Problem(NOT_LOCKED, message, CHARTS_LOCK, hint="run `signalen verify`, and commit the file")


def _in_order(entries: Iterable[ChartReference]) -> list[ChartReference]:
    return sorted(entries, key=lambda entry: (entry.repository, entry.name, entry.version))


def updated(entries: Mapping[ChartReference, str], charts: Iterable[Chart]) -> dict[ChartReference, str]:
    """Return the lock of these charts: known ones keep their digest, new ones come, those no longer used go."""
    new: dict[ChartReference, str] = {}
    for chart in charts:
        if not chart.is_folder or chart.reference in entries:
            new[chart.reference] = entries.get(chart.reference, chart.digest)
    return new


def changed(repository: Path, entries: Mapping[ChartReference, str]) -> bytes | None:
    """Return what a lock of these charts holds, or None where the one of the repository does so already."""
    text, now = lock_text(entries).encode(), beneath.read(repository, CHARTS_LOCK)
    return None if now == text or (now is None and not entries) else text


def write_lock(repository: Path, entries: Mapping[ChartReference, str], before: Mapping[ChartReference, str]) -> bool:
    """Write a lock, as a whole or not at all, and tell whether it changed; `before` is what was read from it.

    Raises OSError, and UsageError for a link or where another process has written it meanwhile.
    """
    with alone(repository):
        text = changed(repository, entries)
        if text is None:
            return False
        if read_lock(repository) != before:
            raise changed_meanwhile(repository / CHARTS_LOCK)
        beneath.write(repository, CHARTS_LOCK, text)
    return True
