"""The questions where no server of ours runs: in the issues of a Git host, and as files."""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
import yaml as pyyaml
from click.testing import CliRunner
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from signalen_toolkit.catalog.load import catalog
from signalen_toolkit.cli import issue
from signalen_toolkit.cli.main import main
from signalen_toolkit.diagnostics.problems import UsageError, has_errors
from signalen_toolkit.documents import reader
from signalen_toolkit.git.run import must, remotely
from signalen_toolkit.page.elsewhere import issue_form, static, submitted_issue
from signalen_toolkit.page.elsewhere.questions import data_of, inquiries
from signalen_toolkit.page.language.words import Words
from signalen_toolkit.validation.check import check_file

NL = Words("nl")
ANSWERS = {
    "/municipality/code": "'s-Hertogenbosch",
    "/contact/phone": "073 615 51 55",
    "/contact/email": "meldingen@s-hertogenbosch.nl",
    "/environments/acceptance/domain": "s-hertogenbosch.signalen.dev",
    "/components/dex/enabled": "Met Dex vóór Entra ID of een andere aanmelddienst (aangeraden)",
    "/dex/connectors/0/tenant": "6f5902ac-237e-4f2b-8c1a-2f1f6f2c9d10",
    "/dex/connectors/0/clientId": "11111111-1111-1111-1111-111111111111",
    "/identity/administrators": "a@s-hertogenbosch.nl\nb@s-hertogenbosch.nl",
    "/repository/url": "https://git.example.nl/gemeenten/signalen.git",
    "/delivery": "argocd",
}
NASTY = [
    "$(touch pwned)",
    "`touch pwned`",
    "'; touch pwned; '",
    '"\n  evil: true\n"',
    "${{ github.token }}",
    "{{ 7*7 }}",
    "../../etc/passwd",
    "--upload-pack=touch pwned",
    "@everyone [x](https://evil.example) <img src=x onerror=alert(1)>",
    "a\n### Repository › Adres\nhttps://evil.example/x.git",  # noqa: RUF001  # as the form has it
    "\x00\x1b[31m",
    "#!/bin/sh",
]


def body(answers: dict[str, str]) -> str:
    """Return an issue as a Git host writes it of its form."""
    parts = [
        f"### {submitted_issue.label(one, NL)}\n\n{answers.get(one.name) or '_No response_'}" for one in inquiries()
    ]
    return "\n\n".join(parts)


def test_every_question_has_a_heading_of_its_own() -> None:
    labels = [submitted_issue.label(one, NL) for one in inquiries()]
    assert len(set(labels)) == len(labels) > 15
    assert {"/municipality/code", "/contact/phone", "/repository/url"} <= {one.name for one in inquiries()}


def test_an_issue_becomes_a_municipality(tmp_path: Path) -> None:
    outcome = submitted_issue.take(body(ANSWERS), tmp_path)
    assert outcome.is_made, outcome.answer
    assert outcome.folder == "municipalities/s-hertogenbosch"
    config, problems = check_file(tmp_path / outcome.folder / "municipality.yaml", catalog())
    assert not has_errors(problems)
    (environment,) = config.environments
    assert environment.settings["identity"]["administrators"] == ["a@s-hertogenbosch.nl", "b@s-hertogenbosch.nl"]
    assert environment.delivery.name == "argocd"
    assert (tmp_path / outcome.folder / "clusters/acceptance").is_dir()
    assert not (tmp_path / outcome.folder / ".git").exists()


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("/municipality/code", "Brussel", "is geen gemeente die wij kennen"),
        ("/municipality/code", "", "Vul de naam van de gemeente in"),
        ("/contact/phone", "zes", "Telefoonnummer"),
        ("/contact/email", "", "Vul 'Contact › E-mailadres' in"),  # noqa: RUF001
        ("/environments/acceptance/domain", "https://x.nl", "Domein"),
        ("/dex/connectors/0/tenant", "", "heeft tenant nodig"),
        ("/repository/url", "ftp://x", "Repository"),
    ],
)
def test_wrong_input_is_answered_in_dutch(tmp_path: Path, name: str, value: str, said: str) -> None:
    outcome = submitted_issue.take(body({**ANSWERS, name: value}), tmp_path)
    assert not outcome.is_made
    assert said in outcome.answer.replace("\\", "")
    assert not (tmp_path / "municipalities/s-hertogenbosch").exists()


