"""What a command found in a fleet, as a table for a person, or as JSON, Markdown, HTML or JUnit."""

from __future__ import annotations

import html
from collections.abc import Sequence
from typing import Final
from xml.etree import ElementTree

from signalen_toolkit.diagnostics.characters import CONTROL
from signalen_toolkit.diagnostics.markdown import prose
from signalen_toolkit.diagnostics.output import json_text
from signalen_toolkit.diagnostics.reporters import report as report_problems
from signalen_toolkit.fleet.outcome import Ending, MemberOutcome

FORMATS: Final = ("text", "json", "markdown", "html", "junit")
_WORDS: Final = {Ending.FINE: "fine", Ending.PROBLEMS: "problems", Ending.FAILED: "failed"}
_PAGE: Final = """\
<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>{title}</title>
<style>
body {{ font: 1rem/1.5 system-ui, sans-serif; margin: 2rem; color: #111; background: #fff; }}
table {{ border-collapse: collapse; }}
th, td {{ text-align: left; vertical-align: top; padding: .25rem .75rem; border-bottom: 1px solid #767676; }}
</style>
</head>
<body>
<main>
<h1>{title}</h1>
<p>{summary}</p>
<table>
<thead><tr><th scope="col">Municipality</th><th scope="col">End</th><th scope="col">What came of it</th></tr></thead>
<tbody>
{rows}
</tbody>
</table>
</main>
</body>
</html>
"""


def code(found: Sequence[MemberOutcome]) -> int:
    """Return the exit code: 2 where one could not be worked on at all, 1 where one has problems, else 0."""
    ends = {one.end for one in found}
    return 2 if Ending.FAILED in ends else 1 if Ending.PROBLEMS in ends else 0


def summary(found: Sequence[MemberOutcome]) -> str:
    """Say how many ended how: `3 municipalities: 2 fine, 1 failed`."""
    members, clusters = _parted(found)
    counted = f"{len(members)} municipalit{'y' if len(members) == 1 else 'ies'}" + _counts(members)
    if clusters:
        counted += f"; {len(clusters)} cluster{'' if len(clusters) == 1 else 's'}" + _counts(clusters)
    return counted


def _counts(found: Sequence[MemberOutcome]) -> str:
    counts = [(sum(one.end is end for one in found), word) for end, word in _WORDS.items()]
    parts = ", ".join(f"{number} {word}" for number, word in counts if number)
    return f": {parts}" if parts else ""


def _parted(found: Sequence[MemberOutcome]) -> tuple[list[MemberOutcome], list[MemberOutcome]]:
    """Return the outcomes of municipalities, and those of clusters that they share."""
    return [one for one in found if not one.is_cluster], [one for one in found if one.is_cluster]


def write(title: str, found: Sequence[MemberOutcome], format_: str) -> str:
    """Return a report, by name of municipality, so that it is the same however the work was spread; clusters last."""
    found = sorted(found, key=lambda one: (one.is_cluster, one.name))
    match format_:
        case "json":
            members, clusters = ([_data(one) for one in part] for part in _parted(found))
            data = {"command": title, "code": code(found), "municipalities": members}
            return json_text({**data, **({"clusters": clusters} if clusters else {})})
        case "markdown":
            return _markdown(title, found)
        case "html":
            return _html(title, found)
        case "junit":
            return _junit(title, found)
    return _text(found)


def _text(found: Sequence[MemberOutcome]) -> str:
    rows = [("municipality", "", "what came of it"), *((one.name, _WORDS[one.end], _line(one.said)) for one in found)]
    first, second = (max(len(row[column]) for row in rows) for column in (0, 1))
    lines = [f"{name:{first}}  {end:{second}}  {said}".rstrip() for name, end, said in rows]
    return "\n".join([*(lines if found else ()), "", summary(found)])


def _data(one: MemberOutcome) -> dict[str, object]:
    data = one.as_data()
    del data["stands"], data["then"], data["is_cluster"]
    return data


def _markdown(title: str, found: Sequence[MemberOutcome]) -> str:
    lines = [
        f"## {prose(title)}",
        "",
        summary(found),
        "",
        "| municipality | | what came of it |",
        "| --- | --- | --- |",
    ]
    lines += [f"| {_cell(one.name)} | {_WORDS[one.end]} | {_cell(one.said)} |" for one in found]
    for one in found:
        if one.text:
            lines += ["", f"### {prose(one.name)}", "", *(f"    {line}" for line in one.text.splitlines())]
    return "\n".join(lines)


def _cell(text: str) -> str:
    return prose(_line(text)).replace("|", "\\|")


def _line(text: str) -> str:
    return " ".join(text.split())


def _html(title: str, found: Sequence[MemberOutcome]) -> str:
    rows = "\n".join(
        f'<tr><th scope="row">{html.escape(one.name)}</th><td>{_WORDS[one.end]}</td><td>{_details(one)}</td></tr>'
        for one in found
    )
    return _PAGE.format(title=html.escape(title), summary=html.escape(summary(found)), rows=rows).removesuffix("\n")


def _details(one: MemberOutcome) -> str:
    items = "".join(f"<li>{html.escape(f'{each.file}:{each.line}: {each.message}')}</li>" for each in one.problems)
    text = f"<pre>{html.escape(one.text)}</pre>" if one.text else ""
    return html.escape(one.said) + (f"<ul>{items}</ul>" if items else "") + text


def _junit(title: str, found: Sequence[MemberOutcome]) -> str:
    failures, errors = (str(sum(one.end is end for one in found)) for end in (Ending.PROBLEMS, Ending.FAILED))
    suite = ElementTree.Element(
        "testsuite", name=title, tests=str(len(found)), failures=failures, errors=errors, skipped="0"
    )
    for one in found:
        case = ElementTree.SubElement(suite, "testcase", classname=title, name=one.name)
        if one.end is not Ending.FINE:
            kind = "failure" if one.end is Ending.PROBLEMS else "error"
            wrong = ElementTree.SubElement(case, kind, message=_xml(_line(one.said)))
            wrong.text = _xml(report_problems(one.problems, "text") or one.text)
    return '<?xml version="1.0" encoding="UTF-8"?>\n' + ElementTree.tostring(suite, encoding="unicode")


def _xml(text: str) -> str:
    """Return a text without the characters that XML does not have."""
    return CONTROL.sub("\ufffd", text)
