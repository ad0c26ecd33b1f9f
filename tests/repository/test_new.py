"""`signalen new`: what it promises to whoever starts a municipality's configuration repository."""

from __future__ import annotations

import io
import os
import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import click
import hypothesis.strategies as st
import pytest
from click.testing import CliRunner
from hypothesis import given, settings
from prompt_toolkit.application import create_app_session
from prompt_toolkit.input import PipeInput, create_pipe_input
from prompt_toolkit.output import DummyOutput
from signalen_toolkit import REPOSITORY
from signalen_toolkit.base.layout import FORM_FILE, SCHEMA_FILE
from signalen_toolkit.base.paths import folder
from signalen_toolkit.catalog.load import catalog
from signalen_toolkit.cli.main import main
from signalen_toolkit.diagnostics.characters import CONTROL, INVISIBLE
from signalen_toolkit.diagnostics.problems import Problem, ProblemsError, Severity, UsageError
from signalen_toolkit.diagnostics.source import dotted
from signalen_toolkit.documents import reader
from signalen_toolkit.documents.data import merge
from signalen_toolkit.form import config
from signalen_toolkit.form.schema import compiled_form_schema, form_schema, resolve
from signalen_toolkit.form.schema import settings as schema_settings
from signalen_toolkit.form.text import form_text
from signalen_toolkit.git import first_commit
from signalen_toolkit.rendering import tree
from signalen_toolkit.rendering.render import render
from signalen_toolkit.repository import answers as answering
from signalen_toolkit.repository import new as scaffold
from signalen_toolkit.schema.validate import schema_problems
from signalen_toolkit.validation.check import check_file

ANSWERS = {
    "municipality.code": "GM0796",
    "environments.acceptance.domain": "s-hertogenbosch.signalen.dev",
    "identity.issuer": "https://login.microsoftonline.com/8f3b1d8e-9d57-4f3f-8a2c-0a8f6f2d7c11/v2.0",
    "identity.clientId": "3f0c6a7e-5a0f-4d7e-9f1c-6f3a2f6f7b10",
    "contact.phone": "073 615 51 55",
    "contact.email": "meldingen@s-hertogenbosch.nl",
    "repository.url": "https://git.example.nl/s-hertogenbosch/signalen.git",
    "delivery": "flux",
}
FORM = """\
municipality: {code: GM0796}
contact: {phone: "073 615 51 55", email: meldingen@s-hertogenbosch.nl}
repository: {url: "https://git.example.nl/s-hertogenbosch/signalen.git"}
identity:
  issuer: https://login.microsoftonline.com/8f3b1d8e-9d57-4f3f-8a2c-0a8f6f2d7c11/v2.0
  clientId: 3f0c6a7e-5a0f-4d7e-9f1c-6f3a2f6f7b10
environments:
  acceptance: {domain: s-hertogenbosch.signalen.dev}
"""


def given_as(**changes: str | None) -> list[str]:
    """Return the smallest answers as `--set` texts, with changes (`__` for a dot); None leaves one out."""
    merged = {**ANSWERS, **{key.replace("__", "."): value for key, value in changes.items()}}
    return [f"{key}={value}" for key, value in merged.items() if value is not None]


def new(
    directory: Path,
    answers: Path | None = None,
    settings: list[str] | None = None,
    *,
    ask: bool = False,
    force: bool = False,
    git: bool = False,
) -> scaffold.NewRepository:
    return scaffold.new(
        directory,
        answers,
        given_as() if settings is None and answers is None else settings or [],
        ask=ask,
        force=force,
        git=git,
    )


def refused(action: Callable[[], object]) -> tuple[Problem, ...]:
    with pytest.raises(ProblemsError) as error:
        action()
    return error.value.problems


def assert_clean(directory: Path) -> config.Config:
    """Assert that a repository's form checks without errors, and that its tree is fresh."""
    completed, problems = check_file(directory / FORM_FILE, catalog())
    assert [problem for problem in problems if problem.severity is Severity.ERROR] == []
    assert not tree.compare(directory, render(completed, catalog()))
    return completed


def names(directory: Path) -> list[str]:
    return sorted(path.name for path in directory.iterdir())


def git(directory: Path, *arguments: str) -> str:
    done = subprocess.run(["git", "-C", directory, *arguments], capture_output=True, text=True, check=True)
    return done.stdout


