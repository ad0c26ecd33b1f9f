"""Helm as a library in this process (helm-python-sdk): no program to start for each release.

The library is Helm 4's engine. Its Python function for rendering takes no version of Kubernetes, while the native
function beneath it does; so that one is called. What `helm template` does around rendering and the library leaves
out is done here: the checks of a chart's subcharts and of its Kubernetes versions, leaving out tests and notes, and
refusing what is not YAML.

What a library cannot do is be stopped: after the time limit its work goes on until this process ends, and a template
that loops takes memory meanwhile. For charts that are not trusted there is the program.
"""

from __future__ import annotations

import importlib
import json
import os
import re
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from signalen_toolkit.base.processes import StoppedError
from signalen_toolkit.diagnostics.problems import UsageError
from signalen_toolkit.helm.errors import HelmError, not_yaml, one_line, understand
from signalen_toolkit.helm.program import LARGEST, Engine, too_much, too_slow

if TYPE_CHECKING:
    from signalen_toolkit.helm.model import HelmRelease

INSTALL: Final = "pip install 'signalen-toolkit[fast]'"
_DOCUMENTS = re.compile(r"^---[^\S\n]*(?:\n|\Z)", re.MULTILINE)
_HOOK: Final = "helm.sh/hook"
_TESTS: Final = {"test", "test-success"}
_LOOK: Final = 0.05  # seconds until it is seen that nobody waits for a release any longer


def library_engine(stop: threading.Event | None = None) -> Engine:
    """Return the engine that renders in this process, until `stop`. Raises UsageError where the library is missing."""
    library, native = _library()

    def engine(
        chart: Path, release: HelmRelease, kube_version: str, api_versions: Sequence[str], timeout: float
    ) -> str:
        def work() -> str:
            return _template(library, native, chart, release, kube_version, api_versions)

        return _within(timeout, work, release, stop)

    return engine


def _library() -> tuple[Any, Any]:
    """Import the library when it is asked for: it is 80 MB, and only few have it."""
    try:
        library = importlib.import_module("helm_python")
        native = importlib.import_module("helm_python._native")
        native.call_string, native.HANDLE, library.values_from_yaml  # noqa: B018  # what is used below
    except ImportError as error:
        raise UsageError(f"the library helm-python-sdk is missing: {INSTALL}, or use the program helm") from error
    except Exception as error:  # whatever a native library cannot do on this computer
        raise UsageError(f"the library helm-python-sdk does not work here: {error}; use the program helm") from error
    return library, native


def _within(timeout: float, work: Callable[[], str], release: HelmRelease, stop: threading.Event | None) -> str:
    """Do the work in a thread and wait for it so many seconds, or until nobody wants it any longer."""
    deadline = time.monotonic() + timeout
    results: list[str] = []
    errors: list[BaseException] = []

    def keep() -> None:
        try:
            results.append(work())
        except BaseException as error:  # noqa: BLE001  # raised again below, in the thread that waits
            errors.append(error)

    thread = threading.Thread(target=keep, daemon=True)
    thread.start()
    while thread.is_alive():
        thread.join(min(max(deadline - time.monotonic(), 0.0), _LOOK))
        if stop is not None and stop.is_set():
            raise StoppedError
        if thread.is_alive() and time.monotonic() >= deadline:
            raise too_slow(release, timeout)
    if errors:
        raise errors[0]
    return results[0]


def _template(
    library: Any, native: Any, chart: Path, release: HelmRelease, kube_version: str, api_versions: Sequence[str]
) -> str:
    options = {"kube_version": _three_numbers(kube_version), "api_versions": list(api_versions)}
    name = release.chart.name
    try:
        values = native.call_string("helm_values_from_yaml", release.values)
    except library.HelmError as error:
        raise HelmError(f"the values are not what Helm reads: {one_line(str(error))}", raw=str(error)) from error
    try:
        with library.Chart.load(chart) as loaded:
            _check_subcharts(loaded)
            if loaded.metadata.get("kubeVersion"):
                _check_kubernetes(library, native, loaded, release, values, options)
            place = {"name": release.name, "namespace": release.namespace, **options}
            rendered = json.loads(native.call_string("helm_render", loaded._raw(), values, json.dumps(place)))
            crds = {crd["filename"]: crd["data"] for crd in loaded.crds}
    except library.HelmError as error:
        raise understand(str(error), name) from error
    text = "".join(f"---{_document(source, part)}\n" for source, part in _parts(crds, rendered))
    if len(text) > LARGEST:
        raise too_much()
    return text


def _three_numbers(kube_version: str) -> str:
    """Write 1.34 as the program does: v1.34.0."""
    bare = kube_version.removeprefix("v")
    return f"v{bare}.0" if bare.count(".") == 1 else f"v{bare}"


def _check_subcharts(chart: Any) -> None:
    """Refuse a chart whose subcharts are not there, as the program does."""
    present = {one.get("name") for one in chart.dependencies}
    lacking = [one["name"] for one in chart.metadata.get("dependencies") or () if one["name"] not in present]
    if lacking:
        raise understand(f"found in Chart.yaml, but missing in charts/ directory: {', '.join(lacking)}")


def _check_kubernetes(
    library: Any, native: Any, chart: Any, release: HelmRelease, values: str, options: Mapping[str, Any]
) -> None:
    """Let an installation that stays on paper compare the chart's kubeVersion, which rendering does not look at."""
    dry_run = json.dumps({"dry_run": "client", "namespace": release.namespace, **options})
    nothing = native.HANDLE(0)
    with library.Config(kubeconfig_path=os.devnull, storage_driver="memory", namespace=release.namespace) as config:
        native.call_string("helm_install", config._raw(), nothing, chart._raw(), None, release.name, values, dry_run)


def _parts(crds: Mapping[str, str], rendered: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    """Yield each document with the template that made it; not the notes, the tests and what is empty."""
    for source, text in (*sorted(crds.items()), *sorted(rendered.items())):
        if not source.endswith("NOTES.txt"):
            for part in _DOCUMENTS.split(text):
                if part.strip() and not _is_test(source, part):
                    yield source, part.strip("\n")


def _document(source: str, text: str) -> str:
    """Return a document as it stands behind the mark between documents, with the template that made it."""
    return f"\n# Source: {source}\n{text}"


def _is_test(source: str, text: str) -> bool:
    """Tell whether a document is a test of the chart. Raises HelmError where it is not YAML."""
    import yaml

    from signalen_toolkit.documents import machine
    from signalen_toolkit.documents.data import at

    own = text.strip("\n")
    try:
        data = machine.shared(_document(source, own))  # the very text that is read again among the others
    except yaml.MarkedYAMLError as error:
        # Two lines of ours stand above it.
        number = error.problem_mark.line - 1 + text.index(own) if error.problem_mark else 0
        raise not_yaml(source, f"yaml: {f'line {number}: ' if number else ''}{error.problem}") from error
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        raise not_yaml(source, f"yaml: {error}") from error
    hooks = at(data, "metadata", "annotations", _HOOK)
    return bool(_TESTS & {word.strip() for word in str(hooks or "").split(",")})