def test_a_question_that_is_answered_twice_is_refused(tmp_path: Path) -> None:
    twice = f"{body(ANSWERS)}\n\n### Contact › Telefoonnummer\n\n14 073"  # noqa: RUF001
    assert "twee keer beantwoord" in submitted_issue.take(twice, tmp_path).answer
    assert "te lang" in submitted_issue.take("x" * 70_000, tmp_path).answer


def test_a_municipality_that_is_there_is_left_alone(tmp_path: Path) -> None:
    assert submitted_issue.take(body(ANSWERS), tmp_path).is_made
    form = tmp_path / "municipalities/s-hertogenbosch/municipality.yaml"
    form.write_text("mine", encoding="utf-8")
    assert "is er al" in submitted_issue.take(body(ANSWERS), tmp_path).answer
    assert form.read_text(encoding="utf-8") == "mine"


@pytest.mark.parametrize("text", NASTY)
@pytest.mark.parametrize("name", ["/municipality/code", "/contact/openingHours", "/branding/title", "/repository/url"])
def test_what_a_stranger_writes_stays_a_value(
    tmp_path: Path, name: str, text: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "work").mkdir()
    monkeypatch.chdir(tmp_path / "work")
    outcome = submitted_issue.take(body({**ANSWERS, name: text}), tmp_path)
    assert not list(tmp_path.rglob("pwned*"))
    assert {path.name for path in tmp_path.iterdir()} <= {"work", "municipalities"}
    assert "@everyone" not in outcome.answer
    assert "<img" not in outcome.answer.replace("\\<", "")
    if outcome.is_made:
        data = reader.read(tmp_path / outcome.folder / "municipality.yaml").data
        assert set(data) <= {
            "apiVersion",
            "municipality",
            "contact",
            "repository",
            "delivery",
            "environments",
            "identity",
            "dex",
            "components",
            "branding",
        }
        assert data["repository"]["url"] == ANSWERS["/repository/url"]


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(text=st.text(max_size=400))
def test_any_text_is_an_issue(tmp_path: Path, text: str) -> None:
    assert not submitted_issue.take(text, tmp_path).is_made
    try:
        found = submitted_issue.answers_in(f"{body(ANSWERS)}\n{text}")
    except UsageError:
        return
    assert found["/contact/phone"] == ANSWERS["/contact/phone"]


def test_answers_that_do_not_go_with_a_choice_are_left_out() -> None:
    data = data_of(
        {"/components/dex/enabled": "false", "/dex/connectors/0/tenant": "x", "/identity/clientId": "signalen"}
    )
    assert "dex" not in data
    assert data["identity"] == {"clientId": "signalen"}


# --- the files of a Git host


@pytest.mark.parametrize("host", ["github", "forgejo"])
def test_the_form_of_an_issue_is_as_its_host_wants_it(host: str, tmp_path: Path) -> None:
    """Source: the schema of issue forms that GitHub documents, and Forgejo follows."""
    result = CliRunner().invoke(main, ["form", str(tmp_path), "--issue-form", host])
    assert result.exit_code == 0, result.output
    form = pyyaml.safe_load((tmp_path / issue_form.HOSTS[host].form).read_text(encoding="utf-8"))
    assert set(form) == {"name", "description", "title", "labels", "body"}
    assert form["body"][0]["type"] == "markdown"
    ids, labels = [], []
    for element in form["body"][1:]:
        assert element["type"] in ("input", "textarea", "dropdown")
        assert re.fullmatch(r"[a-zA-Z0-9_-]+", element["id"])
        ids.append(element["id"])
        labels.append(element["attributes"]["label"])
        assert isinstance(element["attributes"]["description"], str)
        if element["type"] == "dropdown":
            options = element["attributes"]["options"]
            assert options
            assert all(isinstance(one, str) and one.lower() != "none" for one in options)
            assert len(set(options)) == len(options)
    assert len(set(ids)) == len(ids)
    assert labels == [submitted_issue.label(one, NL) for one in inquiries()]


