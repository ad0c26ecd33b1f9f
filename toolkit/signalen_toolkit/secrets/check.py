"""`signalen secrets check`: whether the Secrets in a repository are complete, encrypted, and fit to be used.

Problems never show a line of a file, nor a value: what should be encrypted may not be.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath
from typing import Any, Final

from signalen_toolkit.base import beneath
from signalen_toolkit.base.layout import SECRETS, SOPS_CONFIG
from signalen_toolkit.catalog.model import Catalog
from signalen_toolkit.diagnostics.problems import Problem, Severity, UsageError, ordered
from signalen_toolkit.diagnostics.source import Source
from signalen_toolkit.documents.reader import LARGEST
from signalen_toolkit.form.config import Environment
from signalen_toolkit.form.needed_secrets import NeededKey, NeededSecret, by_hand
from signalen_toolkit.secrets import age_keys, sops_config
from signalen_toolkit.secrets import files as secret_files
from signalen_toolkit.secrets.environment import choose, needs_of, read_config, sops_of
from signalen_toolkit.secrets.files import SecretFile, ValueOrigin, path_of
from signalen_toolkit.secrets.sops import NoKeyError, Sops, SopsError, find

REASONS: Final[Mapping[str, str]] = {
    "secret-default": "a value that a chart was published with is known to everybody",
    "secret-differs": "two keys that must hold one value do not, and what has the one cannot sign in at the other",
    "secret-file": "the cluster cannot make the Secret that is needed of this file",
    "secret-missing": "a pod does not start without its Secret",
    "secret-outdated": "a value that was made for something else opens nothing, and what needs it does not start",
    "secret-not-encrypted": "what stands in Git in plain text, everybody who can read it has, for ever",
    "secret-recipients": "who may read the secrets is what .sops.yaml says, no more and no fewer",
    "secret-unreadable": "the cluster cannot decrypt it either",
}


class _NoProgramError(Exception):
    """SOPS is not installed, and there is no private key with which it could do anything."""


@dataclass(frozen=True, slots=True)
class SecretsReport:
    """What `check` found; `locked` are the environments whose values it could not look at for want of a private key.

    `elsewhere` are Secrets that a person brings into the cluster, which are not in the repository.
    """

    problems: tuple[Problem, ...]
    locked: tuple[str, ...]
    elsewhere: tuple[NeededSecret, ...] = ()


def check(
    directory: Path,
    charts: Catalog,
    environments: Sequence[str] = (),
    *,
    decrypt: bool = True,
    program: str | None = None,
) -> SecretsReport:
    """Check the Secrets of environments; without `environments`, of all that use SOPS, and every other file there.

    With `decrypt`, their values too, where a private key is at hand. Raises UsageError where SOPS is needed and is not
    there, ProblemsError for a form with errors.
    """
    config = read_config(directory, charts)
    chosen = [choose(config, name) for name in environments] or [
        one for one in config.environments if one.settings["secrets"]["provider"] == "sops"
    ]
    problems: list[Problem] = [*_private_keys(directory)]
    locked: list[str] = []
    seen: set[str] = set()
    for environment in chosen:
        needs = needs_of(config, environment, charts)
        found = {path_of(environment.name, secret.name): secret for secret in needs}
        problems += _config(directory, environment)
        files = {path: secret_files.read(directory, path) for path in found}
        seen |= set(files)
        for path, secret in found.items():
            problems += _secret(path, files[path], secret, environment, directory)
        wrong = (one for one in problems if one.rule != "secret-outdated")  # which says nothing of the other values
        if decrypt and any(files.values()) and not any(problem.file in files for problem in wrong):
            try:
                problems += _values(directory, environment, needs, files, charts, program)
            except (NoKeyError, _NoProgramError):
                locked.append(environment.name)
    if not environments:
        problems += _others(directory, seen)
    elsewhere = tuple(secret for environment in chosen for secret in by_hand(environment))
    return SecretsReport(tuple(ordered(problems)), tuple(locked), elsewhere)


def _private_keys(directory: Path) -> Iterator[Problem]:
    """Report files at the top of the repository and beside the Secrets that hold a private age key."""
    for entry in (*beneath.listed(directory), *beneath.walk(directory, SECRETS)):
        if not entry.is_file or entry.status.st_size > LARGEST:
            continue
        name = entry.path
        text = (beneath.read(directory, name) or b"").decode(errors="replace")
        if found := age_keys.PRIVATE.search(text):
            hint = "move it out of the repository, and make another one: signalen secrets rotate --new-key"
            problem = Source(name, text).problem(
                "secret-not-encrypted", "this is a private age key", found.start(), found.end(), hint=hint
            )
            yield replace(problem, source="")


def _config(directory: Path, environment: Environment) -> Iterator[Problem]:
    config = sops_config.read(directory)
    if config.problems:
        yield from (replace(problem, source="") for problem in config.problems)
    elif config.rule(path_of(environment.name, "x")) is None:
        state = "there is no .sops.yaml" if config.document is None else f"no rule is for {SECRETS}/{environment.name}/"
        hint = f"run `signalen secrets init {environment.name}`"
        yield Problem("secret-recipients", f"{state}: it says who can read the secrets", SOPS_CONFIG, hint=hint)


def _secret(
    path: str, file: SecretFile | None, secret: NeededSecret, environment: Environment, directory: Path
) -> Iterator[Problem]:
    init = f"run `signalen secrets init {environment.name}`, which makes what is missing"
    if file is None:
        without = f"{secret.component} does not start" if secret.component else "nobody is told of a failure"
        message = f"the Secret {secret.name} of {environment.name} is missing; {without} without it"
        yield Problem("secret-missing", message, path, hint=init)
        return
    unreadable = list(_shape(path, file))
    yield from unreadable
    if unreadable:
        return
    metadata, empty = file.data.get("metadata"), [place for place, value in file.values() if value == ""]
    for key, wanted in (("name", secret.name), ("namespace", secret.namespace)):
        if not isinstance(metadata, dict) or metadata.get(key) != wanted:
            place = ("metadata", key)
            hint = f"signalen secrets edit {environment.name} {secret.name}"
            yield _problem(file, "secret-file", f"the {key} of this Secret has to be '{wanted}'", place, hint=hint)
    for needed in secret.keys:
        if not file.has(needed.key.name):
            about = needed.key.description.rstrip(".")
            message = f"the key {needed.key.name} is missing: {about[:1].lower()}{about[1:]}"
            yield _problem(file, "secret-missing", message, (), hint=init)
        elif not needed.empty and (place := file.place(needed.key.name)) in empty:
            hint = f"signalen secrets set {environment.name} {needed.path}"
            yield _problem(file, "secret-missing", f"the key {needed.key.name} is empty", place, hint=hint)
        elif (origin := file.origins.get(needed.key.name)) and _is_outdated(needed, origin, file):
            yield _outdated(file, needed, origin, environment)
    yield from _recipients(path, file, directory)


def _is_outdated(needed: NeededKey, origin: ValueOrigin, file: SecretFile) -> bool:
    """Tell whether a value was made for another form: random, or that of another key, where it is neither now.

    Somebody may have changed it without us: then it is seldom as long as what we make.
    """
    if needed.random or needed.key.same_as or origin is ValueOrigin.GIVEN:
        return False
    made = needed.key.generate + len(needed.key.prefix)
    return origin is ValueOrigin.FOLLOWS or file.length(needed.key.name) == made


def _outdated(
    file: SecretFile,
    needed: NeededKey,
    origin: ValueOrigin | None,
    environment: Environment,
    severity: Severity = Severity.ERROR,
) -> Problem:
    """Make the problem of a value of before; without an origin, what it looks like is all that is known."""
    was = {ValueOrigin.RANDOM: "has the random value", ValueOrigin.FOLLOWS: "has the value of another key"}
    still = was[origin] if origin else "looks like the random value"
    message = f"{needed.key.name} still {still} that it had for a service of this environment's own"
    about = needed.key.description.rstrip(".")
    hint = (
        f"give it the one that is known elsewhere ({about[:1].lower()}{about[1:]}), also where it is the same:"
        f" signalen secrets set {environment.name} {needed.path}"
    )
    return _problem(file, "secret-outdated", message, file.place(needed.key.name), hint=hint, severity=severity)


def _shape(path: str, file: SecretFile) -> Iterator[Problem]:
    """Report a file that is not a Secret that SOPS encrypted, all of it."""
    if file.document.problems:
        for problem in file.document.problems:
            message = "this file cannot be read as YAML"
            yield replace(problem, rule="secret-file", message=message, source="", hint="", place=())
        return
    hint = f"encrypt it: sops encrypt --in-place {path}; and change every value, for it may be in Git already"
    if not isinstance(file.data.get("sops"), dict):
        yield _problem(file, "secret-not-encrypted", "this file is not encrypted", (), hint=hint)
    for place in file.plain():
        yield _problem(file, "secret-not-encrypted", f"the value of {place[1]} is not encrypted", place, hint=hint)
    if file.data.get("kind") != "Secret" or not list(file.values()):
        yield _problem(file, "secret-file", "this file holds no Secret with keys", ("kind",))


def _recipients(path: str, file: SecretFile, directory: Path) -> Iterator[Problem]:
    config = sops_config.read(directory)
    wanted, found = set(config.recipients(path)), set(file.recipients)
    if config.rule(path) is None or wanted == found:
        return
    changes = [f"{key} is missing" for key in sorted(wanted - found)]
    changes += [f"{key} is not in {SOPS_CONFIG}" for key in sorted(found - wanted)]
    message = f"this file is not encrypted for the keys of {SOPS_CONFIG}: {', '.join(changes)}"
    yield _problem(file, "secret-recipients", message, ("sops", "age"), hint=f"run `sops updatekeys {path}`")


def _values(
    directory: Path,
    environment: Environment,
    needs: Sequence[NeededSecret],
    files: Mapping[str, SecretFile | None],
    charts: Catalog,
    program: str | None,
) -> Iterator[Problem]:
    """Report what is wrong with the values themselves. Raises NoKeyError where no private key is at hand."""
    from signalen_toolkit.catalog.published_passwords import PUBLISHED

    sops = sops_of(directory, environment, _program(directory, environment, program))
    plain: dict[str, str] = {}
    for secret in needs:
        path = path_of(environment.name, secret.name)
        file = files[path]
        if file is None:
            continue
        values, problem = _opened(sops, directory, path, file)
        if problem:
            yield problem
            return
        plain |= {f"{secret.name}/{key}": value for key, value in values.items()}
    for secret in needs:
        file = files[path_of(environment.name, secret.name)]
        for needed in secret.keys:
            value, same = plain.get(needed.path), needed.key.same_as
            if file is None or value is None:
                continue
            place = file.place(needed.key.name)
            hint = f"signalen secrets set {environment.name} {same or needed.path}"
            if value.strip().lower() in PUBLISHED:
                message = f"the value of {needed.key.name} is one that a chart was published with"
                yield _problem(file, "secret-default", message, place, hint=hint)
            elif same and same in plain and plain[same] != value:
                yield _problem(
                    file, "secret-differs", f"{needed.key.name} must hold the value of {same}", place, hint=hint
                )
            elif not (needed.random or same or needed.key.name in file.origins):
                yield from _of_before(directory, environment, needed, value, file, charts, sops)


def _of_before(
    directory: Path,
    environment: Environment,
    needed: NeededKey,
    value: str,
    file: SecretFile,
    charts: Catalog,
    sops: Sops,
) -> Iterator[Problem]:
    """Report a value that was made for a service of before, where the file itself does not say what it was made for.

    Sure is one that a Secret of that service, which nothing needs any more, has too.
    """
    for path, key in _partners(charts, needed.path):
        other = secret_files.read(directory, path_of(environment.name, path))
        if other is None or other.document.problems or not other.has(key):
            continue
        try:
            found = secret_files.decrypted(sops.decrypt(directory / path_of(environment.name, path))).get(key)
        except (SopsError, ValueError):
            continue
        if value and found == value:
            yield _outdated(file, needed, ValueOrigin.RANDOM, environment)
            return
    prefix, length = needed.key.prefix, needed.key.generate
    if length and re.fullmatch(rf"{re.escape(prefix)}[A-Za-z0-9]{{{length}}}", value):
        yield _outdated(file, needed, None, environment, Severity.WARNING)


def _partners(charts: Catalog, path: str) -> Iterator[tuple[str, str]]:
    """Yield the Secret and the key of all that has the same value as a key in some form, if not in this one."""
    for component in charts.components.values():
        for secret in component.secrets:
            for key in secret.keys:
                if key.same_as == path:
                    yield secret.name, key.name
                elif f"{secret.name}/{key.name}" == path and key.same_as:
                    name, _, other = key.same_as.partition("/")
                    yield name, other


def _program(directory: Path, environment: Environment, program: str | None) -> Path:
    try:
        return find(program)
    except UsageError as error:
        if program or age_keys.key_file(directory, environment).is_file():
            raise
        raise _NoProgramError from error


def _opened(sops: Sops, directory: Path, path: str, file: SecretFile) -> tuple[dict[str, str], Problem | None]:
    try:
        return secret_files.decrypted(sops.decrypt(directory / path)), None
    except NoKeyError:
        raise
    except (SopsError, ValueError) as error:
        message = str(error) if isinstance(error, SopsError) else "a value in 'data' is not base64"
        return {}, _problem(file, "secret-unreadable", message, ("sops",))


def _others(directory: Path, seen: set[str]) -> Iterator[Problem]:
    """Report other files beside the Secrets that hold a Secret in plain text, or cannot be judged."""
    for entry in beneath.walk(directory, SECRETS):
        path = entry.path
        if path in seen or not entry.is_file:
            continue
        if PurePosixPath(path).suffix not in (".yaml", ".yml", ".json"):
            message = "this file is no Secret, and does not belong here; is it one in plain text?"
            yield Problem("secret-file", message, path, severity=Severity.WARNING)
            continue
        file = secret_files.read(directory, path)
        if file and (file.document.problems or file.data.get("kind") == "Secret"):
            yield from _shape(path, file)


def _problem(
    file: SecretFile,
    rule: str,
    message: str,
    place: tuple[Any, ...],
    *,
    hint: str = "",
    severity: Severity = Severity.ERROR,
) -> Problem:
    """Make a problem of a place in a file, without the line that it is on."""
    found = file.document.problem(rule, message, place, at="key", hint=hint, severity=severity)
    return replace(found, source="")
