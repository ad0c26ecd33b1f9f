"""The budgets of a fleet: each command as a process of its own, which itself starts as many as there are processors."""

from __future__ import annotations

import json
import os
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from signalen_toolkit.form.municipalities import Municipality
    from signalen_toolkit.helm.model import HelmRelease

Row = tuple[str, float, float]

ROOT = Path(__file__).parents[1]
ASSETS = ROOT / "municipality-template" / "{{cookiecutter.repository_name}}" / "assets"
SHARED = ("apiVersion", "delivery", "identity")
FEW, MANY = 1_000, 10_000
VERIFIED = 60  # municipalities: enough for the start of processes to count for little


def commands() -> list[Row]:
    """Time `check` and then `render` on all municipalities in one repository, with two environments each.

    Cold, nothing is remembered or rendered; then a form changes, where all was checked and rendered before. `render`
    checks as well, so that the two together do that twice.
    """
    with _fleet(_everyone()) as (root, run):

        def both() -> None:
            run("check")
            run("render")

        cold = _seconds(both)
        both()
        together, alone = [], []
        for _ in range(3):
            _change(root)
            together.append(_seconds(both))
            _change(root)
            alone.append(_seconds(lambda: run("render")))
    return [
        ("fleet check and render, 342 x 2, s, cold", cold, 10),
        ("the same where one form changed, s", statistics.median(together), 1),
        ("fleet render alone, which checks, one form changed, s", statistics.median(alone), 1),
    ]


def repositories() -> list[Row]:
    """Time `status` on 342 local repositories with a commit each: where nothing is remembered, and after `render`."""
    with _fleet(_everyone(), apart=True) as (root, run):
        run("render")
        warm = _seconds(lambda: run("status", "--format", "json"))
        shutil.rmtree(root.parent / "cache/signalen/fleet")
        cold = _seconds(lambda: run("status", "--format", "json"))
    return [
        ("fleet status, 342 local repositories, s, cold", cold, 5),
        ("the same after render, s", warm, 5),
    ]


def made_up() -> list[Row]:
    """Weigh 10,000 municipalities that there are not, and compare the time for each with that of a tenth of them.

    In one process, so that its memory is all there is; processor time, for that does not grow by what else runs.
    """
    each, largest = {}, 0.0
    for count in (FEW, MANY):
        with _fleet(_invented(count)) as (_, run):
            used = run("check", "--processes", "1")
            each[count], largest = (used.ru_utime + used.ru_stime) / count, used.ru_maxrss / 1024
    return [
        ("fleet check, 10,000 made up: time each / of 1,000", each[MANY] / each[FEW], 1.2),
        ("the same: peak memory, MB", largest, 300),
    ]


def verify() -> list[Row]:
    """Time `verify` on some municipalities against the Helm processes that it needs alone, over the same processors.

    Helm in process has a floor of its own: what it takes alone for the same releases, without a line of ours.
    """
    from signalen_toolkit.catalog.load import catalog
    from signalen_toolkit.helm import program as helm
    from signalen_toolkit.helm.in_process import library_engine
    from signalen_toolkit.helm.rendered_tree import releases

    from tests.support.standins import main as make_stand_ins

    everyone = dict(list(_everyone().items())[:VERIFIED])
    with _fleet(everyone) as (root, run):
        run("render")
        charts, values, program = root.parent / "charts", root.parent / "values", helm.find()
        make_stand_ins(root / "municipalities" / next(iter(everyone)), charts)
        values.mkdir()
        wanted: list[list[str | Path]] = []
        all_: list[tuple[Path, HelmRelease]] = []
        for name in everyone:
            member = root / "municipalities" / name
            files = (path for path in (member / "clusters").rglob("*.yaml"))
            tree = {path.relative_to(member).as_posix(): path.read_text() for path in files}
            for release in releases(tree, catalog().release_formats):
                place = values / f"{len(wanted)}.yaml"
                place.write_text(release.values)
                chart = charts / f"{release.chart.name}-{release.chart.version}"
                wanted.append([program, "template", release.name, chart, "-n", release.namespace, "-f", place])
                all_.append((chart, release))

        def alone() -> None:
            with ThreadPoolExecutor(os.cpu_count()) as pool:
                list(pool.map(lambda command: subprocess.run(command, check=True, capture_output=True), wanted))

        engine = library_engine()

        def in_process() -> None:
            with ThreadPoolExecutor(os.cpu_count()) as pool:
                list(pool.map(lambda one: engine(*one, "1.34", (), 60.0), all_))

        how = ("verify", "--again", "--offline", "--charts", str(charts))
        run(*how)  # which writes the locks
        times: dict[str, list[float]] = {"alone": [], "program": [], "floor": [], "library": []}
        for _ in range(3):  # by turns, so that a busy moment hits all three
            times["alone"].append(_seconds(alone))
            times["program"].append(_seconds(lambda: run(*how)))
            times["floor"].append(_seconds(in_process))
            times["library"].append(_seconds(lambda: run(*how, "--engine", "library")))
    found = {name: statistics.median(some) for name, some in times.items()}
    return [
        (f"fleet verify, {len(wanted)} releases / Helm alone", found["program"] / found["alone"], 1.2),
        ("the same with Helm in process", found["library"] / found["alone"], 0.3),
        ("of which Helm in process takes alone", found["floor"] / found["alone"], 0.3),
    ]


