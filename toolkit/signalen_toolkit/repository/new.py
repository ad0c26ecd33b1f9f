"""`signalen new`: answers → a configuration repository, from the cookiecutter in `municipality-template/`.

The repository is built beside its place and put there as a whole: whoever fails, is interrupted or runs out of
disk finds nothing half done. The template also works with plain cookiecutter, which then calls `complete`.
"""

from __future__ import annotations

import json
import shlex
import shutil
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from types import MappingProxyType
from typing import Any, Final

import yaml as pyyaml

from signalen_toolkit.base import beneath, cache, layout
from signalen_toolkit.base.environment import variables
from signalen_toolkit.base.files import alone, replace
from signalen_toolkit.base.layout import CLUSTERS, FORM_FILE, SCHEMA_FILE
from signalen_toolkit.base.paths import folder
from signalen_toolkit.catalog.load import catalog
from signalen_toolkit.diagnostics.problems import Problem, ProblemsError, UsageError, has_errors
from signalen_toolkit.diagnostics.source import dotted
from signalen_toolkit.documents import reader
from signalen_toolkit.documents.data import at, without
from signalen_toolkit.documents.reader import Document
from signalen_toolkit.form import git_hosts
from signalen_toolkit.form.config import Config
from signalen_toolkit.form.place import unfit
from signalen_toolkit.form.schema import form_schema
from signalen_toolkit.git import enclosing, first_commit
from signalen_toolkit.helm.charts.sources import Sources
from signalen_toolkit.installing import own
from signalen_toolkit.installing import source as installing
from signalen_toolkit.rendering import tree
from signalen_toolkit.rendering.render import render
from signalen_toolkit.repository import answers as answering
from signalen_toolkit.repository import charts_lock, template_state
from signalen_toolkit.repository.answers import Answers, GaveUpError
from signalen_toolkit.repository.staging import STAGING, lay, staging_at, terminable
from signalen_toolkit.repository.template_files import PROJECT, write_template

_STDIN: Final = "<stdin>"
_ASSETS: Final = "assets"
_PATH: Final = ("repository", "path")


@dataclass(frozen=True, slots=True)
class NewRepository:
    """What `new` made. `remarks` are sentences about what went otherwise than a person may expect."""

    directory: Path
    files: tuple[str, ...]
    warnings: tuple[Problem, ...]
    remarks: tuple[str, ...]
    config: Config
    commit: bool


def new(
    directory: Path,
    answers: Path | None,
    settings: Sequence[str],
    *,
    ask: bool,
    force: bool,
    git: bool,
    sources: Sources | None = None,
    toolkit: Mapping[str, Any] | None = None,
) -> NewRepository:
    """Make a configuration repository.

    `answers` is an incomplete form, `-` for standard input; `settings` are texts KEY=VALUE that go before it.
    With `ask`, a person is asked for the rest. `force` allows a folder that holds something already: its
    municipality.yaml is an error, its assets stay as they are, the other files of the template are replaced.
    `sources` are where charts come from, for charts.lock; without them there is none yet, and no index is asked for the
    toolkit itself either. `toolkit` is that section of the form where the answers have none.

    Raises ProblemsError for missing and wrong answers, UsageError for all that stands in the way.
    """

    def answered(images: Path) -> Answers:
        return complete_answers(answering.read(answers_file(answers), settings), images, ask=ask)

    return make(directory, answered, force=force, git=git, sources=sources, toolkit=toolkit)


def make(
    directory: Path,
    answered: Callable[[Path], Answers],
    *,
    force: bool,
    git: bool,
    sources: Sources | None = None,
    toolkit: Mapping[str, Any] | None = None,
    images: Mapping[str, bytes] | None = None,
    below: Mapping[str, Any] = MappingProxyType({}),
) -> NewRepository:
    """Make a configuration repository of the answers that a function gives; it is told where the images are.

    `images` are files of the municipality's own, by their path in the repository. `below` are the layers of a fleet,
    which the answers have in them: the form is written without.

    Raises as `new` does, before anything is asked where the folder is not free.
    """
    _check_target(directory, force=force)
    if git:
        first_commit.require()
    with terminable(), ExitStack() as stack:
        folder_ = stack.enter_context(_images(directory, images or {}))
        try:
            given = lying(answered(folder_).with_toolkit(toolkit or {}), directory, alone=git)
        except GaveUpError as error:
            kept = _keep(error.answers, directory.resolve().name)
            again = f"{shlex.quote(str(directory))} --answers {shlex.quote(str(kept))}"
            raise UsageError(f"nothing was made; to go on with what was answered: signalen new {again}") from error
        config, problems = given.check(folder_)
        if has_errors(problems):
            raise ProblemsError(problems)
        form = without(answering.completed(given.data), below)
        return _build(directory, form, config, problems, folder_, sources, force=force, git=git)


