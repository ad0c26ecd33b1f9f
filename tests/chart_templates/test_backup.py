"""The copies of the database and of the photographs: what the scripts of the CronJobs leave on a volume."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from signalen_toolkit.base.paths import folder
from signalen_toolkit.form.municipalities import by_code

from tests.conftest import TESTS
from tests.support.rendered import minimal_form, quick, tree_of

SCRIPTS = folder("chart-templates") / "backend" / "scripts"
# Debian's sh, which is that of the image, and what else sh may be.
SHELLS = [shell for shell in ("dash", "sh") if shutil.which(shell)]
BEFORE = ["2026-01-01T01-30-00Z", "2026-01-02T01-30-00Z", "2026-01-03T01-30-00Z"]

# Writes its arguments down, and makes a file of one line.
PG_DUMP = """#!/bin/sh
echo "pg_dump $*" >>"$CALLS"
for argument; do case $argument in --file=*) echo "of $PGDATABASE" >"${argument#--file=}" ;; esac; done
exit "${DUMP_ENDS_WITH:-0}"
"""
PG_RESTORE = """#!/bin/sh
echo "pg_restore $*" >>"$CALLS"
exit "${RESTORE_ENDS_WITH:-0}"
"""


def names(place: Path) -> list[str]:
    return sorted(path.name for path in place.iterdir())


# The database


@pytest.fixture
def volume(tmp_path: Path) -> Path:
    volume = tmp_path / "backup"
    volume.mkdir()
    # As the file system makes it.
    (volume / "lost+found").mkdir()
    return volume


def copy_database(
    volume: Path, shell: str = "sh", keep: int = 3, other: Mapping[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    """Run the script with programs that only seem to be PostgreSQL's."""
    programs = volume.parent / "bin"
    programs.mkdir(exist_ok=True)
    for name, text in {"pg_dump": PG_DUMP, "pg_restore": PG_RESTORE}.items():
        (programs / name).write_text(text, encoding="utf-8")
        (programs / name).chmod(0o755)
    environment = {
        "PATH": f"{programs}:{os.environ['PATH']}",
        "FOLDER": str(volume),
        "KEEP": str(keep),
        "CALLS": str(volume.parent / "calls"),
        "PGDATABASE": "signalen",
        **(other or {}),
    }
    return subprocess.run(
        [shell, str(SCRIPTS / "backup-database.sh")], env=environment, capture_output=True, text=True, check=False
    )


def dumps(volume: Path) -> list[str]:
    return [name for name in names(volume) if name != "lost+found"]


@pytest.mark.parametrize("shell", SHELLS)
def test_a_copy_of_the_database_is_made_and_read_again(shell: str, volume: Path) -> None:
    done = copy_database(volume, shell)
    assert (done.returncode, done.stderr) == (0, "")
    (name,) = dumps(volume)
    copy = volume / name
    assert copy.read_text(encoding="utf-8") == "of signalen\n"
    assert copy.stat().st_mode & 0o077 == 0, "what is in it is for nobody else"
    assert (volume.parent / "calls").read_text(encoding="utf-8").splitlines() == [
        f"pg_dump --format=custom --no-password --file={copy}.part",
        # Without an address: to its end, and into nothing.
        f"pg_restore --file=/dev/null {copy}.part",
    ]
    assert done.stdout == f"made {copy}; 1 copies kept\n"


@pytest.mark.parametrize("shell", SHELLS)
@pytest.mark.parametrize(("keep", "left"), [(1, []), (2, BEFORE[2:]), (3, BEFORE[1:]), (4, BEFORE), (9, BEFORE)])
def test_the_oldest_copies_of_the_database_go(shell: str, keep: int, left: list[str], volume: Path) -> None:
    for name in BEFORE:
        (volume / f"{name}.dump").touch()
    (volume / "read-me.txt").touch()
    assert copy_database(volume, shell, keep).returncode == 0
    *old, new, other = dumps(volume)
    assert old == [f"{name}.dump" for name in left]
    assert new.endswith("Z.dump")
    assert other == "read-me.txt"


