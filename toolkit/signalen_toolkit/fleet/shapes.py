"""A municipality moves between the shapes of a fleet: `split` gives it a repository of its own, `join` takes it back.

Its settings stay what they were, all but where its repository is; so what is rendered stays the same but for that
address and path, and its cluster sees no other change once it follows the other place. Both make the new place whole
and change `fleet.yaml`; the old one stays until a person removes it, for until then the cluster follows it.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

from signalen_toolkit.base import beneath
from signalen_toolkit.base.files import alone
from signalen_toolkit.base.layout import FORM_FILE, MEMBERS
from signalen_toolkit.catalog.load import catalog
from signalen_toolkit.diagnostics.places import dotted
from signalen_toolkit.diagnostics.problems import ProblemsError, UsageError, has_errors
from signalen_toolkit.documents import edit
from signalen_toolkit.documents.data import Place, at, merge
from signalen_toolkit.documents.reader import Document, read_text
from signalen_toolkit.fleet import listing
from signalen_toolkit.fleet.add import write_listing
from signalen_toolkit.fleet.clones import present
from signalen_toolkit.fleet.listing import CLONES, Member
from signalen_toolkit.form.age_key import age_key_place
from signalen_toolkit.form.config import Config
from signalen_toolkit.form.fleet import layers_below, read_form
from signalen_toolkit.git import branches, enclosing, first_commit
from signalen_toolkit.git.run import git, must
from signalen_toolkit.rendering import tree
from signalen_toolkit.rendering.render import render
from signalen_toolkit.validation.check import check

_REPOSITORY: Final = "repository"
_MOST: Final = 10  # settings that a message names


def split(root: Path, name: str, url: str) -> list[str]:
    """Give a municipality of the fleet's repository one of its own, as a clone with one commit; return what is next.

    The layers that it had go into its form. Raises UsageError where it has one, or has what is not committed;
    ProblemsError where its form has errors.
    """
    with alone(root):
        fleet = listing.read(root)
        member = fleet.member(name)
        if member.repository:
            raise UsageError(f"'{name}' has a repository of its own already: {member.repository}")
        old, new = fleet.folder(member), root / CLONES / name
        _require_committed(old)
        before = _read(old)
        text = read_text(old, FORM_FILE)
        own = before.own
        places = {**dict(_missing(before.data, own)), (_REPOSITORY, "url"): url}
        text = edit.set_values(text, places)
        if at(own, _REPOSITORY, "path") is not None:
            text = edit.remove(text, [(_REPOSITORY, "path")])
        aside = _copied(old, new)
        try:
            must(aside, "init", "--quiet")
            after = _completed(aside, text, before.data)
            branch = str(after.environments[0].settings[_REPOSITORY]["branch"])
            shutil.rmtree(aside / ".git")
            first_commit.commit(aside, branch, f"Neem {name} over uit de vloot")
            os.rename(aside, new)  # noqa: PTH104  # raises where something stands there
        finally:
            shutil.rmtree(aside, ignore_errors=True)
        write_listing(root, (MEMBERS, name, _REPOSITORY), url)
    return [
        f"{name} has a repository of its own in {new}, with one commit",
        f"push it: git -C {new} remote add origin {url} && git -C {new} push -u origin {branch}",
        *_keys(before.config, after),
        f"let its clusters follow it: bootstrap/cluster.sh in {new}, for each environment",
        f"then remove {old}, and commit",
    ]


def join(root: Path, name: str) -> list[str]:
    """Take a municipality with a repository of its own into the fleet's; return what is next.

    Its form comes as it is, but for where its repository is. Raises UsageError where the layers of its groups would
    give it settings that it has not, where the fleet does not say its own address, or where something is not committed;
    ProblemsError where its form has errors.
    """
    with alone(root):
        fleet = listing.read(root)
        member = fleet.member(name)
        if not member.repository:
            raise UsageError(f"'{name}' is in the fleet's own repository already")
        present(fleet, member)
        old, new = fleet.folder(member), root / MEMBERS / name
        _require_committed(old)
        before = _read(old)
        below: dict[str, Any] = {}
        for layer in reversed(layers_below(root, member.groups)):
            below = merge(below, layer.data or {})
        if at(below, _REPOSITORY, "url") is None:
            raise UsageError("defaults.yaml does not say 'repository.url', the address of the fleet's own repository")
        place = enclosing.place(root)
        if place is None:
            raise UsageError("the fleet is in no Git repository: make one of it first")
        path = f"{place}/{MEMBERS}/{name}" if place else f"{MEMBERS}/{name}"
        text = edit.remove(read_text(old, FORM_FILE), [(_REPOSITORY, "url")])
        text = edit.set_values(text, {(_REPOSITORY, "path"): path})
        _require_same(merge(below, before.data), before.data)
        aside = _copied(old, new)
        try:
            beneath.write(aside, FORM_FILE, text.encode())
            os.rename(aside, new)  # noqa: PTH104  # raises where something stands there
        finally:
            shutil.rmtree(aside, ignore_errors=True)
        write_listing(root, (MEMBERS, name), _entry(member))
        after = _completed(new, text, before.data)
    return [
        f"{name} is in {new}: commit and push that",
        *_keys(before.config, after),
        f"let its clusters follow it: bootstrap/cluster.sh in {new}, for each environment",
        f"then remove the clone {old}, and close the repository {member.repository}",
    ]


class _Before:
    """A form as it is: its own data, those with the layers below it, and completed."""

    def __init__(self, document: Document, config: Config) -> None:
        self.data: Mapping[str, Any] = document.data
        self.own: Mapping[str, Any] = document.root.data if document.root else {}
        self.config = config


def _read(folder: Path) -> _Before:
    document = read_form(folder)
    config, problems = check(document, catalog(), folder)
    if has_errors(problems):
        raise ProblemsError(problems)
    return _Before(document, config)


def _missing(whole: Mapping[str, Any], own: Mapping[str, Any], place: Place = ()) -> Iterator[tuple[Place, Any]]:
    """Yield what a form has from below it, each at the highest place at which it has nothing itself."""
    for key, value in whole.items():
        if key not in own:
            yield (*place, key), value
        elif isinstance(value, Mapping) and isinstance(own[key], Mapping):
            yield from _missing(value, own[key], (*place, key))


def _completed(folder: Path, text: str, data: Mapping[str, Any]) -> Config:
    """Write the form into a copy, render it, and return it completed.

    Raises UsageError where it says anything else than before, ProblemsError where it has errors there.
    """
    beneath.write(folder, FORM_FILE, text.encode())
    document = read_form(folder)
    config, problems = check(document, catalog(), folder)
    if has_errors(problems):
        raise ProblemsError(problems)
    _require_same(document.data, data)
    tree.write(folder, render(config, catalog()))
    return config


def _require_same(now: Mapping[str, Any], before: Mapping[str, Any]) -> None:
    different = [place for place in _differing(now, before) if place[:1] != (_REPOSITORY,)]
    if different:
        names = ", ".join(map(dotted, different[:_MOST]))
        raise UsageError(
            f"its settings would not stay what they are: {names}; write these into its form, or choose other groups"
        )


def _differing(one: Any, other: Any, place: Place = ()) -> Iterator[Place]:
    if isinstance(one, Mapping) and isinstance(other, Mapping):
        for key in dict.fromkeys((*one, *other)):
            if key in one and key in other:
                yield from _differing(one[key], other[key], (*place, key))
            else:
                yield (*place, key)
    elif type(one) is not type(other) or one != other:
        yield place


def _entry(member: Member) -> dict[str, Any]:
    groups = {"groups": [*member.groups]} if member.groups else {}
    return {**groups, **({"ring": member.ring} if member.ring else {})}


def _keys(before: Config, after: Config) -> Iterator[str]:
    """Say which private keys of age a person has to move: where they are, goes by the address of the repository."""
    for old, new in zip(before.environments, after.environments, strict=True):
        places = age_key_place(old), age_key_place(new)
        if places[0] != places[1]:
            yield f"move the private key of {old.name}, where you keep it: {places[0]} to {places[1]}"


def _copied(old: Path, new: Path) -> Path:
    """Copy what Git keeps of a municipality's folder beside its new place, and return where."""
    if new.exists():
        raise UsageError(f"{new} is there already: it is what a run left that was interrupted, or another; remove it")
    aside = new.parent / f".{new.name}.new"
    shutil.rmtree(aside, ignore_errors=True)
    for file in must(old, "ls-files", "-z", "--", ".").decode(errors="surrogateescape").split("\0"):
        if file:
            target = aside / file
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(old / file, target, follow_symlinks=False)
    return aside


def _require_committed(folder: Path) -> None:
    if not branches.is_in_repository(folder):
        raise UsageError(f"{folder} is in no Git repository, which keeps what was there before")
    if git(folder, "status", "--porcelain", "--", ".").output.strip():
        raise UsageError(f"{folder} has changes that are not committed: commit them, or take them back")