@pytest.fixture
def nobody(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    """Take away what Git knows of the person."""
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", os.devnull)
    monkeypatch.setenv("GIT_CONFIG_SYSTEM", os.devnull)
    for name in ("GIT_AUTHOR_NAME", "GIT_AUTHOR_EMAIL", "GIT_COMMITTER_NAME", "GIT_COMMITTER_EMAIL", "EMAIL"):
        monkeypatch.delenv(name, raising=False)


# --- the repository


def test_repository_holds_the_form_its_schema_images_and_the_rendered_tree(tmp_path: Path) -> None:
    result = new(tmp_path / "bosch")
    assert_clean(tmp_path / "bosch")
    assert {
        ".editorconfig",
        ".gitattributes",
        ".gitignore",
        "CODEOWNERS",
        "README.md",
        "assets/favicon.png",
        "assets/icon-180.png",
        "assets/icon-192.png",
        "assets/logo.svg",
        "bootstrap/README.md",
        "bootstrap/argocd-cmd-params-cm.yaml",
        "bootstrap/cluster.sh",
        "clusters/acceptance/bootstrap.yaml",
        "clusters/acceptance/kustomization.yaml",
        SCHEMA_FILE,
        FORM_FILE,
    } <= set(result.files)
    assert names(tmp_path) == ["bosch"]


def test_form_names_the_schema_beside_it_and_states_the_newest_version(tmp_path: Path) -> None:
    new(tmp_path / "bosch")
    text = (tmp_path / "bosch" / FORM_FILE).read_text(encoding="utf-8")
    assert text.startswith(f"# yaml-language-server: $schema={SCHEMA_FILE}\n")
    assert (tmp_path / "bosch" / SCHEMA_FILE).is_file()
    form = reader.parse(text, FORM_FILE).data
    assert form["apiVersion"] == "signalen.org/v1"
    assert form["delivery"] == "flux"
    assert form["environments"]["acceptance"]["version"] == catalog().releases[0]


def test_version_at_the_top_is_not_repeated_in_the_environments(tmp_path: Path) -> None:
    new(tmp_path / "bosch", settings=[*given_as(), "version=4.20.0"])
    form = reader.read(tmp_path / "bosch" / FORM_FILE).data
    assert form["version"] == "4.20.0"
    assert "version" not in form["environments"]["acceptance"]


@pytest.mark.parametrize(
    ("name", "settings", "code"),
    [
        ("bergen-nh", ["municipality.name=Bergen", "municipality.province=Noord-Holland"], "GM0373"),
        ("bergen-l", ["municipality=Bergen (L.)"], "GM0893"),
        ("den-haag", ["municipality.name='s-Gravenhage"], "GM0518"),
        ("sudwest", ["municipality.name=Súdwest-Fryslân"], "GM1900"),
        ("nuenen", ["municipality.name=Nuenen, Gerwen en Nederwetten"], "GM0820"),
        ("ambacht", ["municipality.name=Hendrik-Ido-Ambacht"], "GM0531"),
    ],
)
@pytest.mark.parametrize("delivery", ["flux", "argocd"])
def test_hard_names_are_onboarded(tmp_path: Path, name: str, settings: list[str], code: str, delivery: str) -> None:
    new(tmp_path / name, settings=[*given_as(municipality__code=None, delivery=delivery), *settings])
    completed = assert_clean(tmp_path / name)
    assert completed.environments[0].settings["municipality"]["code"] == code


@pytest.mark.parametrize("text", ["{{ x }}", "{% raw %}", "a: b", "# c", "'s-Graf", '"', "{# d #}", "- e", "no"])
def test_no_text_is_evaluated_or_breaks_a_file(tmp_path: Path, text: str) -> None:
    settings = [*given_as(), f"municipality.name={text}", f"contact.openingHours={text}".replace('="', "=x")]
    new(tmp_path / "x", settings=settings)
    completed = assert_clean(tmp_path / "x")
    assert completed.environments[0].settings["municipality"]["name"] == text
    assert (tmp_path / "x" / "README.md").read_text(encoding="utf-8").startswith("# Signalen van ")


def test_folders_with_braces_in_their_name_are_no_template(tmp_path: Path) -> None:
    new(tmp_path / "{{ a }}" / "{% b %}")
    assert_clean(tmp_path / "{{ a }}" / "{% b %}")


def test_readme_names_secrets_and_the_first_command_for_the_delivery(tmp_path: Path) -> None:
    for delivery, applied in (("flux", "clusters/acceptance/flux-system"), ("argocd", "clusters/acceptance/argocd")):
        result = new(tmp_path / delivery, settings=given_as(delivery=delivery))
        text = (tmp_path / delivery / "README.md").read_text(encoding="utf-8")
        assert "\nbootstrap/cluster.sh acceptance --apply " in text
        assert f"`{applied}`" in text
        assert (tmp_path / delivery / applied / "kustomization.yaml").is_file()
        for component in result.config.environments[0].components:
            for secret in component.secrets:
                assert f"`{secret.name}`" in text
                assert all(f"`{key.name}`" in text for key in secret.keys)
        assert "{{" not in text
        assert "{%" not in text


def test_readme_holds_with_any_number_of_environments_and_has_the_chosen_ways_only(tmp_path: Path) -> None:
    def readme(name: str, *environments: str) -> str:
        given = [*given_as(), *(f"environments.{one}" for one in environments)]
        made = new(tmp_path / name, settings=given)
        text = (tmp_path / name / "README.md").read_text(encoding="utf-8")
        assert "\n\n\n" not in text
        for table in re.findall(r"(?m)(?:^\|.*\n)+", text):
            assert len({row.count(" | ") for row in table.splitlines()}) == 1, table
        for environment in made.config.environments:
            assert f"\n### De eerste dag van {environment.name}\n\n1. **" in text
            assert len(re.findall(rf"(?m)^\| {environment.name} \|", text)) >= 2
        assert text.count("```") % 2 == 0
        return text

    one = readme("one")
    assert "signalen secrets init" in one and "signalen bump" in one
    assert "kluis" not in one and "geheimen.env" not in one and "promote" not in one.replace("`promote`", "")
    three = readme(
        "three",
        "test={domain: test.example.nl, delivery: argocd, secrets: {provider: existing}}",
        "production={domain: meldingen.example.nl, secrets: {provider: external-secrets}}",
    )
    assert "`signalen promote test production`" in three
    assert "In een kluis" in three and "geheimen.env" in three
    for command in ("diff", "bump", "promote", "status", "update", "verify", "preflight"):
        assert f"`signalen {command}" in three
    for command in ("first-day", "handover", "resize", "remove"):
        assert f"`signalen {command} <omgeving>`" in three
    assert "`manifests/<omgeving>/`" in three and "`sync-paused`" in three


def test_every_command_in_the_readme_is_one(tmp_path: Path) -> None:
    new(tmp_path / "x")
    text = (tmp_path / "x" / "README.md").read_text(encoding="utf-8")
    told = set(re.findall(r"signalen ([a-z][a-z-]+)(?: ([a-z]+))?", "\n".join(re.findall(r"`+[^`]+`+", text))))
    context = click.Context(main)
    assert len(told) > 12
    for name, below in told:
        command = main.get_command(context, name)
        assert command is not None, name
        if isinstance(command, click.Group):
            assert command.get_command(context, below), below


def test_readme_says_where_to_watch_and_what_is_copied_where_there_is_something(tmp_path: Path) -> None:
    def readme(name: str, **extra: str) -> str:
        new(tmp_path / name, settings=[*given_as(), *(f"{key}={value}" for key, value in extra.items())])
        text = (tmp_path / name / "README.md").read_text(encoding="utf-8")
        assert "\n\n\n" not in text
        return text

    outside = {"database.host": "postgres.example.nl", "storage": "{azure: {account: fotos}}"}
    own = {"components.grafana.enabled": "true", "components.prometheus.enabled": "true", "grafana.clientId": "grafana"}
    plain = readme("plain", **outside)
    assert "## Meekijken" not in plain
    assert "## Reservekopieën" not in plain
    assert "## Reservekopieën" in readme("copied")
    assert "\n| acceptance | https://grafana.s-hertogenbosch.signalen.dev |\n" in readme("own", **own)
    shared = readme("shared", **{"cluster.stacks": "{metrics: true, dashboards: true}"})
    assert "\n| acceptance | in de Grafana van het cluster |\n" in shared


def test_owners_become_codeowners(tmp_path: Path) -> None:
    new(tmp_path / "a", settings=[*given_as(), 'repository.owners=["@bosch/beheer", "@bosch/web"]'])
    assert "\n* @bosch/beheer @bosch/web\n" in (tmp_path / "a" / "CODEOWNERS").read_text(encoding="utf-8")
    new(tmp_path / "b")
    lines = (tmp_path / "b" / "CODEOWNERS").read_text(encoding="utf-8").splitlines()
    assert all(line.startswith("#") for line in lines)


def test_summary_says_what_was_made_and_what_comes_next(tmp_path: Path) -> None:
    text = scaffold.summary(new(tmp_path / "bosch"))
    assert "'s-Hertogenbosch" in text
    assert "clusters/acceptance/" in text
    assert "bootstrap/cluster.sh acceptance" in text


# --- the form


EVERYTHING = {"components": {name: {"enabled": True} for name in catalog().components}}


def test_form_explains_every_setting_of_the_schema() -> None:
    text = form_text(*_completed(EVERYTHING))
    for path, node in schema_settings():
        if path[0] == "resources" and len(path) > 2:
            continue  # shown as a whole
        if path[:2] != ("environments", "*"):
            assert f"## {node['x-title-nl']}: {node['x-description-nl']}" in text, path


def test_form_leaves_out_the_settings_of_components_that_are_off() -> None:
    text = form_text(*_completed({}))
    for path, node in schema_settings():
        component = node.get("x-component", "backend")
        if len(path) == 1 and component not in ("backend", "classification", "frontend"):
            assert f"\n# {path[0]}: {{}}\n" in text
        elif path[0] == "dex" and len(path) == 2:
            assert f"## {node['x-title-nl']}: {node['x-description-nl']}" not in text
    assert "grafana.s-hertogenbosch.signalen.dev" not in text
    assert "  backend: {requests" in text
    assert "  grafana: {requests" not in text


def test_form_keeps_what_was_given_for_a_component_that_is_off() -> None:
    given_ = {
        "replicas": {"mapserver": 2},
        "grafana": {"adminGroups": ["beheer"]},
        "overrides": {"loki": {"a": [{"b": 1}]}},
    }
    form, completed = _completed(given_)
    assert reader.parse(form_text(form, completed), FORM_FILE).data == form


@pytest.mark.parametrize("extra", [{}, EVERYTHING], ids=["as it comes", "everything on"])
def test_examples_are_right_once_uncommented(extra: dict[str, Any]) -> None:
    _, _, body = form_text(*_completed(extra)).partition("\n\n")  # the header stays a comment
    form = re.sub(r"^( *)# ", r"\1", body, flags=re.MULTILINE)
    read = reader.parse(form, FORM_FILE)
    assert read.problems == ()
    assert schema_problems(read, compiled_form_schema()) == []
    assert set(read.data) == set(form_schema()["properties"])


def _completed(extra: dict[str, Any]) -> tuple[dict[str, Any], config.Config]:
    form = answering.completed(merge(reader.parse(FORM, "x").data, extra))
    return form, config.build(form, catalog())


_TEXT = st.text(st.characters(blacklist_categories=["Cs"]), max_size=60).filter(
    lambda text: not (CONTROL.search(text) or INVISIBLE.search(text))
)
_YAML = st.sampled_from(
    ["{{ x }}", "{% y %}", "a: b", " # c", "'", '"', "\n", "\t", "- ", "no", "0x1", "~", "|", "\\", "&a", "*b", "!t"]
)


@settings(deadline=None)
@given(text=st.lists(_TEXT | _YAML, max_size=5).map("".join))
def test_any_text_comes_back_unchanged(text: str) -> None:
    """The schema bounds lengths; that a text must be accepted is not the promise here, but that it is kept."""
    form, completed = _completed(
        {
            "contact": {"openingHours": text},
            "branding": {"title": text, "alert": text, "css": text},
            "overrides": {
                "frontend": {"config": {"text": text, "nested": {"list": [text, 1, 1.5, None, True]}}},
                "backend": {
                    "list": [{text: text, "below": [{"x": text}, {"y": {"z": [text]}}]}, {"b": [{}], "c": [[]]}]
                },
            },
        }
    )
    read = reader.parse(form_text(form, completed), FORM_FILE)
    assert read.problems == ()
    assert read.data == form


@settings(deadline=None)
@given(text=st.lists(_TEXT | _YAML, max_size=5).map("".join))
def test_any_text_can_be_set(text: str) -> None:
    given_ = answering.Answers(reader.Document("--set", "", {})).with_setting(f"branding.alert=x{text}", 1)
    assert given_.data == {"branding": {"alert": f"x{text}"}}
    assert given_.document.node(("branding", "alert")) is not None


# --- answers


def test_answers_come_from_a_file_and_settings_go_before_it(tmp_path: Path) -> None:
    path = tmp_path / "answers.yaml"
    path.write_text(FORM, encoding="utf-8")
    new(tmp_path / "x", path, ["contact.phone=14 073", "contact.phone=0736155155", "map.zoom=11"])
    form = reader.read(tmp_path / "x" / FORM_FILE).data
    assert form["contact"] == {"phone": "0736155155", "email": "meldingen@s-hertogenbosch.nl"}
    assert form["map"] == {"zoom": 11}


def test_answers_come_from_standard_input(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(FORM.encode())))
    new(tmp_path / "x", Path("-"))
    assert_clean(tmp_path / "x")