@pytest.mark.parametrize("shell", SHELLS)
@pytest.mark.parametrize("broken", [{"DUMP_ENDS_WITH": "1"}, {"RESTORE_ENDS_WITH": "1"}])
def test_a_copy_that_failed_is_no_copy_and_costs_none(shell: str, broken: Mapping[str, str], volume: Path) -> None:
    for name in BEFORE:
        (volume / f"{name}.dump").touch()
    done = copy_database(volume, shell, 1, broken)
    assert done.returncode != 0
    # Neither a beginning of one, which would take room from the next.
    assert dumps(volume) == [f"{name}.dump" for name in BEFORE]


def test_what_a_killed_run_left_goes_first(volume: Path) -> None:
    (volume / f"{BEFORE[0]}.dump.part").touch()
    assert copy_database(volume).returncode == 0
    (name,) = dumps(volume)
    assert name.endswith("Z.dump")


# The photographs


@pytest.fixture
def media(tmp_path: Path) -> Path:
    """Return a volume with two photographs, of some days ago."""
    media = tmp_path / "media"
    for name in ("attachments/2026/01/tree.jpg", "attachments/2026/02/lamp.jpg"):
        photograph(media, name, 1_700_000_000.25)
    (media / "lost+found").mkdir()
    (media / "lost+found").chmod(0o000)
    return media


def photograph(media: Path, name: str, made: float, text: str = "") -> Path:
    path = media / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text or name, encoding="utf-8")
    os.utime(path, (made, made))
    return path


def command(first: str = "") -> list[str]:
    """Return what runs the script, after a piece of Python that makes something go wrong."""
    script = str(SCRIPTS / "backup_media.py")
    program = f"import os, runpy, shutil, time\n{first}\nrunpy.run_path({script!r}, run_name='__main__')"
    return [sys.executable, "-c", program] if first else [sys.executable, script]


def variables(media: Path, volume: Path, keep: int = 3) -> dict[str, str]:
    return {**os.environ, "MEDIA": str(media), "FOLDER": str(volume), "KEEP": str(keep)}


def copy_media(media: Path, volume: Path, keep: int = 3, first: str = "") -> subprocess.CompletedProcess[str]:
    environment = variables(media, volume, keep)
    return subprocess.run(command(first), env=environment, capture_output=True, text=True, check=False)


def made(media: Path, volume: Path, keep: int = 3) -> Path:
    """Make a copy, as if all before it was made yesterday."""
    before = set(dumps(volume))
    done = copy_media(media, volume, keep)
    assert (done.returncode, done.stderr) == (0, "")
    (name,) = set(dumps(volume)) - before
    # The name of a copy is a second, and tests are faster.
    day = 10 + len(before)
    return (volume / name).rename(volume / f"2026-01-{day}T02-00-00Z")


def tree(place: Path) -> dict[str, str]:
    files = (path for path in place.rglob("*") if path.is_file())
    return {path.relative_to(place).as_posix(): path.read_text(encoding="utf-8") for path in files}


def photographs(media: Path) -> dict[str, str]:
    return tree(media / "attachments")


def test_the_first_copy_has_every_photograph(media: Path, volume: Path) -> None:
    copy = made(media, volume)
    assert names(copy) == ["attachments"]
    assert tree(copy / "attachments") == photographs(media)
    lamp = "attachments/2026/02/lamp.jpg"
    assert (copy / lamp).stat().st_mtime == (media / lamp).stat().st_mtime
    assert (copy / lamp).stat().st_ino != (media / lamp).stat().st_ino
    assert copy.stat().st_mode & 0o077 == 0, "what is in it is for nobody else"


