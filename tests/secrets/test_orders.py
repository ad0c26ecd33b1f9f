"""What is printed after a change of Secrets starts everything anew that reads them, in every example form."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from signalen_toolkit.catalog.load import catalog
from signalen_toolkit.documents.data import listed, mapping, maps, text
from signalen_toolkit.helm.options import Options
from signalen_toolkit.helm.rendered_tree import releases
from signalen_toolkit.helm.renderer import renderer
from signalen_toolkit.kubernetes.model import Object
from signalen_toolkit.rendering.render import needed_secrets
from signalen_toolkit.secrets.after_rotation import orders
from signalen_toolkit.secrets.environment import needs_of
from signalen_toolkit.validation.check import check_file

from tests.chart_templates.test_golden import rendered
from tests.conftest import example_forms


def read_by(obj: Object) -> set[str]:
    """Return the Secrets that the pods of a workload read."""
    return {*_names(mapping(obj.data, "spec", "template", "spec"))}


def _names(pod: Mapping[Any, Any]) -> Iterator[str]:
    for part in ("initContainers", "containers"):
        for container in listed(pod, part):
            yield from (text(one, "secretRef", "name") for _, one in maps(container, "envFrom"))
            yield from (text(one, "valueFrom", "secretKeyRef", "name") for _, one in maps(container, "env"))
    for _, volume in maps(pod, "volumes"):
        yield text(volume, "secret", "secretName")
        yield from (text(one, "secret", "name") for _, one in maps(volume, "projected", "sources"))


@pytest.mark.parametrize("form", example_forms(), ids=lambda form: form.stem)
def test_all_that_reads_a_changed_secret_is_started_anew(form: Path, charts: Path) -> None:
    config, _ = check_file(form, catalog())
    wanted = releases(rendered(form), catalog().release_formats)
    with renderer(Options(charts=charts), {}, default_version="1.34") as work:
        made = work.all(wanted)
    seen = 0
    for environment in config.environments:
        needs = needs_of(config, environment, catalog())
        assert needs or not needed_secrets(environment, config, catalog())
        for secret in needs:
            said = "\n".join(orders(environment, needs, [key.path for key in secret.keys]))
            restarted = {
                (namespace, word)
                for namespace, what in re.findall(r"rollout restart --namespace (\S+) (\S+)", said)
                for word in what.split(",")
            }
            for release, objects in made.items():
                if release.environment != environment.name:
                    continue
                for obj in objects:
                    if obj.kind not in ("Deployment", "StatefulSet", "DaemonSet") or secret.name not in read_by(obj):
                        continue
                    namespace = obj.namespace or release.namespace
                    if namespace != secret.namespace:
                        continue
                    seen += 1
                    ways = {(namespace, obj.kind.lower()), (namespace, f"{obj.kind.lower()}/{obj.name}")}
                    assert ways & restarted, json.dumps([secret.name, obj.kind, obj.name, sorted(restarted)])
    assert seen


def test_one_key_of_a_service_alone_starts_that_service() -> None:
    (form,) = [one for one in example_forms() if one.stem == "minimal"]
    config, _ = check_file(form, catalog())
    (environment,) = config.environments
    needs = needs_of(config, environment, catalog())
    said = orders(environment, needs, ["signalen-backend-rabbitmq-secrets/rabbitmq-erlang-cookie"])
    assert said[-1].endswith("statefulset/signalen-backend-rabbitmq")
    assert not any("change_password" in line for line in said)
