"""`signalen update`: a repository, brought to the template of the installed toolkit.

A three-way merge: the template as it was, the template as it is, and what a person made of it. The work tree has to be
clean, so that Git has everything that is written over; what was kept of the template before is written last, so that an
update that was broken off can be undone and done again.
"""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Final

from signalen_toolkit import __version__
from signalen_toolkit.base import beneath, layout
from signalen_toolkit.base.environment import variables
from signalen_toolkit.base.files import alone
from signalen_toolkit.base.layout import CLUSTERS, FORM_FILE, SCHEMA_FILE
from signalen_toolkit.base.paths import folder
from signalen_toolkit.base.together import together
from signalen_toolkit.base.versions import is_version, parse
from signalen_toolkit.catalog.load import catalog
from signalen_toolkit.diagnostics.problems import Problem, ProblemsError, UsageError, has_errors
from signalen_toolkit.documents import reader
from signalen_toolkit.documents.edit import set_values
from signalen_toolkit.documents.reader import read_text
from signalen_toolkit.form import git_hosts, migrations
from signalen_toolkit.form.config import Config
from signalen_toolkit.form.fleet import read_form
from signalen_toolkit.form.schema import form_schema
from signalen_toolkit.git import enclosing, revisions
from signalen_toolkit.git.worktree import require_clean, tracked
from signalen_toolkit.installing import origin, own
from signalen_toolkit.installing import source as installing
from signalen_toolkit.rendering import tree
from signalen_toolkit.rendering.render import render
from signalen_toolkit.rendering.tree import NewTree
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
    if beneath.look(directory, FORM_FILE) is None:
        raise UsageError(f"there is no {FORM_FILE} in {directory}; make a repository with `signalen new`")
    if only_check:
        return _plan(directory)[0]
    with alone(directory):
        require_clean(directory)
        result, texts, before, files = _plan(directory)
        with tree.prepared(directory, files) if files is not None else nullcontext() as made:
            _write(directory, result.changes, texts, before, made)
    return result


