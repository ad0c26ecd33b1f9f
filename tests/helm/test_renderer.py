"""The renderer: whose charts it takes, that it can be stopped, and what is read of Helm's output."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from signalen_toolkit.diagnostics.problems import ProblemsError, UsageError
from signalen_toolkit.helm.charts.lock import Locks
from signalen_toolkit.helm.errors import HelmError
from signalen_toolkit.helm.model import HelmRelease
from signalen_toolkit.helm.options import Options
from signalen_toolkit.helm.output import objects_in
from signalen_toolkit.helm.renderer import Renderer, renderer

from tests.support.chart_server import Server, serving
from tests.support.slow_helm import SlowHelm
from tests.support.small_charts import chart_files, packed, reference, release, script, write_chart

OBJECT = "echo 'kind: ConfigMap'"
OTHER = "sha256:" + "0" * 64


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    monkeypatch.setenv("no_proxy", "*")
    with serving() as one:
        one.repository(packed())
        yield one


@pytest.fixture
def slow(tmp_path: Path) -> SlowHelm:
    return SlowHelm(tmp_path)


def some(count: int, repository: str = "") -> list[HelmRelease]:
    """Return releases of one chart."""
    chart = reference(repository=repository) if repository else reference()
    return [replace(release(), name=f"release-{number}", chart=chart) for number in range(count)]


def options(tmp_path: Path, program: Path, *, charts: bool = True) -> Options:
    """Return options with a Helm and an empty cache, and a folder with the chart."""
    if charts:
        write_chart(tmp_path / "charts", chart_files())
    folder = tmp_path / "charts" if charts else None
    return Options(charts=folder, program=str(program), variables={"XDG_CACHE_HOME": str(tmp_path / "cache")})


def make(given: Options, locked: str = "", server: Server | None = None) -> Renderer:
    """Return a renderer; `locked` is the digest of the chart."""
    chart = reference(repository=server.url) if server else reference()
    return renderer(given, {}, default_version="1.34", locks=Locks({chart: locked} if locked else {}))


# --- stopping


def test_who_leaves_stops_what_runs_and_what_waits(slow: SlowHelm, tmp_path: Path) -> None:
    begun = time.monotonic()
    with make(options(tmp_path, slow.program)) as work:
        work.start(some(50))
        slow.wait(2)
    assert time.monotonic() - begun < 20
    assert slow.is_gone()
    started = slow.started()
    time.sleep(0.3)
    assert slow.started() == started < 100


def test_an_interruption_stops_what_runs(slow: SlowHelm, tmp_path: Path) -> None:
    with pytest.raises(KeyboardInterrupt), make(options(tmp_path, slow.program)) as work:
        work.start(some(3))
        slow.wait()
        raise KeyboardInterrupt
    assert slow.is_gone()


def test_a_first_error_stops_the_others(tmp_path: Path) -> None:
    slow = SlowHelm(tmp_path)
    text = f'case "$2" in release-0) echo "Error: no" >&2; exit 1;; esac\nexec {slow.program}'
    with pytest.raises(HelmError), make(options(tmp_path, script(tmp_path / "helm", text))) as work:
        work.all(some(4))
    assert slow.is_gone()


def test_the_library_is_left_alone_to_end(tmp_path: Path) -> None:
    """It cannot be stopped; but nobody waits for it."""
    pytest.importorskip("helm_python")
    loop = {"loop.yaml": "{{ range until 60 }}{{ bcrypt (toString .) }}{{ end }}"}
    write_chart(tmp_path / "charts", chart_files(templates=loop))
    begun = time.monotonic()
    with renderer(Options(charts=tmp_path / "charts", engine="library"), {}, default_version="1.34") as work:
        work.start(some(1))
    assert time.monotonic() - begun < 3


# --- charts


def test_it_begins_with_what_is_at_hand_and_fetches_the_rest_later(server: Server, tmp_path: Path) -> None:
    given = options(tmp_path, script(tmp_path / "helm", OBJECT), charts=False)
    wanted = some(2, server.url)
    with make(given) as work:
        work.begin(wanted)
        assert server.asked == []
        work.start(wanted)
        assert [path for path, _ in server.asked] == ["/index.yaml", "/demo-1.2.3.tgz"]
        assert [len(work.objects(one)) for one in wanted] == [1, 1]
    with make(given) as work:
        work.begin(wanted)
        assert [len(work.objects(one)) for one in wanted] == [1, 1]
    assert len(server.asked) == 2


def test_a_release_is_rendered_once(tmp_path: Path) -> None:
    counted = script(tmp_path / "helm", f"echo x >> {tmp_path}/count\n{OBJECT}")
    with make(options(tmp_path, counted)) as work:
        work.begin(some(2))
        assert len(work.all([*some(2), *some(2)])) == 2
    assert (tmp_path / "count").read_text() == "x\nx\n"


def test_a_chart_that_is_not_the_locked_one_is_not_run(server: Server, tmp_path: Path) -> None:
    given = options(tmp_path, script(tmp_path / "helm", f"touch {tmp_path}/ran\n{OBJECT}"), charts=False)
    for _ in range(2):  # fetched, and from the cache
        with make(given, OTHER, server) as work, pytest.raises(ProblemsError) as caught:
            work.begin(some(2, server.url))
            work.start(some(2, server.url))
        (problem,) = caught.value.problems
        assert (problem.rule, problem.file) == ("chart-digest", "charts.lock")
    assert not (tmp_path / "ran").exists()


def test_a_chart_that_cannot_be_had_is_only_said_at_the_start(server: Server, tmp_path: Path) -> None:
    given = options(tmp_path, script(tmp_path / "helm", OBJECT), charts=False)
    with make(replace(given, offline=True)) as work:
        work.begin(some(1, server.url))
        with pytest.raises(UsageError, match="is not at hand"):
            work.start(some(1, server.url))


# --- what Helm printed


def test_each_object_has_the_template_that_made_it() -> None:
    text = (
        "---\n# Source: demo/templates/a.yaml\nkind: A\n---\n# Source: demo/templates/b.yaml\nkind: B\n--- \nkind: C\n"
    )
    assert [(one.kind, one.source) for one in objects_in(text, release())] == [
        ("A", "demo/templates/a.yaml"),
        ("B", "demo/templates/b.yaml"),
        ("C", ""),
    ]
    (one,) = objects_in("kind: A\n", release())
    assert (one.environment, one.component, one.home) == ("acceptance", "demo", "signalen-acc")


def test_a_list_is_the_objects_in_it() -> None:
    text = """\
# Source: demo/templates/list.yaml
apiVersion: v1
kind: List
items:
- {kind: A, metadata: {name: a}}
- {kind: BList, items: [{kind: B}, {kind: List, items: [{kind: C}]}]}
- null
---
kind: List
items:
---
kind: WaitingList
spec: {}
items: none of this
"""
    found = objects_in(text, release())
    assert [one.kind for one in found] == ["A", "B", "C", "WaitingList"]
    assert {one.source for one in found[:3]} == {"demo/templates/list.yaml"}


@pytest.mark.parametrize("text", ["", "---\n# Source: demo/templates/a.yaml\n", "---\n{}\n---\nnull\n", "- a\n"])
def test_an_empty_document_is_nothing(text: str) -> None:
    assert objects_in(text, release()) == []


def test_what_is_not_yaml() -> None:
    with pytest.raises(HelmError, match=r"not YAML \(line 2 of its document\)"):
        objects_in("kind: A\na: b: c\n", release())