def form(municipality: Municipality) -> dict[str, Any]:
    """Return the form of a municipality with two environments."""
    return _form(municipality.code, municipality.slug)


def _form(code: str, slug: str) -> dict[str, Any]:
    return {
        "apiVersion": "signalen.org/v1",
        "municipality": {"code": code},
        "contact": {"phone": "14 073", "email": f"meldingen@{slug}.nl"},
        "repository": {"url": f"https://git.example.nl/{slug}/signalen.git"},
        "identity": {"issuer": "https://login.microsoftonline.com/abc/v2.0", "clientId": "3f0c"},
        "environments": {
            "acceptance": {"domain": f"{slug}.signalen.dev", "version": "4.23.0"},
            "production": {"domain": f"meldingen.{slug}.nl", "version": "4.22.0"},
        },
    }


def _everyone() -> dict[str, dict[str, Any]]:
    from signalen_toolkit.form import municipalities

    return {one.slug: form(one) for one in municipalities.municipalities()}


def _invented(count: int) -> dict[str, dict[str, Any]]:
    from signalen_toolkit.form import municipalities

    codes = [one.code for one in municipalities.municipalities()]
    return {f"place-{number}": _form(codes[number % len(codes)], f"place-{number}") for number in range(count)}


@contextmanager
def _fleet(forms: Mapping[str, dict[str, Any]], *, apart: bool = False) -> Iterator[tuple[Path, Run]]:
    """Make a fleet in one repository or, with `apart`, in one for each; give its folder, and how to run a command."""
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder) / "fleet"
        lines = ["apiVersion: signalen.org/v1", "rings: {canary: {}, all: {}}", "municipalities:"]
        for number, (name, whole) in enumerate(forms.items()):
            own = {key: value for key, value in whole.items() if apart or key not in SHARED}
            about = {"repository": f"https://git.example.nl/{name}.git"} if apart else {"groups": ["some"]}
            lines.append(f"  {name}: {json.dumps(about | {'ring': 'canary' if number < 9 else 'all'})}")
            member = root / ("repositories" if apart else "municipalities") / name
            if not apart:
                own["repository"] = {"path": f"municipalities/{name}"}
            (member / "assets").mkdir(parents=True)
            for asset in ASSETS.iterdir():
                shutil.copyfile(asset, member / "assets" / asset.name)
            (member / "municipality.yaml").write_text(json.dumps(own, indent=1))
            if apart:
                _commit(member)
        first = next(iter(forms.values()))
        (root / "groups").mkdir()
        (root / "groups/some.yaml").write_text("branding: {title: Meldingen}\n")
        shared = {key: first[key] for key in (*SHARED, "repository") if key in first}
        (root / "defaults.yaml").write_text(json.dumps(shared))
        (root / "fleet.yaml").write_text("\n".join([*lines, ""]))
        if not apart:
            _commit(root)
        own_cache = {"XDG_CACHE_HOME": f"{folder}/cache", "PYTHONPATH": os.pathsep.join(sys.path)}
        yield root, Run(root, {**os.environ, **own_cache})


class Run:
    """Runs a command on a fleet, and tells what it used: itself and the processes that it started."""

    def __init__(self, root: Path, environment: Mapping[str, str]) -> None:
        self._root, self._environment = root, environment

    def __call__(self, *arguments: str) -> resource.struct_rusage:
        command = [sys.executable, "-m", "signalen_toolkit", "fleet", *arguments]
        with tempfile.TemporaryFile() as said:
            process = subprocess.Popen(command, cwd=self._root, env=self._environment, stdout=said, stderr=said)
            _, status, used = os.wait4(process.pid, 0)
            process.returncode = os.waitstatus_to_exitcode(status)
            if process.returncode:
                said.seek(0)
                raise SystemExit(f"{arguments}: {said.read()[-2000:].decode()}")
        return used


def _commit(folder: Path) -> None:
    who = ("-c", "user.name=A", "-c", "user.email=a@example.nl", "-c", "gc.auto=0")
    for arguments in (("init", "--quiet"), ("add", "--all"), ("commit", "--quiet", "-m", "Begin")):
        subprocess.run(["git", "-C", folder, *who, *arguments], check=True, capture_output=True)


def _change(root: Path) -> None:
    with (root / "municipalities/zwolle/municipality.yaml").open("a") as file:
        file.write("\n")


def _seconds(work: Callable[[], object]) -> float:
    start = time.perf_counter()
    work()
    return time.perf_counter() - start
