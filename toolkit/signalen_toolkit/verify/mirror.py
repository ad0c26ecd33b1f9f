"""What a mirror has to hold: the charts and the images of a form, as they were published."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

from signalen_toolkit.base import layout
from signalen_toolkit.catalog.model import Catalog
from signalen_toolkit.documents.data import leaves, text
from signalen_toolkit.form.config import Config, Environment
from signalen_toolkit.helm.charts import lock
from signalen_toolkit.helm.model import ChartReference
from signalen_toolkit.helm.options import Options
from signalen_toolkit.helm.rendered_tree import manifests, releases
from signalen_toolkit.helm.renderer import renderer
from signalen_toolkit.kubernetes.cluster import cluster
from signalen_toolkit.kubernetes.context import Context
from signalen_toolkit.kubernetes.model import Object
from signalen_toolkit.rendering.images import mirrored
from signalen_toolkit.rendering.render import render

# An image in an argument of a program that starts others with it, as the operator of Prometheus does.
_ARGUMENT: Final = re.compile(r"^--[a-z-]+=((?:[a-z0-9-]+\.)+[a-z]{2,}/[\w./-]+:[\w.-]+(?:@sha256:[0-9a-f]{64})?)$")
_AUTO: Final = "auto"  # what Linkerd puts its own image in place of


@dataclass(frozen=True, slots=True)
class Contents:
    """The charts and the images that some environments are made of, sorted."""

    charts: tuple[ChartReference, ...]
    images: tuple[str, ...]

    def lines(self, registry: str) -> Iterator[str]:
        """Yield a chart or an image on each line, and where it belongs in a registry, if there is one."""
        for chart in self.charts:
            yield f"chart  {chart.repository.rstrip('/')}  {chart.name}  {chart.version}"
        for image in self.images:
            name, tag = _parted(image)
            yield f"image  {image}" + (f"  {mirrored(registry, name)}{tag}" if registry else "")


def contents(
    repository: Path,
    config: Config,
    chosen: Sequence[Environment],
    charts: Catalog,
    options: Options,
    report: Callable[[str], object] = lambda _: None,
) -> Contents:
    """Return what has to be in a mirror for environments of a form that has no errors.

    Raises UsageError where Helm or a chart is missing, HelmError where a release cannot be rendered.
    """
    published = replace(config, environments=tuple(map(_published, chosen)))
    tree = render(published, charts)
    wanted = releases(tree, charts.release_formats)
    versions = {one.name: str(one.settings["cluster"]["kubernetesVersion"]) for one in chosen}
    locks = lock.Locks(lock.read_lock(repository / layout.CHARTS_LOCK))
    with renderer(options, versions, default_version="", locks=locks, report=report) as work:
        made = work.all(wanted)
    objects = [one for of_release in made.values() for one in of_release]
    objects += [one for environment in chosen for one in manifests(tree, environment.name)]
    found = {release.chart for release in wanted}
    return Contents(
        tuple(sorted(found, key=lambda one: (one.repository, one.name, one.version))),
        tuple(sorted(set(_images(objects)))),
    )


def _published(environment: Environment) -> Environment:
    """Return an environment without a mirror."""
    without: dict[str, Any] = {"charts": {"repositories": {}}, "images": {"registry": "", "pullSecrets": []}}
    settings: dict[str, Any] = {**environment.settings, **without}
    return replace(environment, settings=settings)


def _images(objects: Sequence[Object]) -> Iterator[str]:
    together = cluster(objects, Context(""))
    for pod in together.pods:
        for container in pod.containers():
            image = text(container.data, "image")
            if image and image != _AUTO:
                yield image
    for one in together.objects:
        if image := text(one.data, "spec", "image"):
            yield image
        for _, value in leaves(one.data):
            if argument := _ARGUMENT.match(value):
                yield argument[1]


def _parted(image: str) -> tuple[str, str]:
    """Part an image from its tag and digest: `docker.io/library/postgres` and `:17.6`."""
    folder, slash, name = image.rpartition("/")
    short = re.split(r"[:@]", name, maxsplit=1)[0]
    return f"{folder}{slash}{short}", name[len(short) :]
