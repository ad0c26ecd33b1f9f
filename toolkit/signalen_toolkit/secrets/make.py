"""`signalen secrets`: makes the Secrets of an environment, encrypted with SOPS, and changes them.

The plain text of a value is in this process and in pipes to SOPS, and nowhere else.
"""

from __future__ import annotations

import shlex
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from fnmatch import fnmatch
from pathlib import Path, PurePosixPath
from typing import Final

from signalen_toolkit.base import beneath, files
from signalen_toolkit.base.layout import SECRETS, SOPS_CONFIG
from signalen_toolkit.catalog.model import Catalog, Decryption
from signalen_toolkit.diagnostics.problems import UsageError
from signalen_toolkit.form.config import Environment
from signalen_toolkit.form.needed_secrets import NeededKey, NeededSecret, by_hand
from signalen_toolkit.secrets import age_keys, sops_config
from signalen_toolkit.secrets import files as secret_files
from signalen_toolkit.secrets import values as secret_values
from signalen_toolkit.secrets.after_rotation import orders
from signalen_toolkit.secrets.environment import choose, needs_of, one_key, read_config, sops_of, with_sops
from signalen_toolkit.secrets.files import ValueOrigin, path_of
from signalen_toolkit.secrets.sops import Sops, find
from signalen_toolkit.secrets.values import ValueSources

_RANDOM: Final = "random"  # in the words of a person


@dataclass(frozen=True, slots=True)
class MadeSecrets:
    """What `init` did for one environment: the files that it wrote, and the age key.

    `new_key` says that the private key was made just now, `note` what there is to know of one that was there. `keys`
    says of each key (`<secret>/<key>`) that it wrote where the value comes from, in words for a person.
    """

    environment: Environment = field(repr=False)
    key_file: Path
    new_key: bool
    note: str
    files: tuple[str, ...]
    keys: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Changed:
    """The keys that got another value (`<secret>/<key>`), and what to do in the cluster now, line by line."""

    keys: tuple[str, ...]
    orders: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _NewValues:
    """Values of keys by their path, and where each comes from, in words."""

    values: Mapping[str, str] = field(repr=False)
    origins: Mapping[str, str]

    def origin(self, path: str) -> ValueOrigin:
        """Return where the value of a key comes from, in the word that its file keeps."""
        return ValueOrigin.RANDOM if self.origins.get(path) == _RANDOM else ValueOrigin.GIVEN


@dataclass(frozen=True, slots=True)
class _KeyInUse:
    """The file with the private key of an environment, and what was made of it."""

    file: Path
    new: bool = False
    note: str = ""


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
    values = [_new_values(directory, needs_of(config, one, charts), sources, one, path) for one in chosen]
    with files.alone(directory), ExitStack() as undo:
        _sweep(directory, chosen)
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
    if made.key_file.is_file():  # each time: one that was killed could not say it
        lines += [
            f"the private key of {name} is in {made.key_file}",
            *([f"  {made.note}"] if made.note else []),
            "  keep a copy of it where the municipality keeps its passwords: without it, the secrets cannot be read",
        ]
        if made.environment.delivery.decryption is Decryption.KEY:
            secret, namespace = settings["secrets"]["sops"]["keySecret"], settings["sync"]["namespace"]
            given = f"--from-file=age.agekey={shlex.quote(str(made.key_file))}"
            command = f"  kubectl create secret generic {secret} --namespace {namespace} {given}"
            lines += [f"give it to {made.environment.delivery.title}, once:", command]
    for secret in by_hand(made.environment):
        keys = ", ".join(key.key.name for key in secret.keys if not key.empty)
        how = f"make the Secret {secret.name} in {secret.namespace} yourself, as {secret.guide} says"
        what = how if secret.guide else f"put into the Secret {secret.name} in {secret.namespace} yourself, once"
        lines.append(f"{what}: {keys}")
    return "\n".join(lines)


def set_value(
    directory: Path, charts: Catalog, environment: str, key: str, value: str, *, program: str | None = None
) -> Changed:
    """Give a key (`<secret>/<key>`, or the key alone) of an environment another value, and the keys that follow it.

    Raises UsageError, and NoKeyError where no private key is at hand.
    """
    with files.alone(directory):
        config = read_config(directory, charts)
        chosen = choose(config, environment)
        needs = needs_of(config, chosen, charts)
        found = one_key(needs, key)
        secret_values.check_value(value, found)
        changed = change(directory, chosen, needs, {found.path: value}, ValueOrigin.GIVEN, find(program))
    return Changed(tuple(changed), tuple(orders(chosen, needs, changed)))


def change(
    directory: Path,
    environment: Environment,
    needs: Sequence[NeededSecret],
    values: Mapping[str, str],
    origin: ValueOrigin,
    program: Path,
) -> list[str]:
    """Put values (by `<secret>/<key>`) of one origin into the files, and into the keys that have the same value.

    All files are made before the first is written.
    """
    sops = sops_of(directory, environment, program)
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
        told = [key for key in secret.keys if _may_change(key) or key.key.name in file.origins]
        origins = {key.key.name: _origin(key, origin) for key in told if key.key.name in new}
        written[path] = secret_files.changed(directory, path, file, new, origins, sops)
    secret_files.write(directory, written)
    return [path for path, value in wanted.items() if value is not None]