def _plan(
    directory: Path,
) -> tuple[UpdateResult, dict[str, str], dict[str, bytes | None], Mapping[str, str] | None]:
    """Return what is to be done, the texts that the toolkit alone writes, in the order of writing, and what was read.

    What was read is by path: of each file that is to be written, what it holds. Last comes the tree, where the form has
    no errors.
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
    form = read_text(directory, FORM_FILE)
    text = _following(migrations.migrated(form, FORM_FILE))
    config, problems = check(read_form(directory, content=text), catalog(), directory, lies=enclosing.place(directory))
    if not config.environments:
        raise ProblemsError(problems)
    now = template_files(config)
    theirs = _theirs(directory, {*then.files, *now})
    found = [
        change for change in changes(then, now, theirs) if change.kept or change.data != _bytes(directory, change.path)
    ]
    _check_way(directory, found)
    texts = {
        FORM_FILE: text,
        SCHEMA_FILE: json.dumps(form_schema(), indent=2, ensure_ascii=False) + "\n",
        **_toolkit(directory, config, remarks),
        layout.TEMPLATE_STATE: template_state.text(now),
    }
    ours = {path: beneath.read(directory, path) for path in texts if path != FORM_FILE} | {FORM_FILE: form.encode()}
    texts = {path: content for path, content in texts.items() if ours[path] != content.encode()}
    files = None if has_errors(problems) else render(config, catalog())
    stale = [] if files is None else _stale(directory, files)
    before = {change.path: theirs.get(change.path) for change in found if not change.kept}
    before |= {path: ours[path] for path in texts}
    return UpdateResult(tuple(found), (*texts, *stale), tuple(problems), tuple(remarks)), texts, before, files


def template_files(config: Config) -> dict[str, bytes]:
    """Return the files that the template makes for a form, by path; not the form, nor what is rendered from it."""
    with tempfile.TemporaryDirectory() as temporary:
        made = Path(temporary) / "repository"
        made.mkdir()
        write_template(made, {}, config, folder("municipality-template") / PROJECT)
        git_hosts.keep_pipeline(made, config.environments[0].settings["repository"]["host"])
        found = {path.relative_to(made).as_posix(): path.read_bytes() for path in made.rglob("*") if path.is_file()}
    return {path: data for path, data in found.items() if path != FORM_FILE}


def _following(text: str) -> str:
    """Return the text of a form that names the toolkit that runs here, where it comes from Git or is an image."""
    section = reader.parse(text, FORM_FILE).data
    given = section.get("toolkit") if isinstance(section, dict) else None
    now = origin.running(variables())
    if not isinstance(given, dict) or given.get("source", "index") != now.get("source", "index"):
        return text
    if "image" in now:
        return set_values(text, {("toolkit", "image"): now["image"]})
    commit = now.get("git", {}).get("commit")
    return set_values(text, {("toolkit", "git", "commit"): commit}) if commit else text


def _toolkit(directory: Path, config: Config, remarks: list[str]) -> dict[str, str]:
    """Return the files from which the toolkit is installed; what an index once said of it stays."""
    source = installing.source_of(config.environments[0].settings)
    kept = beneath.read(directory, layout.TOOLKIT) or b""
    hashes, said = own.hashes(source, kept.decode(errors="replace"), offline=bool(variables().get("SIGNALEN_OFFLINE")))
    remarks += said
    return installing.files(source, hashes)


def _stale(directory: Path, files: Mapping[str, str]) -> list[str]:
    rendered = tree.compare(directory, files)
    return sorted([*rendered.written, *rendered.removed])


def _theirs(directory: Path, template: set[str]) -> dict[str, bytes]:
    """Read the files that may be the template's, also under another name."""
    generated = {FORM_FILE, SCHEMA_FILE, layout.TEMPLATE_STATE, layout.REQUIREMENTS, layout.TOOLKIT}
    paths = {path for path in tracked(directory) if PurePosixPath(path).parts[0] != CLUSTERS} | template
    found = {path: _bytes(directory, path) for path in sorted(paths - generated)}
    return {path: data for path, data in found.items() if data is not None}


def _bytes(directory: Path, path: str) -> bytes | None:
    """Return the content of a file; None where there is none, or what is no file of the template, or behind a link."""
    try:
        entry = beneath.look(directory, path)
    except UsageError:
        return None
    if entry is None or not entry.is_file or entry.status.st_size > _LARGEST:
        return None
    return beneath.read(directory, path)


def _check_way(directory: Path, found: Sequence[FileChange]) -> None:
    """Raise where something that is no plain file stands where one has to be written."""
    for change in found:
        if not change.kept and change.data is not None:
            _check_place(directory, change.path)


def _check_place(directory: Path, path: str) -> None:
    entry = beneath.look(directory, path)
    if entry is not None and not entry.is_file:
        raise UsageError(f"{path} is {entry}, and a file has to stand there: move it or delete it")


def _write(
    directory: Path,
    found: Sequence[FileChange],
    texts: Mapping[str, str],
    before: Mapping[str, bytes | None],
    made: NewTree | None,
) -> None:
    """Write what is to be done, all or nothing.

    Raises UsageError where a file does not hold any more what was read from it, OSError where the disk is full.
    """
    with together(directory) as files:
        for change in found:
            if change.kept:
                continue
            was = before[change.path]
            if change.data is not None:
                mode = beneath.SCRIPT if is_script(change.data) else beneath.NEW
                files.write(change.path, change.data, was, mode=mode)
            elif was is not None:
                files.remove(change.path, was)
        for path, text in texts.items():
            files.write(beneath.real(directory, path) if path == FORM_FILE else path, text.encode(), before[path])
        files.take_place()
        if made is not None:
            made.take_place()


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
