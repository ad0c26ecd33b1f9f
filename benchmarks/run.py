"""Measures the budgets of the toolkit, each as a ratio to a peer in the same run, and prints a table.

    make bench

Not part of the tests: a busy machine would fail them. Medians of several runs; a cold run is a process of its own.
"""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
import tracemalloc
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

from benchmarks import fleets

ROOT = Path(__file__).parents[1]
BIN = Path(sys.executable).parent
FORM = ROOT / "tests" / "forms" / "s-hertogenbosch.yaml"
ASSETS = ROOT / "municipality-template" / "{{cookiecutter.repository_name}}" / "assets"
RUNS = 11


def main() -> None:
    """Measure and print."""
    rows = [*cold(), *forms(), *fleets.commands(), *fleets.repositories(), *fleets.verify(), *fleets.made_up()]
    rows += [*page(), *verifying()]
    width = max(len(name) for name, *_ in rows)
    print(f"{'budget':{width}}  {'measured':>10}  {'at most':>8}")
    for name, measured, most in rows:
        print(f"{name:{width}}  {measured:>10.2f}  {most:>8.2f}  {'ok' if measured <= most else 'OVER'}")


def cold() -> list[tuple[str, float, float]]:
    """Time whole processes: `check` and `render` against check-jsonschema on the same schema and form."""
    with tempfile.TemporaryDirectory() as folder:
        repository = Path(folder)
        form = repository / "municipality.yaml"
        form.write_bytes(FORM.read_bytes())
        (repository / "assets").mkdir()
        for asset in ASSETS.iterdir():
            (repository / "assets" / asset.name).write_bytes(asset.read_bytes())
        schema = repository / "schema.json"
        schema.write_bytes(_output([BIN / "signalen", "schema", "municipality"]))
        peer: list[str | Path] = [BIN / "check-jsonschema", "--schemafile", schema, form]
        check: list[str | Path] = [BIN / "signalen", "check", repository]
        render: list[str | Path] = [BIN / "signalen", "render", "--check", repository]
        subprocess.run([BIN / "signalen", "render", repository], check=True, capture_output=True)
        times: dict[str, list[float]] = {"peer": [], "check": [], "render": []}
        for _ in range(RUNS):  # by turns, so that a busy moment hits all three
            for name, command in (("peer", peer), ("check", check), ("render", render)):
                times[name].append(_seconds(partial(_output, command)))
    peer_time = statistics.median(times["peer"])
    return [
        ("check, cold / check-jsonschema", statistics.median(times["check"]) / peer_time, 0.6),
        ("render, cold / check-jsonschema", statistics.median(times["render"]) / peer_time, 1.0),
    ]


def verifying() -> list[tuple[str, float, float]]:
    """Time `verify` with stand-in charts against Helm alone, and Helm in process against the program."""
    from signalen_toolkit.catalog.load import catalog
    from signalen_toolkit.helm import program as helm
    from signalen_toolkit.helm.in_process import library_engine
    from signalen_toolkit.helm.model import HelmRelease
    from signalen_toolkit.helm.rendered_tree import releases

    from tests.support.standins import main as make_stand_ins

    with tempfile.TemporaryDirectory() as folder:
        repository, charts = Path(folder) / "repository", Path(folder) / "charts"
        (repository / "assets").mkdir(parents=True)
        for asset in ASSETS.iterdir():
            (repository / "assets" / asset.name).write_bytes(asset.read_bytes())
        (repository / "municipality.yaml").write_bytes(FORM.read_bytes())
        _output([BIN / "signalen", "render", repository])
        make_stand_ins(repository, charts)
        files = (path for path in (repository / "clusters").rglob("*.yaml"))
        tree = {path.relative_to(repository).as_posix(): path.read_text() for path in files}
        wanted = releases(tree, catalog().release_formats)
        program, values = helm.find(), Path(folder) / "values.yaml"

        def alone() -> None:
            for release in wanted:
                values.write_text(release.values)
                chart = charts / f"{release.chart.name}-{release.chart.version}"
                _output([program, "template", release.name, chart, "-n", release.namespace, "-f", values])

        first: list[str | Path] = [BIN / "signalen", "verify", repository, "--charts", charts, "--again"]
        again = first[:-1]
        environment = {**os.environ, "XDG_CACHE_HOME": folder}
        _output(again, environment)
        times: dict[str, list[float]] = {"alone": [], "first": [], "again": []}
        for _ in range(RUNS):
            times["alone"].append(_seconds(alone))
            times["first"].append(_seconds(lambda: _output(first, environment)))
            times["again"].append(_seconds(lambda: _output(again, environment)))

        def many(engine: helm.Engine, count: int, workers: int) -> float:
            some = [wanted[number % len(wanted)] for number in range(count)]

            def one(release: HelmRelease) -> str:
                chart = charts / f"{release.chart.name}-{release.chart.version}"
                return engine(chart, release, "1.34", (), 60.0)

            def at_once() -> None:  # as many as there are cores, as `verify` does
                with ThreadPoolExecutor(max_workers=workers) as pool:
                    list(pool.map(one, some))

            return _seconds(at_once) / count

        library, run = library_engine(), helm.program_engine(program)
        many(library, 6, os.cpu_count() or 1)
        in_process, as_program = many(library, 300, os.cpu_count() or 1), many(run, 60, 1)
    medians = {name: statistics.median(found) for name, found in times.items()}
    return [
        ("verify, 6 releases / 6 x helm template", medians["first"] / medians["alone"], 1.5),
        ("verify, nothing changed / the first time", medians["again"] / medians["first"], 0.2),
        ("Helm in process, 300 releases / a loop", in_process / as_program, 0.25),
    ]


