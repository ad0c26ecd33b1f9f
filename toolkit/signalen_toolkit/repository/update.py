"""`signalen update`: a repository, brought to the template of the installed toolkit.

A three-way merge: the template as it was, the template as it is, and what a person made of it. The work tree has to be
clean, so that Git has everything that is written over; what was kept of the template before is written last, so that an
update that was broken off can be undone and done again.
"""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Final

from signalen_toolkit import __version__
from signalen_toolkit.base import files as atomic
from signalen_toolkit.base import layout
from signalen_toolkit.base.files import alone
from signalen_toolkit.base.layout import CLUSTERS, FORM_FILE, SCHEMA_FILE
from signalen_toolkit.base.paths import folder
from signalen_toolkit.base.versions import is_version, parse
from signalen_toolkit.catalog.load import catalog
from signalen_toolkit.diagnostics.problems import Problem, ProblemsError, UsageError, has_errors
from signalen_toolkit.documents import reader
from signalen_toolkit.documents.reader import read_text
from signalen_toolkit.form import git_hosts, migrations
from signalen_toolkit.form.config import Config
from signalen_toolkit.form.schema import form_schema
from signalen_toolkit.git import revisions
from signalen_toolkit.git.worktree import require_clean, tracked
from signalen_toolkit.rendering import tree
from signalen_toolkit.rendering.render import render
from signalen_toolkit.repository import template_state
from signalen_toolkit.repository.merge import FileChange, changes
from signalen_toolkit.repository.template_files import PROJECT, is_script, write_template
from signalen_toolkit.repository.template_state import Origin
from signalen_toolkit.validation.check import check

_LARGEST: Final = 2**20  # bytes; a larger file is none of the template's


@dataclass(frozen=True, slots=True)
class UpdateResult:
    """What an update does, or would do. `changes` are those of a person's files, and files that are kept as they are.

    `generated` are the files that the toolkit alone writes. With `problems` that are errors, `clusters/` was not
    rendered. `remarks` are sentences about what a person may not expect.
    """

    changes: tuple[FileChange, ...]
    generated: tuple[str, ...]
    problems: tuple[Problem, ...]
    remarks: tuple[str, ...] = ()

    @property
    def is_current(self) -> bool:
        """Tell whether there is nothing to do."""
        return not self.generated and all(change.kept for change in self.changes)

    @property
    def conflicts(self) -> tuple[str, ...]:
        """The files in which a person has to choose."""
        return tuple(change.path for change in self.changes if change.conflict)


def update(directory: Path, *, only_check: bool = False) -> UpdateResult:
    """Bring a repository up to date; with `only_check`, tell what would be done and write nothing.

    Raises UsageError where the folder is no clean Git repository or the repository is of a newer toolkit, and
    ProblemsError where the form cannot be read at all.
    """
    revisions.require(directory)
    if not (directory / FORM_FILE).is_file():
        raise UsageError(f"there is no {FORM_FILE} in {directory}; make a repository with `signalen new`")
    if only_check:
        return _plan(directory)[0]
    with alone(directory):
        require_clean(directory)
        result, texts, before = _plan(directory)
        _write(directory, result.changes, texts, before)
        if not has_errors(result.problems):
            tree.put(directory, render(_checked(directory)[0], catalog()))
    return result


def _plan(directory: Path) -> tuple[UpdateResult, dict[str, str], dict[str, bytes | None]]:
    """Return what is to be done, the texts that the toolkit alone writes, in the order of writing, and what was read.

    What was read is by path: of each file that is to be written, what it holds.
    """
    then = template_state.read(directory)
    remarks = []
    if then is None:
        then = Origin()
        remarks.append(
            f"there is no {layout.TEMPLATE_STATE} to tell what was changed here:"
            " files that differ from the template have both"
        )
    elif is_version(then.toolkit) and is_version(__version__) and parse(then.toolkit) > parse(__version__):
        raise UsageError(
            f"this repository is of Signalen Toolkit {then.toolkit}, and installed is {__version__}: install that one"
        )
    form = read_text(directory / FORM_FILE)
    text = migrations.migrated(form, FORM_FILE)
    config, problems = check(reader.parse(text, FORM_FILE), catalog(), directory)
    if not config.environments:
        raise ProblemsError(problems)
    now = template_files(config)
    theirs = _theirs(directory, {*then.files, *now})
    found = [
        change for change in changes(then, now, theirs) if change.kept or change.data != _bytes(directory / change.path)
    ]
    _check_way(directory, found)
    texts = {
        FORM_FILE: text,
        SCHEMA_FILE: json.dumps(form_schema(), indent=2, ensure_ascii=False) + "\n",
        layout.TEMPLATE_STATE: template_state.text(now),
    }
    own = {path: _bytes(directory / path) for path in texts} | {FORM_FILE: form.encode()}
    texts = {path: content for path, content in texts.items() if own[path] != content.encode()}
    stale = [] if has_errors(problems) else _stale(directory, config)
    before = {change.path: theirs.get(change.path) for change in found if not change.kept}
    before |= {path: own[path] for path in texts}
    return UpdateResult(tuple(found), (*texts, *stale), tuple(problems), tuple(remarks)), texts, before


