"""Another release: the version changes in the form and nothing else, and nothing is written that would crash."""

from __future__ import annotations

import signal
import subprocess
import sys
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from signalen_toolkit.base import beneath
from signalen_toolkit.base.layout import FORM_FILE
from signalen_toolkit.catalog.load import catalog
from signalen_toolkit.diagnostics.problems import ProblemsError, UsageError
from signalen_toolkit.rendering import tree
from signalen_toolkit.repository import change as revision
from signalen_toolkit.repository.bump import bump
from signalen_toolkit.repository.release_notes import notes

from tests.support.lived_in import FORM, is_clean, repository, snapshot, text

NEWEST = catalog().releases[0]


def test_the_newest_release_for_what_is_not_production(tmp_path: Path) -> None:
    result = bump(repository(tmp_path))
    assert text(tmp_path) == FORM.replace('"4.20.0"', f'"{NEWEST}"')
    assert is_clean(tmp_path)
    assert [one.environment for one in result.bumped] == ["acceptance"]
    assert result.text.startswith(
        f"acceptance: 4.20.0 → {NEWEST}\n  backend 2.43.5 → 2.50.10 (chart 4.20.0 → {NEWEST})"
    )
    assert "clusters/acceptance: " in result.text and "clusters/production" not in result.text


def test_again_it_has_no_effect(tmp_path: Path) -> None:
    bump(repository(tmp_path), "v4.22.0")
    before = snapshot(tmp_path)
    result = bump(tmp_path, "4.22.0")
    assert (result.bumped, result.already, result.text) == ((), ("acceptance",), "acceptance: is on 4.22.0 already")
    assert snapshot(tmp_path) == before


def test_one_environment(tmp_path: Path) -> None:
    bump(repository(tmp_path), "4.22.0", "production")
    assert text(tmp_path) == FORM.replace("4.19.0", "4.22.0")
    with pytest.raises(UsageError, match=r"no environment 'prodution'; did you mean 'production'\?"):
        bump(tmp_path, "4.22.0", "prodution")


def test_line_endings_stay(tmp_path: Path) -> None:
    form = FORM.replace("\n", "\r\n")
    bump(repository(tmp_path, form), "4.22.0")
    assert text(tmp_path) == form.replace("4.20.0", "4.22.0")


TOP = FORM.replace("delivery: flux", "delivery: flux\nversion: 4.20.0").replace(
    '        version: "4.20.0"  # since May\n', ""
)


def test_a_version_that_others_share_stays_and_one_of_its_own_is_written(tmp_path: Path) -> None:
    form = TOP.replace("        version: 4.19.0\n", "")
    bump(repository(tmp_path, form), "4.22.0")
    domain = "        domain: s-hertogenbosch.signalen.dev\n"
    assert text(tmp_path) == form.replace(domain, f"{domain}        version: 4.22.0\n".replace("4.22.0", '"4.22.0"'))


def test_a_version_that_nobody_else_has_changes_at_the_top(tmp_path: Path) -> None:
    bump(repository(tmp_path, TOP), "4.22.0")
    assert text(tmp_path) == TOP.replace("4.20.0", "4.22.0")


def test_a_form_with_production_alone(tmp_path: Path) -> None:
    start, end = FORM.index("    acceptance"), FORM.index("    # What residents")
    form = FORM[:start] + FORM[end:]
    bump(repository(tmp_path, form), "4.22.0")
    assert text(tmp_path) == form.replace("4.19.0", "4.22.0")


def test_going_back_is_refused_unless_it_is_meant(tmp_path: Path) -> None:
    before = snapshot(repository(tmp_path))
    with pytest.raises(ProblemsError) as raised:
        bump(tmp_path, "4.18.0")
    (problem,) = raised.value.problems
    assert (problem.rule, problem.line, problem.path) == ("downgrade", 14, "environments.acceptance.version")
    assert snapshot(tmp_path) == before
    bump(tmp_path, "4.18.0", allow_downgrade=True)
    assert text(tmp_path) == FORM.replace("4.20.0", "4.18.0")


