"""`signalen catalog add-release`: a new upstream release in the catalog, from the charts as they were published.

For the maintainer. It compares the values of each chart with what the schema says of the release before, changes
the schemas and the version tables as far as a program can, and lists what is left for a person.
"""

from __future__ import annotations

import json
import tarfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from signalen_toolkit.base.files import replace
from signalen_toolkit.base.versions import is_version, parse
from signalen_toolkit.catalog import versioned_schema
from signalen_toolkit.catalog.load import load
from signalen_toolkit.catalog.model import Catalog, Component
from signalen_toolkit.catalog.schema_growth import Growth, follow_schema, follow_values
from signalen_toolkit.diagnostics.places import dotted
from signalen_toolkit.diagnostics.problems import UsageError
from signalen_toolkit.documents import reader
from signalen_toolkit.documents.reader import Document
from signalen_toolkit.helm.charts.archive import LARGEST_ARCHIVE, ChartError, check_archive


@dataclass(frozen=True, slots=True)
class ReleasePlan:
    """New texts of the catalog's files, what they change, and what a person still has to do."""

    release: str
    files: Mapping[Path, str]
    done: tuple[str, ...]
    notes: tuple[str, ...]
    text: str

    def __bool__(self) -> bool:
        return bool(self.files)


@dataclass(frozen=True, slots=True)
class _Chart:
    """A chart as it was published."""

    version: str
    app: str
    values: Document
    templates: str


def plan(catalog: Path, charts: Path, release: str | None = None, frontend_schema: Path | None = None) -> ReleasePlan:
    """Tell what a new release changes in a catalog folder (chart-templates); nothing is written.

    A release that the catalog has already makes an empty plan. Raises UsageError where charts are missing or damaged.
    """
    if not any(catalog.glob("*/component.yaml")):
        raise UsageError(f"{catalog} is not a catalog: no folder in it has a component.yaml")
    known = load(catalog)
    moving = {name: one for name, one in known.components.items() if one.releases and one.releases[0].release}
    found = {name: chart for name, one in moving.items() if (chart := _find(charts, one.chart)) is not None}
    if not found:
        raise UsageError(f"there is no chart of the catalog in {charts}")
    release = _release(release, known, found)
    if release in known.releases:
        return ReleasePlan(release, {}, (), (), f"the catalog has release {release} already")
    if parse(release) < parse(known.releases[0]):
        raise UsageError(f"release {release} is older than {known.releases[0]}, the newest of the catalog")
    files: dict[Path, str] = {}
    done: list[str] = []
    notes: list[str] = []
    for name, one in moving.items():
        chart = found.get(name)
        for growth, path in _growths(one, chart, frontend_schema):
            files[path] = schema_text(growth.schema)
            done += [f"{name}: {line}" for line in growth.done]
            notes += [f"{name}: {line}" for line in growth.notes]
        if chart:
            notes += [f"{name}: {line}" for line in _misfits(one, chart, files)]
        else:
            notes.append(f"{name}: no chart in {charts.name}/, taken to be as in {one.releases[0].release}")
        app = chart.app if chart else one.releases[0].app
        version = chart.version if chart else one.releases[0].chart
        files[one.folder / "releases.csv"] = _listed(one.folder / "releases.csv", f"{release},{version},{app}")
        done.append(f"{name}: release {release} has chart {version}, app {app}")
        if one.application_config and not frontend_schema and app != one.releases[0].app:
            notes.append(f"{name}: {app} may take other configuration: compare its schema with --frontend-schema")
    changed = {path: text for path, text in files.items() if path.read_text(encoding="utf-8") != text}
    return ReleasePlan(
        release, changed, tuple(done), tuple(notes), "\n".join(_text(catalog, release, changed, done, notes))
    )


def write(plan: ReleasePlan) -> None:
    """Write what was planned: each file as a whole, and the version tables last, so that a run can be repeated."""
    for path, text in sorted(plan.files.items(), key=lambda item: item[0].name == "releases.csv"):
        replace(path, text.encode())


def schema_text(schema: Mapping[str, Any]) -> str:
    """Write a schema as the files of the catalog have it, so that a change of one key is a difference of its lines."""
    return json.dumps(schema, indent=2, ensure_ascii=False) + "\n"


def _text(catalog: Path, release: str, files: Mapping[Path, str], done: list[str], notes: list[str]) -> Iterator[str]:
    yield f"release {release}:"
    yield from (f"  {line}" for line in done)
    yield "files:"
    yield from (f"  {path.relative_to(catalog).as_posix()}" for path in files)
    if notes:
        yield "to do:"
        yield from (f"  {line}" for line in notes)


def _release(given: str | None, known: Catalog, found: Mapping[str, _Chart]) -> str:
    if given:
        if not is_version(given):
            raise UsageError(f"'{given}' is not how a release of Signalen is written, for example {known.releases[0]}")
        return given.removeprefix("v")
    # A chart whose versions are those of the releases tells which one this is.
    telling = [
        chart.version
        for name, chart in found.items()
        if known.components[name].releases[0].chart == known.components[name].releases[0].release
    ]
    if not telling:
        raise UsageError("no chart tells which release this is: name it with --release")
    return max(telling, key=parse)


