"""What reads files of somebody else: a target for each, with what it starts from and what it may raise.

A target takes bytes. Whatever they are, it ends soon, and raises nothing but what is named here.
"""

from __future__ import annotations

import io
import tarfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from signalen_toolkit.catalog.load import catalog
from signalen_toolkit.diagnostics.problems import ProblemsError, UsageError
from signalen_toolkit.diagnostics.reporters import FORMATS, report
from signalen_toolkit.documents import reader
from signalen_toolkit.form.images import kind
from signalen_toolkit.helm.charts.archive import ChartError, check_archive
from signalen_toolkit.helm.rendered_tree import manifests, releases
from signalen_toolkit.importing.files import read_config, read_values
from signalen_toolkit.kubernetes.model import Object
from signalen_toolkit.validation.check import check
from signalen_toolkit.validation.rules.site.svg import svg_faults
from signalen_toolkit.verify.checks import check_objects

from tests.conftest import FORMS, TESTS
from tests.support.cluster_objects import CONTEXT
from tests.support.small_charts import chart_files, packed

ENVIRONMENT = "acceptance"
TREE = f"clusters/{ENVIRONMENT}"


@dataclass(frozen=True)
class Target:
    """A reader: what it is given first, what it does, and what it may raise."""

    seeds: Callable[[], Iterator[bytes]]
    read: Callable[[bytes, Path], object]
    raises: tuple[type[Exception], ...] = ()


def _check(data: bytes, folder: Path) -> None:
    problems = check(reader.parse(data, "municipality.yaml"), catalog(), folder)[1]
    for format_ in FORMATS:
        report(problems, format_)


def _import(data: bytes, folder: Path) -> None:
    components = catalog().components
    for name, read, component in (("app.json", read_config, "frontend"), ("values.yaml", read_values, "backend")):
        path = folder / name
        path.write_bytes(data)
        try:
            read(path, components[component])
        except (ProblemsError, UsageError):
            continue


def _chart(data: bytes, folder: Path) -> None:
    check_archive(io.BytesIO(data), "backend", "4.23.0")


def _manifests(data: bytes, folder: Path) -> None:
    tree = {f"{TREE}/manifests/x.yaml": data.decode("utf-8", errors="replace")}
    releases(tree, catalog().release_formats)
    objects: list[Object] = list(manifests(tree, ENVIRONMENT))
    check_objects(objects, CONTEXT)


def _svg(data: bytes, folder: Path) -> None:
    kind(data)
    list(svg_faults(data))


def _forms() -> Iterator[bytes]:
    yield from (path.read_bytes() for path in sorted(FORMS.glob("*.yaml")))
    yield from (path.read_bytes() for path in sorted((FORMS / "bad").glob("*.yaml")))


def _configurations() -> Iterator[bytes]:
    for path in sorted((TESTS / "golden").glob("*/clusters/*/values/signalen-*end.yaml")):
        yield path.read_bytes()
    yield b'{"apiBaseUrl": "https://api.example.nl", "map": {"municipality": "bergen"}, "number": 1e400}'


def _charts() -> Iterator[bytes]:
    yield packed(chart_files("backend", "4.23.0"))
    with io.BytesIO() as file:
        with tarfile.open(fileobj=file, mode="w") as archive:  # not compressed, so that a change gets further
            for name, text in chart_files("backend", "4.23.0").items():
                entry = tarfile.TarInfo(name)
                content = text.encode()
                entry.size = len(content)
                archive.addfile(entry, io.BytesIO(content))
        yield file.getvalue()


def _objects() -> Iterator[bytes]:
    for folder in ("manifests", "releases", "flux-system", "applications"):
        for path in sorted((TESTS / "golden").glob(f"*/clusters/*/{folder}/*.yaml")):
            if path.stat().st_size < 2**16:
                yield path.read_bytes()


def _drawings() -> Iterator[bytes]:
    assets = TESTS.parent / "municipality-template" / "{{cookiecutter.repository_name}}" / "assets"
    yield from (path.read_bytes() for path in sorted(assets.glob("*.svg")))
    yield (
        b'<svg xmlns="http://www.w3.org/2000/svg" xmlns:x="http://www.w3.org/1999/xlink"><style>a{fill:url(#b)}</style>'
        b'<!-- <b> --><desc><![CDATA[x]]></desc><image x:href="data:image/png;base64,iVBORw0KGgo="/></svg>'
    )


TARGETS = {
    "form": Target(_forms, _check, (UsageError,)),
    "import": Target(_configurations, _import),
    "chart": Target(_charts, _chart, (ChartError,)),
    "manifests": Target(_objects, _manifests, (ValueError,)),
    "svg": Target(_drawings, _svg),
}