def template_files(config: Config) -> dict[str, bytes]:
    """Return the files that the template makes for a form, by path; not the form, nor what is rendered from it."""
    with tempfile.TemporaryDirectory() as temporary:
        made = Path(temporary) / "repository"
        made.mkdir()
        write_template(made, {}, config, folder("municipality-template") / PROJECT)
        git_hosts.keep_pipeline(made, config.environments[0].settings["repository"]["host"])
        found = {path.relative_to(made).as_posix(): path.read_bytes() for path in made.rglob("*") if path.is_file()}
    return {path: data for path, data in found.items() if path != FORM_FILE}


def _stale(directory: Path, config: Config) -> list[str]:
    rendered = tree.compare(directory, render(config, catalog()))
    return sorted([*rendered.written, *rendered.removed])


def _theirs(directory: Path, template: set[str]) -> dict[str, bytes]:
    """Read the files that may be the template's, also under another name."""
    own = {FORM_FILE, SCHEMA_FILE, layout.TEMPLATE_STATE}
    paths = {path for path in tracked(directory) if PurePosixPath(path).parts[0] != CLUSTERS} | template
    found = {path: _bytes(directory / path) for path in sorted(paths - own)}
    return {path: data for path, data in found.items() if data is not None}


def _bytes(path: Path) -> bytes | None:
    """Return the content of a file; None where there is none, or one that is no file of the template."""
    if path.is_symlink() or not path.is_file() or path.stat().st_size > _LARGEST:
        return None
    return path.read_bytes()


def _check_way(directory: Path, found: list[FileChange]) -> None:
    """Raise where something that is no plain file stands where one has to be written."""
    for change in found:
        if change.kept or change.data is None:
            continue
        for path in (directory / change.path, *(directory / change.path).parents):
            if path == directory:
                break
            is_file = path == directory / change.path
            if path.is_symlink() or (path.exists() and path.is_file() != is_file):
                where = path.relative_to(directory)
                what = "link" if path.is_symlink() else "folder" if is_file else "file"
                raise UsageError(f"{where} is a {what}, and {change.path} has to stand there: move it or delete it")


def _write(
    directory: Path, found: tuple[FileChange, ...], texts: Mapping[str, str], before: Mapping[str, bytes | None]
) -> None:
    """Write what is to be done. Raises UsageError where a file does not hold any more what was read from it."""
    for path, data in before.items():
        if _bytes(directory / path) != data:
            raise atomic.changed_meanwhile(directory / path)
    for change in found:
        if change.kept:
            continue
        if change.data is None:
            _remove(directory, directory / change.path)
        else:
            _put(directory / change.path, change.data, before[change.path])
    for path, text in texts.items():
        _put(directory / path, text.encode(), before[path])


def _put(path: Path, data: bytes, before: bytes | None) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    new = 0o755 if is_script(data) else 0o644
    mode = path.stat().st_mode & 0o777 if path.exists() else new
    atomic.replace(path, data, mode=mode, expected=before)


def _remove(directory: Path, path: Path) -> None:
    path.unlink(missing_ok=True)
    for parent in path.parents:
        if parent == directory or any(parent.iterdir()):
            break
        parent.rmdir()


def _checked(directory: Path) -> tuple[Config, list[Problem]]:
    return check(reader.read(directory / FORM_FILE, name=FORM_FILE), catalog(), directory)


def summary(result: UpdateResult, *, only_check: bool = False) -> str:
    """Say what was done, or would be."""
    if result.is_current:
        lines = [f"this repository is up to date with Signalen Toolkit {__version__}"]
    else:
        verb = "would be written" if only_check else "written"
        lines = [f"{change.path}: {change.what}" for change in result.changes if not change.kept]
        lines += [f"{path}: {verb}" for path in result.generated]
    lines += [f"note: {sentence}" for sentence in _notes(result)]
    if result.conflicts and not only_check:
        lines.append(f"choose between the marks in {', '.join(result.conflicts)}, then commit")
    return "\n".join(lines)


def _notes(result: UpdateResult) -> Iterator[str]:
    yield from (f"{change.path}: {change.what}" for change in result.changes if change.kept)
    yield from result.remarks
    if has_errors(result.problems):
        yield f"{FORM_FILE} has errors, so {CLUSTERS}/ was left as it is: correct them, and run `signalen render`"
