"""Charts of our own that stand for the published ones: the same values and objects, no network.

The templates are in tests/charts; all else comes from the catalog, so that Helm checks values against its schemas.
Needs no more than the toolkit itself, so that `make demo` can use it as well.
"""

from __future__ import annotations

import json
import shutil
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from signalen_toolkit.catalog.load import catalog
from signalen_toolkit.catalog.schemas import values_schema

CHARTS = Path(__file__).parents[1] / "charts"


def stand_ins() -> list[str]:
    """Return the components that have a stand-in."""
    return sorted(path.name for path in CHARTS.iterdir() if (path / "templates").is_dir())


def make_charts(folder: Path, versions: Mapping[str, Iterable[str]]) -> Path:
    """Write `<chart>-<version>/` for the versions of the components by name, and return the folder."""
    for name, wanted in versions.items():
        for version in wanted:
            _make_chart(folder, name, version)
    return folder


def chart_versions(tree: Mapping[str, str]) -> dict[str, set[str]]:
    """Tell which versions of which charts a rendered tree installs, of those that have a stand-in."""
    from signalen_toolkit.helm.rendered_tree import releases

    component_of = {catalog().component(name).chart: name for name in stand_ins()}
    found: dict[str, set[str]] = {}
    for release in releases(tree, catalog().release_formats):
        if release.chart.name in component_of:
            found.setdefault(component_of[release.chart.name], set()).add(release.chart.version)
    return found


def _make_chart(folder: Path, name: str, version: str) -> None:
    component = catalog().component(name)
    chart = folder / f"{component.chart}-{version}"
    shutil.copytree(CHARTS / name, chart, dirs_exist_ok=True)
    for helpers in (CHARTS / "common").iterdir():
        shutil.copy(helpers, chart / "templates")
    schema = values_schema(component, version)
    app = next((known.app for known in component.releases if known.chart == version), component.releases[0].app)
    _write(chart / "Chart.yaml", _about(component.chart, version, app, chart / "charts"))
    _write(chart / "values.schema.json", schema)
    _write(chart / "values.yaml", _defaults(schema, schema) or {})


def _about(chart: str, version: str, app: str, subcharts: Path) -> dict[str, Any]:
    from ruamel.yaml import YAML

    found = [YAML(typ="safe").load(path) for path in sorted(subcharts.glob("*/Chart.yaml"))]
    return {
        "apiVersion": "v2",
        "name": chart,
        "description": f"Stand-in for the chart {chart}",
        "type": "application",
        "version": version,
        "appVersion": app,
        "dependencies": [{"name": one["name"], "version": one["version"], "tags": [one["name"]]} for one in found],
    }


def _defaults(schema: Mapping[str, Any], node: Mapping[str, Any]) -> Any:
    """Return the values that the chart has of its own, as its schema tells; None where it tells none."""
    if "default" in node:
        return node["default"]
    if "$ref" in node:
        node = schema["$defs"][node["$ref"].removeprefix("#/$defs/")]
    children = {name: _defaults(schema, child) for name, child in node.get("properties", {}).items()}
    return {name: value for name, value in children.items() if value is not None} or None


def _write(path: Path, data: Mapping[str, Any]) -> None:
    path.write_text(json.dumps(data, indent=1), encoding="utf-8")  # which is YAML as well


def main(repository: Path, folder: Path) -> None:
    """Write the stand-ins that the rendered tree of a repository needs."""
    files = (path for path in (repository / "clusters").rglob("*.yaml"))
    tree = {path.relative_to(repository).as_posix(): path.read_text(encoding="utf-8") for path in files}
    make_charts(folder, chart_versions(tree))


if __name__ == "__main__":
    main(*map(Path, sys.argv[1:3]))
