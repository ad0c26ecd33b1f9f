"""The report of `signalen haven` as text and Markdown, in Dutch, and as JSON, with English keys."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from itertools import groupby
from typing import Any, Final

from signalen_toolkit.diagnostics.markdown import code, prose
from signalen_toolkit.diagnostics.output import json_text
from signalen_toolkit.diagnostics.source import brief
from signalen_toolkit.diagnostics.terminal import plain
from signalen_toolkit.haven.haven import Outcome, Report, Status
from signalen_toolkit.haven.points import Gap

FORMATS: Final = ("text", "markdown", "json")
# Of the JSON: it changes where a key gets another meaning, or goes.
VERSION: Final = 1
CHECKER: Final = "https://haven.commonground.nl/techniek/compliancy-checker"
# What Haven asks of a cluster, which no object of a workload shows.
OF_THE_CLUSTER: Final = (
    "Kubernetes is CNCF-conform en van een recente minor-versie",
    "ten minste drie control-plane-nodes en drie worker-nodes, verdeeld over meer zones",
    "geharde nodes (SELinux, AppArmor, Talos, Flatcar of iets dergelijks)",
    "RBAC staat aan; basic authentication en anonieme toegang staan uit",
    "aanmelden bij het cluster gaat met OpenID Connect",
    "de API is alleen met HTTPS en in een privénetwerk bereikbaar",
    "dynamische volumes: ReadWriteOnce en ReadWriteMany",
    "Services van het type LoadBalancer, en automatische HTTPS-certificaten",
    "metrics worden verzameld, en logs van containers komen op één plaats bij elkaar",
    "network policies worden afgedwongen",
)

_CHECKER_WORDS: Final = (
    "Dit zijn eisen aan het cluster zelf. Die controleert de Haven Compliancy Checker, op het cluster"
)
_SIGNS: Final = {Status.MET: "✓", Status.NOT_MET: "✗", Status.NOT_APPLICABLE: "-"}
_EMOJI: Final = {Status.MET: "✅", Status.NOT_MET: "❌", Status.NOT_APPLICABLE: "⚪"}
_WORDS: Final = {Status.MET: "voldoet", Status.NOT_MET: "voldoet niet", Status.NOT_APPLICABLE: "niet van toepassing"}
_MOST: Final = 12  # objects with one shortcoming that a cell of a table names


def write(reports: Sequence[Report], format: str) -> str:  # noqa: A002  # the word of the command
    """Return the reports in one of FORMATS, without a line break at the end."""
    writers: dict[str, Callable[[], str]] = {
        "text": lambda: "\n".join(_text(reports)),
        "markdown": lambda: "\n".join(_markdown(reports)),
        "json": lambda: json_text(_data(reports)),
    }
    return writers[format]()


def summary(report: Report) -> str:
    """Count: `18 van de 24 punten voldoen, 6 niet; 3 zijn niet van toepassing`."""
    met, short, rest = (len(report.of(status)) for status in Status)
    said = f"{met} van de {met + short} punten {'voldoet' if met == 1 else 'voldoen'}, {short} niet"
    return f"{said}; {rest} {'is' if rest == 1 else 'zijn'} niet van toepassing" if rest else said


def _text(reports: Sequence[Report]) -> Iterator[str]:
    for report in reports:
        yield plain(f"{report.environment}: {summary(report)}")
        for group, outcomes in groupby(report.outcomes, lambda one: one.group):
            yield ""
            yield f"  {group}"
            for one in outcomes:
                yield from _text_of(report, one)
        yield ""
    yield f"Niet in dit rapport: eisen aan het cluster zelf. Controleer die met {CHECKER}"


def _text_of(report: Report, outcome: Outcome) -> Iterator[str]:
    point = outcome.point
    yield f"    {_SIGNS[outcome.status]} {point.title} ({outcome.objects}) [{point.id}]"
    if outcome.note:
        yield plain(f"        {outcome.note}")
    for message, titles in _grouped(report, outcome):
        yield plain(f"        {', '.join(titles)}: {message}" if titles else f"        {message}")
    if outcome.gaps:
        yield plain(f"        → {point.todo}")


def _markdown(reports: Sequence[Report]) -> Iterator[str]:
    for report in reports:
        yield f"### {prose(brief(report.environment, 100))}"
        yield ""
        place = f"namespace {code(report.namespace)}, Kubernetes {prose(report.kubernetes_version)}"
        yield f"**{prose(summary(report))}** ({place})"
        yield ""
        yield "| | Punt | Bekeken | Wat ontbreekt, en wat te doen |"
        yield "| --- | --- | ---: | --- |"
        for one in report.outcomes:
            cells = (
                f"{_EMOJI[one.status]} {_WORDS[one.status]}",
                f"**{prose(one.point.title)}**<br>{code(one.point.id)}",
                str(one.objects),
                "<br>".join(_cell(report, one)),
            )
            yield f"| {' | '.join(cells)} |"
        yield ""
    yield f"<details><summary>Niet in dit rapport: {len(OF_THE_CLUSTER)} eisen aan het cluster zelf</summary>"
    yield ""
    yield f"{_CHECKER_WORDS}: <{CHECKER}>."
    yield ""
    yield from (f"- {prose(check)}" for check in OF_THE_CLUSTER)
    yield ""
    yield "</details>"


def _cell(report: Report, outcome: Outcome) -> Iterator[str]:
    if outcome.note:
        yield prose(outcome.note)
    for message, titles in _grouped(report, outcome):
        shown = [_in_table(code(brief(title, 120))) for title in titles[:_MOST]]
        shown += [f"en nog {len(titles) - _MOST}"] if len(titles) > _MOST else []
        yield f"{', '.join(shown)}: {prose(message)}" if titles else prose(message)
    if outcome.gaps:
        yield f"→ {prose(outcome.point.todo)}"


def _in_table(span: str) -> str:
    """Keep a code span within its cell: there alone a backslash counts in one."""
    return span.replace("|", "\\|")


def _grouped(report: Report, outcome: Outcome) -> list[tuple[str, list[str]]]:
    """Put objects together that fall short in the same way; one of another namespace is named with it."""
    found: dict[str, list[str]] = {}
    for gap in outcome.gaps:
        titles = found.setdefault(gap.message, [])
        if gap.title:
            elsewhere = gap.namespace not in ("", report.namespace)
            titles.append(f"{gap.title} ({gap.namespace})" if elsewhere else gap.title)
    return list(found.items())


def _data(reports: Sequence[Report]) -> dict[str, Any]:
    return {
        "version": VERSION,
        "environments": [_environment(report) for report in reports],
        "clusterChecks": {"checker": CHECKER, "checks": list(OF_THE_CLUSTER)},
    }


def _environment(report: Report) -> dict[str, Any]:
    met, short, rest = (len(report.of(status)) for status in Status)
    return {
        "name": report.environment,
        "namespace": report.namespace,
        "kubernetesVersion": report.kubernetes_version,
        "summary": {"met": met, "notMet": short, "notApplicable": rest},
        "points": [_point(one) for one in report.outcomes],
    }


def _point(outcome: Outcome) -> dict[str, Any]:
    return {
        "id": outcome.point.id,
        "group": outcome.group,
        "title": outcome.point.title,
        "status": str(outcome.status),
        "objects": outcome.objects,
        "note": outcome.note,
        "todo": outcome.point.todo if outcome.gaps else "",
        "gaps": [_gap(gap) for gap in outcome.gaps],
    }


def _gap(gap: Gap) -> dict[str, Any]:
    about = {name: getattr(gap, name) for name in ("kind", "namespace", "name", "component", "source")}
    return {"message": gap.message, "apiVersion": gap.api_version, **about, "paths": list(gap.paths)}
