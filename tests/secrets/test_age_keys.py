"""The age keys of environments: each its own, found again wherever the repository stands, and never two by accident."""

from __future__ import annotations

import os
import shutil
import signal
import stat
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given as draw
from hypothesis import strategies as st
from signalen_toolkit.catalog.load import catalog
from signalen_toolkit.diagnostics.problems import UsageError
from signalen_toolkit.form import age_key
from signalen_toolkit.form.config import Environment
from signalen_toolkit.secrets import age_keys, sops, sops_config
from signalen_toolkit.secrets.check import SecretsReport, check
from signalen_toolkit.secrets.environment import choose, read_config
from signalen_toolkit.secrets.make import init, set_value, summary
from signalen_toolkit.secrets.rotation import rotate, rotate_recipients
from signalen_toolkit.secrets.values import ValueSources

from tests.support.secret_repository import (
    BACKEND,
    OTHER,
    STRANGER,
    everything,
    files_with,
    given,
    initialised,
    script,
    values,
)

HTTPS = "https://git.example.nl/utrecht/signalen.git"


def another(repository: Path, name: str, url: str = "https://git.example.nl/zeist/signalen.git") -> Path:
    """Copy a repository for another municipality, as people do: the folder may be called alike."""
    copy = repository.parent / name
    shutil.copytree(repository, copy)
    form = copy / "municipality.yaml"
    form.write_text(form.read_text().replace("GM0344", "GM0355").replace(HTTPS, url))
    return copy


def environment(repository: Path, name: str = "acceptance") -> Environment:
    return choose(read_config(repository, catalog()), name)


def recipients(repository: Path) -> list[str]:
    return sops_config.read(repository).recipients(BACKEND)


def older(repository: Path) -> Path:
    """Put the key of a repository where an older toolkit had it, in a file that does not say what it serves."""
    key = age_keys.key_file(repository, environment(repository))
    place = repository.parent / "home/.config/signalen/age" / repository.name / "acceptance.txt"
    place.parent.mkdir(parents=True, exist_ok=True)
    lines = [line for line in key.read_text().splitlines() if not line.startswith("# serves")]
    place.write_text("\n".join(lines) + "\n")
    key.unlink()
    return place


# Whose key it is


def test_two_repositories_in_folders_of_one_name_have_two_keys(repository: Path) -> None:
    first, second = repository, another(repository, "b/repository")
    made = [initialised(one) for one in (first, second)]
    assert made[0].key_file != made[1].key_file
    assert all(one.new_key for one in made)
    assert not {*recipients(first)} & {*recipients(second)}


def test_two_municipalities_in_one_repository_have_two_keys(repository: Path) -> None:
    other = another(repository, "zeist", HTTPS)
    assert initialised(repository).key_file != initialised(other).key_file
    assert recipients(repository) != recipients(other)


def test_a_clone_under_another_name_finds_its_own(repository: Path) -> None:
    made = initialised(repository)
    clone = repository.parent / "elsewhere" / "clone"
    shutil.copytree(repository, clone)
    assert age_keys.key_file(clone, environment(clone)) == made.key_file
    assert check(clone, catalog()) == SecretsReport((), ())
    set_value(clone, catalog(), "acceptance", "SECRET_KEY", OTHER)
    assert values(clone)["signalen-backend-secrets/SECRET_KEY"] == OTHER


def test_a_repository_that_moved_finds_its_own(repository: Path) -> None:
    made = initialised(repository)
    form = repository / "municipality.yaml"
    form.write_text(form.read_text().replace(HTTPS, "git@new.example.nl:signalen/utrecht.git"))
    assert age_keys.key_file(repository, environment(repository)) == made.key_file
    assert init(repository, catalog(), sources=ValueSources())[0].files == ()
    rotate(repository, catalog(), "acceptance")
    assert check(repository, catalog()) == SecretsReport((), ())


def test_the_place_of_an_older_toolkit_is_still_found(repository: Path) -> None:
    initialised(repository)
    place = older(repository)
    assert age_keys.key_file(repository, environment(repository)) == place
    assert check(repository, catalog()) == SecretsReport((), ())
    rotate(repository, catalog(), "acceptance")
    assert init(repository, catalog(), sources=ValueSources())[0].key_file == place


def test_the_key_of_an_older_toolkit_is_not_taken_for_another_repository(repository: Path) -> None:
    other = another(repository, "b/repository")
    initialised(repository)
    place = older(repository)
    made = initialised(other)
    assert made.new_key
    assert made.key_file != place
    assert not {*recipients(repository)} & {*recipients(other)}


def test_repositories_that_share_a_key_by_now_get_one_each(repository: Path) -> None:
    """So an older toolkit left them; the second takes its own, and the first keeps working with what it has."""
    initialised(repository)
    place = older(repository)
    other = another(repository, "b/repository")
    assert recipients(repository) == recipients(other)
    before, shared = values(other), place.read_text()
    changed = rotate_recipients(other, catalog(), "acceptance", new_key=True)
    assert changed.key_file not in (None, place)
    assert place.read_text() == shared
    assert not {*recipients(repository)} & {*recipients(other)}
    assert values(other) == before
    for one in (repository, other):
        assert check(one, catalog()) == SecretsReport((), ())


