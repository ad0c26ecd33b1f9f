"""The pipelines of a new repository: one for its Git server, right by its schema, careful, and really run."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import tomllib
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from signalen_toolkit import REPOSITORY, __version__
from signalen_toolkit.base.layout import CHARTS_LOCK, FORM_FILE, GIT_HOSTS, REQUIREMENTS, TOOLKIT
from signalen_toolkit.base.paths import folder
from signalen_toolkit.catalog.load import catalog
from signalen_toolkit.cli import comment
from signalen_toolkit.diagnostics.problems import UsageError
from signalen_toolkit.form.git_hosts import forge_of, git_hosts
from signalen_toolkit.helm.charts.lock import lock_text
from signalen_toolkit.helm.rendered_tree import releases
from signalen_toolkit.rendering.render import render
from signalen_toolkit.repository import new as scaffold
from signalen_toolkit.validation.check import check_file

from tests.conftest import TESTS
from tests.repository.test_new import cookiecutter, given_as
from tests.support.pipelines import (
    TOKEN,
    Comments,
    Machine,
    Step,
    azure_steps,
    comment_server,
    git,
    github_steps,
    gitlab_steps,
    parse,
)
from tests.support.standins import chart_versions, make_charts

PIPELINES = {name: host.pipeline for name, host in git_hosts().items()}
ADDRESSES = {
    "github": "https://github.com/bosch/signalen.git",
    "gitlab": "https://gitlab.com/bosch/signalen.git",
    "azure": "https://dev.azure.com/bosch/signalen/_git/signalen",
    "forgejo": "https://codeberg.org/bosch/signalen.git",
    "gitea": "https://gitea.bosch.nl/bosch/signalen.git",
}
URLS = {
    **{url: forge for forge, url in ADDRESSES.items()},
    "git@github.com:bosch/signalen.git": "github",
    "https://bosch.ghe.com/bosch/signalen": "github",
    "ssh://git@gitlab.bosch.nl:2222/signalen.git": "gitlab",
    "git@git-gitlab.bosch.nl:signalen.git": "gitlab",
    "https://bosch.visualstudio.com/signalen/_git/signalen": "azure",
    "git@ssh.dev.azure.com:v3/bosch/signalen/signalen": "azure",
    "https://forgejo.bosch.nl/x": "forgejo",
    "https://GITEA.bosch.nl/x": "gitea",
    "https://git.example.nl/gitlab/x.git": "github",
    "https://gitlabel.nl/x.git": "github",
    "": "github",
    "https://gitlab.visualstudio.com/signalen/_git/signalen": "azure",
}
LIKE_GITHUB = ("github", "forgejo", "gitea")


def new(directory: Path, forge: str, *settings: str, with_git: bool = False) -> Path:
    given = [*given_as(repository__url=ADDRESSES[forge]), *settings]
    scaffold.new(directory, None, given, ask=False, force=False, git=with_git)
    return directory / PIPELINES[forge]


@pytest.fixture(params=ADDRESSES)
def forge(request: pytest.FixtureRequest) -> str:
    return str(request.param)


# --- which pipeline


@pytest.mark.parametrize(
    ("url", "expected"),
    URLS.items(),
)
def test_the_address_tells_the_server(url: str, expected: str) -> None:
    assert forge_of(url) == expected


def test_a_repository_has_the_pipeline_of_its_server_alone(tmp_path: Path, forge: str) -> None:
    new(tmp_path / "x", forge)
    assert [path for path in PIPELINES.values() if (tmp_path / "x" / path).exists()] == [PIPELINES[forge]]
    folders = {f".{name}" for name in LIKE_GITHUB if (tmp_path / "x" / f".{name}").exists()}
    assert folders == ({f".{forge}"} if forge in LIKE_GITHUB else set())


def test_the_form_says_which_server_where_the_address_does_not(tmp_path: Path) -> None:
    pipeline = new(tmp_path / "x", "github", "repository.url=https://git.bosch.nl/x.git", "repository.host=gitlab")
    assert not pipeline.exists()
    assert (tmp_path / "x" / PIPELINES["gitlab"]).is_file()


@pytest.mark.parametrize("toolkit", [True, False], ids=["toolkit", "no toolkit"])
@pytest.mark.parametrize("forge", ["gitlab", "gitea", "azure"])
def test_plain_cookiecutter_keeps_the_same_pipeline(tmp_path: Path, forge: str, toolkit: bool) -> None:
    done = cookiecutter(tmp_path, toolkit=toolkit, repository_url=ADDRESSES[forge])
    assert done.returncode == 0, done.stderr
    pipeline = new(tmp_path / "ours", forge)
    made = tmp_path / "signalen"
    assert [path for path in PIPELINES.values() if (made / path).exists()] == [PIPELINES[forge]]
    assert not (made / ".github").exists()
    for path in (PIPELINES[forge], ".pre-commit-config.yaml", "renovate.json"):
        assert (made / path).read_bytes() == (tmp_path / "ours" / path).read_bytes()
    assert pipeline.is_file()


def test_the_hook_of_the_template_knows_the_same_servers() -> None:
    hook = (folder("municipality-template") / "hooks/post_gen_project.py").read_text(encoding="utf-8")
    code = hook[hook.index("def kind_of") : hook.index("\n\ntry:")]
    known: dict[str, Any] = {"re": re}
    exec(code, known)  # noqa: S102  # the hook is a script, and its template is not Python
    hosts = {name: {"sites": host.sites, "words": host.words} for name, host in git_hosts().items()}
    for url in URLS:
        assert (known["kind_of"](url, hosts) or "github") == forge_of(url)


def test_no_repository_keeps_the_list_of_servers(tmp_path: Path) -> None:
    new(tmp_path / "x", "gitlab")
    assert not (tmp_path / "x" / GIT_HOSTS).exists()


def test_every_setting_of_the_pipelines_has_one_source() -> None:
    template = json.loads((folder("municipality-template") / "cookiecutter.json").read_text(encoding="utf-8"))
    assert template["_version"] == __version__
    assert template["_source"] == REPOSITORY
    assert template["_charts"] == catalog().component("backend").repository
    project = tomllib.loads((TESTS.parent / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert project["version"] == __version__
    assert project.get("urls", {}).get("Repository", REPOSITORY) == REPOSITORY
    assert f"\nurl: {REPOSITORY}\n" in (TESTS.parent / "publiccode.yml").read_text(encoding="utf-8")


def test_the_branches_of_the_form_are_watched(tmp_path: Path, forge: str) -> None:
    pipeline = new(tmp_path / "x", forge, "repository.branch=live/1")
    assert '"live/1"' in pipeline.read_text(encoding="utf-8")
    assert '"main"' not in pipeline.read_text(encoding="utf-8")


# --- right by their schemas


def assert_schema(schema: str, path: Path, *options: str) -> None:
    command = [sys.executable, "-m", "check_jsonschema", "--builtin-schema", schema, *options, str(path)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout


def test_the_pipeline_is_right_by_its_public_schema(tmp_path: Path, forge: str) -> None:
    pipeline = new(tmp_path / "x", forge)
    match forge:
        case "gitlab":
            assert_schema("vendor.gitlab-ci", pipeline, "--data-transform", "gitlab-ci")
        case "azure":  # to Azure every value is a text, and so says its schema
            texts = tmp_path / "azure.json"
            texts.write_text(json.dumps(parse(pipeline)), encoding="utf-8")
            assert_schema("vendor.azure-pipelines", texts, "--regex-variant", "python")
        case _:
            assert_schema("vendor.github-workflows", pipeline)
            assert_schema("custom.github-workflows-require-timeout", pipeline)


def test_renovate_is_right_by_its_public_schema(tmp_path: Path) -> None:
    new(tmp_path / "x", "github")
    assert_schema("vendor.renovate", tmp_path / "x/renovate.json")


# --- careful


def test_nothing_is_installed_without_its_hash(tmp_path: Path, forge: str) -> None:
    pipeline = new(tmp_path / "x", forge)
    lines = [line for line in pipeline.read_text(encoding="utf-8").splitlines() if "pip install" in line]
    assert lines
    assert all("--require-hashes --no-deps" in line for line in lines)


@pytest.mark.parametrize("forge", LIKE_GITHUB)
def test_a_workflow_may_do_no_more_than_it_needs(tmp_path: Path, forge: str) -> None:
    pipeline = new(tmp_path / "x", forge)
    text, workflow = pipeline.read_text(encoding="utf-8"), parse(pipeline)
    again = {"workflow_dispatch"} if forge == "github" else set()
    assert set(workflow["on"]) == {"pull_request", "push", *again}  # and never pull_request_target
    assert workflow["permissions"] == {}
    assert {name: job["permissions"] for name, job in workflow["jobs"].items()} == {
        "check": {"contents": "read"},
        "comment": {"contents": "read", "pull-requests": "write"},
        "complete": {"actions": "write", "contents": "write"} if forge == "github" else {"contents": "read"},
    }
    for job in ("comment", "complete"):
        assert "github.event.pull_request.head.repo.full_name == github.repository" in workflow["jobs"][job]["if"]
    assert "startsWith(github.head_ref, 'renovate/')" in workflow["jobs"]["complete"]["if"]
    assert text.count("secrets.") == (0 if forge == "github" else 1)
    for used in re.findall(r"uses: .*", text):
        assert re.fullmatch(r"uses: [\w.-]+/[\w.-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+", used)
    for job in workflow["jobs"].values():
        for step in job["steps"]:
            assert "${{" not in step.get("run", "")  # a name of a branch is no shell
            if step.get("uses", "").startswith("actions/checkout@"):
                assert step["with"]["persist-credentials"] == "false"
    assert text.count("github.token") == (2 if forge == "github" else 4)


def test_forks_get_no_token(tmp_path: Path) -> None:
    (rule,) = parse(new(tmp_path / "gitlab", "gitlab"))["comment"]["rules"]
    assert "$CI_MERGE_REQUEST_SOURCE_PROJECT_ID == $CI_PROJECT_ID && $SIGNALEN_COMMENT_TOKEN" in rule["if"]
    steps = parse(new(tmp_path / "azure", "azure"))["jobs"][0]["steps"]
    (step,) = [step for step in steps if "env" in step]
    complete = parse(tmp_path / "azure" / PIPELINES["azure"])["jobs"][1]
    assert "ne(variables['System.PullRequest.IsFork'], 'True')" in complete["condition"]
    (rule,) = parse(tmp_path / "gitlab" / PIPELINES["gitlab"])["complete"]["rules"]
    assert "$CI_MERGE_REQUEST_SOURCE_PROJECT_ID == $CI_PROJECT_ID && $SIGNALEN_PUSH_TOKEN" in rule["if"]
    assert "ne(variables['System.PullRequest.IsFork'], 'True')" in step["condition"]
    assert steps[0] == {"checkout": "self", "fetchDepth": "0", "persistCredentials": "false"}


# --- really run


@pytest.fixture(scope="module")
def charts(tmp_path_factory: pytest.TempPathFactory) -> Path:
    directory = tmp_path_factory.mktemp("new") / "x"
    new(directory, "github")
    config, _ = check_file(directory / FORM_FILE, catalog())
    return make_charts(tmp_path_factory.mktemp("charts"), chart_versions(render(config, catalog())))


@pytest.fixture
def comments() -> Iterator[Comments]:
    with comment_server() as server:
        yield server


Prepare = Callable[..., tuple[Machine, list[Step]]]


def lock_charts(repository: Path) -> None:
    """Commit a lock as one with a network would make it; the stand-in charts are folders, which are not compared."""
    config = check_file(repository / FORM_FILE, catalog())[0]
    charts = [one.chart for one in releases(render(config, catalog()), catalog().release_formats)]
    lock = repository / CHARTS_LOCK
    lock.write_text(lock_text(dict.fromkeys(charts, f"sha256:{'0' * 64}")), encoding="utf-8")
    git(repository, "add", CHARTS_LOCK)
    git(repository, "commit", "--quiet", "--message", "lock")


@pytest.fixture
def prepare(tmp_path: Path, charts: Path, comments: Comments) -> Prepare:
    """Give a machine on which the pipeline of a pull request runs that changes the telephone number."""

    def make(
        forge: str,
        edit: tuple[str, str] = ("073 615 51 55", "073 615 51 56"),
        *,
        rendered: bool = True,
        pr: bool = True,
    ) -> tuple[Machine, list[Step]]:
        origin = tmp_path / "server/bosch/signalen"
        pipeline = new(origin, forge, with_git=True)
        lock_charts(origin)
        git(origin, "switch", "--quiet", "--create", "change")
        form = origin / FORM_FILE
        assert edit[0] in form.read_text(encoding="utf-8")
        form.write_text(form.read_text(encoding="utf-8").replace(*edit, 1), encoding="utf-8")
        if rendered:
            subprocess.run(
                [sys.executable, "-m", "signalen_toolkit", "render", origin], check=True, capture_output=True
            )
        git(origin, "commit", "--quiet", "--all", "--message", "change")
        git(origin, "update-ref", "refs/pull/7/head", "HEAD")
        workspace = tmp_path / "workspace"
        if forge in ("forgejo", "gitea"):
            workspace.mkdir()
        else:
            git(tmp_path, "clone", "--quiet", str(origin), str(workspace))
        machine = Machine(
            tmp_path / "machine",
            charts,
            workspace,
            pipeline_variables(forge, tmp_path, origin, comments.url, "change", pr=pr),
        )
        by_forge = {"gitlab": gitlab_steps, "azure": azure_steps}
        return machine, list(by_forge.get(forge, github_steps)(parse(pipeline), pull_request=pr))

    return make


def pipeline_variables(forge: str, folder: Path, origin: Path, url: str, branch: str, *, pr: bool) -> Mapping[str, str]:
    """Return what a server tells the pipeline of a branch."""
    match forge:
        case "gitlab":
            return {
                "GITLAB_CI": "true",
                "CI_PIPELINE_SOURCE": "merge_request_event" if pr else "push",
                "CI_MERGE_REQUEST_DIFF_BASE_SHA": git(origin, "merge-base", "main", branch),
                "CI_MERGE_REQUEST_IID": "7",
                "CI_API_V4_URL": url,
                "CI_PROJECT_ID": "1",
                "CI_REPOSITORY_URL": f"file://{origin}",
                "CI_MERGE_REQUEST_SOURCE_BRANCH_NAME": branch,
                "CI_MERGE_REQUEST_TARGET_BRANCH_NAME": "main",
                "SIGNALEN_PUSH_TOKEN": TOKEN,
                "SIGNALEN_COMMENT_TOKEN": TOKEN,
            }
        case "azure":
            return {
                "TF_BUILD": "True",
                "AGENT_TEMPDIRECTORY": str(folder),
                "SYSTEM_COLLECTIONURI": f"{url}/",
                "SYSTEM_TEAMPROJECT": "Openbare ruimte",
                "SYSTEM_PULLREQUEST_PULLREQUESTID": "7",
                "SYSTEM_PULLREQUEST_TARGETBRANCH": "refs/heads/main",
                "SYSTEM_PULLREQUEST_SOURCEBRANCH": f"refs/heads/{branch}",
                "BUILD_REPOSITORY_ID": "1",
                "BUILD_REPOSITORY_URI": f"file://{origin}",
            }
    event = folder / "event.json"
    event.write_text(json.dumps({"pull_request": {"number": 7}}), encoding="utf-8")
    return {
        "GITHUB_ACTIONS": "true",
        "GITHUB_SERVER_URL": f"file://{folder}/server",
        "GITHUB_REPOSITORY": "bosch/signalen",
        "GITHUB_REF": "refs/pull/7/head" if pr else f"refs/heads/{branch}",
        "GITHUB_SHA": git(origin, "rev-parse", branch),
        "GITHUB_BASE_REF": "main",
        "GITHUB_HEAD_REF": branch,
        "GITHUB_API_URL": url if forge == "github" else f"{url}/api/v1",
        "GITHUB_EVENT_PATH": str(event),
        "GITHUB_OUTPUT": str(folder / "machine/output"),
        "GITHUB_STEP_SUMMARY": str(folder / "machine/summary.md"),
        "RUNNER_TEMP": str(folder / "machine"),
    }


def test_a_good_change_passes_and_is_shown_once(prepare: Prepare, comments: Comments, forge: str) -> None:
    machine, steps = prepare(forge)
    comments.texts = {1: "looks good", 2: "me too", 3: "and me"}
    for step in [*steps, steps[-1]]:  # the last once more, as for a second commit
        done = machine.run(step)
        assert done.returncode == 0, (step.name, done.stdout, done.stderr)
    assert "changed the comment" in done.stdout
    assert len(comments.texts) == 4
    text = comments.texts[4]
    assert text.startswith(comment.MARK)
    assert "073 615 51 56" in text
    assert len([one for one, _ in comments.requests if one == "POST"]) == 1
    assert comments.tokens == {TOKEN if forge == "gitlab" else f"Bearer {TOKEN}"}
    everything, *alone = machine.installed
    assert everything == f"--require-hashes --no-deps -r {REQUIREMENTS} -r {TOOLKIT}"
    times = {"azure": 0, "gitlab": 2}.get(forge, 1)
    assert alone == [f"--require-hashes --no-deps -r {TOOLKIT}"] * times


def test_a_push_is_checked_and_nothing_is_said(prepare: Prepare, comments: Comments, forge: str) -> None:
    machine, steps = prepare(forge, pr=False)
    for step in steps:
        done = machine.run(step)
        assert done.returncode == 0, (step.name, done.stdout, done.stderr)
    assert comments.requests == []


def first_failure(machine: Machine, steps: list[Step]) -> tuple[Step, subprocess.CompletedProcess[str]]:
    for step in steps:
        done = machine.run(step)
        if done.returncode:
            return step, done
    raise AssertionError("no step failed")


def test_a_mistake_is_shown_at_its_line(prepare: Prepare, forge: str) -> None:
    machine, steps = prepare(forge, ("\nenvironments:", "\nenviroments:"), rendered=False)
    _, done = first_failure(machine, steps)
    assert done.returncode == 1
    shown = (
        r"^::error file=municipality.yaml,line=\d+,col=1," if forge == "github" else r"^municipality.yaml:\d+:1: error"
    )
    assert re.search(shown, done.stdout, re.MULTILINE)
    if forge == "gitlab":
        (problem,) = [
            one
            for one in json.loads((machine.workspace / "gl-check.json").read_text(encoding="utf-8"))
            if one["check_name"] == "unknown-key"
        ]
        assert problem["location"]["path"] == FORM_FILE


def test_a_stale_tree_is_refused(prepare: Prepare, forge: str) -> None:
    machine, steps = prepare(forge, rendered=False)
    step, done = first_failure(machine, steps)
    assert done.returncode == 1
    assert "clusters/ is stale" in done.stderr
    assert "render --check" in step.script


# --- the comment


def on_github(folder: Path, comments: Comments, **changes: str) -> dict[str, str]:
    (folder / "event.json").write_text(json.dumps({"pull_request": {"number": 7}}), encoding="utf-8")
    found = {
        comment.TOKEN: TOKEN,
        "GITHUB_EVENT_PATH": str(folder / "event.json"),
        "GITHUB_API_URL": comments.url,
        "GITHUB_REPOSITORY": "bosch/signalen",
        **changes,
    }
    return {name: value for name, value in found.items() if value}


def test_a_comment_is_no_longer_than_a_server_takes(tmp_path: Path, comments: Comments) -> None:
    comment.put("é" * 70_000, on_github(tmp_path, comments))
    assert len(comments.texts[1]) < 65_536


@pytest.mark.parametrize(
    ("changes", "status", "said"),
    [
        ({comment.TOKEN: ""}, 200, "there is no SIGNALEN_COMMENT_TOKEN"),
        ({"GITHUB_REPOSITORY": ""}, 200, "GITHUB_REPOSITORY is missing"),
        ({"GITHUB_API_URL": "file:///etc/passwd"}, 200, "is not an address of a server"),
        ({}, 403, "answers 403 .*the token is not valid any more, or may not do this"),
        ({}, 302, "answers 302"),
        ({"GITHUB_API_URL": "http://127.0.0.1:1"}, 200, "refused"),
    ],
)
def test_what_goes_wrong_is_said(
    tmp_path: Path, comments: Comments, changes: Mapping[str, str], status: int, said: str
) -> None:
    comments.status = status
    with pytest.raises(UsageError, match=said) as error:
        comment.put("x", on_github(tmp_path, comments, **changes))
    assert TOKEN not in str(error.value)
    assert all(path != "/elsewhere" for _, path in comments.requests)


def test_the_command_never_ends_in_a_traceback(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delenv(comment.TOKEN, raising=False)
    for arguments, said in (([], "use:"), (["none.md"], "none.md"), ([__file__], comment.TOKEN)):
        assert comment.main(arguments) == 2
        assert said in capsys.readouterr().err


def test_editors_get_the_schema_and_leave_rendered_files_alone(tmp_path: Path) -> None:
    new(tmp_path / "x", "github")
    text = (tmp_path / "x/.vscode/settings.json").read_text(encoding="utf-8")
    settings: dict[str, Any] = json.loads(re.sub(r"^\s*//.*$", "", text, flags=re.MULTILINE))
    ((schema, form),) = settings["yaml.schemas"].items()
    assert (tmp_path / "x" / schema).is_file()
    assert (tmp_path / "x" / form).is_file()
    assert settings["files.readonlyInclude"]["clusters/**"]
    extensions = json.loads((tmp_path / "x/.vscode/extensions.json").read_text(encoding="utf-8"))
    assert extensions == {"recommendations": ["redhat.vscode-yaml"]}
