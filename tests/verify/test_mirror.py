"""A cluster that reaches nothing but a mirror: all charts and images come from it, and `signalen images` says which."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Final

import pytest
from click.testing import CliRunner
from signalen_toolkit.catalog.load import catalog
from signalen_toolkit.cli.main import main
from signalen_toolkit.documents.data import leaves
from signalen_toolkit.documents.machine import load_all
from signalen_toolkit.form.config import Config
from signalen_toolkit.form.needed_secrets import by_hand
from signalen_toolkit.helm.options import Options
from signalen_toolkit.helm.rendered_tree import releases
from signalen_toolkit.kubernetes.schemas.own import object_problems
from signalen_toolkit.rendering.images import mirrored
from signalen_toolkit.rendering.render import render
from signalen_toolkit.secrets import check as secret_check
from signalen_toolkit.secrets.make import MadeSecrets, summary
from signalen_toolkit.validation.check import check_file
from signalen_toolkit.verify import pipeline
from signalen_toolkit.verify.verify import verify

from tests.conftest import example_forms
from tests.support.rendered import write_assets

MIRROR = """
charts: {repository: "%s"}
images: {registry: harbor.example.nl/mirror, pullSecrets: [harbor]}
"""
# Where images are published, in a value, an argument or a file of configuration.
KNOWN_REGISTRY: Final = re.compile(
    r"(?:docker|quay|ghcr|gcr)\.io/|registry\.k8s\.io/|cr\.l5d\.io/|docker\.elastic\.co/|mcr\.microsoft\.com/"
)
FORM = pytest.mark.parametrize("form", example_forms(), ids=lambda form: form.stem)


def mirroring(folder: Path, form: Path, repository: str = "https://harbor.example.nl/charts") -> Path:
    """Write an example form that takes all from a mirror."""
    write_assets(folder)
    text = re.sub(r"^(charts|images):.*\n(?: .*\n)*", "", form.read_text(encoding="utf-8"), flags=re.MULTILINE)
    text = text.replace("manifests: true", "manifests: false") + MIRROR % repository
    (folder / "municipality.yaml").write_text(text, encoding="utf-8")
    return folder


@FORM
def test_no_chart_and_no_image_comes_from_elsewhere(form: Path, tmp_path: Path, charts: Path) -> None:
    folder = mirroring(tmp_path, form)
    known = check_file(folder / "municipality.yaml", catalog())[1]
    assert [one for one in verify(folder, catalog(), Options(charts=charts)) if one not in known] == []
    tree = render(check_file(folder / "municipality.yaml", catalog())[0], catalog())
    wanted = releases(tree, catalog().release_formats)
    assert {release.chart.repository for release in wanted} == {"https://harbor.example.nl/charts"}
    published = {component.repository for component in catalog().components.values()}
    assert [path for path, text in tree.items() if any(address in text for address in published)] == []
    assert published_images(folder, charts) == []


def published_images(folder: Path, charts: Path | None) -> list[str]:
    """Return what names a registry in which images are published, in the objects of all environments of a form."""
    with pipeline.started(folder, catalog(), Options(charts=charts)) as (read, work, _):
        assert work
        return [
            f"{one.kind} {one.name}: {text}"
            for environment in read.config.environments
            for one in pipeline.made(read, environment, work).objects
            for _, text in leaves(one.data)
            if KNOWN_REGISTRY.search(text)
        ]


@pytest.mark.parametrize("delivery", ["flux", "argocd"])
def test_charts_come_from_a_registry(delivery: str, tmp_path: Path) -> None:
    form = next(one for one in example_forms() if one.stem == "minimal")
    folder = mirroring(tmp_path, form, "oci://harbor.example.nl/signalen/charts")
    text = re.sub(
        r"^delivery: .*\n", "", (folder / "municipality.yaml").read_text(encoding="utf-8"), flags=re.MULTILINE
    )
    (folder / "municipality.yaml").write_text(f"{text}delivery: {delivery}\n", encoding="utf-8")
    tree = render(check_file(folder / "municipality.yaml", catalog())[0], catalog())
    found = {release.chart.repository for release in releases(tree, catalog().release_formats)}
    assert found == {"oci://harbor.example.nl/signalen/charts"}
    if delivery == "argocd":  # which knows a registry by the address without a scheme
        (root,) = load_all(tree["clusters/acceptance/applications/backend.yaml"])
        assert root["spec"]["source"]["repoURL"] == "harbor.example.nl/signalen/charts"
    else:
        (source,) = load_all(tree["clusters/acceptance/helm-repositories.yaml"])
        assert (source["spec"]["type"], source["spec"]["url"]) == ("oci", "oci://harbor.example.nl/signalen/charts")


def form_of(folder: Path, *more: str, delivery: str = "flux") -> Config:
    """Return a small form of which some charts come from elsewhere."""
    write_assets(folder)
    text = next(one for one in example_forms() if one.stem == "minimal").read_text(encoding="utf-8")
    text = re.sub(r"^delivery: .*\n", "", text, flags=re.MULTILINE)
    (folder / "municipality.yaml").write_text(text + f"delivery: {delivery}\n" + "".join(more), encoding="utf-8")
    return check_file(folder / "municipality.yaml", catalog())[0]


PARTLY = """
charts:
  secret: mirror
  repositories: {backend: "https://nexus.example.nl/a/my_charts", frontend: "oci://nexus.other.nl/a/my-charts"}
