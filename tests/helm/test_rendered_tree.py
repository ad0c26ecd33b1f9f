"""A rendered tree, read back: where each release comes from and where it goes."""

from __future__ import annotations

import pytest
from signalen_toolkit.catalog.load import catalog
from signalen_toolkit.documents.machine import load
from signalen_toolkit.documents.scalars import quoted
from signalen_toolkit.form.municipalities import by_code
from signalen_toolkit.helm.model import ChartReference, HelmRelease, ReleaseFormat, RepositoryFormat
from signalen_toolkit.helm.rendered_tree import applies_own, environments, manifests, releases

from tests.support.rendered import minimal_form, tree_of

FLUX = """
apiVersion: source.toolkit.fluxcd.io/v1
kind: HelmRepository
metadata: {name: signalen, namespace: flux-system}
spec: {url: https://example.org/charts}
---
apiVersion: helm.toolkit.fluxcd.io/v2
kind: HelmRelease
metadata: {name: web, namespace: flux-system}
spec:
  chart: {spec: {chart: frontend, version: 1.2.3, sourceRef: {kind: HelmRepository, name: signalen}}}
"""
ARGO_CD = """
apiVersion: argoproj.io/v1alpha1
kind: Application
metadata: {name: acceptance-web, namespace: argocd}
spec:
  destination: {server: https://kubernetes.default.svc, namespace: web}
  sources:
    - {repoURL: https://example.org/charts, chart: frontend, targetRevision: 1.2.3, helm: {releaseName: web}}
    - {repoURL: https://git.example.nl/x.git, targetRevision: main, ref: values}
"""
CHART = ChartReference("https://example.org/charts", "frontend", "1.2.3")
VALUES = "clusters/a/values/web.yaml"


def read(text: str) -> list[HelmRelease]:
    tree = {"clusters/a/releases.yaml": text, VALUES: "x: 1\n", "clusters/a/values/other.yaml": FLUX}
    return releases(tree, catalog().release_formats)


def test_a_release_of_flux_lands_where_it_is_told() -> None:
    assert read(FLUX) == [HelmRelease("a", "web", "flux-system", CHART, "x: 1\n", VALUES)]
    elsewhere = FLUX.replace("spec:\n  chart:", "spec:\n  targetNamespace: monitoring\n  releaseName: site\n  chart:")
    assert read(elsewhere) == [HelmRelease("a", "site", "monitoring", CHART, "", "clusters/a/values/site.yaml")]


def test_a_release_of_argo_cd_lands_where_it_is_told() -> None:
    assert read(ARGO_CD) == [HelmRelease("a", "web", "web", CHART, "x: 1\n", VALUES)]


@pytest.mark.parametrize("text", ["\U00010012", "\N{DOG FACE}", "a\u0085b", "no", "12:30", ".nan"])
def test_values_in_an_application_are_those_that_were_written(text: str) -> None:
    inside = ARGO_CD.replace("releaseName: web}", f"releaseName: web, valuesObject: {{x: {quoted(text)}}}}}")
    (release,) = read(inside)
    assert load(release.values) == {"x": text}


@pytest.mark.parametrize("value", [".nan", "!!binary YQ==", "!!set {a, b}"])
def test_values_that_no_file_can_hold_raise_nothing(value: str) -> None:
    (release,) = read(ARGO_CD.replace("releaseName: web}", f"releaseName: web, valuesObject: {{x: {value}}}}}"))
    assert release.values.startswith('{"x":')


HELMFILE = """
repositories:
  - {name: signalen, url: https://example.org/charts}
releases:
  - {name: web, namespace: web, chart: signalen/frontend, version: 1.2.3, values: [values/web.yaml]}
  - {name: no release}
"""


def test_a_file_can_list_the_releases() -> None:
    form = ReleaseFormat(
        file="helmfile.yaml",
        each=(("releases",),),
        name=(("name",),),
        namespace=(("namespace",),),
        chart=(("chart",),),
        version=(("version",),),
        repositories=RepositoryFormat(each=("repositories",), name=("name",), url=("url",)),
    )
    (found,) = releases({"clusters/a/helmfile.yaml": HELMFILE, VALUES: "x: 1\n", "clusters/a/x.yaml": HELMFILE}, [form])
    assert found == HelmRelease("a", "web", "web", CHART, "x: 1\n", VALUES)
    assert found.told_by
    assert (found.told_by.title, found.told_by.source) == ("release web", "clusters/a/helmfile.yaml")


def test_a_release_without_a_chart_is_named() -> None:
    with pytest.raises(ValueError, match=r"HelmRelease web in clusters/a/releases.yaml has no chart"):
        read("kind: HelmRelease\nmetadata: {name: web}\n")


def test_values_are_no_manifests() -> None:
    tree = {"clusters/a/x.yaml": "kind: ConfigMap\n---\nname: no object\n", VALUES: FLUX, "clusters/b/x.md": FLUX}
    assert [one.kind for one in manifests(tree, "a")] == ["ConfigMap"]
    assert list(manifests(tree, "b")) == []
    assert environments(tree) == ["a", "b"]


@pytest.mark.parametrize("delivery", [*catalog().deliveries])
@pytest.mark.parametrize("on", [False, True])
def test_whether_own_objects_are_applied_is_read_from_what_is_rendered(delivery: str, on: bool) -> None:
    municipality = by_code("GM0344")
    assert municipality
    form = {**minimal_form(municipality, delivery), "sync": {"manifests": on}}
    assert applies_own(tree_of(form), "acceptance") is on
