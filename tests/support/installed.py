"""What stands in a cluster after a form was installed with the true charts: the containers, with their environments."""

from __future__ import annotations

import os
import re
import shutil
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, Final

from signalen_toolkit.base.versions import parse
from signalen_toolkit.catalog.load import catalog
from signalen_toolkit.diagnostics.problems import has_errors
from signalen_toolkit.documents import reader
from signalen_toolkit.documents.data import mapping, maps, merge
from signalen_toolkit.documents.machine import load
from signalen_toolkit.form.config import Environment
from signalen_toolkit.form.municipalities import by_code
from signalen_toolkit.form.needed_secrets import needed
from signalen_toolkit.helm.model import HelmRelease
from signalen_toolkit.helm.options import Options
from signalen_toolkit.helm.rendered_tree import manifests, releases
from signalen_toolkit.helm.renderer import renderer
from signalen_toolkit.kubernetes.model import Object
from signalen_toolkit.rendering.render import render
from signalen_toolkit.validation.check import check

from tests.conftest import REPOSITORY, example_forms
from tests.support import kubelet
from tests.support.rendered import as_text, minimal_form

CATALOG: Final = catalog()
RELEASES: Final = [one for one in CATALOG.releases if parse(one) >= parse(CATALOG.oldest_release)]
NO_VALUES: Final = "{}\n"
# Ways to set Signalen up that no example form takes; each is laid over the smallest form.
_OTHERS: Final[Mapping[str, dict[str, Any]]] = {
    "office365": {
        "email": {
            "provider": "office365",
            "office365": {
                "tenantId": "6f5902ac-237e-4f2b-8c1a-2f1f6f2c9d10",
                "clientId": "11111111-1111-1111-1111-111111111111",
                "mailbox": "meldingen@utrecht.nl",
            },
        }
    },
    "azure": {
        "storage": {
            "provider": "azure",
            "azure": {"account": "utrecht", "container": "fotos", "customDomain": "media.utrecht.nl"},
        }
    },
    "s3": {"storage": {"provider": "s3", "s3": {"bucket": "fotos", "region": "eu-west-1"}}},
    "starttls": {
        "email": {"smtp": {"host": "smtp.utrecht.nl", "port": 587, "user": "signalen", "security": "starttls"}}
    },
    "managed": {
        "queue": {"provider": "managed", "host": "rabbitmq.utrecht.nl"},
        "search": {"provider": "managed", "host": "elasticsearch.utrecht.nl:9200"},
    },
    "bounds": {"map": {"areaType": "gm0344-wijk", "municipalities": ["Zeist"], "nearRadius": 60}},
}


@dataclass(frozen=True, slots=True)
class Container:
    """A container that runs the backend: what pod it is in, and its environment.

    `used` are the variables of which others are made; `secret` those that come from a Secret.
    """

    title: str
    variables: Mapping[str, str]
    used: frozenset[str]
    secret: frozenset[str]


@dataclass(frozen=True, slots=True)
class Installed:
    """One environment of a form, in a release: the completed settings, and what the true charts make of the values."""

    name: str
    environment: Environment
    backend: Sequence[Container]
    config: str
    by_default: Mapping[str, str]


@lru_cache(maxsize=1)
def installed(release: str) -> tuple[Installed, ...]:
    """Install every form that a release has all of; forms that it refuses are left out.

    Only what was asked for last is kept: who asks about several releases asks about one after the other.
    """
    with tempfile.TemporaryDirectory() as temporary:
        shutil.copytree(REPOSITORY / "assets", Path(temporary) / "assets")
        rendered = [found for name, text in forms() for found in _rendered(name, text, release, Path(temporary))]
    wanted = [one for _, _, _, ours in rendered for one in ours.values()]
    bare = next(one for one in wanted if one.name == CATALOG.component("backend").release_name)
    bare = HelmRelease("", bare.name, bare.namespace, bare.chart, NO_VALUES, bare.path)
    options = Options(charts=_charts(), variables=os.environ)
    with renderer(options, {}, default_version="1.34") as helm:
        objects = helm.all([bare, *wanted])
    by_default = kubelet.kept(objects[bare], "ConfigMap")[bare.name]
    return tuple(
        Installed(
            name,
            environment,
            tuple(_containers(environment, ours["backend"], objects[ours["backend"]], own)),
            kubelet.kept(objects[ours["frontend"]], "ConfigMap")[ours["frontend"].name]["app.json"],
            by_default,
        )
        for name, environment, own, ours in rendered
    )


def forms() -> Iterator[tuple[str, str]]:
    """Yield the forms by name: the examples, and ways to set Signalen up that these do not take."""
    yield from ((path.stem, path.read_text(encoding="utf-8")) for path in example_forms())
    utrecht = by_code("GM0344")
    assert utrecht
    for name, change in _OTHERS.items():
        least = minimal_form(utrecht, version="4.23.0")
        least["environments"].pop("production")
        yield name, as_text(merge(least, change))


Rendered = tuple[str, Environment, list[Object], dict[str, HelmRelease]]


def _rendered(name: str, text: str, release: str, folder: Path) -> Iterator[Rendered]:
    text = re.sub(r"version: \"?4\.[0-9]+\.[0-9]+\"?", f"version: {release}", text)
    config, problems = check(reader.parse(text, "municipality.yaml"), CATALOG, folder)
    if has_errors(problems):
        return
    tree = render(config, CATALOG)
    all_releases = releases(tree, CATALOG.release_formats)
    for one in config.environments:
        ours = {
            part: found
            for part in ("backend", "frontend")
            for found in all_releases
            if (found.environment, found.name) == (one.name, CATALOG.component(part).release_name)
        }
        yield f"{name} {one.name}", one, list(manifests(tree, one.name)), ours


def _containers(
    environment: Environment, release: HelmRelease, made: Sequence[Object], own: Sequence[Object]
) -> Iterator[Container]:
    """Yield the containers that run the backend: those of the chart, and of Jobs that stand beside it.

    One that has its image for the sake of other programs is told nothing of its settings.
    """
    secrets = _secrets(environment, load(release.values)) | kubelet.kept(made, "Secret")
    config = kubelet.kept(made, "ConfigMap")
    for obj in (*made, *own):
        spec = mapping(obj.data, "spec")
        template = mapping(spec, "jobTemplate", "spec", "template") or mapping(spec, "template")
        for key in ("initContainers", "containers"):
            for _, container in maps(mapping(template, "spec"), key):
                if not str(container.get("image")).startswith("signalen/backend:"):
                    continue
                variables = kubelet.variables(container, config, secrets)
                if "DJANGO_SETTINGS_MODULE" in variables:
                    yield Container(
                        f"{obj.title}, container {container['name']}",
                        variables,
                        frozenset(kubelet.references(container)),
                        frozenset(name for held in secrets.values() for name in held),
                    )


def _secrets(environment: Environment, values: Mapping[str, Any]) -> dict[str, dict[str, str]]:
    """Return the Secrets that the toolkit says are needed, each value telling what it is."""
    backend = CATALOG.component("backend")
    return {
        secret.name: {key.key.name: "" if key.empty else f"the-{key.key.name}" for key in secret.keys}
        for secret in needed([backend], {backend.name: values})
    }


def _charts() -> Path | None:
    named = os.environ.get("SIGNALEN_CHARTS")
    return Path(named) if named else None
