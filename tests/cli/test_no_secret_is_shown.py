"""Each shape of a secret in each output of each command: none shows it, whatever is wrong around it."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from click.testing import CliRunner
from signalen_toolkit.cli import hooks
from signalen_toolkit.cli.main import main
from signalen_toolkit.diagnostics import reporters
from signalen_toolkit.documents import reader
from signalen_toolkit.kubernetes.model import Object

from tests.conftest import FORMS
from tests.support.fleets import fleet
from tests.support.kubernetes import compare, deployment, everywhere, obj
from tests.support.lived_in import FORM, repository
from tests.support.pipelines import git
from tests.support.secret_examples import EXAMPLES, Example

PARTS = {"args", "env"}  # which an example may have as a container has them
NAMES = [example.name for example in EXAMPLES]
by_example = pytest.mark.parametrize("example", EXAMPLES, ids=NAMES)


def reports(problems: Any) -> str:
    return "\n".join(reporters.report(problems, format_) for format_ in reporters.FORMATS) + repr(problems)


# --- a file that cannot be read: every line of every shape, broken in every way

BREAKS: dict[str, Callable[[str], str]] = {
    "colon": lambda line: f"{line}: x",
    "quote": lambda line: line.replace(": ", ': "', 1),
    "single-quote": lambda line: line.replace(": ", ": '", 1),
    "closed-quote": lambda line: line.replace(": ", ": 'x' ", 1),
    "bracket": lambda line: line.replace(": ", ": [", 1),
    "brace": lambda line: line.replace(": ", ": {", 1),
    "alias": lambda line: line.replace(": ", ": *", 1),
    "tag": lambda line: line.replace(": ", ": !", 1),
    "number": lambda line: line.replace(": ", ": !!int ", 1),
    "at": lambda line: line.replace(": ", ": @", 1),
    "percent": lambda line: line.replace(": ", ": %", 1),
    "backtick": lambda line: line.replace(": ", ": `", 1),
    "escape": lambda line: line.replace(": ", ': "\\q', 1),
    "no-space": lambda line: line.replace(": ", ":", 1),
    "no-colon": lambda line: line.replace(": ", " ", 1),
    "tab": lambda line: f"\t{line}",
    "control": lambda line: f"{line}\x01",
    "outdented": lambda line: line.lstrip(),
    "document": lambda line: f"--- {line.strip()}",
    "twice": lambda line: f"{line}\n{line}",
    "conflict": lambda line: f"<<<<<<< {line.strip()}",
    "complex-key": lambda line: f"? {line.strip()}",
}


@by_example
def test_a_file_that_cannot_be_read(example: Example) -> None:
    lines = [f"      {line}" for line in example.text.splitlines()]
    seen = 0
    for number, line in enumerate(lines):
        for name, change in BREAKS.items():
            changed = [*lines[:number], change(line), *lines[number + 1 :]]
            text = "\n".join(["overrides:", "  backend:", "    env:", *changed, "last: 1", ""])
            for content in (text.encode(), text.replace("last", "l\u00e9st").encode("latin-1")):
                problems = reader.parse(content, "municipality.yaml").problems
                seen += len(problems)
                assert not example.is_in(reports(problems)), (name, text)
    assert seen > len(BREAKS)


# --- a difference of objects: wherever in an object it stands


def places(data: dict[str, Any]) -> Iterator[Object]:
    text = yaml.safe_dump(data, width=2**20)
    release = {"chart": {"spec": {"chart": "grafana", "version": "1.0.0"}}, "values": data}
    yield obj("Thing", spec=data)
    yield obj("Thing", name="list", spec={"items": [data, {"deeper": {"still": [data]}}]})
    yield obj("Thing", name="annotated", metadata={"annotations": {"x/y": text, "x/z": json.dumps(data)}})
    yield obj("ConfigMap", name="yaml", data={"config.yaml": text})
    yield obj("ConfigMap", name="json", data={"config.json": json.dumps(data)})
    yield obj("HelmRelease", spec=release)
    yield deployment({key: data[key] for key in ("args", "env") if key in data} or {"args": ["-c", text]})


@by_example
def test_a_difference(example: Example) -> None:
    other = {"note": "something else", "args": ["x"]}
    for was, becomes in ((example.data, other), (other, example.data)):
        for difference in (
            compare(places(was), places(becomes)),
            compare([], places(becomes)),
            compare(places(was), []),
        ):
            assert difference.changes
            assert not example.is_in(everywhere(difference))


# --- the commands


def block(example: Example, indent: str) -> str:
    return "".join(f"{indent}{line}\n" for line in example.text.splitlines())


def all_blocks(indent: str, key: str = "x{}") -> str:
    return "".join(f"{indent}{key.format(number)}:\n{block(one, indent + '  ')}" for number, one in enumerate(EXAMPLES))


@pytest.fixture(scope="module")
def outputs(tmp_path_factory: pytest.TempPathFactory, charts: Path) -> dict[str, str]:
    """Run every command over repositories that are full of secrets, in all its formats; return what they print."""
    folder = tmp_path_factory.mktemp("leaks")
    printed: dict[str, str] = {}
    with pytest.MonkeyPatch.context() as patch:
        for name in ("HOME", "XDG_CONFIG_HOME", "XDG_CACHE_HOME"):
            patch.setenv(name, str(folder / "home"))
        patch.delenv("SOPS_AGE_KEY_FILE", raising=False)

        def run(*arguments: str | Path, code: set[int]) -> None:
            name = " ".join(str(argument).removeprefix(f"{folder}/") for argument in arguments)
            result = CliRunner().invoke(main, [str(argument) for argument in arguments])
            assert not isinstance(result.exception, Exception), (name, result.exception)
            assert result.exit_code in code, (name, result.output)
            printed[name] = result.output
            assert result.output.strip(), name

        _forms(folder, run, charts)
        _tree(folder, run, charts)
        _encrypted(folder, run, printed, patch)
        _fleet(folder, run)
        _others(folder, run)
    return printed


def _forms(folder: Path, run: Callable[..., None], charts: Path) -> None:
    """Forms with everything where something is wrong with it: on the line itself, and in a map on one line."""
    flow = json.dumps([one.data for one in EXAMPLES])
    texts = {
        "block": f"overrides:\n  backend:\n    nonsense:\n{all_blocks('      ')}",
        "lines": "overrides:\n  backend:\n" + all_blocks("    ", "nonsense{}"),
        "keys": "overrides:\n  backend:\n    env:\n" + "".join(block(one, "      ") for one in EXAMPLES),
        "flow": "".join(f"x{number}: {json.dumps(one.data)}\n" for number, one in enumerate(EXAMPLES)),
        "list": f"overrides: {{backend: {flow}}}\n",
    }
    for name, text in texts.items():
        place = repository(folder / f"form-{name}")
        (place / "municipality.yaml").write_text(FORM + text, encoding="utf-8")
        formats = reporters.FORMATS if name in ("keys", "flow") else ("text",)
        for format_ in formats:
            run("check", place, "--format", format_, code={1})
        run("render", place, code={1})
        run("status", place, code={0, 1})
        for format_ in ("text", "sarif"):
            run("verify", place, "--charts", charts, "--format", format_, code={1})
        run("bump", "4.23.0", "-C", place, code={1})
        run("secrets", "check", "-C", place, code={1})
        run("set", "contact.phone", "14 073", "-C", place, code={1, 2})


def _tree(folder: Path, run: Callable[..., None], charts: Path) -> None:
    """A tree and objects of a person that somebody changed by hand, and comments in the form around what changes."""
    remarks = "".join(f"          # {line}\n" for one in EXAMPLES for line in one.text.splitlines())
    form = FORM.replace("version: 4.19.0", "version: 4.23.0\n        sync: {manifests: true}")
    place = repository(folder / "tree", form.replace("4.20.0", "4.23.0"))
    git(place, "init", "--quiet", "--initial-branch=main")
    git(place, "add", "--all")
    git(place, "commit", "--quiet", "--message", "before")
    values = place / "clusters/production/values/signalen-backend.yaml"
    own = place / "manifests/production/own.yaml"
    own.parent.mkdir(parents=True)
    objects = [
        {
            "apiVersion": "v1",
            "kind": "ConfigMap",
            "metadata": {"name": f"x{number}", "namespace": "signalen-production"},
            "data": one.data,
            "spec": one.data,
        }
        for number, one in enumerate(EXAMPLES)
    ]
    for number, one in enumerate(EXAMPLES):  # what a schema refuses where it stands, and what fits
        container = {"name": "x", "image": "x:1", "env": [{"name": "A", "value": one.data}], "args": one.data}
        right = {
            "name": "y",
            "image": "x:1",
            "args": ["-c", one.text],
            **{k: one.data[k] for k in PARTS & one.data.keys()},
        }
        pods = {"metadata": {"labels": {"a": "b"}}, "spec": {"containers": [container, right]}}
        objects.append(
            {
                "apiVersion": "apps/v1",
                "kind": "Deployment",
                "metadata": {"name": f"y{number}", "namespace": "signalen-production", "annotations": one.data},
                "spec": {"selector": {"matchLabels": {"a": "b"}}, "template": pods},
            }
        )
    own.write_text(yaml.safe_dump_all(objects), encoding="utf-8")
    for format_ in reporters.FORMATS:
        run("verify", place, "--charts", charts, "--format", format_, code={1})
    run("images", "-C", place, "--charts", charts, code={0})
    git(place, "add", "--all")
    git(place, "commit", "--quiet", "--message", "after")
    for format_ in ("text", "markdown", "json"):
        run("diff", place, "--from", "HEAD~1", "--to", "HEAD", "--charts", charts, "--format", format_, code={0})
    values.write_text(values.read_text() + all_blocks(""), encoding="utf-8")
    run("render", place, "--check", code={1})
    git(place, "commit", "--quiet", "--all", "--message", "values that the chart refuses")
    run("diff", place, "--from", "HEAD~1", "--to", "HEAD", "--charts", charts, code={2})
    own.write_text(own.read_text() + all_blocks("") + "a: b: c\n", encoding="utf-8")
    for command in ("verify", "haven"):
        run(command, place, "--charts", charts, code={0, 1, 2})
    values.write_text(values.read_text() + "a: b: c\n", encoding="utf-8")
    git(place, "commit", "--quiet", "--all", "--message", "broken")
    run("diff", place, "--from", "HEAD~1", "--to", "HEAD", "--charts", charts, code={2})
    for count in range(0, remarks.count("\n"), 3):
        part = "".join(remarks.splitlines(keepends=True)[count : count + 3])
        changed = form.replace('        version: "4.20.0"', f'{part}        version: "4.20.0"')
        lined = repository(folder / f"remarks-{count}", changed)
        run("bump", "4.23.0", "-C", lined, "--environment", "acceptance", code={0})


def _encrypted(folder: Path, run: Callable[..., None], printed: dict[str, str], patch: pytest.MonkeyPatch) -> None:
    """What should have been encrypted and was not, seen by `secrets check` and by the hook."""
    place = repository(folder / "encrypted")
    names = []
    for number, one in enumerate(EXAMPLES):
        data = "apiVersion: v1\nkind: Secret\nmetadata: {name: x}\nstringData:\n"
        for end, text in (("plain", block(one, "  ")), ("broken", block(one, "  ") + "a: b: c\n")):
            path = place / f"secrets/acceptance/{number}-{end}.yaml"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(data + text, encoding="utf-8")
            names.append(path.relative_to(place).as_posix())
    (place / "secrets/acceptance/signalen-backend-secrets.yaml").write_text(all_blocks("") + "a: b: c\n")
    for format_ in reporters.FORMATS:
        run("secrets", "check", "-C", place, "--format", format_, code={1})
    run("secrets", "init", "acceptance", "--no-input", "-C", place, code={2})
    (place / "notes.txt").write_text(all_blocks(""), encoding="utf-8")
    (place / "municipality.yaml").write_text(
        FORM + f"overrides:\n  backend:\n    env:\n{all_blocks('      ')}a: b: c\n"
    )
    patch.chdir(place)
    import contextlib
    import io

    with contextlib.redirect_stdout(io.StringIO()) as out:
        assert hooks.main(["secrets", *names, "notes.txt", "municipality.yaml"]) == 1
    printed["hook"] = out.getvalue()


def _fleet(folder: Path, run: Callable[..., None]) -> None:
    """Layers of a fleet and a form in it: read, broken, and explained."""
    root = fleet(folder / "fleet")
    layer, own = root / "groups/brabant.yaml", root / "municipalities/tilburg/municipality.yaml"
    form = own.read_text()
    for end in ("", "a: b: c\n"):
        layer.write_text(f"overrides:\n  backend:\n    env:\n{all_blocks('      ')}{end}")
        own.write_text(f"{form}overrides:\n  frontend:\n    env:\n{all_blocks('      ')}{end}")
        for format_ in ("text", "json", "markdown", "html", "junit"):
            for command in ("check", "render", "status"):
                run("fleet", command, "-C", root, "--format", format_, code={1})
        run("explain", "overrides.backend.env", "-C", own.parent, code={0, 1})


def _others(folder: Path, run: Callable[..., None]) -> None:
    """Files that people give: answers, and the values of today."""
    answers = folder / "answers.yaml"
    values = folder / "values.yaml"
    for name, end in (("read", ""), ("broken", "a: b: c\n")):
        answers.write_text((FORMS / "minimal.yaml").read_text() + all_blocks("") + end, encoding="utf-8")
        run("new", folder / f"new-{name}", "--no-input", "--no-git", "--answers", answers, code={1})
        answers.write_text((FORMS / "minimal.yaml").read_text(), encoding="utf-8")
        values.write_text(f"settings:\n  organizationName: X\nenv:\n{all_blocks('  ')}{all_blocks('')}{end}")
        arguments = ("--no-input", "--no-git", "--answers", answers, "--backend", values)
        run("import", folder / f"import-{name}", *arguments, code={0, 1})


@by_example
def test_no_command_shows_it(example: Example, outputs: dict[str, str]) -> None:
    lines = [f"{name}: {line}" for name, text in outputs.items() for line in text.splitlines() if example.is_in(line)]
    assert lines == []


def test_every_command_that_reads_a_repository_was_tried(outputs: dict[str, str]) -> None:
    from signalen_toolkit.cli.lifecycle import add_to

    add_to(main)
    tried = {name.split()[0] for name in outputs}
    # What these print of a repository is names, and what the others print as well; `promote` prints what `bump` does.
    # What `form` shows is tried in tests/page.
    rest = {
        "catalog",
        "completion",
        "doctor",
        "form",
        "municipalities",
        "schema",
        "first-day",
        "handover",
        "preflight",
        "promote",
        "remove",
    }
    assert {*main.commands} - tried == rest | {"resize", "update"}


def test_secrets_are_where_they_are_looked_for(outputs: dict[str, str]) -> None:
    hiding = {name.split()[0] for name, text in outputs.items() if "•" in text or "(hidden" in text}
    assert hiding >= {"check", "render", "bump", "diff", "verify", "new", "import"}