def forms() -> list[tuple[str, float, float]]:
    """Time and weigh checking and rendering all municipalities with two environments each, in this process."""
    from signalen_toolkit.catalog.load import catalog
    from signalen_toolkit.documents import reader
    from signalen_toolkit.form import municipalities
    from signalen_toolkit.rendering.render import render
    from signalen_toolkit.validation.check import check

    repository = ASSETS.parent

    def one(municipality: municipalities.Municipality) -> int:
        source = reader.parse(json.dumps(fleets.form(municipality)), "municipality.yaml")
        config, problems = check(source, catalog(), repository)
        if any(problem.severity == "error" for problem in problems):
            raise SystemExit(f"{municipality.name}: {problems}")
        return len(render(config, catalog()))

    everyone = municipalities.municipalities()
    one(everyone[0])
    seconds = _seconds(lambda: [one(municipality) for municipality in everyone])

    def each(some: Sequence[municipalities.Municipality]) -> list[int]:
        return [one(municipality) for municipality in some]

    few, all_ = _peak(partial(each, everyone[:171])), _peak(partial(each, everyone))
    return [
        ("check and render, ms an environment, warm", seconds * 1000 / len(everyone) / 2, 20),
        ("peak memory, 342 municipalities / 171", all_ / few, 1.2),
    ]


def page() -> list[tuple[str, float, float]]:
    """Time the web page: its start as a process of its own, the check of a keystroke; and weigh the heaviest page."""
    from signalen_toolkit.page.asking import outline

    from tests.support.pages import Visitor

    with tempfile.TemporaryDirectory() as folder:
        repository = Path(folder) / "repository"
        visitor = Visitor(repository, Path(folder) / "state")
        visitor.make()
        parts = [*outline.parts(), *outline.parts("acceptance")]
        heaviest = max(len(visitor.get(part.address).encode()) for part in parts)
        (form,) = [one for one in visitor.forms(visitor.get("/section/contact")) if one["action"] == "/section/contact"]
        typed = {**form["values"], "page": "/section/contact", "/contact/phone": "14 07"}

        def keystroke() -> None:
            visitor.client.post("/check", data=typed).get_data()

        keystroke()
        checked = statistics.median(_seconds(keystroke) for _ in range(RUNS))
        started = statistics.median(_seconds(partial(_started, repository)) for _ in range(RUNS))
    return [
        ("form: start, s", started, 1),
        ("form: check of a keystroke, ms", checked * 1000, 100),
        ("form: the heaviest page, KB", heaviest / 1000, 50),
    ]


def _started(repository: Path) -> None:
    """Start the server, and stop it once it says where it is."""
    command = [BIN / "signalen", "form", repository, "--no-browser"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as server:
        for _ in server.stdout or ():
            break
        server.terminate()


def _output(command: Sequence[str | Path], environment: dict[str, str] | None = None) -> bytes:
    return subprocess.run(command, check=True, capture_output=True, env=environment).stdout


def _seconds(work: Callable[[], object]) -> float:
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def _peak(work: Callable[[], object]) -> int:
    tracemalloc.start()
    work()
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return peak


if __name__ == "__main__":
    main()
