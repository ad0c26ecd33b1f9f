"""A draft is saved as a person with Git would: a branch, a commit, a push, and the address of a pull request."""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import Any

import pytest
from signalen_toolkit.base.paths import folder
from signalen_toolkit.documents import reader
from signalen_toolkit.form.git_hosts import git_hosts, pull_request_address
from signalen_toolkit.git.run import must, remotely
from signalen_toolkit.page.guard import Entrance

from tests.support.pages import HOST, Visitor, text_of

ICON = (folder("municipality-template") / "{{cookiecutter.repository_name}}/assets/icon-180.png").read_bytes()
BRANCH = "formulier/wijzig-telefoonnummer"


@pytest.fixture
def remote(repository: Path, tmp_path: Path) -> Path:
    """Give the repository a remote."""
    bare = tmp_path / "remote.git"
    must(tmp_path, "init", "--quiet", "--bare", "--initial-branch=main", str(bare))
    must(repository, "remote", "add", "origin", str(bare))
    remotely(repository, "push", "--quiet", "--set-upstream", "origin", "main")
    return bare


def change_phone(visitor: Visitor, phone: str = "14 073") -> None:
    """Change one setting of the draft."""
    assert visitor.send("/section/contact", {"/contact/phone": phone}, "save").status_code == 303


def save(visitor: Visitor, **answers: str) -> tuple[int, str]:
    """Save the draft."""
    answer = visitor.send("/review", answers, action="/save")
    return answer.status_code, answer.get_data(as_text=True)


def git(directory: Path, *arguments: str) -> str:
    """Ask Git."""
    return must(directory, *arguments).decode().strip()


def test_a_change_is_a_commit_on_a_branch_that_is_pushed(visitor: Visitor, remote: Path) -> None:
    change_phone(visitor)
    code, page = save(visitor)
    assert code == 200
    assert git(visitor.directory, "log", "-1", "--format=%s") == "Wijzig telefoonnummer"
    assert git(visitor.directory, "symbolic-ref", "--short", "HEAD") == BRANCH
    assert git(remote, "rev-parse", BRANCH) == git(visitor.directory, "rev-parse", "HEAD")
    assert git(visitor.directory, "rev-parse", "main") == git(visitor.directory, "rev-parse", "HEAD~1")
    changed = git(visitor.directory, "show", "--name-only", "--format=", "HEAD").splitlines()
    assert "municipality.yaml" in changed
    assert {path.split("/")[0] for path in changed} == {"municipality.yaml", "clusters"}
    assert git(visitor.directory, "status", "--porcelain") == ""
    assert f"https://github.com/gemeente/signalen/compare/main...{BRANCH.replace('/', '%2F')}?expand=1" in page


def test_what_was_saved_is_rendered(visitor: Visitor) -> None:
    change_phone(visitor)
    save(visitor)
    from click.testing import CliRunner
    from signalen_toolkit.cli.main import main

    assert CliRunner().invoke(main, ["render", "--check", str(visitor.directory)]).exit_code == 0


def test_a_person_may_say_it_in_other_words_and_on_another_branch(visitor: Visitor) -> None:
    change_phone(visitor)
    code, page = save(visitor, message="Nieuw nummer\r\n\r\nVan de balie.", branch="balie/nummer")
    assert code == 200
    assert "balie/nummer" in text_of(page)
    assert git(visitor.directory, "log", "-1", "--format=%B") == "Nieuw nummer\n\nVan de balie."


@pytest.mark.parametrize("branch", ["a..b", "-x", "a b", "main", "x.lock", "--upload-pack=evil"])
def test_a_branch_that_cannot_be_leaves_all_as_it_is(visitor: Visitor, branch: str) -> None:
    must(visitor.directory, "branch", "other")
    must(visitor.directory, "switch", "--quiet", "other")
    before, head = visitor.form(), git(visitor.directory, "rev-parse", "HEAD")
    change_phone(visitor)
    code, page = save(visitor, branch=branch)
    assert code == 409
    assert "Opslaan is niet gelukt" in text_of(page)
    assert (visitor.form(), git(visitor.directory, "rev-parse", "HEAD")) == (before, head)
    assert "14 073" in visitor.get("/section/contact")


def test_what_else_a_person_was_doing_is_not_committed(visitor: Visitor) -> None:
    (visitor.directory / "notes.txt").write_text("x", encoding="utf-8")
    readme = visitor.directory / "README.md"
    readme.write_text(readme.read_text(encoding="utf-8") + "x", encoding="utf-8")
    must(visitor.directory, "add", "README.md")
    change_phone(visitor)
    save(visitor)
    shown = git(visitor.directory, "show", "--name-only", "--format=", "HEAD")
    assert "README.md" not in shown
    assert "notes.txt" not in shown
    assert "README.md" in git(visitor.directory, "diff", "--cached", "--name-only")