def test_what_has_not_changed_costs_nothing(media: Path, volume: Path) -> None:
    first = made(media, volume)
    photograph(media, "attachments/2026/03/new.jpg", 1_800_000_000)
    # Of the same size, and later; and of the same moment, and larger.
    photograph(media, "attachments/2026/01/tree.jpg", 1_800_000_000, "attachments/2026/01/EERT.jpg")
    second = made(media, volume)
    assert tree(second / "attachments") == photographs(media)
    shared = {name for name in tree(second) if (first / name).exists() and (first / name).samefile(second / name)}
    assert shared == {"attachments/2026/02/lamp.jpg"}
    assert tree(first)["attachments/2026/01/tree.jpg"] == "attachments/2026/01/tree.jpg"


def test_a_volume_that_knows_whole_seconds_alone_does_for_links(media: Path, volume: Path) -> None:
    first = made(media, volume)
    lamp = "attachments/2026/02/lamp.jpg"
    os.utime(first / lamp, (1_700_000_000, 1_700_000_000))
    assert (made(media, volume) / lamp).samefile(first / lamp)


def test_a_removed_photograph_is_in_the_old_copy_alone(media: Path, volume: Path) -> None:
    first = made(media, volume)
    lamp = "attachments/2026/02/lamp.jpg"
    (media / lamp).unlink()
    second = made(media, volume)
    assert (first / lamp).exists()
    assert not (second / lamp).exists()


def test_the_oldest_copies_of_photographs_go(media: Path, volume: Path) -> None:
    copies = [made(media, volume, keep=9) for _ in range(3)]
    assert copy_media(media, volume, keep=2).returncode == 0
    left = dumps(volume)
    assert len(left) == 2
    assert copies[2].name in left
    # What the removed ones were the first to have is still there.
    assert tree(copies[2] / "attachments") == photographs(media)


def test_a_volume_without_photographs_takes_the_place_of_none(media: Path, volume: Path, tmp_path: Path) -> None:
    copy = made(media, volume)
    other = tmp_path / "other"
    other.mkdir()
    done = copy_media(other, volume, keep=1)
    assert done.returncode != 0
    assert "no copy is made" in done.stderr
    assert dumps(volume) == [copy.name]


def test_an_environment_without_photographs_yet_has_an_empty_copy(volume: Path, tmp_path: Path) -> None:
    media = tmp_path / "media"
    media.mkdir()
    copy = made(media, volume)
    assert tree(copy) == {}
    assert tree(made(media, volume)) == {}


FULL = "def full(*of): raise OSError(28, 'No space left on device')\nshutil.copy2 = full"
CLOSED = """
scan = os.scandir
def closed(path):
    if "2026" in str(path):
        raise PermissionError(13, "Permission denied")
    return scan(path)
os.scandir = closed
"""


@pytest.mark.parametrize(("first", "error"), [(FULL, "No space left"), (CLOSED, "Permission denied")])
def test_a_copy_of_photographs_is_whole_or_none(first: str, error: str, media: Path, volume: Path) -> None:
    before = made(media, volume)
    photograph(media, "attachments/2026/03/new.jpg", 1_800_000_000)
    done = copy_media(media, volume, 1, first)
    assert done.returncode != 0
    assert error in done.stderr
    assert dumps(volume) == [before.name]


def test_a_volume_without_links_has_whole_copies(media: Path, volume: Path) -> None:
    copy = made(media, volume)
    first = "def none(*of): raise PermissionError(1, 'Operation not permitted')\nos.link = none"
    assert copy_media(media, volume, 1, first).returncode == 0
    (name,) = dumps(volume)
    assert name != copy.name
    assert tree(volume / name / "attachments") == photographs(media)