def test_several_environments_are_kept_in_their_order(tmp_path: Path) -> None:
    path = tmp_path / "answers.yaml"
    path.write_text(
        f"{FORM}  production: {{domain: meldingen.s-hertogenbosch.nl, version: 4.22.0}}\n", encoding="utf-8"
    )
    new(tmp_path / "x", path)
    form = reader.read(tmp_path / "x" / FORM_FILE).data
    assert list(form["environments"]) == ["acceptance", "production"]
    assert form["environments"]["production"]["version"] == "4.22.0"
    assert "## Zo komt er later" not in (tmp_path / "x" / FORM_FILE).read_text(encoding="utf-8")


def test_all_missing_answers_are_reported_at_once_with_how_to_give_them(tmp_path: Path) -> None:
    problems = refused(lambda: new(tmp_path / "x", settings=[]))
    keys = [problem.path for problem in problems]
    assert keys == [key for key in ANSWERS if key != "delivery"]
    assert [problem.hint.split("=")[0] for problem in problems] == [f"add --set {key}" for key in keys]
    assert "add --set contact.phone='073 615 51 55'" in [problem.hint for problem in problems]
    assert names(tmp_path) == []


def test_each_environment_needs_its_domain(tmp_path: Path) -> None:
    settings = [*given_as(), "environments.production={}"]
    problems = refused(lambda: new(tmp_path / "x", settings=settings))
    assert [problem.path for problem in problems] == ["environments.production.domain"]


