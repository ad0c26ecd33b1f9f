"""A difference as text for a person, as Markdown for a comment on a pull request, or as JSON."""

from __future__ import annotations

import html
import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from typing import Any, Final

from signalen_toolkit.diagnostics.markdown import code, prose
from signalen_toolkit.diagnostics.output import BOLD, CYAN, GREEN, RED, RESET, YELLOW, json_text
from signalen_toolkit.diagnostics.source import brief
from signalen_toolkit.diagnostics.terminal import plain
from signalen_toolkit.diff.diff import Action, Change, Difference
from signalen_toolkit.diff.version_changes import VersionChange
from signalen_toolkit.kubernetes.model import Finding, Object

FORMATS: Final = ("text", "markdown", "json")
# GitHub takes 65,536 characters in a comment; the rest is for what a workflow puts around it.
LONGEST: Final = 60_000
_FOLDED: Final = 25  # lines from which a diff is folded
_MOST: Final = 15_000  # characters of Markdown for each list before the diffs

_SIGNS: Final = {Action.ADDED: ("+", GREEN), Action.CHANGED: ("~", YELLOW), Action.REMOVED: ("-", RED)}
_LINES: Final = {"+": GREEN, "-": RED, "@": CYAN}
_NONE: Final = "nothing changes on the cluster"


def write(
    difference: Difference,
    format: str,  # noqa: A002  the word of the command
    *,
    colour: bool = False,
    words: Callable[[str], str] = str,
) -> str:
    """Return a difference in one of FORMATS, without a line break at the end.

    `colour` is for text on a terminal, and `words` puts what a person reads into their language.
    """
    writers: dict[str, Callable[[], str]] = {
        "text": lambda: "\n".join(_text(difference, words, colour=colour)),
        "markdown": lambda: _markdown(difference, words),
        "json": lambda: json_text(_data(difference)),
    }
    return writers[format]()


def summary(difference: Difference, words: Callable[[str], str] = str) -> str:
    """Count: `1 object added, 3 changed; 2 warnings`."""
    count = Counter(change.action for change in difference.changes)
    counted: list[str] = []
    for action in Action:
        if number := count[action]:
            what = "" if counted else f"{words('object' if number == 1 else 'objects')} "  # said once
            counted.append(f"{number} {what}{words(action)}")
    warnings = len(difference.findings)
    said = [", ".join(counted)] if counted else []
    said += [f"{warnings} {words('warning' if warnings == 1 else 'warnings')}"] if warnings else []
    return "; ".join(said) or words(_NONE if not difference else "only pods are replaced")


def _text(difference: Difference, words: Callable[[str], str], *, colour: bool) -> Iterator[str]:
    def paint(text: str, how: str) -> str:
        return f"{how}{text}{RESET}" if colour and text else text

    kind = words("warning")
    if difference.before:
        yield plain(f"{difference.before} → {difference.after}")
        yield ""
    for environment in difference.environments():
        yield paint(plain(environment), BOLD)
        for version in _of(difference.versions, environment):
            yield f"  {plain(_version(version))}"
        for (rule, message, hint), titles in _grouped(difference, environment):
            said = f"{', '.join(titles)}: {words(message)}"
            yield f"  {paint(f'{kind}[{rule}]', YELLOW)}: {plain(said)}"
            if hint:
                yield f"      {plain(words(hint))}"
        if rolled := [obj.title for obj in difference.rolled if obj.environment == environment]:
            yield f"  {words('pods are replaced:')} {plain(', '.join(rolled))}"
        for change in (one for one in difference.changes if one.object.environment == environment):
            sign, how = _SIGNS[change.action]
            yield ""
            yield paint(f"  {sign} {plain(change.object.title)}", how)
            for line in change.diff.split("\n") if change.diff else ():
                yield paint(f"    {plain(line)}", _LINES.get(line[:1], "")).rstrip()
        yield ""
    yield summary(difference, words)