def complete(directory: Path) -> list[Problem]:
    """Complete what plain cookiecutter made of the template: write the form out, add the schema and the tree.

    Returns warnings; raises ProblemsError where the form in it has errors.
    """
    given = lying(answering.read(reader.read_in(directory, FORM_FILE, name=FORM_FILE), ()), directory, alone=False)
    config, problems = given.check(directory)
    if has_errors(problems):
        raise ProblemsError(problems)
    _write(directory, answering.completed(given.data), config, directory)
    _write_toolkit(directory, config, None)
    return problems


def lying(given: Answers, directory: Path, *, alone: bool) -> Answers:
    """Return the answers of a form that is to lie in a folder, which may be below the top of a Git repository.

    With `alone` the folder becomes a repository of its own where it is in none.
    Raises UsageError where the answers say another place, or where the folder has a name that not everybody can follow.
    """
    top, place = enclosing.root(directory), enclosing.place(directory) or ""
    if top is None and not alone:
        return given
    here = f"{directory} is the folder {place} of the Git repository {top}" if place else f"{directory} is at the top"
    said = at(given.data, *_PATH)
    if said is not None and said != place:
        raise UsageError(f"'{dotted(_PATH)}' is {said}, and {here}: leave it out")
    if wanted := unfit(place):
        raise UsageError(
            f"{here}, and '{dotted(_PATH)}' has to be {wanted}: rename it, or make the repository outside of that one"
        )
    return given.answered(_PATH, place, f"{dotted(_PATH)}={place}", ("its folder", 1)) if place and not said else given


def summary(result: NewRepository) -> str:
    """Say what was made and how to go on."""
    first = result.config.environments[0]
    names = [environment.name for environment in result.config.environments]
    width = max(len(f"{CLUSTERS}/{name}/") for name in [*names, "production"])
    lines = [
        f"Made the configuration repository of {first.settings['municipality']['name']} in {result.directory}:",
        "",
    ]
    lines += [
        f"  {path:{width}}  {what}"
        for path, what in (
            (FORM_FILE, "the form: the one file that a person edits"),
            ("README.md", "how to change and upgrade, in Dutch, for the administrator"),
            ("assets/", "logo and icons: neutral ones, to be replaced by the municipality's"),
            ("bootstrap/", "connects a cluster, once for each environment"),
        )
    ]
    for environment in result.config.environments:
        count = sum(path.startswith(f"{CLUSTERS}/{environment.name}/") for path in result.files)
        what = f"rendered: {count} files, Signalen {environment.version} on {environment.domain}"
        lines.append(f"  {f'{CLUSTERS}/{environment.name}/':{width}}  {what}")
    lines += ["", *(f"Note: {remark}" for remark in result.remarks), *([""] if result.remarks else [])]
    return "\n".join([*lines, "Next:", *_next_steps(result)])


def _next_steps(result: NewRepository) -> list[str]:
    first = result.config.environments[0]
    repository = first.settings["repository"]
    push = f"git remote add origin {shlex.quote(repository['url'])} && git push -u origin {repository['branch']}"
    steps = [
        f"go there: cd {shlex.quote(str(result.directory))}",
        "put the municipality's own images in assets/, then run `signalen render` and commit",
        f"publish the repository: {push}" if result.commit else "commit these files and push them",
        "make the secrets: signalen secrets init (README.md lists them)",
        f"connect the cluster, once: bootstrap/cluster.sh {first.name}",
    ]
    return [f"  {number}. {step}" for number, step in enumerate(steps, 1)]