def test_what_every_environment_has_is_not_missing(tmp_path: Path) -> None:
    settings = [*given_as(contact__phone=None), "environments.acceptance.contact.phone=14 073"]
    new(tmp_path / "x", settings=settings)
    assert_clean(tmp_path / "x")


def test_wrong_answers_in_a_file_are_shown_there(tmp_path: Path) -> None:
    path = tmp_path / "answers.yaml"
    path.write_text(FORM.replace("GM0796", "GM9"), encoding="utf-8")
    (problem,) = refused(lambda: new(tmp_path / "x", path, ["map.zoom=9"]))
    assert (problem.file, problem.line, problem.column) == (str(path), 1, 22)
    assert problem.source.startswith("municipality: {code: GM9}")


def test_wrong_settings_are_shown_as_they_were_given(tmp_path: Path) -> None:
    path = tmp_path / "answers.yaml"
    path.write_text(FORM, encoding="utf-8")
    problems = refused(lambda: new(tmp_path / "x", path, ["map.zoom=9", "contact.phone=bel ons", "delivry=flux"]))
    assert [(p.file, p.line, p.column, p.source) for p in problems] == [
        ("--set", 2, 15, "contact.phone=bel ons"),
        ("--set", 3, 1, "delivry=flux"),
    ]
    assert "delivery" in problems[1].hint


