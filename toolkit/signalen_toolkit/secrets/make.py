"""`signalen secrets`: makes the Secrets of an environment, encrypted with SOPS, and changes them.

The plain text of a value is in this process and in pipes to SOPS, and nowhere else.
"""

from __future__ import annotations

import shlex
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path

from signalen_toolkit.base import beneath, files
from signalen_toolkit.base.layout import SOPS_CONFIG
from signalen_toolkit.catalog.model import Catalog, Decryption
from signalen_toolkit.diagnostics.problems import UsageError
from signalen_toolkit.form.config import Environment
from signalen_toolkit.form.needed_secrets import NeededKey, NeededSecret, needed_by_delivery
from signalen_toolkit.secrets import age_keys, sops_config
from signalen_toolkit.secrets import files as secret_files
from signalen_toolkit.secrets import values as secret_values
from signalen_toolkit.secrets.environment import choose, needs_of, one_key, read_config, sops_of, with_sops
from signalen_toolkit.secrets.files import path_of
from signalen_toolkit.secrets.sops import Sops, find
from signalen_toolkit.secrets.values import ValueSources


@dataclass(frozen=True, slots=True)
class MadeSecrets:
    """What `init` did for one environment: the files that it wrote, and the age key.

    `keys` says of each key (`<secret>/<key>`) that it wrote where the value comes from, in words for a person.
    """

    environment: Environment = field(repr=False)
    key_file: Path
    new_key: bool
    files: tuple[str, ...]
    keys: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class _NewValues:
    """Values of keys by their path, and where each comes from, in words."""

    values: Mapping[str, str] = field(repr=False)
    origins: Mapping[str, str]


def init(
    directory: Path,
    charts: Catalog,
    environments: Sequence[str] = (),
    *,
    sources: ValueSources,
    program: str | None = None,
) -> list[MadeSecrets]:
    """Make what is missing: an age key, the rule in `.sops.yaml`, and the Secrets, with values for all their keys.

    Without `environments`, for all that use SOPS. What is there already stays as it is, so that it can be repeated.
    Where anything fails, nothing is left behind. Raises UsageError, and ProblemsError for a form with errors.
    """
    config = read_config(directory, charts)
    chosen = [choose(config, name) for name in environments] or with_sops(config)
    if sources and len(chosen) > 1:
        names = " or ".join(environment.name for environment in chosen)
        raise UsageError(f"values differ per environment: name one ({names}) with --from-file and --from-env")
    path = find(program)
    values = [_new_values(directory, needs_of(config, one, charts), sources, one.name) for one in chosen]
    with files.alone(directory), ExitStack() as undo:
        config = read_config(directory, charts)  # again: while a person typed, another process may have been first
        made = [
            _init(directory, needs_of(config, now, charts), now, known, path, undo)
            for known, one in zip(values, chosen, strict=True)
            for now in [choose(config, one.name)]
        ]
        undo.pop_all()
    return made


def summary(made: MadeSecrets) -> str:
    """Say what `init` made for an environment, and what a person has to do with it. No value is shown."""
    name, settings = made.environment.name, made.environment.settings
    lines = [f"{path}: written, encrypted" for path in made.files] or [f"the secrets of {name} are complete"]
    lines += [f"  {key}: {origin}" for key, origin in made.keys.items()]
    if made.new_key:
        lines += [
            f"the private key of {name} is in {made.key_file}",
            "  keep a copy of it where the municipality keeps its passwords: without it, the secrets cannot be read",
        ]
        if made.environment.delivery.decryption is Decryption.KEY:
            secret, namespace = settings["secrets"]["sops"]["keySecret"], settings["sync"]["namespace"]
            given = f"--from-file=age.agekey={shlex.quote(str(made.key_file))}"
            command = f"  kubectl create secret generic {secret} --namespace {namespace} {given}"
            lines += [f"give it to {made.environment.delivery.title}, once:", command]
    for secret in needed_by_delivery(made.environment):
        keys = [key.key.name for key in secret.keys if not key.empty]
        if secret.by_hand and keys:
            lines.append(f"put into the Secret {secret.name} in {secret.namespace} yourself, once: {', '.join(keys)}")
    return "\n".join(lines)


def set_value(
    directory: Path, charts: Catalog, environment: str, key: str, value: str, *, program: str | None = None
) -> list[str]:
    """Give a key (`<secret>/<key>`, or the key alone) of an environment another value, and the keys that follow it.

    Returns the keys that changed. Raises UsageError, and NoKeyError where no private key is at hand.
    """
    with files.alone(directory):
        config = read_config(directory, charts)
        chosen = choose(config, environment)
        needs = needs_of(config, chosen, charts)
        found = one_key(needs, key)
        secret_values.check_value(value, found)
        return change(directory, chosen, needs, {found.path: value}, find(program))


def change(
    directory: Path, environment: Environment, needs: Sequence[NeededSecret], values: Mapping[str, str], program: Path
) -> list[str]:
    """Put values (by `<secret>/<key>`) into the files, and into the keys that have the same value.

    All files are made before the first is written.
    """
    sops = sops_of(directory, environment.name, program)
    keys = [key for secret in needs for key in secret.keys]
    wanted = {key.path: values.get(key.key.same_as or key.path) for key in keys}
    written: dict[str, str] = {}
    for secret in needs:
        new = {key.key.name: value for key in secret.keys if (value := wanted[key.path]) is not None}
        path = path_of(environment.name, secret.name)
        if not new:
            continue
        file = secret_files.read(directory, path)
        if file is None or file.document.problems:
            state = "cannot be read; `signalen secrets check` says why" if file else "is not there"
            raise UsageError(f"{path} {state}; `signalen secrets init {environment.name}` makes what is missing")
        written[path] = secret_files.changed(directory, path, file, new, sops)
    for path, text in written.items():
        secret_files.write(directory, path, text)
    return [path for path, value in wanted.items() if value is not None]


