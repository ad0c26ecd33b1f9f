"""A form as data: checked, and all that is made of it verified, with the stand-in charts."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from signalen_toolkit.catalog.load import catalog
from signalen_toolkit.diagnostics.problems import Severity
from signalen_toolkit.documents.machine import load
from signalen_toolkit.documents.reader import parse
from signalen_toolkit.form.config import Config, Environment
from signalen_toolkit.helm.errors import HelmError
from signalen_toolkit.helm.options import Options
from signalen_toolkit.helm.rendered_tree import manifests, releases
from signalen_toolkit.helm.renderer import renderer
from signalen_toolkit.rendering.render import render
from signalen_toolkit.validation.check import check
from signalen_toolkit.verify.checks import check_objects
from signalen_toolkit.verify.context import context_of

from tests.conftest import REPOSITORY
from tests.support.rendered import as_text
from tests.support.standins import chart_versions, make_charts

# In this process where that can be: a form has a dozen releases.
_ENGINE = "library" if find_spec("helm_python") else "program"


def checked(form: Mapping[str, Any]) -> tuple[Config, set[str]]:
    """Return a form, completed, and the rules that refuse it."""
    config, problems = check(parse(as_text(form), "form.yaml"), catalog(), REPOSITORY)
    return config, {one.rule for one in problems if one.severity is Severity.ERROR}


def refused(config: Config, charts: Path) -> list[str]:
    """Return what `verify` refuses of a form that is right; `charts` gets the stand-ins that it needs."""
    tree = render(config, catalog())
    for name, versions in chart_versions(tree).items():
        chart = catalog().component(name).chart
        make_charts(charts, {name: [one for one in versions if not (charts / f"{chart}-{one}/values.yaml").exists()]})
    return [told for environment in config.environments for told in _refused(tree, environment, charts)]


def _refused(tree: Mapping[str, str], environment: Environment, charts: Path) -> Iterator[str]:
    components = {one.release_name: one.name for one in environment.components}
    wanted = [one for one in releases(tree, catalog().release_formats) if one.environment == environment.name]
    objects = list(manifests(tree, environment.name))
    version = str(environment.settings["cluster"]["kubernetesVersion"])
    with renderer(Options(charts=charts, engine=_ENGINE), {}, default_version=version) as work:
        try:
            for release, made in work.all(wanted).items():
                objects += [replace(one, component=components[release.name]) for one in made]
        except HelmError as error:
            yield f"helm: {error.message}"
            return
    values = {components[one.name]: load(one.values) for one in wanted}
    for one in check_objects(objects, context_of(environment, values)):
        if one.severity is Severity.ERROR:
            yield f"{one.rule}: {one.object.title}, {one.path}: {one.message}"