@pytest.mark.parametrize(
    ("settings", "said", "hint"),
    [
        (["delivery=fluks"], "'delivery' must be flux or argocd, not 'fluks'", "did you mean 'flux'?"),
        (["environments.acceptance.delivery=ArgoCD"], "must be flux or argocd, not 'ArgoCD'", "did you mean 'argocd'?"),
        (["delivery="], "'delivery' must be flux or argocd, not ''", ""),
        (["delivery.flux=1"], "'delivery' must be text, not a map", ""),
    ],
)
def test_an_unknown_delivery_is_a_problem(tmp_path: Path, settings: list[str], said: str, hint: str) -> None:
    given = [f"--set={setting}" for setting in [*given_as(delivery=None), *settings]]
    made = CliRunner().invoke(main, ["new", str(tmp_path / "x"), "--no-input", "--no-git", *given])
    assert (made.exit_code, type(made.exception)) == (1, SystemExit)
    assert said in made.stderr
    assert hint in made.stderr
    assert not (tmp_path / "x").exists()


def test_wrong_and_missing_answers_are_reported_together(tmp_path: Path) -> None:
    problems = refused(lambda: new(tmp_path / "x", settings=given_as(contact__phone="x", contact__email=None)))
    assert {problem.path for problem in problems} == {"contact.phone", "contact.email"}


@pytest.mark.parametrize(
    ("setting", "data"),
    [
        ("contact.phone=0736155155", {"contact": {"phone": "0736155155"}}),
        ("version=4.23.0", {"version": "4.23.0"}),
        ('branding.alert="a\\nb"', {"branding": {"alert": "a\nb"}}),
        ("branding.alert=", {"branding": {"alert": ""}}),
        ("branding.alert=a=b", {"branding": {"alert": "a=b"}}),
        ("map.zoom=9", {"map": {"zoom": 9}}),
        ("map.municipalities=[Vught, Heusden]", {"map": {"municipalities": ["Vught", "Heusden"]}}),
        ("features.publicMap=true", {"features": {"publicMap": True}}),
        (
            'overrides.frontend.podAnnotations["a.nl/b"]=c',
            {"overrides": {"frontend": {"podAnnotations": {"a.nl/b": "c"}}}},
        ),
        ("municipality=den bosch", {"municipality": {"code": "GM0796"}}),
    ],
)
def test_settings_are_read_as_the_schema_wants_them(setting: str, data: dict[str, Any]) -> None:
    assert answering.read(None, [setting]).data == data


@pytest.mark.parametrize("setting", ["contact.phone", "=x", "a..b=c", ".a=b", "map.bounds[0]=1", "a b=c"])
def test_a_setting_that_is_no_key_and_value_is_wrong_use(setting: str) -> None:
    with pytest.raises(UsageError, match="is not KEY=VALUE"):
        answering.read(None, [setting])


@pytest.mark.parametrize("setting", ["map.zoom=[1", "map.zoom=1\ny: 2", "branding.alert=a\x07", "municipality=Bergen"])
def test_a_setting_that_cannot_be_read_is_a_problem(setting: str) -> None:
    (problem,) = refused(lambda: answering.read(None, ["map.zoom=9", setting]))
    assert (problem.file, problem.line) == ("--set", 2)


def test_answers_that_cannot_be_read_are_problems(tmp_path: Path) -> None:
    path = tmp_path / "answers.yaml"
    path.write_text("municipality: [", encoding="utf-8")
    assert refused(lambda: new(tmp_path / "x", path))[0].file == str(path)
    with pytest.raises(UsageError, match="cannot read"):
        new(tmp_path / "x", tmp_path / "none.yaml")


# --- the folder


def test_a_folder_that_holds_something_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("mine", encoding="utf-8")
    with pytest.raises(UsageError, match="not empty"):
        new(tmp_path)
    assert names(tmp_path) == ["notes.txt"]


def test_an_empty_folder_is_filled(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    new(Path(), git=True)
    assert_clean(tmp_path)
    assert git(tmp_path, "status", "--porcelain") == ""
    assert {".signalen-new", ".replaced"}.isdisjoint(names(tmp_path))


def test_folders_above_are_made(tmp_path: Path) -> None:
    new(tmp_path / "a" / "b" / "c")
    assert_clean(tmp_path / "a" / "b" / "c")


def test_force_writes_beside_what_is_there_and_keeps_images(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("mine", encoding="utf-8")
    (tmp_path / "README.md").write_text("old", encoding="utf-8")
    (tmp_path / "assets").mkdir()
    logo = '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 100 50"><rect width="100" height="50"/></svg>'
    (tmp_path / "assets" / "logo.svg").write_text(logo, encoding="utf-8")
    result = new(tmp_path, force=True)
    completed = assert_clean(tmp_path)
    assert (tmp_path / "notes.txt").read_text(encoding="utf-8") == "mine"
    assert (tmp_path / "README.md").read_text(encoding="utf-8").startswith("# Signalen van")
    assert (tmp_path / "assets" / "logo.svg").read_text(encoding="utf-8") == logo
    assert completed.environments[0].settings["branding"]["logoSize"]["width"] == 136
    assert result.remarks == ("kept assets/logo.svg as it was",)


def test_a_form_is_never_overwritten(tmp_path: Path) -> None:
    (tmp_path / FORM_FILE).write_text("mine", encoding="utf-8")
    with pytest.raises(UsageError, match="never overwritten"):
        new(tmp_path, force=True)
    assert (tmp_path / FORM_FILE).read_text(encoding="utf-8") == "mine"


def test_a_file_in_the_way_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("mine", encoding="utf-8")
    with pytest.raises(UsageError, match="is a file"):
        new(tmp_path / "file")
    with pytest.raises(UsageError, match="is a file"):
        new(tmp_path / "file" / "below")


@pytest.mark.parametrize("step", ["tree.write", "_check_text", "write_template", "first_commit.commit"])
@pytest.mark.parametrize("error", [OSError("disk full"), KeyboardInterrupt()])
def test_a_failure_leaves_nothing_behind(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, step: str, error: BaseException
) -> None:
    def fail(*_: object) -> None:
        raise error

    monkeypatch.setattr(f"signalen_toolkit.repository.new.{step}", fail)
    with pytest.raises(type(error)):
        new(tmp_path / "a" / "b", git=True)
    assert names(tmp_path) == []


def test_a_failure_leaves_a_folder_as_it_was(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "README.md").write_text("old", encoding="utf-8")
    real = tree.write

    def fail(repository: Path, files: dict[str, str]) -> tree.Changes:
        if repository == tmp_path:
            raise OSError("disk full")
        return real(repository, files)

    monkeypatch.setattr("signalen_toolkit.repository.new.tree.write", fail)
    with pytest.raises(OSError, match="disk full"):
        new(tmp_path, force=True, git=True)
    assert names(tmp_path) == ["README.md"]
    assert (tmp_path / "README.md").read_text(encoding="utf-8") == "old"


_STOPPED = """
import sys, time
from pathlib import Path
from signalen_toolkit.repository import new
def wait(*_):
    print("built", flush=True)
    time.sleep(60)
new.first_commit.commit = wait
new.new(Path(sys.argv[1]), None, sys.argv[2:], ask=False, force=False, git=True)
"""


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGKILL])
def test_a_kill_leaves_nothing_in_the_way(tmp_path: Path, how: signal.Signals) -> None:
    command = [sys.executable, "-c", _STOPPED, str(tmp_path / "x"), *given_as()]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "built\n"
        process.send_signal(how)
        process.wait(30)
    assert not (tmp_path / "x").exists()
    if how is signal.SIGTERM:
        assert names(tmp_path) == []
    new(tmp_path / "x")
    assert names(tmp_path) == ["x"]


