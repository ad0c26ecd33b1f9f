"""`signalen update`: what it promises to whoever has changed a repository, and to whom it is updated for."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import hypothesis.strategies as st
import pytest
from hypothesis import given, settings
from signalen_toolkit import __version__
from signalen_toolkit.base import beneath, layout, whole_folders
from signalen_toolkit.base.layout import FORM_FILE, SCHEMA_FILE
from signalen_toolkit.diagnostics.problems import ProblemsError, UsageError
from signalen_toolkit.documents.edit import set_values
from signalen_toolkit.form import migrations
from signalen_toolkit.repository import new as scaffold
from signalen_toolkit.repository import template_state
from signalen_toolkit.repository import update as updating
from signalen_toolkit.repository.merge import FileChange, changes, merge
from signalen_toolkit.repository.template_state import Origin
from signalen_toolkit.repository.update import UpdateResult, summary, template_files, update

from tests.repository.test_new import assert_clean, given_as

README = "README.md"
EDITORCONFIG = ".editorconfig"


def git(directory: Path, *arguments: str) -> str:
    author = ("-c", "user.name=A", "-c", "user.email=a@example.nl", "-c", "commit.gpgSign=false")
    done = subprocess.run(["git", "-C", directory, *author, *arguments], capture_output=True, text=True, check=True)
    return done.stdout


def commit(directory: Path) -> None:
    git(directory, "add", "--all", "--force")
    git(directory, "commit", "--quiet", "--allow-empty", "--message", "x")


@pytest.fixture(scope="session")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    directory = tmp_path_factory.mktemp("made") / "bosch"
    scaffold.new(directory, None, given_as(), ask=False, force=False, git=True)
    return directory


@pytest.fixture
def repository(made: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(made, tmp_path / "bosch"))


@pytest.fixture
def template(monkeypatch: pytest.MonkeyPatch) -> Iterator[dict[str, bytes | None]]:
    """Give what the template of a newer toolkit has: another content by path, or None for a file that is gone."""
    newer: dict[str, bytes | None] = {}

    def files(*arguments: object) -> dict[str, bytes]:
        merged = {**template_files(*arguments), **newer}  # type: ignore[arg-type]
        return {path: data for path, data in merged.items() if data is not None}

    monkeypatch.setattr(updating, "template_files", files)
    yield newer


def content(directory: Path) -> dict[str, bytes]:
    return {
        path.relative_to(directory).as_posix(): path.read_bytes()
        for path in directory.rglob("*")
        if path.is_file() and ".git" not in path.relative_to(directory).parts
    }


def replaced(path: Path, old: str, new: str) -> bytes:
    text = path.read_text(encoding="utf-8")
    assert old in text
    return text.replace(old, new).encode()


def changed(result: UpdateResult) -> list[str]:
    return [change.path for change in result.changes if not change.kept]


def kept(result: UpdateResult) -> list[str]:
    return [change.path for change in result.changes if change.kept]


def assert_repeatable(directory: Path) -> None:
    """Assert that after a commit an update has no effect and nothing to tell."""
    commit(directory)
    before = content(directory)
    assert update(directory, only_check=True).is_current
    again = update(directory)
    assert (again.changes, again.generated) == ((), ())
    assert content(directory) == before
    assert git(directory, "status", "--porcelain") == ""


# --- nothing to do


def test_new_repository_is_up_to_date_and_keeps_what_the_template_was(repository: Path) -> None:
    kept_files = json.loads((repository / layout.TEMPLATE_STATE).read_text(encoding="utf-8"))["files"]
    assert kept_files[README] == (repository / README).read_text(encoding="utf-8")
    assert list(kept_files["assets/favicon.png"]) == ["sha256"]
    assert FORM_FILE not in kept_files
    assert SCHEMA_FILE not in kept_files
    assert_repeatable(repository)
    assert "up to date" in summary(update(repository))


def test_own_images_and_edits_alone_are_nothing_to_update(repository: Path) -> None:
    (repository / "assets/favicon.png").write_bytes(b"\x89PNG own")
    (repository / README).write_text("# Van ons\n", encoding="utf-8")
    assert_repeatable(repository)


# --- the template changed


def test_untouched_file_follows_the_template(repository: Path, template: dict[str, bytes | None]) -> None:
    template[README] = replaced(repository / README, "## Iets wijzigen", "## Iets veranderen")
    result = update(repository)
    assert changed(result) == [README]
    assert (repository / README).read_bytes() == template[README]
    assert_clean(repository)
    assert_repeatable(repository)


def test_local_edits_are_kept_beside_those_of_the_template(repository: Path, template: dict[str, bytes | None]) -> None:
    template[README] = replaced(repository / README, "## Iets wijzigen", "## Iets veranderen")
    own = replaced(repository / README, "## Hulp\n", "## Hulp\n\nBel Karin.\n")
    (repository / README).write_bytes(own)
    commit(repository)
    result = update(repository)
    assert result.conflicts == ()
    text = (repository / README).read_text(encoding="utf-8")
    assert "## Iets veranderen" in text
    assert "Bel Karin." in text
    assert_repeatable(repository)


def test_both_changed_the_same_lines_is_a_conflict_as_git_marks_it(
    repository: Path, template: dict[str, bytes | None]
) -> None:
    template[README] = replaced(repository / README, "## Iets wijzigen", "## Iets veranderen")
    (repository / README).write_bytes(replaced(repository / README, "## Iets wijzigen", "## Iets aanpassen"))
    commit(repository)
    result = update(repository)
    assert result.conflicts == (README,)
    assert f"choose between the marks in {README}" in summary(result)
    text = (repository / README).read_text(encoding="utf-8")
    assert (
        "<<<<<<< here\n## Iets aanpassen\n||||||| template before\n## Iets wijzigen\n"
        "=======\n## Iets veranderen\n>>>>>>> template now\n"
    ) in text
    (repository / README).write_bytes(replaced(repository / README, "<<<<<<< here\n", ""))
    assert_repeatable(repository)


def test_file_with_windows_line_endings_is_merged_and_keeps_them(
    repository: Path, template: dict[str, bytes | None]
) -> None:
    template[README] = replaced(repository / README, "## Iets wijzigen", "## Iets veranderen")
    own = replaced(repository / README, "## Hulp\n", "## Hulp\n\nBel Karin.\n").replace(b"\n", b"\r\n")
    merged, conflict = merge((repository / README).read_bytes(), own, template[README] or b"")
    assert not conflict
    assert merged == own.replace(b"## Iets wijzigen", b"## Iets veranderen")


def test_image_is_replaced_where_untouched_and_kept_where_it_is_the_municipalitys(
    repository: Path, template: dict[str, bytes | None]
) -> None:
    template["assets/favicon.png"] = template["assets/icon-180.png"] = b"\x89PNG\xff newer"
    (repository / "assets/favicon.png").write_bytes(b"\x89PNG\xff own")
    commit(repository)
    result = update(repository)
    assert (changed(result), kept(result)) == (["assets/icon-180.png"], ["assets/favicon.png"])
    assert (repository / "assets/favicon.png").read_bytes() == b"\x89PNG\xff own"
    assert_repeatable(repository)


# --- deleted, renamed, new


def test_file_that_a_person_deleted_stays_away_and_is_told(repository: Path, template: dict[str, bytes | None]) -> None:
    (repository / EDITORCONFIG).unlink()
    commit(repository)
    assert update(repository).is_current
    template[EDITORCONFIG] = b"root = true\n"
    result = update(repository)
    assert (changed(result), kept(result)) == ([], [EDITORCONFIG])
    assert "deleted here" in summary(result)
    assert not (repository / EDITORCONFIG).exists()
    assert_repeatable(repository)


def test_file_that_the_template_has_no_longer_goes_only_where_untouched(
    repository: Path, template: dict[str, bytes | None]
) -> None:
    template[EDITORCONFIG] = template[README] = None
    (repository / README).write_text("# Van ons\n", encoding="utf-8")
    commit(repository)
    result = update(repository)
    assert (changed(result), kept(result)) == ([EDITORCONFIG], [README])
    assert not (repository / EDITORCONFIG).exists()
    assert (repository / README).read_text(encoding="utf-8") == "# Van ons\n"
    assert_repeatable(repository)


def test_edits_follow_a_file_that_the_template_renamed(repository: Path, template: dict[str, bytes | None]) -> None:
    template[README] = None
    template["docs/LEESMIJ.md"] = replaced(repository / README, "## Iets wijzigen", "## Iets veranderen")
    (repository / README).write_bytes(replaced(repository / README, "## Hulp\n", "## Hulp\n\nBel Karin.\n"))
    commit(repository)
    result = update(repository)
    assert changed(result) == [README, "docs/LEESMIJ.md"]
    assert not (repository / README).exists()
    text = (repository / "docs/LEESMIJ.md").read_text(encoding="utf-8")
    assert "Bel Karin." in text
    assert "## Iets veranderen" in text
    assert_repeatable(repository)


def test_updates_follow_a_file_that_a_person_renamed(repository: Path, template: dict[str, bytes | None]) -> None:
    template[README] = replaced(repository / README, "## Iets wijzigen", "## Iets veranderen")
    git(repository, "mv", README, "LEESMIJ.md")
    commit(repository)
    result = update(repository)
    assert changed(result) == ["LEESMIJ.md"]
    assert (repository / "LEESMIJ.md").read_bytes() == template[README]
    assert not (repository / README).exists()
    commit(repository)
    assert update(repository, only_check=True).is_current


def test_new_file_is_written_and_one_that_a_person_has_there_is_not_lost(
    repository: Path, template: dict[str, bytes | None]
) -> None:
    template["docs/new.md"] = b"# Nieuw\n"
    template["CONTRIBUTING.md"] = b"# Van de toolkit\n"
    (repository / "CONTRIBUTING.md").write_text("# Van ons\n", encoding="utf-8")
    commit(repository)
    result = update(repository)
    assert result.conflicts == ("CONTRIBUTING.md",)
    assert (repository / "docs/new.md").read_bytes() == b"# Nieuw\n"
    assert "# Van ons\n" in (repository / "CONTRIBUTING.md").read_text(encoding="utf-8")


def test_link_or_folder_in_the_way_is_told_before_anything_is_written(
    repository: Path, template: dict[str, bytes | None]
) -> None:
    template["docs"] = b"text\n"
    template[EDITORCONFIG] = b"root = true\n"
    (repository / "docs").mkdir()
    (repository / "docs/own.md").write_text("x\n", encoding="utf-8")
    commit(repository)
    before = content(repository)
    with pytest.raises(UsageError, match="docs is a folder"):
        update(repository)
    assert content(repository) == before


# --- what the toolkit alone writes


def test_schema_and_stale_tree_are_made_again(repository: Path) -> None:
    (repository / SCHEMA_FILE).write_text("{}\n", encoding="utf-8")
    values = repository / "clusters/acceptance/values/signalen-frontend.yaml"
    values.write_text(values.read_text(encoding="utf-8") + "# older toolkit\n", encoding="utf-8")
    commit(repository)
    result = update(repository)
    assert list(result.generated) == [SCHEMA_FILE, "clusters/acceptance/values/signalen-frontend.yaml"]
    assert_clean(repository)
    assert_repeatable(repository)


def test_form_is_never_written_where_its_version_is_that_of_the_toolkit(
    repository: Path, template: dict[str, bytes | None]
) -> None:
    template[README] = b"# Nieuw\n"
    before = (repository / FORM_FILE).read_bytes()
    update(repository)
    assert (repository / FORM_FILE).read_bytes() == before


def test_older_form_is_migrated_with_its_comments(repository: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def change(text: str) -> str:
        text = text.replace("\ntelephone:", "\ncontact:")
        return set_values(text, {("apiVersion",): "signalen.org/v1"})

    monkeypatch.setitem(migrations.MIGRATIONS, "signalen.org/v0", ("signalen.org/v1", change))
    text = (repository / FORM_FILE).read_text(encoding="utf-8")
    old = text.replace("apiVersion: signalen.org/v1", "apiVersion: signalen.org/v0").replace(
        "\ncontact:", "\ntelephone:"
    )
    (repository / FORM_FILE).write_text(old, encoding="utf-8")
    commit(repository)
    assert FORM_FILE in update(repository, only_check=True).generated
    assert (repository / FORM_FILE).read_text(encoding="utf-8") == old
    assert FORM_FILE in update(repository).generated
    assert (repository / FORM_FILE).read_text(encoding="utf-8") == text
    assert_clean(repository)
    assert_repeatable(repository)


def test_migration_that_does_not_give_its_version_changes_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(migrations.MIGRATIONS, "signalen.org/v0", ("signalen.org/v1", str.upper))
    with pytest.raises(UsageError, match="could not be brought from"):
        migrations.migrated("apiVersion: signalen.org/v0\n", FORM_FILE)


def test_form_with_errors_is_told_and_the_tree_left_alone(repository: Path, template: dict[str, bytes | None]) -> None:
    template[README] = b"# Nieuw\n"
    text = (repository / FORM_FILE).read_text(encoding="utf-8")
    (repository / FORM_FILE).write_text(text.replace("contact:", "contcat:", 1), encoding="utf-8")
    commit(repository)
    before = content(repository / "clusters")
    result = update(repository)
    assert [problem.rule for problem in result.problems if problem.rule == "unknown-key"] == ["unknown-key"]
    assert "has errors" in summary(result)
    assert (repository / README).read_bytes() == b"# Nieuw\n"
    assert content(repository / "clusters") == before


def test_form_that_cannot_be_read_is_a_problem(repository: Path) -> None:
    (repository / FORM_FILE).write_text("a: [\n", encoding="utf-8")
    commit(repository)
    with pytest.raises(ProblemsError):
        update(repository)


# --- Git


def test_check_lists_and_writes_nothing(repository: Path, template: dict[str, bytes | None]) -> None:
    template[README] = b"# Nieuw\n"
    (repository / "untracked.txt").write_text("x", encoding="utf-8")  # CI need not be clean
    before = content(repository)
    result = update(repository, only_check=True)
    assert not result.is_current
    assert f"{README}: updated" in summary(result, only_check=True)
    assert content(repository) == before


@pytest.mark.parametrize("how", ["changed", "staged", "untracked", "deleted"])
def test_dirty_tree_is_refused_before_anything_is_written(
    repository: Path, template: dict[str, bytes | None], how: str
) -> None:
    template[EDITORCONFIG] = b"root = true\n"
    if how == "deleted":
        (repository / README).unlink()
    else:
        (repository / ("new.md" if how == "untracked" else README)).write_text("x\n", encoding="utf-8")
    if how == "staged":
        git(repository, "add", README)
    before = content(repository)
    with pytest.raises(UsageError, match="not committed"):
        update(repository)
    assert content(repository) == before


def test_folder_without_git_or_commit_or_form_is_refused(repository: Path, tmp_path: Path) -> None:
    shutil.rmtree(repository / ".git")
    with pytest.raises(UsageError, match="not in the work tree"):
        update(repository)
    git(repository, "init", "--quiet")
    with pytest.raises(UsageError, match="no commit yet"):
        update(repository)
    (repository / FORM_FILE).unlink()
    with pytest.raises(UsageError, match=f"there is no {FORM_FILE}"):
        update(repository)


def test_repository_in_a_folder_of_another_is_updated(
    repository: Path, tmp_path: Path, template: dict[str, bytes | None]
) -> None:
    shutil.rmtree(repository / ".git")
    git(tmp_path, "init", "--quiet")
    commit(tmp_path)
    (tmp_path / "elsewhere.txt").write_text("not ours", encoding="utf-8")
    template[README] = b"# Nieuw\n"
    assert changed(update(repository)) == [README]


@pytest.mark.parametrize("at", [0, 1, 2, 3, 5, 8, 12, 20, 30])
def test_update_for_which_the_disk_is_too_full_changes_nothing_and_can_be_done_again(
    repository: Path, template: dict[str, bytes | None], monkeypatch: pytest.MonkeyPatch, at: int
) -> None:
    template.update({README: b"# Nieuw\n", EDITORCONFIG: None, "docs/new.md": b"x\n", "CODEOWNERS": b"# y\n"})
    values = repository / "clusters/acceptance/values/signalen-frontend.yaml"
    values.write_text(values.read_text(encoding="utf-8") + "# older toolkit\n", encoding="utf-8")
    commit(repository)
    before = content(repository)
    left = at

    def failing(real: Callable[..., Any]) -> Callable[..., Any]:
        def call(*arguments: Any, **options: Any) -> Any:
            nonlocal left
            left -= 1
            if left < 0:
                raise OSError(28, "No space left on device")
            return real(*arguments, **options)

        return call

    with monkeypatch.context() as patch:
        for module, name in ((beneath, "put"), (whole_folders, "put"), (beneath, "exchange"), (os, "link")):
            patch.setattr(module, name, failing(getattr(module, name)))
        with pytest.raises(OSError, match="No space"):
            update(repository)
    assert content(repository) == before
    assert git(repository, "status", "--porcelain") == ""
    update(repository)
    assert (repository / README).read_bytes() == b"# Nieuw\n"
    assert_repeatable(repository)


def test_file_that_a_person_saves_meanwhile_is_kept(
    repository: Path, template: dict[str, bytes | None], monkeypatch: pytest.MonkeyPatch
) -> None:
    template.update({README: b"# Nieuw\n", "docs/new.md": b"x\n"})
    before = content(repository)

    def edited_first(*arguments: Any) -> None:
        (repository / README).write_bytes(b"# mine\n")
        check_way(*arguments)

    check_way = updating._check_way
    monkeypatch.setattr(updating, "_check_way", edited_first)
    with pytest.raises(UsageError, match=r"README\.md was changed in the meantime; nothing is written"):
        update(repository)
    assert content(repository) == before | {README: b"# mine\n"}


def test_repository_of_a_newer_toolkit_is_refused(repository: Path) -> None:
    path = repository / layout.TEMPLATE_STATE
    path.write_bytes(replaced(path, f'"toolkit": "{__version__}"', '"toolkit": "99.0.0"'))
    commit(repository)
    with pytest.raises(UsageError, match=r"is of Signalen Toolkit 99\.0\.0"):
        update(repository)


@pytest.mark.parametrize("text", ["", "{}", "[]", '{"toolkit": "1", "files": {"a": 1}}', "{" * 5, "<<<<<<< here"])
def test_unreadable_record_of_the_template_is_told(repository: Path, text: str) -> None:
    (repository / layout.TEMPLATE_STATE).write_text(text, encoding="utf-8")
    commit(repository)
    with pytest.raises(UsageError, match="not as the toolkit wrote it"):
        update(repository)


@pytest.mark.parametrize("name", ["../x", "/etc/x", ".git/config", "a/../../x"])
def test_record_cannot_name_files_outside_the_repository(repository: Path, name: str) -> None:
    text = json.dumps({"toolkit": "0.1.0", "files": {name: "x"}})
    (repository / layout.TEMPLATE_STATE).write_text(text, encoding="utf-8")
    commit(repository)
    with pytest.raises(UsageError, match="no file of this repository"):
        update(repository)


def test_repository_without_a_record_loses_nothing(repository: Path, template: dict[str, bytes | None]) -> None:
    """Such as one that was made before there was `signalen update`."""
    (repository / layout.TEMPLATE_STATE).unlink()
    (repository / README).write_text("# Van ons\n", encoding="utf-8")
    commit(repository)
    result = update(repository)
    assert result.conflicts == (README,)
    assert "# Van ons\n" in (repository / README).read_text(encoding="utf-8")
    assert result.remarks
    assert (repository / layout.TEMPLATE_STATE).is_file()


# --- any three versions

NAMES = ("a", "b", "c/d")
TEXTS = st.sampled_from([b"", b"1\n", b"1\n2\n3\n", b"1\n2\n9\n", b"0\n1\n2\n3\n", b"x\ny\n", b"\x89\xff", b"\x89\xfe"])
FILES = st.dictionaries(st.sampled_from(NAMES), TEXTS)


@settings(max_examples=150, deadline=None)
@given(then=FILES, now=FILES, theirs=FILES)
def test_no_edit_of_a_person_is_ever_lost(
    then: Mapping[str, bytes], now: Mapping[str, bytes], theirs: Mapping[str, bytes]
) -> None:
    made = json.loads(template_state.text(then))["files"]
    kept_of = Origin(
        "", {path: data.encode() if isinstance(data, str) else data["sha256"] for path, data in made.items()}
    )
    found = [change for change in changes(kept_of, now, theirs) if not change.kept]
    assert len({change.path for change in found}) == len(found)
    after = dict(theirs)
    for change in found:
        if change.data is None:
            after.pop(change.path, None)
        else:
            after[change.path] = change.data
    lines = {line for data in after.values() for line in data.splitlines()}
    before = {line for data in then.values() for line in data.splitlines()}
    for path, data in theirs.items():
        if data in then.values():
            continue  # as some template had it
        assert set(data.splitlines()) - before <= lines, path
    if then == now:
        assert after == dict(theirs)
    # What nobody changed is as the template has it now.
    for path in NAMES:
        if path in then and then.get(path) == theirs.get(path) and path in now:
            assert after.get(path) == now[path]


def test_change_says_what_it_is() -> None:
    assert changes(Origin("", {}), {"a": b"1\n"}, {}) == [FileChange("a", "new in the template", b"1\n")]