def _init(
    directory: Path,
    needs: Sequence[NeededSecret],
    environment: Environment,
    known: _NewValues,
    program: Path,
    undo: ExitStack,
) -> MadeSecrets:
    key_file = age_keys.key_file(directory, environment.name)
    absent = _absent(directory, environment.name, needs)
    values = known.values
    if any(key.path not in values for key in absent if not key.key.same_as):
        raise files.changed_meanwhile(directory)
    new_key = _ensure_key(directory, environment.name, key_file, undo)
    sops = sops_of(directory, environment.name, program)
    written: dict[str, str] = {}
    for secret in needs:
        keys = [key for key in secret.keys if key in absent]
        if not keys:
            continue
        path = path_of(environment.name, secret.name)
        new = {key.key.name: _value(directory, key, values, sops, environment) for key in keys}
        file = secret_files.read(directory, path)
        if file is None:
            written[path] = sops.encrypt(secret_files.secret_text(secret.name, secret.namespace, new), path)
            continue
        written[path] = secret_files.changed(directory, path, file, new, sops)
    for path, text in written.items():
        _remember(directory, path, undo)
        secret_files.write(directory, path, text)
    origins = {key.path: known.origins.get(key.path, f"the value of {key.key.same_as}") for key in absent}
    return MadeSecrets(environment, key_file, new_key, tuple(written), origins)


def _new_values(directory: Path, needs: Sequence[NeededSecret], sources: ValueSources, environment: str) -> _NewValues:
    """Return values for the keys that no file has yet, of which a person is asked some."""
    sources.check(needs)
    return _values(_absent(directory, environment, needs, sources), sources, environment)


def _absent(
    directory: Path, environment: str, needs: Sequence[NeededSecret], sources: ValueSources | None = None
) -> list[NeededKey]:
    """Return the keys that no file has yet. Raises UsageError where a value was given for one that is there."""
    absent = []
    for secret in needs:
        path = path_of(environment, secret.name)
        file = secret_files.read(directory, path)
        if file and (file.document.problems or "sops" not in file.data):
            raise UsageError(f"{path} is not a Secret that sops encrypted; `signalen secrets check` says more")
        for key in secret.keys:
            if file is None or not file.has(key.key.name):
                absent.append(key)
            elif sources and sources.given(key) is not None:
                raise UsageError(
                    f"{key.path} of {environment} has a value already; change it with `signalen secrets set`"
                )
    return absent


def _values(absent: Sequence[NeededKey], sources: ValueSources, environment: str) -> _NewValues:
    values: dict[str, str] = {}
    origins: dict[str, str] = {}
    unknown: list[NeededKey] = []
    for key in absent:
        if key.key.same_as:
            continue
        given = sources.given(key)
        if given is not None:
            values[key.path], origins[key.path] = secret_values.check_value(given, key), "as given"
        elif key.random:
            values[key.path], origins[key.path] = secret_values.random_text(key), "random"
        elif key.empty:
            values[key.path], origins[key.path] = "", "empty, for nothing needs it"
        else:
            unknown.append(key)
    if unknown and not (sources.ask and secret_values.can_ask()):
        raise secret_values.missing(unknown, environment)
    for key in unknown:
        asked = secret_values.ask(f"{environment}, {key.path}", key.key.description)
        values[key.path], origins[key.path] = secret_values.check_value(asked, key), "as typed"
    return _NewValues(values, origins)


def _value(directory: Path, key: NeededKey, values: Mapping[str, str], sops: Sops, environment: Environment) -> str:
    """Return the value of a key; one that follows a key that is there already is looked up in its file."""
    path = key.key.same_as or key.path
    if path in values:
        return values[path]
    secret, _, name = path.partition("/")
    file = directory / path_of(environment.name, secret)
    if not file.is_file():
        raise UsageError(f"{key.path} has the value of {path}, which {environment.name} does not have")
    data = secret_files.decrypted(sops.decrypt(file))
    if name not in data:
        raise UsageError(
            f"{key.path} has the value of {path}, which is missing from {path_of(environment.name, secret)}"
        )
    return data[name]


def _ensure_key(directory: Path, environment: str, key_file: Path, undo: ExitStack) -> bool:
    """Make sure of a rule in `.sops.yaml`, and of the key for it; tell whether the key is new."""
    if sops_config.read(directory).rule(path_of(environment, "x")) is not None:
        return False  # whoever has its key, is a matter of that file
    new = not key_file.is_file()
    if new:
        age_keys.make(key_file, environment)
        undo.callback(key_file.unlink, missing_ok=True)
    _remember(directory, SOPS_CONFIG, undo)
    sops_config.add_rule(directory, environment, age_keys.publics(key_file)[-1])
    return new


def _remember(directory: Path, path: str, undo: ExitStack) -> None:
    """Put a file back as it was, or away, where what follows fails."""
    before = beneath.read(directory, path)
    if before is None:
        undo.callback(beneath.remove, directory, path)
    else:
        undo.callback(beneath.write, directory, path, before)
