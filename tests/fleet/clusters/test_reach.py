"""Who reaches whom in a shared cluster, computed from the trees on disk: nobody another, and every hole is seen."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.support.shared_clusters import CLUSTERS, run, shared

BOSCH, TILBURG = "s-hertogenbosch-acceptance", "tilburg-acceptance"
POLICY = """\
---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {{name: hole-{direction}, namespace: {namespace}}}
spec:
  podSelector: {selector}
  policyTypes: [{type}]
  {direction}: [{rule}]
"""


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))


def policies(root: Path, name: str) -> Path:
    return root / f"municipalities/{name}/clusters/acceptance/manifests/network-policies.yaml"


def hole(root: Path, name: str, direction: str, rule: str, selector: str = "{}") -> None:
    """Let pods of a tenant take, or send, what its policies do not."""
    path = policies(root, name)
    text = POLICY.format(
        direction=direction,
        namespace=f"signalen-{name}",
        selector=selector,
        type=direction.capitalize(),
        rule=rule,
    )
    path.write_text(path.read_text() + text)


def test_two_tenants_share_what_the_cluster_has_once_and_nothing_else(tmp_path: Path) -> None:
    root = shared(tmp_path)
    done = run(root, "reach")
    assert done.exit_code == 0, done.output
    assert done.stdout == (
        "west:\n"
        f"  {BOSCH}\n"
        "    -> ingress-nginx: 443 8443\n"
        "    <- ingress-nginx: 5556 8000 8080 8089\n"
        "    -> kube-system: 53 53/UDP\n"
        "    -> (outside): 443 6443\n"
        f"  {TILBURG}\n"
        "    -> ingress-nginx: 443 8443\n"
        "    <- ingress-nginx: 8000 8080 8089\n"
        "    -> kube-system: 53 53/UDP\n"
        "    -> (outside): 443 6443\n"
        "  of 2 tenants, none reaches another\n"
    )
    found = json.loads(run(root, "reach", "--format", "json").stdout)["west"]
    assert found["tenants"] == [BOSCH, TILBURG]
    assert not any(one["betweenTenants"] for one in found["ways"])
    assert "| kube-system | 53, 53/UDP |" in run(root, "reach", "--cluster", "west", "--format", "markdown").stdout


NAMED = "{namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: signalen-%s}}%s}"
LABELLED = "{namespaceSelector: {matchLabels: {signalen.org/municipality: tilburg}}}"
BACKEND = "{matchLabels: {app: special}}"


@pytest.mark.parametrize(
    ("out", "into", "ports"),
    [
        (f"{{to: [{NAMED % ('s-hertogenbosch', '')}]}}", f"{{from: [{NAMED % ('tilburg', '')}]}}", "every port"),
        ("{}", f"{{from: [{LABELLED}], ports: [{{port: 5432}}]}}", "5432"),
        ("{ports: [{port: 53, protocol: UDP}]}", "{}", "53/UDP"),
        ("{}", f"{{from: [{NAMED % ('tilburg', f', podSelector: {BACKEND}')}]}}", "every port"),
    ],
    ids=["by-name", "by-label", "by-nothing", "by-a-label-that-only-the-other-names"],
)
def test_a_hole_in_both_is_seen(out: str, into: str, ports: str, tmp_path: Path) -> None:
    root = shared(tmp_path)
    hole(root, "s-hertogenbosch", "ingress", into)
    half = run(root, "reach")
    assert half.exit_code == 0, half.output  # nobody may leave
    hole(root, "tilburg", "egress", out)
    done = run(root, "reach")
    assert done.exit_code == 1
    assert f"error: {TILBURG} reaches {BOSCH}: {ports}" in done.stdout
    assert f"error: {BOSCH} reaches" not in done.stdout
    where = "municipalities/s-hertogenbosch/clusters/acceptance/manifests/network-policies.yaml"
    assert f"let in by NetworkPolicy hole-ingress ({where})" in done.stdout
    assert "of 2 tenants, 1 reach another" in done.stdout
    assert f"| {TILBURG} | {BOSCH} **(another tenant)** |" in run(root, "reach", "--format", "markdown").stdout


def test_a_namespace_without_policies_is_open(tmp_path: Path) -> None:
    root = shared(tmp_path)
    for name in ("s-hertogenbosch", "tilburg"):
        policies(root, name).write_text("")
    done = run(root, "reach")
    assert done.exit_code == 1
    assert f"error: {BOSCH} reaches {TILBURG}: every port" in done.stdout
    assert "let in by no policy: the namespace is open" in done.stdout


@pytest.mark.parametrize("kind", ["NetworkPolicy", '"Network\\x50olicy"'])
def test_what_a_person_puts_beside_the_tree_counts(kind: str, tmp_path: Path) -> None:
    more = "sync: {manifests: true}\n"
    root = shared(tmp_path, more=more)
    hole(root, "tilburg", "egress", "{}")
    folder = root / "municipalities/s-hertogenbosch/manifests/acceptance"
    folder.mkdir(parents=True)
    text = POLICY.format(
        direction="ingress", namespace="signalen-s-hertogenbosch", selector="{}", type="Ingress", rule="{}"
    )
    (folder / "mine.yaml").write_text(text.replace("kind: NetworkPolicy", f"kind: {kind}"))
    done = run(root, "reach")
    assert done.exit_code == 1
    assert "let in by NetworkPolicy hole-ingress (municipalities/s-hertogenbosch/manifests/acceptance/mine.yaml)" in (
        done.stdout
    )


def test_what_is_not_rendered_or_not_known_is_said(tmp_path: Path) -> None:
    root = shared(tmp_path, clusters=CLUSTERS.replace("acceptance: all", "acceptance: [tilburg]"))
    wrong = run(root, "reach", "--cluster", "wst")
    assert wrong.exit_code == 2 and "did you mean 'west'?" in wrong.stderr
    policies(root, "tilburg").write_text("kind: NetworkPolicy\na: [\n")
    broken = run(root, "reach")
    assert broken.exit_code == 2 and "network-policies.yaml is not YAML" in broken.stderr