# --- answers


def answers_file(path: Path | None) -> Document | None:
    """Read an answers file; `-` is standard input."""
    if path is None:
        return None
    if str(path) == "-":
        return reader.parse(sys.stdin.buffer.read(reader.LARGEST + 1), _STDIN)
    return reader.read(path)


def complete_answers(given: Answers, images: Path, *, ask: bool) -> Answers:
    """Ask for what is missing, or report it; what is wrong already is reported before anything is asked."""
    missing = given.unanswered()
    open_ = [question for question in missing if "default" not in question.schema]
    problems = answering.wrong(given.check(images)[1], missing)
    if not ask:
        problems += answering.unanswered_problems(open_, given.document.file)
    if problems:
        raise ProblemsError(problems)
    if not ask or not missing:
        return given
    if not _is_terminal():
        if not open_:
            return given
        keys = ", ".join(dotted(question.place) for question in open_)
        raise UsageError(
            f"nobody can be asked here, since this is no terminal, and these have no answer: {keys};"
            " give them with --answers FILE or --set KEY=VALUE (--no-input shows examples)"
        )
    from signalen_toolkit.repository.wizard import ask as ask_a_person

    return ask_a_person(given, images)


def _keep(given: Answers, name: str) -> Path:
    """Keep what was answered for a next time, and return where. Raises UsageError where nothing can be kept."""
    place = cache.own(variables(), "answers")
    if place is None:
        raise UsageError("nothing was made, and what was answered could not be kept: there is no cache of yours")
    text = pyyaml.safe_dump(dict(given.data), allow_unicode=True, sort_keys=False)
    replace(place / f"{name}.yaml", text.encode(), mode=0o600)
    return place / f"{name}.yaml"


def _is_terminal() -> bool:
    return sys.stdin.isatty() and sys.stdout.isatty()


# --- the repository


def _build(
    directory: Path,
    form: Mapping[str, Any],
    config: Config,
    problems: Sequence[Problem],
    images: Path,
    sources: Sources | None,
    *,
    force: bool,
    git: bool,
) -> NewRepository:
    target = directory.resolve()
    beside = next(parent for parent in target.parents if parent.is_dir())
    # A folder that exists can be a file system of its own, into which nothing can be moved in one step.
    around, name = (target, STAGING) if target.is_dir() else (beside, f"{STAGING}-{target.name}")
    with alone(beside), staging_at(around, name) as staging:
        _check_target(directory, force=force)  # again: another process may have been first
        rendered = _write(staging, form, config, images)
        _check_text(staging, form)
        remarks = _write_toolkit(staging, config, sources)
        locked = charts_lock.plan(staging, rendered, catalog(), sources)
        for path, content in locked.files().items():
            beneath.create(staging, path, content)
        remarks += locked.lacks()
        files = tuple(sorted(path.relative_to(staging).as_posix() for path in staging.rglob("*") if path.is_file()))
        commit = git
        fresh = git and target.is_dir() and first_commit.is_fresh(target)
        if not fresh and git and (outer := first_commit.work_tree(target if target.is_dir() else beside)):
            remarks.append(f"this folder is part of the Git repository {outer}; no new one was made, commit there")
            remarks.append(_read_at_the_top(config.environments[0].settings))
            commit = False
        settings = config.environments[0].settings
        message = f"Richt Signalen in voor {settings['municipality']['name']}"
        if commit and not fresh:
            first_commit.commit(staging, settings["repository"]["branch"], message)
        if target.exists():
            remarks += lay(target)
        else:
            beneath.move(beside, name, target.relative_to(beside).as_posix())
        if fresh:
            shutil.rmtree(staging, ignore_errors=True)  # which stands inside, and is not to be committed
            first_commit.commit(target, settings["repository"]["branch"], message)
    return NewRepository(directory, files, tuple(problems), tuple(remarks), config, commit)


def _read_at_the_top(settings: Mapping[str, Any]) -> str:
    """Say which of the files Git's server and others read at the top of a repository alone."""
    pipeline = git_hosts.git_hosts()[settings["repository"]["host"]].pipeline
    return (
        f"{pipeline}, CODEOWNERS, renovate.json and .pre-commit-config.yaml are read at the top of a repository alone:"
        " docs/lifecycle.md tells how they come there"
    )


