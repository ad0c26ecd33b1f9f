"""A made-up release gets into a copy of the catalog, which then knows its keys, versions and defaults."""

from __future__ import annotations

import difflib
import json
import shutil
import tarfile
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator
from signalen_toolkit.base import paths
from signalen_toolkit.catalog import add_release
from signalen_toolkit.catalog.load import catalog, load
from signalen_toolkit.catalog.schema_growth import TO_WRITE
from signalen_toolkit.catalog.schemas import config_schema, key_versions, values_schema
from signalen_toolkit.diagnostics.problems import UsageError

from tests.catalog.test_catalog import defaults
from tests.support.lived_in import snapshot

NEWEST = catalog().releases[0]
NEXT = "4.24.0"
ADDED = """\
# How the API handles
# a burst of reports
burst:
  # -- Number of reports at once
  size: 25
  strategy: queue
  limits: {}
  names: [a, b]
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    shutil.copytree(paths.folder("chart-templates"), tmp_path / "catalog")
    return tmp_path / "catalog"


def charts(tmp_path: Path, **changes: Any) -> Path:
    """Make the charts of a release after the newest one: with a key more, a key less and another default."""
    made = tmp_path / "charts"
    for name, app in (("backend", "2.60.0"), ("frontend", "2.28.0")):
        schema = values_schema(name, NEWEST)
        values = defaults(schema, schema)
        if name == "backend":
            del values["uwsgi"]["threads"]
            values["uwsgi"]["processes"] = 8
            values.update(changes)
        text = "".join(f"{key}: {json.dumps(value)}\n" for key, value in values.items())
        (made / name).mkdir(parents=True)
        (made / name / "values.yaml").write_text(text + (ADDED if name == "backend" else ""))
        (made / name / "Chart.yaml").write_text(f"name: {name}\nversion: {NEXT}\nappVersion: {app}\n")
    return made


def errors(schema: Any, values: Any) -> list[str]:
    return [error.message for error in Draft202012Validator(schema).iter_errors(values)]


def test_a_new_release_is_known_afterwards(tmp_path: Path, folder: Path) -> None:
    before = snapshot(folder)
    plan = add_release.plan(folder, charts(tmp_path))
    assert snapshot(folder) == before  # a plan writes nothing
    add_release.write(plan)

    known = load(folder)
    assert known.releases[:2] == (NEXT, NEWEST)
    backend = known.component("backend")
    assert backend.release(NEXT) == (NEXT, NEXT, "2.60.0")
    assert known.component("frontend").release(NEXT) == (NEXT, NEXT, "2.28.0")
    # What was not there is as it was in the release before.
    for name in ("classification", "mapserver"):
        assert known.component(name).release(NEXT)[1:] == known.component(name).release(NEWEST)[1:]
    new, old = values_schema(backend, NEXT), values_schema(backend, NEWEST)
    burst = {"burst": {"size": 3, "strategy": "x", "limits": {"any": 1}, "names": ["c"]}}
    assert errors(new, burst) == []
    assert "unexpected" in errors(old, burst)[0]
    assert errors(new, {"burst": {"size": "many", "sise": 1}})
    assert errors(old, {"uwsgi": {"threads": 2}}) == []
    assert "unexpected" in errors(new, {"uwsgi": {"threads": 2}})[0]
    assert new["properties"]["uwsgi"]["properties"]["processes"]["default"] == 8
    span = key_versions(backend, ["uwsgi", "threads"])
    assert span is not None
    assert span[1] == NEWEST
    assert new["properties"]["burst"]["description"] == "How the API handles a burst of reports."
    assert new["properties"]["burst"]["properties"]["size"]["description"] == "Number of reports at once."


def test_it_says_what_changed_and_what_is_left_to_do(tmp_path: Path, folder: Path) -> None:
    plan = add_release.plan(folder, charts(tmp_path))
    assert plan.release == NEXT
    assert {"backend: new: burst", "backend: gone: uwsgi.threads", "backend: default changed: uwsgi.processes"} <= set(
        plan.done
    )
    assert {
        "backend: burst.strategy: the description is to write",
        "backend: burst.size: the description is read: Number of reports at once.",
        "backend: burst.limits: takes any key for now, for its value is empty",
        "mapserver: no chart in charts/, taken to be as in 4.23.0",
    } <= set(plan.notes)
    assert any("--frontend-schema" in note for note in plan.notes)
    assert TO_WRITE in plan.files[folder / "backend" / "values.schema.json"]
    assert "to do:\n" in plan.text and "  backend/releases.csv\n" in plan.text


def test_the_rest_of_the_schema_keeps_its_layout(tmp_path: Path, folder: Path) -> None:
    path = folder / "backend" / "values.schema.json"
    plan = add_release.plan(folder, charts(tmp_path))
    lines = difflib.unified_diff(path.read_text().splitlines(), plan.files[path].splitlines(), n=0, lineterm="")
    gone = [line for line in list(lines)[2:] if line.startswith("-")]
    # A changed default, and what gets a comma because something follows it now.
    assert gone == ['-          "default": 4,', '-          "x-since": "2.4.3"']
    assert folder / "frontend" / "values.schema.json" not in plan.files


def test_again_it_has_no_effect(tmp_path: Path, folder: Path) -> None:
    made = charts(tmp_path)
    add_release.write(add_release.plan(folder, made))
    before = snapshot(folder)
    again = add_release.plan(folder, made)
    assert not again
    assert again.text == f"the catalog has release {NEXT} already"
    add_release.write(again)
    assert snapshot(folder) == before


def test_a_run_that_broke_off_is_completed_by_the_next(tmp_path: Path, folder: Path) -> None:
    made = charts(tmp_path)
    plan = add_release.plan(folder, made)
    path = folder / "backend" / "values.schema.json"
    path.write_text(plan.files[path])
    load_again = add_release.plan(folder, made)
    assert path not in load_again.files
    add_release.write(load_again)
    assert path.read_text() == plan.files[path]
    assert load(folder).releases[0] == NEXT


def test_packed_charts(tmp_path: Path, folder: Path) -> None:
    made = charts(tmp_path)
    expected = add_release.plan(folder, made).files
    with tarfile.open(made / f"backend-{NEXT}.tgz", "w:gz") as archive:
        archive.add(made / "backend", "backend")
    shutil.rmtree(made / "backend")
    assert add_release.plan(folder, made).files == expected
    (made / f"backend-{NEXT}.tgz").write_bytes(b"no archive")
    with pytest.raises(UsageError, match="not a packed chart"):
        add_release.plan(folder, made)


def test_a_key_that_templates_still_read_is_not_gone(tmp_path: Path, folder: Path) -> None:
    made = charts(tmp_path)
    (made / "backend" / "templates").mkdir()
    (made / "backend" / "templates" / "x.yaml").write_text("{{ .Values.uwsgi.threads }}")
    assert "backend: gone: uwsgi.threads" not in add_release.plan(folder, made).done


def test_a_key_of_another_type_is_left_to_a_person(tmp_path: Path, folder: Path) -> None:
    plan = add_release.plan(folder, charts(tmp_path, replicaCount="two"))
    assert any("replicaCount: the chart's own value does not fit" in note for note in plan.notes)


def frontend_schema(tmp_path: Path) -> tuple[Path, dict[str, Any]]:
    """Make an app.schema.json in the form of the frontend's, from what the newest known version takes."""
    newest = catalog().component("frontend").app_version(NEWEST)
    app = json.loads(json.dumps(config_schema(newest)))
    path = tmp_path / "app.schema.json"
    wrapped = {"$ref": "#/definitions/Config", "definitions": {"Config": app}, "$defs": app.pop("$defs", {})}
    path.write_text(json.dumps(wrapped))
    return path, wrapped