# Tolerations came to the backend's chart with 4.20.0.
TOLERATIONS = "        overrides: {backend: {tolerations: [{key: a, operator: Exists}]}}\n"


def test_what_would_crash_is_refused_and_nothing_is_written(tmp_path: Path) -> None:
    domain = "        domain: s-hertogenbosch.signalen.dev\n"
    before = snapshot(repository(tmp_path, FORM.replace(domain, domain + TOLERATIONS)))
    with pytest.raises(ProblemsError, match=r"needs chart backend 4\.20\.0"):
        bump(tmp_path, "4.19.0", allow_downgrade=True)
    assert snapshot(tmp_path) == before


def test_a_release_that_does_not_exist(tmp_path: Path) -> None:
    before = snapshot(repository(tmp_path))
    with pytest.raises(ProblemsError, match=r"no release 4\.22\.9"):
        bump(tmp_path, "4.22.9")
    with pytest.raises(UsageError, match="not how a release"):
        bump(tmp_path, "latest")
    with pytest.raises(UsageError, match="cannot read"):
        bump(tmp_path / "none")
    assert snapshot(tmp_path) == before


def test_a_release_that_never_was_is_left_behind(tmp_path: Path) -> None:
    repository(tmp_path)
    (tmp_path / "municipality.yaml").write_text(FORM.replace("4.20.0", "4.20.9"))
    bump(tmp_path, "4.21.0")
    assert text(tmp_path) == FORM.replace("4.20.0", "4.21.0")


def test_a_file_of_a_person_in_the_way_stops_it(tmp_path: Path) -> None:
    repository(tmp_path)
    (tmp_path / "clusters/acceptance/namespace.yaml").write_text("mine\n")
    before = snapshot(tmp_path)
    with pytest.raises(UsageError, match="was not made by"):
        bump(tmp_path)
    assert snapshot(tmp_path) == before


def test_a_version_that_an_alias_repeats_is_left_to_a_person(tmp_path: Path) -> None:
    form = FORM.replace('"4.20.0"', "&now 4.20.0").replace("4.19.0", "*now")
    before = snapshot(repository(tmp_path, form))
    with pytest.raises(ProblemsError, match="without changing something else"):
        bump(tmp_path)
    assert snapshot(tmp_path) == before


def test_a_newer_release_than_is_known_is_a_warning(tmp_path: Path) -> None:
    result = bump(repository(tmp_path), "9.0.0")
    assert "newer-version" in {problem.rule for problem in result.problems}


def test_it_says_which_keys_of_the_form_come_and_go(tmp_path: Path) -> None:
    form = FORM.replace("4.20.0", "4.12.0").replace("4.19.0", "4.12.0")
    result = bump(repository(tmp_path, form), "4.22.0")
    (notes,) = result.bumped
    assert "features.postcodeColumn (frontend)" in notes.added
    assert "config.featureFlags.showSelectorV2removeafterfinishepic5440 (frontend)" in notes.removed
    assert "has a place from now on for features.postcodeColumn (frontend)" in result.text


def test_it_says_which_secrets_are_new(tmp_path: Path) -> None:
    charts = catalog()
    azure = FORM.replace('"4.20.0"  # since May', '"4.20.0"\n        storage: {azure: {account: photos}}')
    before, after = (revision.read(repository(tmp_path, form), charts).config for form in (FORM, azure))
    assert notes(before, after, "acceptance", charts).secrets == ("signalen-backend-secrets/AZURE_STORAGE_ACCOUNT_KEY",)
    assert notes(after, before, "acceptance", charts).secrets == ()


