"""Commands of pipelines, escape sequences and marks of direction from a repository, in each output of each command."""

from __future__ import annotations

import contextlib
import io
import json
from collections.abc import Sequence
from pathlib import Path

import pytest
from click.testing import CliRunner
from signalen_toolkit.cli import hooks
from signalen_toolkit.cli.main import main
from signalen_toolkit.diagnostics import reporters

from tests.conftest import FORMS
from tests.support.fleets import fleet
from tests.support.hostile import ACTING, COMMANDS, acts
from tests.support.lived_in import FORM, repository
from tests.support.pipelines import git

_LINES = "\n".join(COMMANDS)
_RELEASE = FORM.replace("version: 4.19.0", "version: 4.23.0\n        sync: {manifests: true}").replace(
    "4.20.0", "4.23.0"
)
# Commands that read no repository but a cluster, or nothing at all.
_OTHERS = {"catalog", "completion", "doctor", "form", "municipalities", "preflight", "schema"}


def quoted(texts: Sequence[str]) -> str:
    return ", ".join(json.dumps(text) for text in texts)


class Outputs:
    """What the commands print, by the words that they were called with."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.printed: dict[str, str] = {}

    def run(self, *arguments: str | Path) -> None:
        name = " ".join(str(argument).removeprefix(f"{self.folder}/") for argument in arguments)
        result = CliRunner().invoke(main, [str(argument) for argument in arguments])
        assert not isinstance(result.exception, Exception), (name, result.exception)
        assert result.output.strip(), name
        self.printed[name] = result.output

    def hook(self, *arguments: str) -> None:
        with contextlib.redirect_stdout(io.StringIO()) as out:
            hooks.main(arguments)
        assert out.getvalue().strip(), arguments
        self.printed[f"hook {' '.join(arguments)}"] = out.getvalue()


@pytest.fixture(scope="module")
def outputs(tmp_path_factory: pytest.TempPathFactory, charts: Path) -> dict[str, str]:
    outputs = Outputs(tmp_path_factory.mktemp("acts"))
    with pytest.MonkeyPatch.context() as patch:
        for name in ("HOME", "XDG_CONFIG_HOME", "XDG_CACHE_HOME"):
            patch.setenv(name, str(outputs.folder / "home"))
        _forms(outputs)
        _names(outputs, patch)
        _tree(outputs, charts)
        _fleet(outputs)
        _people(outputs)
    return outputs.printed


def _forms(outputs: Outputs) -> None:
    """What is wrong in a form: in keys, values, a text of more lines, and what cannot be read."""
    own = json.dumps("\n".join([*COMMANDS, ""]))
    texts = {
        "keys": "".join(f"{json.dumps(one)}: x\n" for one in COMMANDS),
        "values": f"delivery: {json.dumps(_LINES)}\nmap: {{municipalities: [{quoted(COMMANDS)}]}}\nx: {own}\n",
        "broken": f"{_LINES}\n",
        "acting": f"x: {quoted(ACTING[:1])}\ny: {ACTING[0]}\n",
    }
    for name, text in texts.items():
        place = repository(outputs.folder / f"form-{name}")
        (place / "municipality.yaml").write_text(FORM + text, encoding="utf-8")
        for format_ in reporters.FORMATS:
            outputs.run("check", place, "--format", format_)
        outputs.run("render", place)
        outputs.run("status", place)
        outputs.run("secrets", "check", "-C", place)
        outputs.run("set", "contact.phone", "14 073", "-C", place)


def _names(outputs: Outputs, patch: pytest.MonkeyPatch) -> None:
    """Names of files and folders, and of what a person asks for."""
    place = outputs.folder / "names"
    for name in ("::error::x", "##vso[task.complete]", "a\x1b[2Jb", "a\u202eb"):
        (place / name).mkdir(parents=True)
        (place / name / "municipality.yaml").write_text("x: 1\n", encoding="utf-8")
        (place / f"{name}.yaml").write_text("kind: Secret\nstringData: {password: hunter22}\n", encoding="utf-8")
    patch.chdir(place)
    for format_ in reporters.FORMATS:
        outputs.run("check", ".", "--format", format_)
    for name in ("::error::x", "a\x1b[2Jb", "##vso[task.complete]"):
        outputs.run("check", f"{name}/none")
        outputs.run("first-day", name, "-C", "##[group]")
        outputs.run("render", f"{name}.yaml")
    outputs.hook("secrets", *(path.name for path in place.glob("*.yaml")))
    outputs.hook("render")


def _tree(outputs: Outputs, charts: Path) -> None:
    """A tree that somebody changed by hand, objects of a person, and a change of the form."""
    place = repository(outputs.folder / "tree", _RELEASE)
    git(place, "init", "--quiet", "--initial-branch=main")
    git(place, "add", "--all")
    git(place, "commit", "--quiet", "--message", "before")
    own = place / "manifests/production/own.yaml"
    own.parent.mkdir(parents=True)
    data = {f"k{number}": text for number, text in enumerate((*COMMANDS, *ACTING[:-1], _LINES))}
    metadata = {"name": "x", "namespace": "signalen-production", "annotations": data}
    pods = {"metadata": {}, "spec": {"containers": [{"name": COMMANDS[0], "image": COMMANDS[3]}]}}
    objects = [
        {"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata, "data": data},
        {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": metadata, "spec": {"template": pods}},
    ]
    own.write_text("\n---\n".join(map(json.dumps, objects)), encoding="utf-8")
    for format_ in reporters.FORMATS:
        outputs.run("verify", place, "--charts", charts, "--format", format_)
    outputs.run("images", "-C", place, "--charts", charts)
    git(place, "add", "--all")
    git(place, "commit", "--quiet", "--message", f"after {COMMANDS[0]}")
    for format_ in ("text", "markdown", "json"):
        outputs.run("diff", place, "--from", "HEAD~1", "--to", "HEAD", "--charts", charts, "--format", format_)
        outputs.run("haven", place, "--charts", charts, "--format", format_)
    outputs.run("status", place, "--format", "json")
    outputs.run("first-day", "-C", place)
    outputs.run("diff", place, "--from", ACTING[0], "--charts", charts)
    values = place / "clusters/production/values/signalen-backend.yaml"
    values.write_text(values.read_text() + f" {ACTING[0]}\n{_LINES}\n{ACTING[2]}\r\n", encoding="utf-8")
    outputs.run("render", place, "--check")
    git(place, "commit", "--quiet", "--all", "--message", "broken")
    outputs.run("diff", place, "--from", "HEAD~1", "--to", "HEAD", "--charts", charts)
    outputs.run("update", place, "--check")
    outputs.run("handover", "acceptance", "--delivery", "argocd", "-C", place)
    outputs.run("remove", "acceptance", "-C", place)
    outputs.run("resize", "-C", place)
    commented = FORM.replace('        version: "4.20.0"', f'        # {COMMANDS[0]}\n        version: "4.20.0"')
    for command in (("bump", "4.23.0", "-C"), ("promote", "acceptance", "production", "--yes")):
        outputs.run(*command, repository(outputs.folder / command[0], commented))


def _fleet(outputs: Outputs) -> None:
    """Layers and forms of a fleet, in each format in which a fleet is reported."""
    root = fleet(outputs.folder / "fleet")
    own = json.dumps("\n".join([*COMMANDS, *ACTING[1:-1], ""]))
    (root / "groups/brabant.yaml").write_text(f"branding: {{title: {own}}}\nx: {quoted(COMMANDS)}\n", encoding="utf-8")
    member = root / "municipalities/tilburg/municipality.yaml"
    member.write_text("".join(f"{json.dumps(one)}: x\n" for one in COMMANDS), encoding="utf-8")
    for format_ in ("text", "json", "markdown", "html", "junit"):
        for command in ("check", "render", "status"):
            outputs.run("fleet", command, "-C", root, "--format", format_)
    outputs.run("fleet", "status", "-C", root, "--format", "prometheus")
    outputs.run("fleet", "add", "-C", root, "--set", f"municipality.code={COMMANDS[0]}", "--offline")
    (root / "groups/brabant.yaml").write_text(f"branding: {{title: {own}}}\n", encoding="utf-8")
    outputs.run("explain", "branding.title", "-C", root / "municipalities/s-hertogenbosch")


def _people(outputs: Outputs) -> None:
    """Files that are given to a command."""
    answers, values = outputs.folder / "answers.yaml", outputs.folder / "values.yaml"
    minimal = (FORMS / "minimal.yaml").read_text(encoding="utf-8")
    arguments = ("--no-input", "--no-git", "--answers", answers)
    answers.write_text(minimal + "".join(f"{json.dumps(one)}: x\n" for one in COMMANDS), encoding="utf-8")
    outputs.run("new", outputs.folder / "new", *arguments)
    outputs.run("new", outputs.folder / "new", "--no-input", "--set", f"contact.phone={ACTING[0]}{COMMANDS[0]}")
    answers.write_text(minimal, encoding="utf-8")
    values.write_text(f"env: {{{', '.join(f'{json.dumps(one)}: x' for one in (*COMMANDS, *ACTING))}}}\n")
    outputs.run("import", outputs.folder / "import", *arguments, "--backend", values)


def test_nothing_acts_upon_what_is_printed(outputs: dict[str, str]) -> None:
    assert {name: acts(text, commands="github" in name.split()) for name, text in outputs.items()} == dict.fromkeys(
        outputs, ""
    )


@pytest.mark.parametrize("format_", ["json", "gitlab", "sarif"])
def test_a_program_reads_what_stands_there(outputs: dict[str, str], format_: str) -> None:
    read = json.loads(outputs[f"check form-keys --format {format_}"])
    assert all(one in json.dumps(read) for one in COMMANDS if '"' not in one)


def test_every_command_that_reads_a_repository_was_tried(outputs: dict[str, str]) -> None:
    from signalen_toolkit.cli.lifecycle import add_to

    add_to(main)
    assert {*main.commands} - {name.split()[0] for name in outputs} == _OTHERS
    said = "".join(outputs.values())
    assert all(sign in said for sign in ("##vso\\[", ":\\:", "␛", "�", "␍"))