def _init(
    directory: Path,
    needs: Sequence[NeededSecret],
    environment: Environment,
    known: _NewValues,
    program: Path,
    undo: ExitStack,
) -> MadeSecrets:
    absent = _absent(directory, environment.name, needs)
    values = known.values
    if any(key.path not in values for key in absent if not key.key.same_as):
        raise files.changed_meanwhile(directory)
    key = _ensure_key(directory, environment, undo)
    sops = sops_of(directory, environment, program)
    written: dict[str, str] = {}
    for secret in needs:
        keys = [key for key in secret.keys if key in absent]
        if not keys:
            continue
        path = path_of(environment.name, secret.name)
        new = {key.key.name: _value(directory, key, values, sops, environment) for key in keys}
        origins = {key.key.name: _origin(key, known.origin(key.path)) for key in keys if _may_change(key)}
        file = secret_files.read(directory, path)
        if file is None:
            text = secret_files.secret_text(secret.name, secret.namespace, new, origins)
            written[path] = sops.encrypt(text, path)
            continue
        written[path] = secret_files.changed(directory, path, file, new, origins, sops)
    for path in written:
        _remember(directory, path, undo)
    secret_files.write(directory, written)
    said = {one.path: known.origins.get(one.path, f"the value of {one.key.same_as}") for one in absent}
    return MadeSecrets(environment, key.file, key.new, key.note, tuple(written), said)


def _may_change(key: NeededKey) -> bool:
    """Tell whether what a key has to hold depends on more of the form than that it is needed."""
    return bool(key.key.generate or key.key.same_as)


def _origin(key: NeededKey, origin: ValueOrigin) -> ValueOrigin:
    return ValueOrigin.FOLLOWS if key.key.same_as else origin


def _new_values(
    directory: Path, needs: Sequence[NeededSecret], sources: ValueSources, environment: Environment, program: Path
) -> _NewValues:
    """Return values for the keys that no file has yet, of which a person is asked some.

    Raises UsageError where a value is given for a key that has another one; the same one may be given again.
    """
    sources.check(needs)
    absent = _absent(directory, environment.name, needs)
    for secret in needs:
        again = {
            key.key.name: given
            for key in secret.keys
            if key not in absent and (given := sources.given(key)) is not None
        }
        if not again:
            continue
        sops, path = sops_of(directory, environment, program), path_of(environment.name, secret.name)
        now = secret_files.decrypted(sops.decrypt(directory / path))
        for name, given in again.items():
            if now.get(name) != given:
                raise UsageError(
                    f"{secret.name}/{name} of {environment.name} has another value already; change it with"
                    " `signalen secrets set`"
                )
    return _values(absent, sources, environment.name)


def _absent(directory: Path, environment: str, needs: Sequence[NeededSecret]) -> list[NeededKey]:
    """Return the keys that no file has yet."""
    absent = []
    for secret in needs:
        path = path_of(environment, secret.name)
        file = secret_files.read(directory, path)
        if file and (file.document.problems or "sops" not in file.data):
            raise UsageError(f"{path} is not a Secret that sops encrypted; `signalen secrets check` says more")
        absent += [key for key in secret.keys if file is None or not file.has(key.key.name)]
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
            values[key.path], origins[key.path] = secret_values.random_text(key), _RANDOM
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


def _ensure_key(directory: Path, environment: Environment, undo: ExitStack) -> _KeyInUse:
    """Make sure of a rule in `.sops.yaml`, and of the key for it."""
    rule = sops_config.read(directory).rule(path_of(environment.name, "x"))
    file = age_keys.key_file(directory, environment)
    if rule is not None:
        _refuse_others(file, sops_config.read(directory).recipients(path_of(environment.name, "x")), environment)
        return _KeyInUse(file)
    there = age_keys.keys(file) if file.is_file() else []
    own = [key for key in there if not age_keys.serves_another(key, environment)]
    if there and not own and not age_keys.named_file():
        raise UsageError(f"{file} has the key of {there[-1].serves}, and {environment.name} needs one of its own")
    note = ""
    if own:
        public = own[-1].public
        note = "it was there already" + ("" if own[-1].serves else ", and nothing in it says what else it is for")
    else:
        undo.callback(age_keys.take_back, file, file.stat().st_size if file.is_file() else None)
        public = age_keys.make(file, environment)
    _remember(directory, SOPS_CONFIG, undo)
    sops_config.add_rule(directory, environment.name, public)
    return _KeyInUse(file, new=not own, note=note)


def _refuse_others(file: Path, recipients: Sequence[str], environment: Environment) -> None:
    """Raise UsageError where what opens the secrets is the key of another environment or municipality."""
    if not file.is_file() or not age_keys.has_library():
        return
    for key in age_keys.keys(file):
        if key.public in recipients and age_keys.serves_another(key, environment, anywhere=True):
            raise UsageError(
                f"{SOPS_CONFIG} has, for {environment.name}, the key of {key.serves} ({file}): whoever has that would"
                f" read these secrets too; make another one: signalen secrets rotate {environment.name} --new-key"
            )


def _sweep(directory: Path, environments: Sequence[Environment]) -> None:
    """Remove what a run that was killed left aside: whoever has the turn knows that nobody else is writing it."""
    for left in directory.glob(files.aside_of(SOPS_CONFIG)):
        left.unlink(missing_ok=True)
    for environment in environments:
        for entry in beneath.walk(directory, f"{SECRETS}/{environment.name}"):
            if entry.is_file and fnmatch(PurePosixPath(entry.path).name, files.aside_of("*")):
                beneath.remove(directory, entry.path)


def _remember(directory: Path, path: str, undo: ExitStack) -> None:
    """Put a file back as it was, or away, where what follows fails."""
    before = beneath.read(directory, path)
    if before is None:
        undo.callback(beneath.remove, directory, path)
    else:
        undo.callback(beneath.write, directory, path, before)