def test_a_full_disk_leaves_everything_as_it_was(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = snapshot(repository(tmp_path))

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(tree, "_build", full)
    with pytest.raises(OSError, match="No space"):
        bump(tmp_path)
    assert snapshot(tmp_path) == before


def test_a_tree_that_cannot_take_its_place_leaves_the_form_as_it_was(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = snapshot(repository(tmp_path))
    with monkeypatch.context() as patched:
        patched.setattr(tree, "_swap", _killed)
        with pytest.raises(KeyboardInterrupt):
            bump(tmp_path)
    assert snapshot(tmp_path) == before


KILLED = """
import os, signal, sys
from pathlib import Path
from signalen_toolkit.rendering import tree
from signalen_toolkit.repository.bump import bump
tree._swap = lambda *_: os.kill(os.getpid(), signal.SIGKILL)
bump(Path(sys.argv[1]))
"""


def test_killed_between_form_and_tree_the_tree_is_stale_and_the_command_completes_it(tmp_path: Path) -> None:
    repository(tmp_path)
    done = subprocess.run([sys.executable, "-c", KILLED, str(tmp_path)], check=False)
    assert done.returncode == -signal.SIGKILL
    assert f'"{NEWEST}"' in text(tmp_path) and not is_clean(tmp_path)
    bump(tmp_path)
    assert is_clean(tmp_path)


def _killed(*_: object) -> None:
    raise KeyboardInterrupt


def test_a_form_that_somebody_saves_meanwhile_is_not_lost(tmp_path: Path) -> None:
    charts = catalog()
    before = revision.read(repository(tmp_path), charts)
    made = revision.revise(tmp_path, before, charts, lambda text: text.replace("4.20.0", "4.22.0"))
    (tmp_path / "municipality.yaml").write_text(FORM + "# mine\n")
    disk = snapshot(tmp_path)
    with pytest.raises(UsageError, match="changed in the meantime"):
        revision.put(made)
    assert snapshot(tmp_path) == disk


@pytest.mark.parametrize("moment", ["render", "put", "exchange"])
def test_an_edit_that_lands_during_the_work_is_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, moment: str
) -> None:
    module: Any = beneath if moment == "exchange" else revision
    before = snapshot(repository(tmp_path))
    mine = (FORM + "# mine\n").encode()
    work = getattr(module, moment)

    def edited_first(*args: Any) -> Any:
        monkeypatch.setattr(module, moment, work)
        (tmp_path / FORM_FILE).write_bytes(mine)
        return work(*args)

    monkeypatch.setattr(module, moment, edited_first)
    with pytest.raises(UsageError, match="changed in the meantime; nothing is written, run the command again"):
        bump(tmp_path)
    assert snapshot(tmp_path) == before | {FORM_FILE: mine}
    bump(tmp_path)
    assert text(tmp_path) == FORM.replace('"4.20.0"', f'"{NEWEST}"') + "# mine\n" and is_clean(tmp_path)


# Started once, so that each pair begins at the same moment.
BUMPS = """
import sys
from pathlib import Path
from signalen_toolkit.catalog.load import catalog
from signalen_toolkit.repository.bump import bump
catalog()
for line in sys.stdin:
    folder, version, environment = line.split()
    bump(Path(folder), version, environment)
    print("done", flush=True)
"""


def test_two_at_once_take_turns_and_neither_is_lost(tmp_path: Path) -> None:
    environments = ("acceptance", "production")
    command = [sys.executable, "-c", BUMPS]
    with ExitStack() as ends:
        workers = [
            ends.enter_context(subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True))
            for _ in environments
        ]
        for number in range(20):
            folder = repository(tmp_path / str(number))
            for worker, environment in zip(workers, environments, strict=True):
                assert worker.stdin is not None
                worker.stdin.write(f"{folder} 4.22.0 {environment}\n")
                worker.stdin.flush()
            for worker in workers:
                assert worker.stdout is not None and worker.stdout.readline() == "done\n"
            assert text(folder) == FORM.replace("4.20.0", "4.22.0").replace("4.19.0", "4.22.0")
            assert is_clean(folder)