@pytest.mark.parametrize("moment", ["copying", "removing"])
def test_a_killed_run_leaves_no_part_that_looks_whole(moment: str, media: Path, volume: Path) -> None:
    before = [made(media, volume) for _ in range(2)]
    photograph(media, "attachments/2026/03/new.jpg", 1_800_000_000)
    function = {"copying": "shutil.copy2", "removing": "shutil.rmtree"}[moment]
    first = f"def wait(*of):\n    print('now', flush=True)\n    time.sleep(60)\n{function} = wait"
    environment = variables(media, volume, 2)
    with subprocess.Popen(command(first), env=environment, stdout=subprocess.PIPE) as running:
        assert running.stdout
        assert running.stdout.readline() == b"now\n"
        running.kill()
    whole = [name for name in dumps(volume) if not name.endswith(".part")]
    assert len(whole) < len(dumps(volume))
    assert before[1].name in whole
    assert all(tree(volume / name).keys() >= tree(before[1]).keys() for name in whole)
    for name in {*whole} - {copy.name for copy in before}:
        (volume / name).rename(volume / "2026-01-20T02-00-00Z")  # of the same second as the next one
    assert copy_media(media, volume).returncode == 0
    assert not [name for name in dumps(volume) if name.endswith(".part")]


# The CronJobs


def cron_jobs(**settings: Any) -> dict[str, Any]:
    municipality = by_code("GM0344")
    assert municipality
    form = {**minimal_form(municipality), **settings}
    path = "clusters/acceptance/manifests/backup.yaml"
    rendered = quick(tree_of(form).get(path, ""))
    return {one["metadata"]["name"]: one for one in rendered if one and one["kind"] == "CronJob"}


def pod(job: Mapping[str, Any]) -> dict[str, Any]:
    return dict(job["spec"]["jobTemplate"]["spec"]["template"]["spec"])


def test_the_scripts_are_what_the_jobs_run() -> None:
    jobs = cron_jobs()
    commands = {name: pod(job)["containers"][0]["command"] for name, job in jobs.items()}
    assert commands == {
        "signalen-backup-database": ["/bin/sh", "/scripts/backup-database.sh"],
        "signalen-backup-media": ["python", "/scripts/backup_media.py"],
    }
    for command in commands.values():
        assert (SCRIPTS / Path(command[1]).name).is_file()


def test_a_copy_is_made_where_the_backend_may_run() -> None:
    """Its volume may be with the backend's pod, on a node where not everybody may be."""
    tolerations = [{"key": "signalen", "operator": "Exists"}]
    jobs = cron_jobs(overrides={"backend": {"tolerations": tolerations}})
    assert [pod(job)["tolerations"] for job in jobs.values()] == [tolerations] * 2
    assert not any("tolerations" in pod(job) for job in cron_jobs().values())


def test_what_is_kept_elsewhere_is_copied_there() -> None:
    managed = {"host": "postgres.example.nl"}
    bucket = {"provider": "s3", "s3": {"bucket": "photographs"}}
    assert cron_jobs(database=managed).keys() == {"signalen-backup-media"}
    assert cron_jobs(storage=bucket).keys() == {"signalen-backup-database"}
    assert cron_jobs(database=managed, storage=bucket) == {}


def test_the_page_about_copies_changes_what_is_there() -> None:
    """Its commands start the pod of a CronJob, with another command, and for photographs with the right to write."""
    text = (TESTS.parent / "docs" / "backup.md").read_text(encoding="utf-8")
    used = set(re.findall(r"--from=cronjob/([a-z-]+)", text))
    jobs = cron_jobs()
    assert used == set(jobs)
    patches = re.findall(r"--patch \\\n\s+'(\[.*?\])'", text, re.DOTALL)
    assert len(patches) == len(jobs)
    places = {one["path"].removeprefix("/spec/template/spec/") for patch in patches for one in json.loads(patch)}
    assert places == {"containers/0/command", "containers/0/volumeMounts/2/readOnly"}
    (container,) = pod(jobs["signalen-backup-media"])["containers"]
    assert container["volumeMounts"][2] == {"name": "media", "mountPath": "/media-to-copy", "readOnly": True}