# --- Git


def test_the_first_commit_holds_everything(tmp_path: Path) -> None:
    result = new(tmp_path / "x", settings=[*given_as(), "repository.branch=live"], git=True)
    assert result.commit
    assert git(tmp_path / "x", "branch", "--show-current") == "live\n"
    assert git(tmp_path / "x", "status", "--porcelain", "--ignored") == ""
    assert sorted(git(tmp_path / "x", "ls-files", "-z").split("\0")[:-1]) == sorted(result.files)
    assert git(tmp_path / "x", "log", "--format=%s") == "Richt Signalen in voor 's-Hertogenbosch\n"


@pytest.mark.usefixtures("nobody")
def test_git_needs_no_configuration(tmp_path: Path) -> None:
    new(tmp_path / "x", git=True)
    assert git(tmp_path / "x", "log", "--format=%an") == "Signalen Toolkit\n"
    assert "user" not in (tmp_path / "x" / ".git" / "config").read_text(encoding="utf-8")


@pytest.mark.usefixtures("nobody")
def test_the_commit_is_the_persons_and_unsigned(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    configuration = tmp_path / "gitconfig"
    configuration.write_text(
        "[user]\nname = Anna de Wit\nemail = anna@example.nl\n[commit]\ngpgSign = true\n[gpg]\nprogram = /none\n",
        encoding="utf-8",
    )
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", str(configuration))
    new(tmp_path / "x", git=True)
    assert git(tmp_path / "x", "log", "--format=%an <%ae>") == "Anna de Wit <anna@example.nl>\n"


def test_no_repository_is_made_inside_another(tmp_path: Path) -> None:
    subprocess.run(["git", "init", "-q", tmp_path], check=True)
    result = new(tmp_path / "x", git=True)
    assert not (tmp_path / "x" / ".git").exists()
    assert not result.commit
    assert str(tmp_path) in result.remarks[0]


def test_git_is_asked_for_before_anything_is_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(UsageError, match=r"git is not installed.*--no-git"):
        new(tmp_path / "x", git=True)
    new(tmp_path / "x")
    assert_clean(tmp_path / "x")


def test_a_branch_that_git_refuses_leaves_nothing_behind(tmp_path: Path) -> None:
    with pytest.raises(ProblemsError, match="git check-ref-format"):
        new(tmp_path / "x", settings=[*given_as(), "repository.branch=a..b"], git=True)
    assert names(tmp_path) == []


def test_git_variables_of_a_hook_lead_nowhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GIT_DIR", str(tmp_path / "other"))
    first_commit.require()
    new(tmp_path / "x", git=True)
    assert (tmp_path / "x" / ".git").is_dir()
    assert not (tmp_path / "other").exists()


# --- questions


@pytest.fixture
def keyboard(monkeypatch: pytest.MonkeyPatch) -> Iterator[PipeInput]:
    """Pretend that a person sits at a terminal; what is sent to the fixture is typed."""
    monkeypatch.setattr("signalen_toolkit.repository.new._is_terminal", lambda: True)
    with create_pipe_input() as typed, create_app_session(input=typed, output=DummyOutput()):
        yield typed


CLEAR = "\x15"  # Ctrl-U
DEX = {
    "components.dex.enabled": "true",
    "dex.connectors": "[{type: microsoft, name: Gemeente, tenant: 6f5902ac, clientId: '22222222'}]",
}
CODE, DOMAIN, ISSUER, CLIENT, PHONE, EMAIL, URL, DELIVERY = ANSWERS.values()


def test_a_person_is_asked_in_the_order_of_the_schema(tmp_path: Path, keyboard: PipeInput) -> None:
    elsewhere = "\x1b[B\r"  # not at Dex in front of Entra ID, which is proposed
    keyboard.send_text(f"{CODE}\r{CLEAR}{DOMAIN}\r{elsewhere}{ISSUER}\r{CLIENT}\r{PHONE}\r{EMAIL}\r{URL}\r\r")
    new(tmp_path / "x", settings=[], ask=True)
    assert_clean(tmp_path / "x")
    assert _flat(reader.read(tmp_path / "x" / FORM_FILE).data) == {
        **ANSWERS,
        "apiVersion": "signalen.org/v1",
        "environments.acceptance.version": catalog().releases[0],
        "environments.acceptance.cluster.namespace": "signalen-s-hertogenbosch-acceptance",
    }


def test_dex_in_front_of_entra_id_is_proposed(tmp_path: Path, keyboard: PipeInput) -> None:
    keyboard.send_text("\rniet zo\r" + CLEAR + "6f5902ac\r22222222\r")
    new(tmp_path / "x", settings=given_as(identity__issuer=None, identity__clientId=None), ask=True)
    form = reader.read(tmp_path / "x" / FORM_FILE).data
    assert form["components"] == {"dex": {"enabled": True}}
    connector = {"type": "microsoft", "name": "Entra ID", "tenant": "6f5902ac", "clientId": "22222222"}
    assert form["dex"] == {"connectors": [connector]}
    assert "identity" not in form


@pytest.mark.parametrize(
    ("identity", "expected"),
    [
        ({"identity.issuer": ISSUER}, "requestedAccessTokenVersion"),
        ({"identity.issuer": "https://id.example.nl/realms/x"}, "audience mapper"),
        ({"identity.issuer": "https://dex.example.nl"}, "2.42"),
        ({"identity.issuer": None, "identity.clientId": None, **DEX}, "MICROSOFT_CLIENT_SECRET` van het Secret"),
    ],
)
def test_the_readme_says_what_to_register_at_the_provider_that_was_chosen(
    tmp_path: Path, identity: dict[str, Any], expected: str
) -> None:
    new(tmp_path / "x", settings=given_as(**{key.replace(".", "__"): value for key, value in identity.items()}))
    text = (tmp_path / "x" / "README.md").read_text(encoding="utf-8")
    section = text.partition("## Aanmelden")[2].partition("\n## ")[0]
    others = {"requestedAccessTokenVersion", "audience mapper", "MICROSOFT_CLIENT_SECRET` van het Secret"} - {expected}
    assert expected in section
    assert not any(other in section for other in others)
    host = "dex.s" if "MICROSOFT" in expected else "s"
    assert f"`https://{host}-hertogenbosch.signalen.dev/" in section


def _flat(form: dict[str, Any], path: tuple[str, ...] = ()) -> dict[str, Any]:
    flat: dict[str, Any] = {}
    for key, value in form.items():
        flat |= _flat(value, (*path, key)) if isinstance(value, dict) else {dotted((*path, key)): value}
    return flat


def test_only_what_was_not_answered_is_asked(tmp_path: Path, keyboard: PipeInput) -> None:
    keyboard.send_text("14 073\r")
    new(tmp_path / "x", settings=given_as(contact__phone=None), ask=True)
    assert reader.read(tmp_path / "x" / FORM_FILE).data["contact"]["phone"] == "14 073"


def test_names_and_proposals_are_accepted(tmp_path: Path, keyboard: PipeInput) -> None:
    keyboard.send_text("den haag\r\r\x1b[B\r")
    settings = given_as(municipality__code=None, environments__acceptance__domain=None, delivery=None)
    new(tmp_path / "x", settings=settings, ask=True)
    form = reader.read(tmp_path / "x" / FORM_FILE).data
    assert form["municipality"] == {"code": "GM0518"}
    assert form["environments"]["acceptance"]["domain"] == "s-gravenhage.signalen.dev"
    assert form["delivery"] == "argocd"


@pytest.mark.parametrize(
    ("key", "wrong", "right"),
    [
        ("municipality.code", "Bergen", "GM0373"),
        ("municipality.code", "Atlantis", "GM0796"),
        ("environments.acceptance.domain", "https://bosch.nl/", "bosch.nl"),
        ("contact.phone", "bel ons", "14 073"),
        ("contact.email", "", "a@bosch.nl"),
        ("repository.url", "bosch", "https://git.example.nl/x.git"),
    ],
)
def test_a_wrong_answer_is_refused_where_it_is_given(
    tmp_path: Path, keyboard: PipeInput, key: str, wrong: str, right: str
) -> None:
    keyboard.send_text(f"{CLEAR}{wrong}\r{CLEAR}{right}\r")
    new(tmp_path / "x", settings=[s for s in given_as() if not s.startswith(f"{key}=")], ask=True)
    assert _flat(reader.read(tmp_path / "x" / FORM_FILE).data)[key] == right


@pytest.mark.parametrize("typed", ["súdwest", "sudwets frysl", "1900"])
def test_a_municipality_is_completed(tmp_path: Path, keyboard: PipeInput, typed: str) -> None:
    def type_slowly() -> None:
        for text in (typed, "\x1b[B", "\r"):  # completions come while a person looks
            time.sleep(0.5)
            keyboard.send_text(text)

    hands = threading.Thread(target=type_slowly)
    hands.start()
    new(tmp_path / "x", settings=given_as(municipality__code=None), ask=True)
    hands.join()
    assert reader.read(tmp_path / "x" / FORM_FILE).data["municipality"] == {"code": "GM1900"}


def test_giving_up_leaves_nothing_behind(tmp_path: Path, keyboard: PipeInput, monkeypatch: pytest.MonkeyPatch) -> None:
    keyboard.send_text(f"{CODE}\r\x03")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    with pytest.raises(UsageError, match="nothing was made; to go on with what was answered: signalen new"):
        new(tmp_path / "x", settings=[], ask=True)
    assert names(tmp_path) == ["cache"]


def test_wrong_answers_are_reported_before_a_question(tmp_path: Path, keyboard: PipeInput) -> None:
    (problem,) = refused(lambda: new(tmp_path / "x", settings=["contact.phone=x"], ask=True))
    assert (problem.file, problem.line, problem.path) == ("--set", 1, "contact.phone")


def test_nobody_is_asked_without_a_terminal(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO())
    with pytest.raises(UsageError, match=r"no terminal.*contact.phone.*--no-input"):
        new(tmp_path / "x", settings=given_as(contact__phone=None), ask=True)
    new(tmp_path / "x", settings=given_as(delivery=None), ask=True)
    assert_clean(tmp_path / "x")


def test_every_question_has_an_example_and_a_wording() -> None:
    from signalen_toolkit.repository import wizard

    found = answering.questions({})
    assert [question.schema["x-question"] for question in found] == list(range(1, len(found) + 1))
    assert wizard._wording(found[4])[0] == "Telefoonnummer (telephone number)"
    assert wizard._wording(found[5])[0] == "E-mailadres (e-mail address)"
    assert wizard._wording(found[0])[0] == "Gemeente (municipality)"


# --- plain cookiecutter


def cookiecutter(directory: Path, *, toolkit: bool = True, **answers: Any) -> subprocess.CompletedProcess[str]:
    template = str(folder("municipality-template"))
    values = {
        "municipality_code": CODE,
        "domain": DOMAIN,
        "issuer": ISSUER,
        "client_id": CLIENT,
        "phone": PHONE,
        "email": EMAIL,
        "repository_url": URL,
        **answers,
    }
    settings = [f"{key}={value}" for key, value in values.items()]
    environment = {**os.environ, "COOKIECUTTER_CONFIG": str(directory / "none.yaml"), "HOME": str(directory / "home")}
    if not toolkit:
        # A package of the same name that holds nothing stands before the real one.
        (directory / "hidden" / "signalen_toolkit").mkdir(parents=True)
        (directory / "hidden" / "signalen_toolkit" / "__init__.py").touch()
        environment["PYTHONPATH"] = str(directory / "hidden")
    (directory / "none.yaml").touch()
    (directory / "tmp").mkdir()
    environment["TMPDIR"] = str(directory / "tmp")  # cookiecutter leaves its hooks there
    return subprocess.run(
        [sys.executable, "-m", "cookiecutter", template, "--no-input", "-o", str(directory), *settings],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )


def test_plain_cookiecutter_makes_the_same_repository(tmp_path: Path) -> None:
    done = cookiecutter(tmp_path, repository_name="plain")
    assert done.returncode == 0, done.stderr
    assert_clean(tmp_path / "plain")
    new(tmp_path / "ours")
    ours, plain = (
        {
            path.relative_to(tmp_path / name).as_posix(): path.read_bytes()
            for path in (tmp_path / name).rglob("*")
            if path.is_file()
        }
        for name in ("ours", "plain")
    )
    assert ours == plain


def test_plain_cookiecutter_says_what_to_do_without_the_toolkit(tmp_path: Path) -> None:
    done = cookiecutter(tmp_path, toolkit=False, phone="073 'a: b' # \"", delivery="argocd")
    assert done.returncode == 0, done.stderr
    assert f"install it: {REPOSITORY}" in done.stdout
    form = reader.read(tmp_path / "signalen" / FORM_FILE)
    assert form.problems == ()
    assert form.data["contact"]["phone"] == "073 'a: b' # \""
    assert form.data["delivery"] == "argocd"
    text = (tmp_path / "signalen" / "README.md").read_text(encoding="utf-8")
    assert "\nbootstrap/cluster.sh acceptance --apply " in text


@pytest.mark.parametrize(
    ("answers", "said"), [({"phone": ""}, "'phone' has no answer"), ({"phone": "x"}, "municipality.yaml:")]
)
def test_plain_cookiecutter_refuses_wrong_answers(tmp_path: Path, answers: dict[str, Any], said: str) -> None:
    done = cookiecutter(tmp_path, **answers)
    assert done.returncode != 0
    assert said in done.stderr
    assert not (tmp_path / "signalen").exists()


def test_template_defaults_are_those_of_the_schema() -> None:
    import json

    template = json.loads((folder("municipality-template") / "cookiecutter.json").read_text(encoding="utf-8"))
    assert template["delivery"] == resolve(form_schema()["properties"]["delivery"])["enum"]
    asked = [key for key in template if not key.startswith("_")]
    assert set(template["__prompts__"]) == set(asked)
    assert len(asked) == len(answering.questions({})) + 1
