"""A form over the layers of its fleet: what counts, and where a value is from."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st
from signalen_toolkit.base.layout import FLEET_FILE, FORM_FILE
from signalen_toolkit.catalog.load import catalog
from signalen_toolkit.cli.main import main
from signalen_toolkit.diagnostics.problems import Problem, ProblemsError, UsageError
from signalen_toolkit.documents import reader
from signalen_toolkit.documents.data import at, merge
from signalen_toolkit.documents.layers import LayeredDocument, layered
from signalen_toolkit.fleet.explain import explain, text
from signalen_toolkit.helm.options import Options
from signalen_toolkit.repository.bump import bump
from signalen_toolkit.repository.status import status
from signalen_toolkit.validation.check import check_file
from signalen_toolkit.verify import inputs

from tests.support.fleets import DEFAULTS, GROUP, OWN, fleet
from tests.support.lived_in import rerender


def _check(root: Path, name: str = "s-hertogenbosch") -> list[Problem]:
    form = root / "municipalities" / name / FORM_FILE
    return check_file(form, catalog(), name=f"municipalities/{name}/{FORM_FILE}")[1]


def test_a_form_is_completed_by_its_groups_and_the_defaults(tmp_path: Path) -> None:
    root = fleet(tmp_path)
    config, problems = check_file(root / "municipalities/s-hertogenbosch" / FORM_FILE, catalog())
    assert problems == []
    (one,) = config.environments
    assert (one.version, one.settings["contact"]["phone"]) == ("4.22.0", "073 615 51 55")
    assert one.settings["identity"]["clientId"] == "3f0c6a7e"  # of the defaults
    assert one.settings["branding"]["title"] == "Meldingen Brabant"  # of the group, over the defaults


def test_of_two_groups_the_last_counts(tmp_path: Path) -> None:
    root = fleet(tmp_path)
    (root / "groups/large.yaml").write_text("branding: {title: Groot}\n")
    for groups, title in (("[brabant, large]", "Groot"), ("[large, brabant]", "Meldingen Brabant")):
        (root / FLEET_FILE).write_text(
            f"municipalities: {{s-hertogenbosch: {{groups: {groups}}}, tilburg: {{groups: [brabant]}}}}\n"
        )
        config, _ = check_file(root / "municipalities/s-hertogenbosch" / FORM_FILE, catalog())
        assert config.environments[0].settings["branding"]["title"] == title


def test_a_mistake_shows_where_it_is_written(tmp_path: Path) -> None:
    root = fleet(tmp_path)
    (root / "groups/brabant.yaml").write_text(f"{GROUP}colour: red\n")
    (root / "defaults.yaml").write_text(DEFAULTS.replace("delivery: flux", "delivery: fluks"))
    found = {(one.file, one.line, one.column, one.rule) for one in _check(root)}
    line = GROUP.count("\n") + 1
    assert ("groups/brabant.yaml", line, 1, "unknown-key") in found
    wrong = next(number for number, one in enumerate(DEFAULTS.splitlines(), 1) if one.startswith("delivery"))
    assert ("defaults.yaml", wrong, 11, "unknown-value") in found
    assert len(found) == 2


def test_a_layer_that_cannot_be_read_is_no_layer_without_a_word(tmp_path: Path) -> None:
    root = fleet(tmp_path)
    (root / "groups/brabant.yaml").write_text("a: [\n")
    assert [(one.file, one.rule) for one in _check(root)] == [("groups/brabant.yaml", "yaml-syntax")]
    (root / "groups/brabant.yaml").unlink()
    (problem,) = _check(root)
    assert (problem.file, problem.line, problem.column, problem.rule) == ("fleet.yaml", 8, 30, "fleet-layer")
    (root / FLEET_FILE).write_text("a: [\n")
    assert [(one.file, one.rule) for one in _check(root)][:1] == [("fleet.yaml", "fleet-layer")]
    (root / FLEET_FILE).write_text("municipalities: {den-bosch: {}}\n")
    assert ("fleet.yaml", "fleet-municipality") in [(one.file, one.rule) for one in _check(root)]


def test_a_layer_of_comments_alone_has_no_settings(tmp_path: Path) -> None:
    root = fleet(tmp_path)
    (root / "groups/brabant.yaml").write_text("# nothing yet\n")
    assert _check(root) == []


def test_a_layer_is_no_link_out_of_the_fleet(tmp_path: Path) -> None:
    root = fleet(tmp_path / "fleet")
    (tmp_path / "secret.yaml").write_text("branding: {title: Geheim}\n")
    (root / "groups/brabant.yaml").unlink()
    (root / "groups/brabant.yaml").symlink_to(tmp_path / "secret.yaml")
    (found,) = _check(root)
    assert "leads out of" in found.message


def test_a_secret_in_a_layer_is_told_there_and_shown_nowhere(tmp_path: Path) -> None:
    root = fleet(tmp_path)
    (root / "defaults.yaml").write_text(f"{DEFAULTS}overrides: {{backend: {{env: {{A_PASSWORD: Zeer-Geheim-9}}}}}}\n")
    found = _check(root)
    assert [one.file for one in found if one.rule == "plain-secret"] == ["defaults.yaml"]
    assert "Zeer-Geheim-9" not in repr(found)
    with_value = explain(root / "municipalities/s-hertogenbosch", "overrides.backend.env.A_PASSWORD", catalog())
    assert "Geheim" not in text(with_value)


def test_a_release_of_one_municipality_goes_into_its_own_form(tmp_path: Path) -> None:
    root = fleet(tmp_path)
    member = root / "municipalities/s-hertogenbosch"
    rerender(member)
    before = (root / "defaults.yaml").read_text()
    bump(member, "4.23.0")
    assert "4.23.0" in (member / FORM_FILE).read_text()
    assert (root / "defaults.yaml").read_text() == before
    assert [(one.version, one.tree) for one in status(member).environments] == [("4.23.0", "clean")]


def test_what_verify_remembers_depends_on_every_layer(tmp_path: Path) -> None:
    root = fleet(tmp_path)
    member, options = root / "municipalities/s-hertogenbosch", Options(variables={}, engine="library")
    keys = [inputs.key(member, options, None)]
    for file in ("defaults.yaml", "groups/brabant.yaml", FLEET_FILE):
        (root / file).write_text((root / file).read_text() + "# changed\n")
        keys.append(inputs.key(member, options, None))
    assert None not in keys and len({*keys}) == len(keys)


def test_explain_names_what_sets_a_value_and_what_it_hides(tmp_path: Path) -> None:
    root = fleet(tmp_path)
    member = root / "municipalities/s-hertogenbosch"
    found = explain(member, "branding.title", catalog())
    assert [(Path(one.file).name, one.value, one.hidden) for one in found.places] == [
        ("brabant.yaml", '"Meldingen Brabant"', False),
        ("defaults.yaml", '"Meldingen"', True),
    ]
    assert found.environments == {"acceptance": '"Meldingen Brabant"'}
    (member / FORM_FILE).write_text(f"{OWN}version: 4.21.0\n")
    found = explain(member, "environments.acceptance.version", catalog())
    assert [(Path(one.file).name, one.setting, one.value) for one in found.places] == [
        ("defaults.yaml", "environments.acceptance.version", '"4.22.0"'),
        ("municipality.yaml", "version", '"4.21.0"'),
    ]
    assert found.environments == {"acceptance": '"4.22.0"'}
    assert "no file sets it" in text(explain(member, "map.center", catalog()))


def test_explain_of_what_is_no_setting(tmp_path: Path) -> None:
    member = fleet(tmp_path) / "municipalities/s-hertogenbosch"
    with pytest.raises(UsageError, match="is no setting of the form"):
        explain(member, "brandig.title", catalog())
    with pytest.raises(UsageError, match="there is no environment 'prod'"):
        explain(member, "environments.prod.version", catalog())
    (member / FORM_FILE).write_text("a: [")
    with pytest.raises(ProblemsError):
        explain(member, "branding.title", catalog())


KEYS = st.sampled_from("abc")
VALUES = st.recursive(
    st.none() | st.integers(0, 9) | st.lists(st.integers(0, 9), max_size=2),
    lambda inner: st.dictionaries(KEYS, inner, min_size=1, max_size=3),
    max_leaves=8,
)
MAPS = st.dictionaries(KEYS, VALUES, min_size=1, max_size=3)


def _leaves(data: Any, path: tuple[str | int, ...] = ()) -> Iterator[tuple[tuple[str | int, ...], Any]]:
    if isinstance(data, dict) and data:
        for key, value in data.items():
            yield from _leaves(value, (*path, key))
    else:
        yield path, data


@given(st.lists(MAPS, min_size=2, max_size=4))
def test_each_value_is_in_the_file_that_is_said_to_hold_it(maps: list[dict[str, Any]]) -> None:
    documents = [reader.parse(json.dumps(one), f"{number}.yaml") for number, one in enumerate(maps)]
    whole = layered(documents)
    assert isinstance(whole, LayeredDocument)
    merged: dict[str, Any] = {}
    for one in reversed(maps):
        merged = merge(merged, one)
    assert whole.data == merged
    for path, value in _leaves(merged):
        holder = whole.holder(path)
        assert at(yaml.safe_load(holder.text), *path) == value
        assert (node := whole.node(path)) is not None and node.data == value


def test_the_command_explains(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(fleet(tmp_path) / "municipalities/s-hertogenbosch")
    said = CliRunner().invoke(main, ["explain", "branding.title"])
    assert said.exit_code == 0, said.output
    assert said.output.splitlines() == [
        "branding.title",
        '  ../../groups/brabant.yaml:1:19  sets    branding.title: "Meldingen Brabant"',
        '  ../../defaults.yaml:6:19        hidden  branding.title: "Meldingen"',
        '  acceptance has "Meldingen Brabant"',
    ]