def _write(directory: Path, form: Mapping[str, Any], config: Config, images: Path) -> dict[str, str]:
    """Write all files of a repository into a folder, and return its rendered tree."""
    write_template(directory, form, config, images)
    git_hosts.keep_pipeline(directory, config.environments[0].settings["repository"]["host"])
    beneath.write(directory, layout.TEMPLATE_STATE, template_state.text(_as_made(directory)).encode())
    schema = json.dumps(form_schema(), indent=2, ensure_ascii=False) + "\n"
    beneath.write(directory, SCHEMA_FILE, schema.encode())
    rendered = render(config, catalog())
    tree.write(directory, rendered)
    return rendered


def _write_toolkit(directory: Path, config: Config, sources: Sources | None) -> list[str]:
    """Write what the toolkit is installed from, and return what is to be said of it."""
    source = installing.source_of(config.environments[0].settings)
    hashes, remarks = own.hashes(source, "", offline=sources is None or sources.offline)
    for path, text in installing.files(source, hashes).items():
        beneath.write(directory, path, text.encode())
    return remarks if sources else []


def _as_made(directory: Path) -> dict[str, bytes]:
    """Return the template's files in a new repository; an image of the municipality's own is as the template has it."""
    template = folder("municipality-template") / PROJECT
    found = {path.relative_to(directory).as_posix(): path for path in directory.rglob("*") if path.is_file()}
    for path in found:
        if path.startswith("assets/"):
            found[path] = template / path
    return {path: file.read_bytes() for path, file in found.items() if path != FORM_FILE and file.is_file()}


def _check_text(directory: Path, form: Mapping[str, Any]) -> None:
    """Make sure that the form on disk says what was answered, before anything is put in its place."""
    written = reader.read_in(directory, FORM_FILE, name=FORM_FILE)
    if written.problems:
        raise ProblemsError(written.problems)
    if written.data != form:
        raise UsageError(f"the {FORM_FILE} that was written does not say what was answered; please report this")


# --- the folder


def _check_target(directory: Path, *, force: bool) -> None:
    if not directory.exists():
        if directory.is_symlink():
            raise UsageError(f"{directory} is a link to a folder that does not exist")
        above = next(parent for parent in directory.absolute().parents if parent.exists())
        if not above.is_dir():
            raise UsageError(f"{directory} cannot be made: {above} is a file")
        return
    if not directory.is_dir():
        raise UsageError(f"{directory} is a file; name a folder")
    if (directory / FORM_FILE).exists():
        hint = "change that form, and run `signalen render`"
        raise UsageError(f"{directory} has a {FORM_FILE} already, which is never overwritten: {hint}")
    cloned = (directory / ".git").exists() and first_commit.is_fresh(directory.resolve())
    ours = {STAGING, *([".git"] if cloned else [])}
    if not force and any(path.name not in ours for path in directory.iterdir()):
        raise UsageError(f"{directory} is not empty; name another folder, or use --force to write beside what is there")


@contextmanager
def _images(directory: Path, own: Mapping[str, bytes]) -> Iterator[Path]:
    """Give the folder with the images of the new repository: the template's, below those that are there already.

    On top come the municipality's own.
    """
    template = folder("municipality-template") / PROJECT
    if not own and (not directory.is_dir() or not any(directory.iterdir())):
        yield template
        return
    with tempfile.TemporaryDirectory() as temporary:
        for source in (template, directory):
            top = beneath.real(source, _ASSETS)
            for entry in beneath.walk(source, top):
                path = beneath.real(source, entry.path)  # of a link, what it leads to in there
                found = beneath.look(source, path)
                if found is not None and found.is_file:
                    target = Path(temporary) / _ASSETS / PurePosixPath(entry.path).relative_to(top)
                    target.parent.mkdir(parents=True, exist_ok=True)
                    target.write_bytes(beneath.read(source, path) or b"")
        for name, data in own.items():
            target = Path(temporary) / name
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(data)
        yield Path(temporary)