def _growths(one: Component, chart: _Chart | None, frontend_schema: Path | None) -> Iterator[tuple[Growth, Path]]:
    if chart is None:
        return
    newest = one.releases[0]
    if chart.version != newest.chart:
        if parse(chart.version) < parse(newest.chart):
            raise UsageError(
                f"the chart {one.chart} {chart.version} is older than {newest.chart}, which the catalog has"
            )
        path = one.folder / "values.schema.json"
        growth = Growth(_read_json(path), newest.chart, chart.version, chart.templates)
        follow_values(growth, chart.values)
        yield growth, path
    if one.application_config and frontend_schema and chart.app != newest.app:
        if not (is_version(chart.app) and is_version(newest.app)):
            raise UsageError(f"{one.name} {chart.app} has no version to put in its schema")
        path = one.application_config.schema
        growth = Growth(_read_json(path), newest.app, chart.app)
        follow_schema(growth, _read_json(frontend_schema))
        yield growth, path


def _misfits(one: Component, chart: _Chart, files: Mapping[Path, str]) -> Iterator[str]:
    """Yield where the chart's own values do not fit the schema as it becomes: a key of another type, mostly."""
    from jsonschema import Draft202012Validator

    text = files.get(one.folder / "values.schema.json")
    if text is None:
        return
    schema = versioned_schema.plain(json.loads(text), chart.version)
    for error in Draft202012Validator(schema).iter_errors(chart.values.data or {}):
        yield f"{dotted(tuple(error.absolute_path))}: the chart's own value does not fit the schema: {error.message}"


def _listed(path: Path, line: str) -> str:
    """Put a line below the header of a version table."""
    with path.open(encoding="utf-8", newline="") as file:
        text = file.read()
    header, newline, rest = text.partition("\r\n" if "\r\n" in text else "\n")
    return f"{header}{newline}{line}{newline}{rest}"


def _read_json(path: Path) -> dict[str, Any]:
    try:
        data = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise UsageError(f"cannot read {path}: {error.strerror or error}") from error
    except ValueError as error:
        raise UsageError(f"{path} is not JSON: {error}") from error
    if not isinstance(data, dict):
        raise UsageError(f"{path} is not a JSON Schema")
    return data


# --- the charts


def _find(charts: Path, name: str) -> _Chart | None:
    """Find a chart in a folder, unpacked or packed; of several versions the newest."""
    if not charts.is_dir():
        raise UsageError(f"there is no folder {charts}")
    found = []
    for path in sorted(charts.glob(f"{name}*")):
        rest = path.name.removeprefix(name).removesuffix(".tgz").removeprefix("-")
        if rest and not is_version(rest):
            continue
        if (path / "Chart.yaml").is_file():
            found.append(_chart(name, _unpacked(path)))
        elif path.suffix == ".tgz" and rest:
            found.append(_chart(name, _packed(path, name, rest)))
    return max(found, key=lambda chart: parse(chart.version), default=None)


def _unpacked(folder: Path) -> dict[str, bytes]:
    paths = [path for path in folder.rglob("*") if path.is_file()]
    names = {path.relative_to(folder).as_posix(): path for path in paths}
    return {name: path.read_bytes() for name, path in names.items() if _wanted(name)}


def _packed(path: Path, name: str, version: str) -> dict[str, bytes]:
    if path.stat().st_size > LARGEST_ARCHIVE:
        raise ChartError(f"{path} is larger than {LARGEST_ARCHIVE // 2**20} MiB, which is no chart")
    with path.open("rb") as file:
        check_archive(file, name, version)  # so that what follows reads an archive without traps
    found = {}
    with tarfile.open(path) as archive:
        for member in archive:
            inside = member.name.removeprefix(f"{name}/")
            if _wanted(inside) and (content := archive.extractfile(member)) is not None:
                found[inside] = content.read()
    return found


def _wanted(name: str) -> bool:
    return name in ("Chart.yaml", "values.yaml") or name.startswith("templates/")


def _chart(name: str, files: Mapping[str, bytes]) -> _Chart:
    chart = reader.parse(files.get("Chart.yaml", b""), f"{name}/Chart.yaml")
    values = reader.parse(files.get("values.yaml", b""), f"{name}/values.yaml")
    for read in (chart, values):
        # An empty values.yaml is one without values.
        if read.problems and read.problems[0].rule != "empty-file":
            raise ChartError(f"{read.file} cannot be read: {read.problems[0].message}")
    version, app = (_word(chart, key) for key in ("version", "appVersion"))
    if not chart.data or chart.data.get("name") != name or not is_version(version):
        raise ChartError(f"{chart.file} is not about the chart {name} in a version such as 4.23.0")
    templates = b"\n".join(data for path, data in files.items() if path.startswith("templates/"))
    return _Chart(version.removeprefix("v"), app or version, values, templates.decode("utf-8", "replace"))


def _word(chart: Document, key: str) -> str:
    """Return a version as it is written: `1.10` reads as a number."""
    value = (chart.data or {}).get(key)
    return value if isinstance(value, str) else chart.written((key,))
