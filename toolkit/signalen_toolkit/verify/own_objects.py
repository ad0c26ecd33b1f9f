"""A person's own objects, in `manifests/<environment>/`: read for the checks, as Flux or Argo CD would read them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path, PurePosixPath
from typing import Final

from signalen_toolkit.base import beneath
from signalen_toolkit.base.layout import MANIFESTS
from signalen_toolkit.diagnostics.problems import Problem, Severity
from signalen_toolkit.form.config import Environment
from signalen_toolkit.form.model import Form
from signalen_toolkit.helm.rendered_tree import own_objects
from signalen_toolkit.kubernetes.cluster import is_file, namespace_of
from signalen_toolkit.kubernetes.context import Context
from signalen_toolkit.kubernetes.model import Object

REASONS: Final[Mapping[str, str]] = {
    "own-manifest": "a file that the cluster cannot take keeps all the others of its folder from it",
}
_SUFFIXES: Final = (".yaml", ".yml", ".json")


def read(repository: Path, form: Form, environment: Environment) -> tuple[list[Object], list[Problem]]:
    """Return the objects that a repository has of its own for an environment, and what is wrong with their files."""
    if not environment.settings["sync"]["manifests"]:
        return [], []
    objects: list[Object] = []
    faults: list[str] = []
    for path, text in _texts(repository, environment.name):
        if fault := _unreadable(path, text, environment):
            faults.append(fault)
        else:
            objects += own_objects({path: text or ""}, environment.name)
    faults += [fault for one in objects for fault in _faults(one)]
    problems = [_problem(form, environment, fault, Severity.ERROR) for fault in faults]
    if not objects and not faults:
        nothing = f"there is nothing in {MANIFESTS}/{environment.name}/"
        problems.append(_problem(form, environment, nothing, Severity.WARNING))
    return objects, problems


def _texts(repository: Path, environment: str) -> Iterator[tuple[str, str | None]]:
    """Yield the files with their text, by path from the repository; None where it cannot be read. No links."""
    for entry in beneath.walk(repository, f"{MANIFESTS}/{environment}"):
        if entry.is_file and PurePosixPath(entry.path).suffix in _SUFFIXES:
            try:
                yield entry.path, (beneath.read(repository, entry.path) or b"").decode()
            except (OSError, UnicodeDecodeError):
                yield entry.path, None


def _unreadable(path: str, text: str | None, environment: Environment) -> str:
    """Return why a file cannot be read; empty where it can."""
    if text is None:
        return f"{path} cannot be read as UTF-8"
    if PurePosixPath(path).suffix != ".yaml":
        return f"{path} has to be called .yaml: no other file is looked at"
    try:
        own_objects({path: text}, environment.name)
    except ValueError as error:
        return str(error)[:300]
    return ""


def _faults(one: Object) -> Iterator[str]:
    if is_file(one):
        yield f"{one.source} is a file of kustomize, and all files of the folder are applied as they are"
    elif not one.name:
        yield f"the {one.kind} in {one.source} has no name"
    elif not one.namespace and namespace_of(one, Context("its-own")):
        yield f"the {one.title} in {one.source} does not say in which namespace it is to be"


def _problem(form: Form, environment: Environment, message: str, severity: Severity) -> Problem:
    place = form.place(environment, "sync", "manifests")
    hint = "mend the file, or switch 'sync.manifests' off"
    return form.document.problem("own-manifest", message, place, hint=hint, severity=severity)
