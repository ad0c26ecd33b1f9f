"""Other values and other readers for secrets that are there, and editing them by hand."""

from __future__ import annotations

import fcntl
import os
import shutil
import stat
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from signalen_toolkit.base import beneath, files, layout
from signalen_toolkit.base.environment import variables
from signalen_toolkit.base.layout import SOPS_CONFIG
from signalen_toolkit.catalog.model import Catalog
from signalen_toolkit.diagnostics.problems import UsageError, did_you_mean
from signalen_toolkit.documents import reader
from signalen_toolkit.form.config import Environment
from signalen_toolkit.secrets import age_keys, sops_config
from signalen_toolkit.secrets import files as secret_files
from signalen_toolkit.secrets import values as secret_values
from signalen_toolkit.secrets.after_rotation import kept_by_services, orders
from signalen_toolkit.secrets.environment import choose, needs_of, one_key, read_config, sops_of
from signalen_toolkit.secrets.files import SecretFile, ValueOrigin
from signalen_toolkit.secrets.make import Changed, change
from signalen_toolkit.secrets.sops import Sops, find

_RAM = ("tmpfs", "ramfs")
_PREFIX = "signalen-edit-"
_NEW = 10.0  # seconds in which the one who made a folder shows that it is at work


@dataclass(frozen=True, slots=True)
class Recipients:
    """Who can read the secrets of an environment from now on; `key_file` has the private key that was made, if so."""

    environment: str
    recipients: tuple[str, ...]
    files: tuple[str, ...]
    key_file: Path | None


@dataclass(frozen=True, slots=True)
class Rotation:
    """Which keys got another value, which were left out, and what to do in the cluster now, line by line."""

    changed: tuple[str, ...]
    left_out: tuple[str, ...]
    orders: tuple[str, ...]


def rotate(
    directory: Path,
    charts: Catalog,
    environment: str,
    keys: Sequence[str] = (),
    *,
    services: bool = False,
    program: str | None = None,
) -> Rotation:
    """Give keys (`<secret>/<key>`, or the key alone) new random values; without `keys`, all that are random.

    What a database or queue in the cluster keeps since it was first made is left out, unless it is among `keys` or
    with `services`: it has to be changed there as well. Keys that hold the same value go along.
    """
    with files.alone(directory):
        config = read_config(directory, charts)
        chosen = choose(config, environment)
        needs = needs_of(config, chosen, charts)
        kept = [] if keys or services else kept_by_services(needs)
        random = (key for secret in needs for key in secret.keys if key.random and key not in kept)
        wanted = [one_key(needs, key) for key in keys] or [*random]
        if known := [key.path for key in wanted if not key.random]:
            raise UsageError(
                f"{known[0]} is not random: give it the value that it has elsewhere with `signalen secrets set`"
            )
        values = {key.path: secret_values.random_text(key) for key in wanted}
        changed = change(directory, chosen, needs, values, ValueOrigin.RANDOM, find(program))
    left_out = tuple(key.path for key in kept)
    return Rotation(tuple(changed), left_out, tuple(orders(chosen, needs, changed)))


def rotate_recipients(
    directory: Path,
    charts: Catalog,
    environment: str,
    *,
    add: Sequence[str] = (),
    remove: Sequence[str] = (),
    new_key: bool = False,
    program: str | None = None,
) -> Recipients:
    """Let other age keys read the secrets of an environment: all its files get another data key, for them alone.

    `new_key` makes another private key for the environment alone. It takes the place of the others in its file, which
    stay in it: what is in Git already was encrypted for them.
    """
    _check(add)
    with files.alone(directory), ExitStack() as undo:
        chosen = choose(read_config(directory, charts), environment)
        sops = sops_of(directory, chosen, find(program))
        key_file = age_keys.key_file(directory, chosen)
        paths = _files(directory, environment)
        now = sops_config.read(directory).recipients(secret_files.path_of(environment, "x"))
        if unknown := [key for key in remove if key not in now]:
            raise UsageError(f"{unknown[0]} is no recipient of {environment}; {did_you_mean(unknown[0], now)}")
        add, remove = [*add], [*remove]
        if new_key:
            remove += [key for key in age_keys.publics(key_file) if key in now and key not in remove]
            key_file, public = _new_key(directory, chosen, key_file, now, undo)
            add.append(public)
        after = list(dict.fromkeys(key for key in [*now, *add] if key not in remove))
        if not after:
            raise UsageError(f"nobody could read the secrets of {environment} any more: add a recipient too")
        config = sops_config.with_recipients(directory, secret_files.path_of(environment, "x"), after)
        texts = {path: sops.reencrypt(directory / path, *_steps(directory, path, after)) for path in paths}
        undo.pop_all()  # the files need the new key from here on
        secret_files.write(directory, texts, {SOPS_CONFIG: config})
    return Recipients(environment, tuple(after), tuple(paths), key_file if new_key else None)