def test_a_repository_that_was_copied_with_its_key_is_refused(repository: Path) -> None:
    initialised(repository)
    other = another(repository, "zeist")
    shutil.rmtree(other / "secrets")
    before = everything(repository.parent)
    with pytest.raises(UsageError, match=r"the key of GM0344 acceptance https://git\.example\.nl/utrecht.*--new-key"):
        initialised(other)
    assert everything(repository.parent) == before
    made = rotate_recipients(other, catalog(), "acceptance", new_key=True)
    initialised(other)
    assert made.key_file
    assert len(age_keys.keys(made.key_file)) == 1  # and not the other's
    assert not {*recipients(repository)} & {*recipients(other)}


def test_a_key_in_the_place_that_serves_another_is_refused(repository: Path) -> None:
    other = another(repository, "zeist")
    place = age_keys.own_place(repository, environment(repository))
    age_keys.make(place, environment(other))
    with pytest.raises(UsageError, match=r"has the key of GM0355 .* needs one of its own"):
        initialised(repository)


# A file of a person's own


def test_a_file_that_a_person_names(repository: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    mine = repository.parent / "home" / "my keys.txt"
    private, public = age_keys._generate()
    mine.write_text(private)
    monkeypatch.setenv("SOPS_AGE_KEY_FILE", str(mine))
    made = initialised(repository)
    assert (made.new_key, made.key_file) == (False, mine)
    assert recipients(repository) == [public]
    assert "it was there already, and nothing in it says what else it is for" in summary(made)
    assert mine.read_text() == private
    monkeypatch.setenv("SOPS_AGE_KEY_FILE", str(repository / "keys.txt"))
    with pytest.raises(UsageError, match="inside the repository"):
        init(repository, catalog(), sources=ValueSources())


def test_a_file_that_a_person_names_gets_a_key_for_each(repository: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    form = repository / "municipality.yaml"
    form.write_text(form.read_text() + "  production: {domain: meldingen.utrecht.nl}\n")
    other = another(repository, "zeist")
    mine = repository.parent / "home/keys/all.txt"
    monkeypatch.setenv("SOPS_AGE_KEY_FILE", str(mine))
    made = [
        init(one, catalog(), [name], sources=given())[0]
        for one in (repository, other)
        for name in ("acceptance", "production")
    ]
    assert {one.key_file for one in made} == {mine}
    assert len({*age_keys.publics(mine)}) == 4
    assert len({key.serves for key in age_keys.keys(mine)}) == 4
    assert stat.S_IMODE(mine.stat().st_mode) == 0o600
    for one in (repository, other):
        assert check(one, catalog()) == SecretsReport((), ())
        assert len(recipients(one)) == 1


# Killed


@pytest.mark.parametrize("moment", ["age_keys.make", "sops_config.add_rule", "secret_files.write"])
@pytest.mark.parametrize("after", [False, True])
def test_a_killed_init_can_be_repeated_and_leaves_no_copy_of_a_key(repository: Path, moment: str, after: bool) -> None:
    module, _, name = moment.partition(".")
    program = f"""
import os, signal, sys
from pathlib import Path
from signalen_toolkit.catalog.load import catalog
from signalen_toolkit.secrets import make
from signalen_toolkit.secrets.values import ValueSources
real = make.{module}.{name}
def killed(*arguments, **options):
    if {after}:
        real(*arguments, **options)
    os.kill(os.getpid(), signal.SIGKILL)
make.{module}.{name} = killed
make.init(Path({str(repository)!r}), catalog(), sources=ValueSources(variables={{"OIDC_RP_CLIENT_SECRET": "GIVEN"}}))
"""
    done = subprocess.run([sys.executable, "-c", program], check=False, env={**os.environ})
    assert done.returncode == -signal.SIGKILL
    made = initialised(repository)
    assert str(made.key_file) in summary(made)
    assert "kubectl create secret" in summary(made)
    assert check(repository, catalog()) == SecretsReport((), ())
    for key in age_keys.keys(made.key_file):
        assert files_with(repository.parent, key.private) == [made.key_file]


def test_a_key_is_written_in_place_and_in_one_piece(repository: Path, tmp_path: Path) -> None:
    """What stands beside it for a moment stands there for ever where the process is killed in that moment."""
    strace = shutil.which("strace")
    if strace is None:
        pytest.skip("strace is missing (Debian: strace)")
    place = tmp_path / "keys" / "x.txt"
    program = f"""
from pathlib import Path
from signalen_toolkit.catalog.load import catalog
from signalen_toolkit.secrets import age_keys
from signalen_toolkit.secrets.environment import choose, read_config
one = choose(read_config(Path({str(repository)!r}), catalog()), "acceptance")
age_keys.make(Path({str(place)!r}), one)
age_keys.make(Path({str(place)!r}), one)
"""
    command = [strace, "-f", "-s", "400", "-e", "trace=openat,write,rename,renameat,renameat2,link,linkat", "-o"]
    log = tmp_path / "log"
    subprocess.run([*command, log, sys.executable, "-c", program], check=True, env={**os.environ})
    lines = [line for line in log.read_text().splitlines() if str(place.parent) in line or "AGE-SECRET" in line]
    assert len([line for line in lines if "AGE-SECRET" in line]) == 2
    assert all("write(" in line for line in lines if "AGE-SECRET" in line)
    assert {line.split('"')[1] for line in lines if "O_CREAT" in line} == {str(place)}
    assert not [line for line in lines if "rename" in line or "link" in line]
    assert len(age_keys.keys(place)) == 2


def test_what_a_killed_run_left_aside_goes(repository: Path) -> None:
    initialised(repository)
    left = [
        repository / "..sops.yaml.x1.new",
        (repository / BACKEND).with_name(".signalen-backend-secrets.yaml.x1.new"),
    ]
    for path in left:
        path.write_text("x")
    init(repository, catalog(), sources=ValueSources())
    assert not any(path.exists() for path in left)


def test_a_new_key_that_fails_leaves_none(repository: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    initialised(repository)
    older(repository)
    failing = script(tmp_path_factory.mktemp("away"), "exit 1")
    before = everything(repository.parent)
    with pytest.raises(UsageError, match="sops failed"):
        rotate_recipients(repository, catalog(), "acceptance", new_key=True, program=failing)
    assert everything(repository.parent) == before


# Files


def test_a_file_without_an_end_of_line_is_added_to(repository: Path, tmp_path: Path) -> None:
    path = tmp_path / "keys.txt"
    path.write_text(age_keys._generate()[0])
    age_keys.make(path, environment(repository))
    assert [key.serves for key in age_keys.keys(path)] == ["", age_keys.serving(environment(repository))]


@pytest.mark.parametrize("content", [b"\xff\xfe", b"# nothing\n", b"AGE-SECRET-KEY-1" + b"Q" * 58])
def test_a_file_with_something_else_is_said_and_not_shown(repository: Path, content: bytes) -> None:
    initialised(repository)
    place = age_keys.key_file(repository, environment(repository))
    place.write_bytes(content)
    with pytest.raises(UsageError) as error:
        rotate_recipients(repository, catalog(), "acceptance", new_key=True)
    assert "QQQ" not in str(error.value)


def test_recipients_of_persons_stay(repository: Path) -> None:
    initialised(repository)
    rotate_recipients(repository, catalog(), "acceptance", add=[STRANGER])
    rotate_recipients(repository, catalog(), "acceptance", new_key=True)
    assert STRANGER in recipients(repository)
    assert len(recipients(repository)) == 2


# Addresses


@pytest.mark.parametrize(
    "url",
    [
        HTTPS,
        "https://git.example.nl/utrecht/signalen",
        "https://GIT.example.nl:443/utrecht/signalen.git/",
        "ssh://git@git.example.nl/utrecht/signalen.git",
        "ssh://git@git.example.nl:22/utrecht/signalen.git",
        "git@git.example.nl:utrecht/signalen.git",
    ],
)
def test_ways_to_reach_one_repository_are_one(url: str) -> None:
    assert age_key.same_repository(url, HTTPS)


@pytest.mark.parametrize(
    "url",
    [
        "https://git.example.nl/zeist/signalen.git",
        "https://git.example.org/utrecht/signalen.git",
        "https://git.example.nl:8443/utrecht/signalen.git",
        "https://git.example.nl/utrecht%2Fsignalen.git",
        "https://git.example.nl/utrecht/Signalen.git",
    ],
)
def test_another_repository_is_another(url: str) -> None:
    assert not age_key.same_repository(url, HTTPS)


@draw(st.text(), st.text())
def test_no_address_leads_out_of_its_place(one: str, other: str) -> None:
    for parts in (age_key._parts(one), age_key._parts(f"https://{one}/{other}"), age_key._parts(f"x@{one}:{other}")):
        assert parts
        for part in parts:
            assert part
            assert not part.startswith(".")
            assert part.isascii()
            assert not set(part) & set("/\\ $`\"'*?;&|<>()\n\0")


# Commands


@pytest.mark.parametrize("how", ["relative", "above", "absolute"])
def test_every_command_works_with_any_path(repository: Path, how: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(repository.parent)
    given_as = {"relative": "repository", "above": "home/../repository", "absolute": str(repository)}[how]
    path = Path(given_as)
    initialised(path)
    assert check(path, catalog()) == SecretsReport((), ())
    set_value(path, catalog(), "acceptance", "SECRET_KEY", OTHER)
    rotate(path, catalog(), "acceptance", ["FLOWER_BASIC_AUTH"])
    rotate_recipients(path, catalog(), "acceptance", new_key=True)
    rotate_recipients(path, catalog(), "acceptance", add=[STRANGER])
    assert check(path, catalog()) == SecretsReport((), ())
    assert values(repository)["signalen-backend-secrets/SECRET_KEY"] == OTHER
    assert sops.find()