def _markdown(difference: Difference, words: Callable[[str], str]) -> str:
    head = [f"**{prose(summary(difference, words).capitalize())}**"]
    if difference.before:
        head.append(f"{code(difference.before)} → {code(difference.after)}")
    for environment in difference.environments():
        head.append(f"#### {prose(brief(environment, 100))}")
        head += _limited("\n".join(f"- {prose(_version(one))}" for one in _of(difference.versions, environment)))
        warnings = [
            f"> - **{prose(', '.join(titles[:5]) + (' …' if len(titles) > 5 else ''))}**: {prose(words(message))}"
            + (f" \\\n>   _{prose(words(hint))}_" if hint else "")
            for (_, message, hint), titles in _grouped(difference, environment)
        ]
        head += _limited("\n".join(["> [!WARNING]", *warnings]) if warnings else "")
        rolled = [code(brief(obj.title, 120)) for obj in difference.rolled if obj.environment == environment]
        if rolled:
            head.append(f"{words('Pods are replaced:')} {', '.join(rolled[:20])}{' …' if len(rolled) > 20 else ''}")
    top = _cut("\n\n".join(head), LONGEST // 2)
    blocks = [_block(change) for change in difference.changes]
    fitting = _fitting(blocks, LONGEST - len(top) - 4_000)
    parts = [top]
    environment = ""
    for index, (change, block) in enumerate(zip(difference.changes, blocks, strict=True)):
        if index in fitting:
            if len(difference.environments()) > 1 and change.object.environment != environment:
                environment = change.object.environment
                parts.append(f"##### {prose(brief(environment, 60))}")
            parts.append(block)
    left = [change for index, change in enumerate(difference.changes) if index not in fitting]
    if left:
        names = ", ".join(code(brief(f"{one.object.environment}: {one.object.title}", 120)) for one in left[:20])
        parts.append(
            words(f"Left out, because a comment may not be longer: {len(left)} of {len(blocks)} objects")
            + f" ({names}{', …' if len(left) > 20 else ''}). {words('`signalen diff` shows them all.')}"
        )
    return "\n\n".join(parts)


def _limited(text: str) -> list[str]:
    return [_cut(text, _MOST)] if text else []


def _cut(text: str, length: int) -> str:
    """Cut whole lines off the end. Nothing that stretches over lines is cut: these texts hold no fences."""
    if len(text) <= length:
        return text
    kept = text[:length].rpartition("\n")[0]
    left = text[len(kept) :].count("\n")
    return f"{kept}\n\n… and {left} more lines: `signalen diff` shows them all."


def _fitting(blocks: list[str], room: int) -> set[int]:
    """Choose the blocks that fit: many short ones rather than one that is long."""
    fitting: set[int] = set()
    for index in sorted(range(len(blocks)), key=lambda number: (len(blocks[number]), number)):
        room -= len(blocks[index]) + 150  # with the heading of an environment
        if room < 0:
            break
        fitting.add(index)
    return fitting


def _block(change: Change) -> str:
    lines = [plain(line) for line in change.diff.split("\n")]
    added, gone = (sum(line.startswith(sign) for line in lines) for sign in "+-")
    title = f"{change.action} <code>{html.escape(plain(brief(change.object.title, 200)))}</code> (+{added} -{gone})"
    fence = "`" * max(3, 1 + max((len(run) for run in re.findall("`+", "\n".join(lines))), default=0))
    opened = "" if len(lines) >= _FOLDED else " open"
    return "\n".join(
        [f"<details{opened}><summary>{title}</summary>", "", f"{fence}diff", *lines, fence, "", "</details>"]
    )


def _version(version: VersionChange) -> str:
    if version.kind == "chart":
        name, of = f"chart {version.name}", f"release {version.of}"
    else:
        name, of = version.name, f"image {version.of}"
    if not version.before:
        return f"{name} {version.after} is new ({of})"
    if not version.after:
        return f"{name} {version.before} goes ({of})"
    return f"{name} {version.before} → {version.after} ({of})"


def _of(versions: Iterable[VersionChange], environment: str) -> Iterator[VersionChange]:
    return (version for version in versions if version.environment == environment)


def _grouped(difference: Difference, environment: str) -> Iterator[tuple[tuple[str, str, str], list[str]]]:
    """Put findings together that say the same of several objects."""
    found: dict[tuple[str, str, str], list[str]] = {}
    for finding in difference.findings:
        if finding.object.environment == environment:
            found.setdefault((finding.rule, finding.message, finding.hint), []).append(finding.object.title)
    return iter(found.items())


def _data(difference: Difference) -> dict[str, Any]:
    return {
        "before": difference.before,
        "after": difference.after,
        "summary": summary(difference),
        "versions": [
            {name: getattr(one, name) for name in ("environment", "kind", "name", "of", "before", "after")}
            for one in difference.versions
        ],
        "warnings": [_warning(finding) for finding in difference.findings],
        "replaced": [_named(obj) for obj in difference.rolled],
        "changes": [{"action": str(one.action), **_named(one.object), "diff": one.diff} for one in difference.changes],
    }


def _warning(finding: Finding) -> dict[str, str]:
    return {
        "rule": finding.rule,
        "message": finding.message,
        "hint": finding.hint,
        **_named(finding.object),
        "path": finding.path,
    }


def _named(obj: Object) -> dict[str, str]:
    return {
        "environment": obj.environment,
        "apiVersion": obj.api_version,
        "kind": obj.kind,
        "namespace": obj.namespace,
        "name": obj.name,
    }
