"""Where the life of a repository is played: a cluster, a Git server and charts, which whoever runs it names."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cluster.place import REPOSITORY, Place, simulated
from tests.conftest import program

_ASKED = {
    "SIGNALEN_CLUSTER": "a kubeconfig of a cluster with Flux or Argo CD, in which namespaces may be made and removed",
    "SIGNALEN_CLUSTER_GIT": "an address for Git (https://git.example.nl/life.git) that this computer may push to and"
    " the cluster may read; its branch main is overwritten",
    "SIGNALEN_CLUSTER_CHARTS": "the address of a Helm repository with the charts of Signalen, as the cluster sees it",
}
FORM = """\
apiVersion: signalen.org/v1
municipality: {{code: GM0796}}
contact: {{phone: "073 615 51 55", email: meldingen@s-hertogenbosch.nl}}
repository: {{url: "{git}"}}
delivery: {delivery}
identity: {{issuer: "https://keycloak.example.nl/realms/bosch", clientId: signalen}}
secrets: {{provider: existing}}
components: {{classification: {{enabled: false}}}}
environments:
  acceptance:
    domain: bosch.signalen.dev
    version: 4.22.0
    cluster: {{namespace: {namespace}}}
"""
NAMESPACES = {"flux": "life-flux", "argocd": "life-argocd"}


@pytest.fixture(params=["flux", "argocd"])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Place]:
    """Give a rendered repository that is committed and pushed, and a cluster in which nothing of it is."""
    missing = [f"{name} ({what})" for name, what in _ASKED.items() if not os.environ.get(name)]
    if missing:
        pytest.skip(f"set {'; '.join(missing)}")
    program("kubectl", "kubectl")
    delivery: str = request.param
    asked = [os.environ[name] for name in _ASKED]
    found = Place(tmp_path / "repository", Path(asked[0]).absolute(), asked[1], asked[2])
    kind = {"flux": "helmreleases.helm.toolkit.fluxcd.io", "argocd": "applications.argoproj.io"}[delivery]
    found.repository.mkdir()
    if "NotFound" in found.kubectl("get", "crd", kind, check=False):
        pytest.skip(f"this cluster has no {delivery}")
    form = FORM.format(git=REPOSITORY, delivery=delivery, namespace=NAMESPACES[delivery])
    answers = tmp_path / "answers.yaml"
    answers.write_text(form, encoding="utf-8")
    shutil.rmtree(found.repository)
    command = [sys.executable, "-m", "signalen_toolkit", "new", "--no-input", "--answers", answers, found.repository]
    done = subprocess.run(list(map(str, command)), check=False, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    yield from _played(found)


def _played(place: Place) -> Iterator[Place]:
    try:
        with simulated(place):
            yield place
    finally:
        for step, seconds in place.timed.items():
            print(f"{seconds:6.0f} s  {step}")  # noqa: T201  # shown with -s, and where the play failed