def test_the_configuration_of_the_frontend(tmp_path: Path, folder: Path) -> None:
    path, wrapped = frontend_schema(tmp_path)
    made = charts(tmp_path)
    unchanged = add_release.plan(folder, made, frontend_schema=path)
    assert folder / "frontend" / "config.schema.json" not in unchanged.files
    flags = wrapped["definitions"]["Config"]["properties"]["featureFlags"]["properties"]
    del flags["appMode"]
    flags["enableBells"] = {"type": "boolean", "description": "Ring a bell"}
    wrapped["definitions"]["Bell"] = {"type": "object", "properties": {"tone": {"enum": ["a", "b"]}}}
    wrapped["definitions"]["Config"]["properties"]["bell"] = {"$ref": "#/definitions/Bell"}
    path.write_text(json.dumps(wrapped))
    plan = add_release.plan(folder, made, frontend_schema=path)
    add_release.write(plan)
    frontend = load(folder).component("frontend")
    newest = catalog().component("frontend").app_version(NEWEST)
    new, old = (config_schema(version, frontend, partial=True) for version in ("2.28.0", newest))
    known = {"featureFlags": {"enableBells": True}, "bell": {"tone": "a"}}
    assert errors(new, known) == []
    assert errors(new, {"bell": {"tone": "c"}})
    assert errors(old, known)
    assert errors(new, {"featureFlags": {"appMode": True}})
    assert errors(old, {"featureFlags": {"appMode": True}}) == []
    assert "frontend: gone: featureFlags.appMode" in plan.done


def test_wrong_use(tmp_path: Path, folder: Path) -> None:
    made = charts(tmp_path)
    (tmp_path / "empty").mkdir()
    for arguments, said in (
        ((tmp_path / "empty", made), "is not a catalog"),
        ((folder, tmp_path / "empty"), "no chart of the catalog"),
        ((folder, tmp_path / "none"), "there is no folder"),
        ((folder, made, "new"), "not how a release"),
        ((folder, made, "4.0.9"), "older than"),
        ((folder, made, None, tmp_path / "none.json"), "cannot read"),
    ):
        with pytest.raises(UsageError, match=said):
            add_release.plan(*arguments)
    (made / "backend" / "Chart.yaml").write_text("name: backend\nversion: 4.22.0\n")
    with pytest.raises(UsageError, match=r"backend 4\.22\.0 is older"):
        add_release.plan(folder, made)
    (made / "backend" / "values.yaml").write_text("a: [\n")
    with pytest.raises(UsageError, match=r"values\.yaml cannot be read"):
        add_release.plan(folder, made)


@pytest.mark.parametrize("path", sorted(paths.folder("chart-templates").glob("*/*.schema.json")), ids=str)
def test_a_schema_is_written_as_a_program_writes_it(path: Path) -> None:
    text = path.read_text()
    assert add_release.schema_text(json.loads(text)) == text
