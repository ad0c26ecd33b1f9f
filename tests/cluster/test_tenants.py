"""Two municipalities that share a cluster: each runs with rights of its own, and one that is let go of stays.

Like test_life.py, which says what to give. Flux or Argo CD has to be set up for tenants, as docs/fleet.md says: there
they are in namespaces `life-*`, which stay in the cluster, with what is made in them.
"""

from __future__ import annotations

from functools import partial

import pytest
from signalen_toolkit.base.layout import CLUSTERS_FILE, FLEET_FILE, FORM_FILE
from signalen_toolkit.documents.data import at

from tests.cluster.life import Life
from tests.cluster.place import REPOSITORY, Object, Place, is_ready
from tests.support.rendered import write_assets

pytestmark = pytest.mark.cluster

_FLEET = """\
apiVersion: signalen.org/v1
shape: one-repository
environments: [acceptance]
municipalities:
  s-hertogenbosch: {}
  tilburg: {}
"""
_DEFAULTS = """\
delivery: {delivery}
identity: {{issuer: "https://id.s-hertogenbosch.nl/realms/signalen", clientId: signalen}}
secrets: {{provider: existing}}
components: {{classification: {{enabled: false}}}}
repository: {{url: "{git}"}}
"""
_FORM = """\
apiVersion: signalen.org/v1
municipality: {{code: {code}}}
contact: {{phone: "{phone}", email: meldingen@{name}.nl}}
repository: {{path: municipalities/{name}}}
environments:
  acceptance:
    domain: {name}.signalen.dev
    version: 4.22.0
    cluster: {{namespace: life-{name}}}
"""
_CLUSTERS = """\
apiVersion: signalen.org/v1
repository: {{url: "{git}"}}
clusters:
  life-west:
    delivery: {delivery}
    holds: {{acceptance: [{names}]}}
"""
# What is applied by hand, and what follows the tree of Tilburg then.
_FIRST = {"flux": "flux-system", "argocd": "argocd"}
_FOLLOWS = {
    "flux": ("kustomizations.kustomize.toolkit.fluxcd.io", "life-tilburg"),
    "argocd": ("applications.argoproj.io", "argocd"),
}
_TOWNS = {"s-hertogenbosch": ("GM0796", "073 615 51 55"), "tilburg": ("GM0855", "013 542 88 11")}


def test_tenants_come_stay_apart_and_are_let_go_of(shared: Place) -> None:
    lives = {name: Life(shared, "acceptance", f"life-{name}") for name in _TOWNS}
    _write(shared)
    _render(shared, "s-hertogenbosch, tilburg")
    for life in lives.values():
        life.give()
    shared.run("kubectl", "apply", "--kustomize", f"clusters/life-west/{_FIRST[shared.delivery]}")
    for name, life in lives.items():
        shared.until(f"{name} runs", partial(_runs, life), 600)
    if shared.delivery == "flux":
        pods = [pod for life in lives.values() for pod in life.pods().values()]
        assert {pod["spec"]["priorityClassName"] for pod in pods} == {"signalen-other"}

    # What is applied for one may do there what its tree has, and nothing where the other is, nor to its own limits.
    account = "--as=system:serviceaccount:life-tilburg:signalen-delivery"
    may = {
        ("create", "deployments.apps", "life-tilburg"): "yes",
        ("create", "deployments.apps", "life-s-hertogenbosch"): "no",
        ("get", "secrets", "life-s-hertogenbosch"): "no",
        ("update", "resourcequotas", "life-tilburg"): "no",
        ("create", "namespaces", "life-tilburg"): "no",
    }
    for (verb, kind, namespace), answer in may.items():
        said = shared.kubectl("auth", "can-i", verb, kind, "--namespace", namespace, account, check=False)
        assert said.split()[0] == answer, (verb, kind, namespace)

    before, claims = {*lives["tilburg"].pods()}, lives["tilburg"].claims()
    _render(shared, "s-hertogenbosch")
    # An ApplicationSet looks every three minutes at what its repository server may have read three minutes ago.
    follows = _FOLLOWS[shared.delivery]
    shared.until("tilburg is let go of", lambda: "life-tilburg" not in shared.names(*follows), 600)
    assert {*lives["tilburg"].pods()} == before
    assert lives["tilburg"].claims() == claims
    assert _runs(lives["s-hertogenbosch"])


def _write(place: Place) -> None:
    root = place.repository
    (root / FLEET_FILE).write_text(_FLEET, encoding="utf-8")
    (root / "defaults.yaml").write_text(_DEFAULTS.format(git=REPOSITORY, delivery=place.delivery), encoding="utf-8")
    for name, (code, phone) in _TOWNS.items():
        folder = root / "municipalities" / name
        folder.mkdir(parents=True)
        write_assets(folder)
        (folder / FORM_FILE).write_text(_FORM.format(name=name, code=code, phone=phone), encoding="utf-8")
    place.run("git", "init", "--quiet", "--initial-branch", "main")


def _render(place: Place, names: str) -> None:
    """Say who stands in the cluster, render all, and push it."""
    text = _CLUSTERS.format(git=REPOSITORY, delivery=place.delivery, names=names)
    (place.repository / CLUSTERS_FILE).write_text(text, encoding="utf-8")
    place.signalen("fleet", "render")
    place.signalen("fleet", "clusters")
    place.push(f"in the cluster: {names}")


def _runs(life: Life) -> bool:
    kinds = {"flux": "helmreleases", "argocd": "applications"}
    known = life.place.get(kinds[life.place.delivery], "--namespace", life.namespace)
    found = {one["metadata"]["name"]: one for one in known}
    before = "signalen-" if life.place.delivery == "flux" else f"{life.namespace}-"
    well = is_ready if life.place.delivery == "flux" else _is_well
    return {f"{before}backend", f"{before}frontend"} <= set(found) and all(map(well, found.values()))


def _is_well(application: Object) -> bool:
    said = application.get("status", {})
    return bool(at(said, "sync", "status") == "Synced" and at(said, "health", "status") == "Healthy")