def test_the_form_of_gitlab_is_read_back(tmp_path: Path) -> None:
    text = issue_form.form("gitlab")
    assert set(submitted_issue.answers_in(text)) == {one.name for one in inquiries()}
    filled = text
    for one in inquiries():
        heading = f"### {submitted_issue.label(one, NL)}\n"
        filled = filled.replace(heading, f"{heading}{ANSWERS.get(one.name, '')}\n", 1)
    filled = filled.rpartition("/label")[0]  # GitLab carries it out, and takes it away
    assert submitted_issue.take(filled, tmp_path).is_made


@pytest.mark.parametrize("host", list(issue_form.HOSTS))
def test_nothing_of_an_issue_is_in_a_command_of_a_pipeline(host: str, tmp_path: Path) -> None:
    assert [*map(str, issue_form.write(tmp_path, host))] == [
        issue_form.HOSTS[host].form,
        issue_form.HOSTS[host].pipeline,
    ]
    text = (tmp_path / issue_form.HOSTS[host].pipeline).read_text(encoding="utf-8")
    assert pyyaml.safe_load(text)
    assert not re.search(r"issue\.(title|body)", text)
    commands = re.findall(r"run: (.*)|^\s+- (python .*)$", text, re.MULTILINE)
    assert commands
    assert not any("${{" in one for found in commands for one in found)
    again = CliRunner().invoke(main, ["form", str(tmp_path), "--issue-form", host])
    assert again.exit_code == 0
    assert (tmp_path / issue_form.HOSTS[host].pipeline).read_text(encoding="utf-8") == text


# --- the pipeline


@dataclass
class Host:
    """A made-up Git host: what was written in its issues, and which pull requests were made."""

    url: str = ""
    comments: list[str] = field(default_factory=list)
    pulls: list[dict[str, Any]] = field(default_factory=list)
    issues: list[dict[str, Any]] = field(default_factory=list)
    tokens: set[str] = field(default_factory=set)


@contextmanager
def git_host() -> Iterator[Host]:
    """Give a server that answers as GitHub, Forgejo and GitLab do."""
    host = Host()

    class Handler(BaseHTTPRequestHandler):
        def _answer(self) -> None:
            path = self.path.partition("?")[0]
            host.tokens.add(self.headers["PRIVATE-TOKEN"] or self.headers["Authorization"])
            sent = json.loads(self.rfile.read(int(self.headers["Content-Length"] or 0)) or b"{}")
            answer: Any = {}
            if self.command == "POST":
                if path.endswith(("/comments", "/notes")):
                    host.comments.append(sent["body"])
                else:
                    branch = sent.get("head") or sent["source_branch"]
                    made = {**sent, "html_url": f"{host.url}/1", "head": {"ref": branch}, "source_branch": branch}
                    host.pulls.append(made)
                    answer = made
            elif path.endswith(("/comments", "/notes")):
                answer = [{"body": text} for text in host.comments]
            else:
                answer = host.issues if path.endswith("/issues") else host.pulls
            self.send_response(200)
            self.end_headers()
            self.wfile.write(json.dumps(answer).encode())

        do_GET = do_POST = _answer  # noqa: N815  # as http.server wants it

        def log_message(self, *_: Any) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    host.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield host
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


@pytest.fixture
def clone(tmp_path: Path) -> Path:
    """Give a clone as a pipeline has it."""
    remote, found = tmp_path / "remote.git", tmp_path / "clone"
    must(tmp_path, "init", "--quiet", "--bare", "--initial-branch=main", str(remote))
    remotely(tmp_path, "clone", "--quiet", str(remote), str(found))
    (found / "README.md").write_text("x", encoding="utf-8")
    must(found, "add", "--all")
    must(found, "-c", "user.name=T", "-c", "user.email=t@example.nl", "commit", "--quiet", "--message", "x")
    remotely(found, "push", "--quiet", "origin", "HEAD:main")
    return found


def github(tmp_path: Path, host: Host, text: str, title: str = "x") -> dict[str, str]:
    """Return the variables of a pipeline of an issue."""
    event = {"issue": {"number": 7, "body": text, "title": title}, "repository": {"default_branch": "main"}}
    (tmp_path / "event.json").write_text(json.dumps(event), encoding="utf-8")
    return {
        "SIGNALEN_COMMENT_TOKEN": "t0ken",
        "GITHUB_API_URL": host.url,
        "GITHUB_REPOSITORY": "gemeenten/signalen",
        "GITHUB_EVENT_PATH": str(tmp_path / "event.json"),
    }


