"""`signalen status`: where each environment of a repository stands, in one table. Nothing is written or fetched."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final

from signalen_toolkit import __version__
from signalen_toolkit.base import beneath
from signalen_toolkit.base.layout import TEMPLATE_STATE
from signalen_toolkit.base.versions import is_version, parse
from signalen_toolkit.catalog.load import catalog
from signalen_toolkit.catalog.model import Catalog
from signalen_toolkit.diagnostics.output import json_text
from signalen_toolkit.diagnostics.problems import Problem, Severity, UsageError, has_errors
from signalen_toolkit.documents import reader
from signalen_toolkit.documents.data import at
from signalen_toolkit.first_day.steps import hosts_of
from signalen_toolkit.form.config import Config, Environment
from signalen_toolkit.form.fleet import read_form
from signalen_toolkit.git import enclosing
from signalen_toolkit.rendering import tree
from signalen_toolkit.rendering.render import render
from signalen_toolkit.validation.check import check

FORMATS: Final = ("text", "json")
_LARGEST: Final = 2**24  # bytes of a file that says for which toolkit a repository is made
_HOOKS: Final = ".pre-commit-config.yaml"


@dataclass(frozen=True, slots=True)
class Row:
    """One environment. `behind` counts the releases after its own; `tree` is clean, stale or unknown.

    `paused` tells that the cluster changes nothing of it, whatever is committed; `hosts` are its host names.
    """

    environment: str
    domain: str
    production: bool
    version: str
    backend: str
    frontend: str
    behind: int
    delivery: str
    paused: bool
    tree: str
    hosts: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class RepositoryStatus:
    """A repository, by the `code` of the register. `toolkit` is the version it is made for, `installed` who looked."""

    municipality: str
    code: str
    newest: str
    toolkit: str
    installed: str
    environments: tuple[Row, ...]
    errors: int
    warnings: int
    note: str = ""


def status(directory: Path, charts: Catalog | None = None, *, is_current: bool = False) -> RepositoryStatus:
    """Look at a repository. A form with errors has a status too; raises UsageError where there is no form.

    With `is_current` it is known that the rendered tree is what the form says.
    """
    charts = charts or catalog()
    source = read_form(directory)
    config, problems = check(source, charts, directory, lies=enclosing.place(directory))
    stale, note = (frozenset[str](), "") if is_current else _stale(directory, config, problems, charts)
    rows = tuple(_row(one, charts, _state(one.name, stale)) for one in config.environments)
    errors = sum(problem.severity is Severity.ERROR for problem in problems)
    sections = [one.settings["municipality"] for one in config.environments]
    return RepositoryStatus(
        municipality=str(sections[0]["name"]) if sections else "",
        code=str(sections[0].get("code", "")) if sections else "",
        newest=charts.releases[0],
        toolkit=_made_with(directory),
        installed=__version__,
        environments=rows,
        errors=errors,
        warnings=len(problems) - errors,
        note=note,
    )


def text(found: RepositoryStatus, format_: str = "text", words: Callable[[str], str] = str) -> str:
    """Return a status as text for a person, in their words, or as JSON."""
    if format_ == "json":
        return json_text(asdict(found))
    return "\n".join(_lines(found, words))


def _lines(found: RepositoryStatus, words: Callable[[str], str]) -> Iterator[str]:
    head = ("environment", "domain", "release", "behind", "backend", "frontend", "delivery", "clusters/")
    table = [tuple(map(words, head))]
    for row in found.environments:
        behind = f"{row.behind} ({words('newest')} {found.newest})" if row.behind else words("no")
        apps = (row.backend, row.frontend, f"{row.delivery} ({words('paused')})" if row.paused else row.delivery)
        table.append((row.environment, row.domain, row.version, behind, *apps, words(row.tree)))
    widths = [max(len(row[column]) for row in table) for column in range(len(table[0]))]
    if found.environments:
        for line in table:
            yield "  ".join(f"{cell:{width}}" for cell, width in zip(line, widths, strict=True)).rstrip()
        yield ""
    other = "" if found.toolkit == found.installed else f", {words('made for')} {found.toolkit}"
    yield f"{words('toolkit'):9} {found.installed}{other}"
    counted = [f"{number} {words(word if number == 1 else f'{word}s')}" for number, word in _counts(found) if number]
    said = f"{', '.join(counted)}: {words('run `signalen check`')}" if counted else words("none")
    yield f"{words('problems'):9} {said}"
    if found.note:
        yield f"clusters/ {words(found.note)}"


def _counts(found: RepositoryStatus) -> tuple[tuple[int, str], ...]:
    return (found.errors, "error"), (found.warnings, "warning")


def _row(environment: Environment, charts: Catalog, state: str) -> Row:
    def app(name: str) -> str:
        component = charts.components.get(name)
        if tag := at(environment.settings, "overrides", name, "image", "tag"):
            return str(tag)
        return component.app_version(environment.version) if component else ""

    return Row(
        environment=environment.name,
        domain=environment.domain,
        production=environment.production,
        version=environment.version,
        backend=app("backend"),
        frontend=app("frontend"),
        behind=sum(parse(known) > parse(environment.version) for known in charts.releases),
        delivery=str(environment.settings["delivery"]),
        paused=bool(environment.settings["sync"]["paused"]),
        tree=state,
        hosts=tuple(hosts_of(environment)),
    )


def _stale(
    directory: Path, config: Config, problems: list[Problem], charts: Catalog
) -> tuple[frozenset[str] | None, str]:
    """Return the environments whose rendered files are not what the form says; None where nobody can tell."""
    if has_errors(problems):
        return None, ""
    try:
        changes = tree.compare(directory, render(config, charts))
    except UsageError as error:
        return None, str(error)
    stale = {Path(path).parts[1] for path in (*changes.written, *changes.removed)}
    gone = sorted(stale - {one.name for one in config.environments})
    note = f"has files of environments that are gone ({', '.join(gone)}): run `signalen render`" if gone else ""
    if stale and not note:
        note = "is stale: run `signalen render`"
    return frozenset(stale), note


def _state(name: str, stale: frozenset[str] | None) -> str:
    if stale is None:
        return "unknown"
    return "stale" if name in stale else "clean"


def _made_with(directory: Path) -> str:
    """Return the version of the toolkit that a repository is made for: what its hooks are pinned to, else ours."""
    for name, find in ((_HOOKS, _pinned), (TEMPLATE_STATE, _written)):
        try:
            data = beneath.read(directory, name, _LARGEST)
        except (OSError, UsageError):
            continue
        if data is not None and (found := find(data.decode(errors="replace"))):
            return found
    return __version__


def _pinned(text: str) -> str:
    data: Any = reader.parse(text, _HOOKS).data
    repositories = data.get("repos") if isinstance(data, dict) else None
    for repository in repositories if isinstance(repositories, list) else ():
        hooks = repository.get("hooks") if isinstance(repository, dict) else None
        ids = [hook.get("id") for hook in hooks if isinstance(hook, dict)] if isinstance(hooks, list) else []
        if any(str(one).startswith("signalen-") for one in ids):
            pinned = str(repository.get("rev", "")).removeprefix("v")
            return pinned if is_version(pinned) else ""  # a commit says no version
    return ""


def _written(text: str) -> str:
    try:
        data = json.loads(text)
    except (ValueError, RecursionError):
        return ""
    return str(data.get("toolkit", "")) if isinstance(data, dict) else ""
