"""One table says where a repository stands."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from signalen_toolkit import __version__
from signalen_toolkit.catalog.load import catalog
from signalen_toolkit.diagnostics.problems import UsageError
from signalen_toolkit.repository.status import status, text

from tests.support.lived_in import FORM, repository, snapshot


def test_the_table(tmp_path: Path) -> None:
    before = snapshot(repository(tmp_path))
    found = status(tmp_path)
    lines = text(found).splitlines()
    newest = catalog().releases[0]
    behind = catalog().releases.index("4.20.0")
    assert lines[0].split() == [
        "environment",
        "domain",
        "release",
        "behind",
        "backend",
        "frontend",
        "delivery",
        "clusters/",
    ]
    assert lines[1].split() == (
        f"acceptance s-hertogenbosch.signalen.dev 4.20.0 {behind} (newest {newest}) 2.43.5 2.27.0 flux clean".split()
    )
    assert lines[2].startswith("production ")
    assert f"toolkit   {__version__}" in lines
    assert (found.municipality, found.errors) == ("'s-Hertogenbosch", 0)
    assert snapshot(tmp_path) == before


def test_as_json(tmp_path: Path) -> None:
    data = json.loads(text(status(repository(tmp_path)), "json"))
    assert [row["environment"] for row in data["environments"]] == ["acceptance", "production"]
    assert data["environments"][0]["production"] is False
    assert data["newest"] == catalog().releases[0]


def test_an_image_tag_of_the_form_counts(tmp_path: Path) -> None:
    database = "        database:"
    form = FORM.replace(database, f"        overrides: {{backend: {{image: {{tag: 2.99.9}}}}}}\n{database}")
    assert [row.backend for row in status(repository(tmp_path, form)).environments] == ["2.43.5", "2.99.9"]


def test_an_environment_that_is_paused(tmp_path: Path) -> None:
    """Nothing else in the table would say why a change does not arrive."""
    database = "        database:"
    form = FORM.replace(database, f"        sync: {{paused: true}}\n{database}")
    found = status(repository(tmp_path, form))
    assert [row.paused for row in found.environments] == [False, True]
    _, acceptance, production, *_ = text(found).splitlines()
    assert "paused" not in acceptance and "flux (paused)" in production
    assert found.warnings == status(repository(tmp_path / "other")).warnings + 1


def test_a_stale_tree(tmp_path: Path) -> None:
    form = repository(tmp_path) / "municipality.yaml"
    form.write_text(FORM.replace("4.19.0", "4.20.0"))
    found = status(tmp_path)
    assert [row.tree for row in found.environments] == ["clean", "stale"]
    assert "clusters/ is stale: run `signalen render`" in text(found)


def test_an_environment_that_is_gone(tmp_path: Path) -> None:
    form = repository(tmp_path) / "municipality.yaml"
    form.write_text(FORM.replace("    acceptance:", "    test:"))
    found = status(tmp_path)
    assert found.errors == 1  # it keeps running, and nobody looks after it
    assert "1 error" in text(found)


def test_a_form_with_errors_has_a_status(tmp_path: Path) -> None:
    form = repository(tmp_path) / "municipality.yaml"
    form.write_text(FORM + "nonsense: 1\n")
    found = status(tmp_path)
    assert (found.errors, {row.tree for row in found.environments}) == (1, {"unknown"})
    assert "1 error" in text(found)


@pytest.mark.parametrize("content", [b"a: [\n", b"", b"\xff\xfe", b"environments: 3\n"])
def test_a_form_that_cannot_be_read_has_a_status(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "municipality.yaml").write_bytes(content)
    found = status(tmp_path)
    assert found.errors and not found.environments
    assert "run `signalen check`" in text(found)


def test_without_a_form(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="cannot read"):
        status(tmp_path)


def test_a_file_of_a_person_in_the_way(tmp_path: Path) -> None:
    repository(tmp_path)
    (tmp_path / "clusters/acceptance/namespace.yaml").write_text("mine\n")
    assert "clusters/acceptance/namespace.yaml was not made by" in text(status(tmp_path))


@pytest.mark.parametrize(
    ("name", "content", "version"),
    [
        (".pre-commit-config.yaml", "repos:\n- repo: x\n  rev: v0.0.7\n  hooks: [{id: signalen-check}]\n", "0.0.7"),
        (".pre-commit-config.yaml", "repos:\n- repo: x\n  rev: v0.0.7\n  hooks: [{id: ruff}]\n", __version__),
        (".pre-commit-config.yaml", "repos: 3\n", __version__),
        (".pre-commit-config.yaml", "\tno", __version__),
        (".signalen/template.json", '{"toolkit": "0.0.8"}', "0.0.8"),
        (".signalen/template.json", "[", __version__),
    ],
)
def test_the_version_of_the_toolkit_that_it_is_made_for(tmp_path: Path, name: str, content: str, version: str) -> None:
    repository(tmp_path)
    (tmp_path / name).parent.mkdir(exist_ok=True)
    (tmp_path / name).write_text(content)
    assert status(tmp_path).toolkit == version