def test_a_second_change_goes_to_the_same_branch(visitor: Visitor, remote: Path) -> None:
    change_phone(visitor)
    save(visitor)
    change_phone(visitor, "073 615 51 56")
    code, _ = save(visitor)
    assert code == 200
    assert git(remote, "rev-list", "--count", f"main..{BRANCH}") == "2"


def test_a_push_that_fails_is_said_and_the_commit_stays(visitor: Visitor, remote: Path) -> None:
    shutil.rmtree(remote)
    change_phone(visitor)
    code, page = save(visitor)
    assert code == 200
    assert "De branch kon niet naar de Git-server" in text_of(page)
    assert git(visitor.directory, "log", "-1", "--format=%s") == "Wijzig telefoonnummer"


def test_a_commit_that_is_refused_is_said_and_nothing_is_lost(
    visitor: Visitor, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = tmp_path / "gitconfig"  # the person's own: who signs, and cannot
    settings.write_text("[commit]\n\tgpgSign = true\n[gpg]\n\tprogram = false\n", encoding="utf-8")
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", str(settings))
    before = {
        path: path.read_bytes() for path in visitor.directory.rglob("*") if path.is_file() and ".git/" not in str(path)
    }
    visitor.send("/section/branding", {"/branding/alert": "Storing"}, "save", files={"/branding/favicon": ICON})
    change_phone(visitor)
    code, page = save(visitor)
    assert code == 409
    assert "Opslaan is niet gelukt" in text_of(page)
    assert "gpg failed to sign" in text_of(page)
    after = {
        path: path.read_bytes() for path in visitor.directory.rglob("*") if path.is_file() and ".git/" not in str(path)
    }
    assert after == before
    assert git(visitor.directory, "status", "--porcelain") == ""
    assert git(visitor.directory, "branch", "--format=%(refname:short)") == "main"
    monkeypatch.delenv("GIT_CONFIG_GLOBAL")
    assert save(visitor)[0] == 200
    assert "14 073" in visitor.form()
    assert (visitor.directory / "assets/favicon.png").read_bytes() == ICON


def test_a_folder_without_git_gets_the_files(visitor: Visitor) -> None:
    shutil.rmtree(visitor.directory / ".git")
    change_phone(visitor)
    code, page = save(visitor)
    assert code == 200
    assert "De bestanden zijn geschreven" in text_of(page)
    assert "14 073" in visitor.form()


def test_a_draft_with_errors_is_not_saved(visitor: Visitor) -> None:
    before = visitor.form()
    visitor.send("/section/contact", {"/contact/phone": "x"}, "save")
    page = visitor.get("/review")
    assert 'action="/save"' not in page
    (form, *_) = visitor.forms(page)
    answer = visitor.client.post("/save", data={"csrf": visitor.forms(page)[1]["values"]["csrf"]})
    assert form
    assert answer.location == "/review"
    assert visitor.form() == before


def test_the_newest_version_is_fetched_after_a_change_was_taken_over(visitor: Visitor, remote: Path) -> None:
    change_phone(visitor)
    save(visitor)
    must(remote, "update-ref", "refs/heads/main", BRANCH)
    (form,) = [one for one in visitor.forms(visitor.get("/review")) if one["action"] == "/renew"]
    assert visitor.client.post("/renew", data=form["values"]).status_code == 303
    assert git(visitor.directory, "symbolic-ref", "--short", "HEAD") == "main"
    assert git(visitor.directory, "rev-parse", "main") == git(remote, "rev-parse", BRANCH)


def test_text_and_diff_are_seen_before(visitor: Visitor) -> None:
    change_phone(visitor)
    page = text_of(visitor.get("/review/form")).replace("&#34;", '"')
    assert '- phone: "073 615 51 55"' in page
    assert '+ phone: "14 073"' in page


def test_what_changes_on_the_cluster_is_seen_before(visitor: Visitor, charts: Path) -> None:
    place: Any = visitor.client.application.config["WORKPLACE"]
    object.__setattr__(place, "options", type(place.options)(charts=charts, offline=True, variables=os.environ))
    assert "Op het cluster verandert niets." in text_of(visitor.get("/review/cluster"))
    change_phone(visitor)
    page = text_of(visitor.get("/review/cluster"))
    assert "14 073" in page
    assert "acceptance" in page


def test_charts_that_are_missing_are_said(visitor: Visitor, tmp_path: Path) -> None:
    place: Any = visitor.client.application.config["WORKPLACE"]
    object.__setattr__(place, "options", type(place.options)(charts=tmp_path, offline=True, variables=os.environ))
    change_phone(visitor)
    assert 'class="error"' in visitor.get("/review/cluster")


# --- two people at once


@pytest.fixture
def two(repository: Path, tmp_path: Path) -> tuple[Visitor, Visitor]:
    """Give two people behind a proxy that signs them in."""
    access = Entrance((HOST,), user_header="X-User")
    found = []
    for name in ("anna@example.nl", "bob"):
        visitor = Visitor(repository, tmp_path / "state", access=access)
        visitor.client.environ_base["HTTP_X_USER"] = name
        found.append(visitor)
    return found[0], found[1]


def test_each_has_a_draft_of_their_own(two: tuple[Visitor, Visitor]) -> None:
    anna, bob = two
    change_phone(anna)
    assert 'value="14 073"' in anna.get("/section/contact")
    assert 'value="073 615 51 55"' in bob.get("/section/contact")


def test_the_second_sees_what_the_first_changed_and_keeps_their_own(two: tuple[Visitor, Visitor]) -> None:
    anna, bob = two
    change_phone(anna)
    bob.send("/section/contact", {"/contact/email": "bob@s-hertogenbosch.nl"}, "save")
    assert save(anna)[0] == 200
    page = text_of(bob.get("/review"))
    assert "Iemand anders heeft het formulier gewijzigd" in page
    assert "14 073" in page
    assert bob.send("/review", action="/resolve").location == "/review"
    assert save(bob)[0] == 200
    data = reader.parse(bob.form(), "f").data
    assert data["contact"] == {"phone": "14 073", "email": "bob@s-hertogenbosch.nl"}
    assert git(bob.directory, "log", "-1", "--format=%an") == "bob"
    assert git(bob.directory, "log", "-1", "--skip=1", "--format=%ae") == "anna@example.nl"


@pytest.mark.parametrize(("whose", "phone"), [("mine", "073 615 51 57"), ("theirs", "14 073")])
def test_where_both_changed_the_same_the_second_chooses(two: tuple[Visitor, Visitor], whose: str, phone: str) -> None:
    anna, bob = two
    change_phone(anna)
    change_phone(bob, "073 615 51 57")
    bob.send("/section/links", {"/links/home": "https://bob.example.nl"}, "save")
    save(anna)
    assert bob.send("/review", {}, action="/resolve").status_code == 422
    assert bob.send("/review", {"/contact/phone": whose}, action="/resolve").location == "/review"
    assert save(bob)[0] == 200
    data = reader.parse(bob.form(), "f").data
    assert (data["contact"]["phone"], data["links"]["home"]) == (phone, "https://bob.example.nl")


def test_a_form_that_is_changed_at_the_last_moment_is_not_written_over(two: tuple[Visitor, Visitor]) -> None:
    anna, bob = two
    change_phone(bob, "073 615 51 57")
    page = bob.get("/review")
    change_phone(anna)
    save(anna)
    answer = bob.send("/review", action="/save", page=page)
    assert answer.location == "/review"
    assert '"14 073"' in bob.form()


def test_a_draft_can_be_thrown_away(visitor: Visitor) -> None:
    change_phone(visitor)
    assert visitor.send("/review", action="/discard").location == "/"
    assert "Er is niets gewijzigd" in visitor.get("/review")


# --- addresses of pull requests


@pytest.mark.parametrize(
    ("url", "host", "address"),
    [
        ("https://github.com/a/b.git", "github", "https://github.com/a/b/compare/main...x%2Fy?expand=1"),
        ("git@github.com:a/b.git", "github", "https://github.com/a/b/compare/main...x%2Fy?expand=1"),
        (
            "ssh://git@gitlab.example.nl:2222/a/c/b.git",
            "gitlab",
            "https://gitlab.example.nl/a/c/b/-/merge_requests/new?merge_request[source_branch]=x%2Fy&merge_request[target_branch]=main",
        ),
        ("https://codeberg.org/a/b", "forgejo", "https://codeberg.org/a/b/compare/main...x%2Fy"),
        ("https://gitea.example.nl/a/b", "gitea", "https://gitea.example.nl/a/b/compare/main...x%2Fy"),
        (
            "https://org@dev.azure.com/org/project/_git/repo",
            "azure",
            "https://dev.azure.com/org/project/_git/repo/pullrequestcreate?sourceRef=x%2Fy&targetRef=main",
        ),
        ("https://bitbucket.org/a/b", "github", ""),
        ("/srv/git/b.git", "github", ""),
        ("", "github", ""),
        ("https://github.com/a/b.git", "unheard", ""),
    ],
)
def test_a_git_server_says_where_a_pull_request_is_made(url: str, host: str, address: str) -> None:
    assert pull_request_address(url, host, "x/y", "main") == address


def test_every_kind_of_git_server_has_such_a_page() -> None:
    assert all("{branch}" in host.pull_request and "{base}" in host.pull_request for host in git_hosts().values())