def test_an_issue_becomes_a_pull_request(clone: Path, tmp_path: Path) -> None:
    with git_host() as host:
        said = issue.main(clone, github(tmp_path, host, body(ANSWERS), title="$(touch pwned) `id`"))
        again = issue.main(clone, github(tmp_path, host, body(ANSWERS)))
        changed = issue.main(clone, github(tmp_path, host, body({**ANSWERS, "/contact/phone": "14 073"})))
    assert said == ["issue 7: made municipalities/s-hertogenbosch"]
    assert again == ["issue 7: answered already"]
    assert changed == said
    (pull,) = host.pulls
    assert (pull["title"], pull["head"]["ref"], pull["base"]) == (
        "Richt Signalen in voor 's-Hertogenbosch",
        "nieuwe-gemeente/7",
        "main",
    )
    files = must(tmp_path / "remote.git", "ls-tree", "-r", "--name-only", "nieuwe-gemeente/7").decode().splitlines()
    assert "municipalities/s-hertogenbosch/municipality.yaml" in files
    text = must(tmp_path / "remote.git", "show", "nieuwe-gemeente/7:municipalities/s-hertogenbosch/municipality.yaml")
    assert b'"14 073"' in text
    assert f"{host.url}/1" in host.comments[0]
    assert host.tokens == {"Bearer t0ken"}
    assert not list(tmp_path.rglob("pwned*"))
    assert must(clone, "status", "--porcelain") == b""


def test_wrong_input_is_answered_in_the_issue(clone: Path, tmp_path: Path) -> None:
    with git_host() as host:
        said = issue.main(clone, github(tmp_path, host, body({**ANSWERS, "/contact/phone": "@everyone"})))
    assert said == ["issue 7: answered what is wrong"]
    (comment,) = host.comments
    assert "Er is nog iets niet goed" in comment
    assert "@everyone" not in comment
    assert host.pulls == []
    assert must(tmp_path / "remote.git", "branch", "--format=%(refname:short)").decode().split() == ["main"]


def test_gitlab_is_asked_for_its_issues(clone: Path, tmp_path: Path) -> None:
    variables = {
        "SIGNALEN_COMMENT_TOKEN": "t0ken",
        "GITLAB_CI": "true",
        "CI_PROJECT_ID": "1",
        "CI_DEFAULT_BRANCH": "main",
    }
    with git_host() as host:
        host.issues = [{"iid": 3, "description": body(ANSWERS)}, {"iid": 4, "description": "iets anders"}]
        said = issue.main(clone, {**variables, "CI_API_V4_URL": host.url})
    assert said == ["issue 3: made municipalities/s-hertogenbosch", "issue 4: answered what is wrong"]
    assert [pull["target_branch"] for pull in host.pulls] == ["main"]
    assert host.tokens == {"t0ken"}


@pytest.mark.parametrize("missing", ["SIGNALEN_COMMENT_TOKEN", "GITHUB_API_URL", "GITHUB_EVENT_PATH"])
def test_a_pipeline_that_lacks_something_says_so(clone: Path, tmp_path: Path, missing: str) -> None:
    variables = github(tmp_path, Host("http://127.0.0.1:9"), body(ANSWERS))
    del variables[missing]
    with pytest.raises(UsageError, match=missing):
        issue.main(clone, variables)


# --- static files


def test_the_static_page_has_every_question_and_fetches_nothing(tmp_path: Path) -> None:
    assert static.write(tmp_path / "static") == ["en.html", "icon.svg", "index.html", "page.css", "static.js"]
    for name, words in (("index.html", NL), ("en.html", Words("en"))):
        text = (tmp_path / "static" / name).read_text(encoding="utf-8")
        assert not re.search(r"""(?:src|href)="(?:https?:)?//""", text)
        assert "Content-Security-Policy" in text
        for one in inquiries():
            assert f'data-question="{one.name}"' in text
        facts = json.loads(re.findall(r'(?s)<script type="application/json" id="facts">(.*?)</script>', text)[0])
        assert len(facts["municipalities"]) == 342
        assert [one["name"] for one in facts["questions"]] == [one.name for one in inquiries()]
        assert words("static:title") in text


def test_a_file_is_no_folder_for_pages(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x", encoding="utf-8")
    result = CliRunner().invoke(main, ["form", "--static", str(tmp_path / "file")])
    assert result.exit_code == 2