"""


def test_a_mirror_may_keep_charts_apart(tmp_path: Path) -> None:
    tree = render(form_of(tmp_path, PARTLY), catalog())
    sources = load_all(tree["clusters/acceptance/helm-repositories.yaml"])
    found = {one["spec"]["url"]: one for one in sources}
    names = [one["metadata"]["name"] for one in found.values()]
    # Two servers would get one name, and a name has no underscore.
    assert sorted(names) == ["nexus-a-my-charts", "nexus-a-my-charts-2", "signalen-helm-charts"]
    for one in found.values():
        assert object_problems(one) == []
    # Nobody else gets the password of the mirror.
    signed_in = {url for url, one in found.items() if "secretRef" in one["spec"]}
    assert signed_in == {"https://nexus.example.nl/a/my_charts", "oci://nexus.other.nl/a/my-charts"}
    by_chart = {one.chart.name: one.chart.repository for one in releases(tree, catalog().release_formats)}
    assert by_chart["backend"] == "https://nexus.example.nl/a/my_charts"
    assert by_chart["frontend"] == "oci://nexus.other.nl/a/my-charts"
    assert by_chart["classification"] == "https://signalen.github.io/helm-charts/"


def test_a_registry_may_have_charts_at_its_root(tmp_path: Path) -> None:
    for delivery in catalog().deliveries:
        tree = render(
            form_of(tmp_path, 'charts: {repository: "oci://nexus.example.nl:5000"}\n', delivery=delivery), catalog()
        )
        for path in tree:
            if re.search(r"helm-repositories|applications/backend|projects", path):
                assert [object_problems(one) for one in load_all(tree[path]) if object_problems(one)] == [], path


@pytest.mark.parametrize(
    ("delivery", "place", "keys"),
    [
        ("flux", "signalen-acceptance", ["username", "password"]),
        ("argocd", "argocd", ["url", "username", "password"]),
    ],
)
def test_each_tool_signs_in_at_a_repository_of_charts_in_its_own_way(
    delivery: str, place: str, keys: list[str], tmp_path: Path
) -> None:
    config = form_of(tmp_path, PARTLY, "images: {pullSecrets: [harbor]}\n", delivery=delivery)
    found = {one.name: one for one in by_hand(config.environments[0])}
    assert (found["mirror"].namespace, [one.key.name for one in found["mirror"].keys]) == (place, keys)
    report = secret_check.check(tmp_path, catalog())
    assert {one.name for one in report.elsewhere} == {"mirror", "harbor"}
    done = CliRunner().invoke(main, ["secrets", "check", "-C", str(tmp_path)])
    assert f"mirror in {place} ({', '.join(keys)})" in done.output
    made = MadeSecrets(config.environments[0], tmp_path / "key", new_key=False, note="", files=(), keys={})
    told = summary(made)
    assert f"make the Secret mirror in {place} yourself, as docs/mirrors.md says: {', '.join(keys)}" in told
    assert "make the Secret harbor in signalen-acceptance yourself" in told


def test_an_image_that_is_set_by_hand_is_reported_where_it_is_elsewhere(tmp_path: Path, charts: Path) -> None:
    folder = mirroring(tmp_path, next(one for one in example_forms() if one.stem == "minimal"))
    with (folder / "municipality.yaml").open("a", encoding="utf-8") as file:
        file.write("overrides: {frontend: {image: {repository: ghcr.io/signalen/frontend}}}\n")
    found = [one for one in verify(folder, catalog(), Options(charts=charts)) if one.rule == "image-elsewhere"]
    assert found
    assert all("ghcr.io/signalen/frontend" in one.message for one in found)
    assert any("ghcr.io/signalen/frontend" in one for one in published_images(folder, charts))


def test_the_secrets_of_a_mirror_are_needed_in_every_namespace(tmp_path: Path) -> None:
    from signalen_toolkit.rendering.render import needed_secrets

    folder = mirroring(tmp_path, next(one for one in example_forms() if one.stem == "everything"))
    config, _ = check_file(folder / "municipality.yaml", catalog())
    (environment, *_) = config.environments
    found = [one for one in needed_secrets(environment, config, catalog()) if one.name == "harbor"]
    assert {one.namespace for one in found} == {environment.namespaces[one.name] for one in environment.components}
    assert all(one.by_hand for one in found)


def test_what_a_mirror_holds_is_printed_as_it_was_published(tmp_path: Path, charts: Path) -> None:
    folder = mirroring(tmp_path, next(one for one in example_forms() if one.stem == "minimal"))
    done = CliRunner().invoke(main, ["images", "--directory", str(folder), "--charts", str(charts)])
    assert done.exit_code == 0, done.output
    lines = [line.split() for line in done.output.splitlines()]
    version = catalog().releases[0]
    backend = next(line for line in lines if line[0] == "chart" and line[2] == "backend")
    assert backend[1] == "https://signalen.github.io/helm-charts"
    images = {line[1]: line[2] for line in lines if line[0] == "image"}
    assert all(place.startswith("harbor.example.nl/mirror/") for place in images.values())
    assert not any("harbor" in image for image in images)
    assert any(image.startswith("signalen/backend:") for image in images), version
    assert images["postgres:17.6"] == "harbor.example.nl/mirror/library/postgres:17.6"


@pytest.mark.parametrize(
    ("image", "place"),
    [
        ("postgres", "m.nl/x/library/postgres"),
        ("signalen/backend", "m.nl/x/signalen/backend"),
        ("docker.io/library/postgres", "m.nl/x/library/postgres"),
        ("localhost:5000/a/b", "m.nl/x/a/b"),
        ("registry.k8s.io/kube-state-metrics/kube-state-metrics", "m.nl/x/kube-state-metrics/kube-state-metrics"),
    ],
)
def test_an_image_has_its_own_path_in_a_mirror(image: str, place: str) -> None:
    assert mirrored("m.nl/x", image) == place
    assert mirrored("", image) == image
