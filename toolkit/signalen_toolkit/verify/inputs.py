"""All that the outcome of `signalen verify` depends on, as one key.

Rather too much than too little: a key that changes without need costs a second, one that does not change costs a
wrong answer. A file counts with its content and with when it last changed, so that it also differs where somebody
changed it and changed it back, while it was read in between.
"""

from __future__ import annotations

import hashlib
import os
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Final

from signalen_toolkit.base import beneath, layout
from signalen_toolkit.base.paths import CHECKOUT, PACKAGE, placed
from signalen_toolkit.diagnostics.problems import UsageError
from signalen_toolkit.form.rendered import FACTS_FILE
from signalen_toolkit.git import enclosing
from signalen_toolkit.helm import program as helm
from signalen_toolkit.helm.options import Options

_LARGEST: Final = 32 * 2**20  # bytes; what is larger is no chart, no schema and no form
_MOST: Final = 20_000  # files in the folders that a person names
_LONGEST: Final = 1000  # letters of a path
_ASSETS: Final = "assets"


def key(repository: Path, options: Options, schemas: Path | None) -> str | None:
    """Return the key of a repository's form, verified with these options; None where something cannot be read.

    Then nothing is remembered, and the work itself says what is wrong.
    """
    try:
        parts = list(_parts(repository, options, schemas))
    except (OSError, UsageError, ValueError, RecursionError):
        return None
    return hashlib.sha256("\0".join(parts).encode(errors="surrogateescape")).hexdigest()


def _parts(repository: Path, options: Options, schemas: Path | None) -> Iterator[str]:
    yield repr((str(repository.absolute()), enclosing.place(repository), str(schemas), options))
    yield from _content(repository / layout.FORM_FILE, within=repository)
    for root, file in _layers(repository):
        yield from _content(root / file, within=root)
    yield from _content(repository / layout.CHARTS_LOCK, within=repository)
    for entry in beneath.listed(repository, layout.CLUSTERS):
        yield from _content(repository / entry.path / FACTS_FILE, within=repository)
    yield from _named(repository)
    yield from _own(repository, layout.MANIFESTS)
    yield from toolkit_state()
    yield from around(options, schemas)


def around(options: Options, schemas: Path | None) -> Iterator[str]:
    """Yield what the outcome depends on that is not in the repository: Helm, charts, and schemas.

    Raises OSError, UsageError or ValueError where something cannot be read.
    """
    yield from _helm(options)
    yield from _names(options.cache())
    for folder in filter(None, (options.charts, schemas)):
        yield from _tree(folder)


def _named(repository: Path) -> Iterator[str]:
    """Yield the files that the form names, also those that are not there.

    Whatever text in it is the path of a file counts, so that nothing here has to know which settings name images; what
    is an image by default is in `assets/`.
    """
    import yaml

    from signalen_toolkit.documents.machine import events

    form = beneath.read(repository, beneath.real(repository, layout.FORM_FILE), _LARGEST)
    if form is None:
        raise ValueError("no form")
    layers = (beneath.read(root, beneath.real(root, file), _LARGEST) for root, file in _layers(repository))
    try:
        scalars = {
            event.value
            for one in (form, *filter(None, layers))
            for event in events(one.decode())
            if isinstance(event, yaml.ScalarEvent)
        }
    except yaml.YAMLError as error:
        raise ValueError("a form that is not YAML") from error
    for name in sorted(scalars):
        if name and len(name) <= _LONGEST and name.isprintable():
            yield from _content(repository / name, within=repository)
    yield from _own(repository, _ASSETS)


def _layers(repository: Path) -> list[tuple[Path, str]]:
    """Return the files that a form in a fleet is completed by, each with the folder that it may not lead out of."""
    root = layout.fleet_root(repository)
    if root is None:
        return []
    from signalen_toolkit.form import fleet  # reading YAML with positions takes long to import

    return [(root, file) for file in fleet.layer_files(root, placed(repository).name)]


@cache
def toolkit_key() -> str:
    """Return one key of `toolkit_state`, as it was when this process first asked."""
    return hashlib.sha256("\0".join(toolkit_state()).encode(errors="surrogateescape")).hexdigest()


def toolkit_state() -> Iterator[str]:
    """Yield what the toolkit is made of, the libraries that it calls, and the Python that runs it."""
    yield sys.version
    for folder in (PACKAGE, CHECKOUT / "chart-templates"):
        yield from (f"{path} {_state(path)}" for path in _files(folder))
    # Libraries, and with them the schemas of Kubernetes, by the folder that says which version is installed. Asked
    # by their own means (importlib.metadata), they would take longer than all the rest.
    for place in map(Path, sys.path):
        if place.is_dir():
            yield from sorted(map(str, (*place.glob("*.dist-info"), *place.glob("*.egg-info"))))


def _helm(options: Options) -> Iterator[str]:
    """Yield which Helm it is. One that a person named may call another (as mise does): it is asked for its version."""
    if options.engine == "library":
        return  # its version is among the libraries
    program = options.helm()
    yield f"{program} {program.resolve()} {_state(program)}"
    if options.program or options.variables.get(helm.VARIABLE):
        yield helm.version(program)


def _names(cache: Path) -> Iterator[str]:
    """Yield the charts in the cache: each has its digest in its name, and the newest is taken."""
    for path in _files(cache):
        if path.endswith(".tgz"):
            yield f"{path} {_state(path)}"


def _own(repository: Path, folder: str) -> Iterator[str]:
    """Yield what is in a folder of the repository, also one that it is a link to; no link leads out of it."""
    for number, entry in enumerate(beneath.walk(repository, beneath.real(repository, folder))):
        if number >= _MOST:
            raise ValueError("more files than it is worth to look at")
        yield from _content(repository / entry.path, within=repository)


def _tree(folder: Path) -> Iterator[str]:
    for number, path in enumerate(_files(folder)):
        if number >= _MOST:
            raise ValueError("more files than it is worth to look at")
        yield from _content(Path(path))


def _files(folder: Path) -> Iterator[str]:
    """Yield the files below a folder, in one order; links are followed, as by whoever reads a chart, and no circles."""
    seen: set[tuple[int, int]] = set()
    for place, folders, files in os.walk(folder, followlinks=True):
        state = Path(place).stat()
        folders[:] = [] if (state.st_dev, state.st_ino) in seen else sorted({*folders} - {"__pycache__"})
        seen.add((state.st_dev, state.st_ino))
        yield from (f"{place}{os.sep}{name}" for name in sorted(files))


def _content(path: Path, *, within: Path | None = None) -> Iterator[str]:
    """Yield what a file holds; of one that is elsewhere than `within` only where it is, for nobody reads that."""
    place = os.path.realpath(path)
    yield f"{path} {place} {_state(path)}"
    if within is not None and not Path(place).is_relative_to(os.path.realpath(within)):
        return
    if path.is_file():
        if path.stat().st_size > _LARGEST:
            raise ValueError("larger than anything that is read")
        yield hashlib.sha256(path.read_bytes()).hexdigest()


def _state(path: str | Path) -> str:
    """Return what changes whenever a file does; ctime cannot be set back, as mtime can."""
    try:
        state = os.stat(path)  # noqa: PTH116  # hundreds of times
    except OSError as error:
        return f"{error.strerror}"
    return f"{state.st_ino} {state.st_size} {state.st_mtime_ns} {state.st_ctime_ns}"