def edit(
    directory: Path, charts: Catalog, environment: str, secret: str, *, program: str | None = None
) -> Changed | None:
    """Have a person edit a Secret of an environment in plain text, in their own editor; tell what changed, if anything.

    SOPS gives the editor a file, so that file is in memory: in a folder that only its owner may enter. Others may work
    in the repository while the editor is open. Raises UsageError where this computer has no such folder, and where the
    Secret was changed in the meantime.
    """
    config = read_config(directory, charts)
    chosen = choose(config, environment)
    path = secret_files.path_of(environment, secret)
    if secret_files.read(directory, path) is None:
        known = [Path(one).stem for one in _files(directory, environment)]
        raise UsageError(f"there is no {path}; {did_you_mean(secret, known)}".removesuffix("; "))
    sops = sops_of(directory, chosen, find(program))
    with _memory() as folder, secret_files.copy_of(directory, path) as copy:
        before = copy.read_bytes()
        if not sops.edit(copy, folder) or copy.read_bytes() == before:
            return None
        keys = _tell_given(path, before, copy, sops)
        with files.alone(directory):
            if beneath.read(directory, path) != before:
                raise files.changed_meanwhile(directory / path)
            secret_files.write(directory, {path: copy.read_text(encoding="utf-8")})
    changed = [f"{secret}/{key}" for key in keys]
    needs = needs_of(config, chosen, charts)
    needed = {key.path for one in needs for key in one.keys}
    return Changed(tuple(changed), tuple(orders(chosen, needs, [path for path in changed if path in needed])))


def _tell_given(path: str, before: bytes, copy: Path, sops: Sops) -> list[str]:
    """Write down that values which a person changed are given; return their keys. SOPS leaves the others alone."""
    old, new = (SecretFile(reader.parse(text, path)) for text in (before, copy.read_bytes()))
    was = {place[1]: value for place, value in old.values()}
    keys = [place[1] for place, value in new.values() if was.get(place[1]) != value]
    if told := {key: ValueOrigin.GIVEN for key in keys if key in new.origins}:
        secret_files.tell_origins(copy, new, told, sops)
    return keys


def _new_key(
    directory: Path, environment: Environment, file: Path, now: Sequence[str], undo: ExitStack
) -> tuple[Path, str]:
    """Make another private key; return its file and the public one.

    Where the old one is in the place of this repository, or in a file that a person names, the new one comes below it.
    Elsewhere others may have it too, so the new one gets a file of its own, with the old one in it for Git's history.
    """
    place = file if age_keys.named_file() else age_keys.own_place(directory, environment)
    older = [] if place == file else [key for key in age_keys.keys(file) if key.public in now]
    older = [key for key in older if not age_keys.serves_another(key, environment, anywhere=True)]
    undo.callback(age_keys.take_back, place, place.stat().st_size if place.is_file() else None)
    return place, age_keys.make(place, environment, older)


def _steps(directory: Path, path: str, after: Sequence[str]) -> tuple[list[str], list[str]]:
    """Return the recipients that a file lacks, and those that it has too many."""
    file = secret_files.read(directory, path)
    now = file.recipients if file else []
    return [key for key in after if key not in now], [key for key in now if key not in after]


def _files(directory: Path, environment: str) -> list[str]:
    entries = beneath.listed(directory, f"{layout.SECRETS}/{environment}")
    return [entry.path for entry in entries if entry.is_file and entry.path.endswith(".yaml")]


def _check(recipients: Sequence[str]) -> None:
    for key in recipients:
        if age_keys.PRIVATE.search(key.upper()):
            raise UsageError("that is a private key: whoever sees it reads the secrets. Make another one")
        if not age_keys.PUBLIC.fullmatch(key):
            raise UsageError(f"{key} is no public age key: those begin with age1 and have 62 characters")


@contextmanager
def _memory() -> Iterator[Path]:
    """Give a folder that is not on a disk, and goes afterwards."""
    for name in (variables().get("XDG_RUNTIME_DIR"), "/dev/shm"):  # noqa: S108  # a folder of its own is made in it
        if name and os.access(name, os.W_OK) and _in_memory(Path(name)):
            _sweep(Path(name))
            with tempfile.TemporaryDirectory(prefix=_PREFIX, dir=name) as folder, _in_use(Path(folder)):  # mode 0700
                yield Path(folder)
            return
    raise UsageError(
        "this computer has no folder in memory (XDG_RUNTIME_DIR or /dev/shm), so that editing would leave plain text on"
        " the disk; change one value with `signalen secrets set`"
    )


@contextmanager
def _in_use(folder: Path) -> Iterator[None]:
    """Show that a folder is at work: a lock, which goes with the process however that ends."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def _sweep(place: Path) -> None:
    """Remove the folders of edits of this user that were killed without a chance to clean up."""
    for folder in place.glob(f"{_PREFIX}*"):
        try:
            about = folder.lstat()
        except FileNotFoundError:  # somebody was done
            continue
        if not stat.S_ISDIR(about.st_mode) or about.st_uid != os.geteuid() or time.time() - about.st_mtime < _NEW:
            continue
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            shutil.rmtree(folder, ignore_errors=True)
        except BlockingIOError:  # somebody edits
            pass
        finally:
            os.close(descriptor)


def _in_memory(folder: Path) -> bool:
    """Tell whether a folder is on a file system that has no disk, as the kernel lists them."""
    try:
        mounts = [line.split() for line in Path("/proc/self/mounts").read_text(encoding="utf-8").splitlines()]
    except OSError:
        return False
    place = folder.resolve()
    around = [mount for mount in mounts if place.is_relative_to(mount[1])]
    return bool(around) and max(around, key=lambda mount: len(mount[1]))[2] in _RAM
