"""Where the life of a repository is played: a cluster, a Git server and charts, which whoever runs it names."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cluster.place import REPOSITORY, TOOLKIT, Place, simulated
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
identity: {{issuer: "https://id.s-hertogenbosch.nl/realms/signalen", clientId: signalen}}
secrets: {{provider: existing}}
components: {{classification: {{enabled: false}}}}
environments:
  {environment}:
    domain: bosch.signalen.dev
    version: 4.22.0
    cluster: {{namespace: {namespace}}}
"""
KINDS = {"flux": "helmreleases.helm.toolkit.fluxcd.io", "argocd": "applications.argoproj.io"}


@pytest.fixture(params=["flux", "argocd"])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Place]:
    """Give a rendered repository, and a cluster in which nothing of it is."""
    yield from _played(_made(tmp_path, request.param, "acceptance"))


@pytest.fixture(params=["flux", "argocd"])
def production(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Place]:
    """Give a repository with an environment in which changes wait for a person, where the tool can do so."""
    yield from _played(_made(tmp_path, request.param, "production"))


@pytest.fixture(params=["flux", "argocd"])
def older(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Place]:
    """Give a repository that an older toolkit made."""
    toolkit = os.environ.get("SIGNALEN_OLDER")
    if not toolkit:
        pytest.skip("set SIGNALEN_OLDER to the `signalen` program of an older toolkit, 0.1.0 for example")
    yield from _played(_made(tmp_path, request.param, "acceptance", (toolkit,)))


@pytest.fixture(params=["flux", "argocd"])
def shared(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Place]:
    """Give an empty folder for a fleet, and a cluster in which nothing of it is."""
    yield from _played(_place(tmp_path, request.param))


def _place(folder: Path, delivery: str) -> Place:
    missing = [f"{name} ({what})" for name, what in _ASKED.items() if not os.environ.get(name)]
    if missing:
        pytest.skip(f"set {'; '.join(missing)}")
    program("kubectl", "kubectl")
    asked = [os.environ[name] for name in _ASKED]
    found = Place(folder / "repository", Path(asked[0]).absolute(), asked[1], asked[2], delivery)
    found.repository.mkdir()
    if not found.has(KINDS[delivery]):
        pytest.skip(f"this cluster has no {delivery}")
    found.clear()
    return found


def _made(folder: Path, delivery: str, environment: str, toolkit: tuple[str, ...] = TOOLKIT) -> Place:
    found = _place(folder, delivery)
    form = FORM.format(git=REPOSITORY, delivery=delivery, environment=environment, namespace=f"life-{delivery}")
    answers = folder / "answers.yaml"
    answers.write_text(form, encoding="utf-8")
    shutil.rmtree(found.repository)
    command = [*toolkit, "new", "--no-input", "--answers", answers, found.repository]
    done = subprocess.run(list(map(str, command)), check=False, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    return found


def _played(place: Place) -> Iterator[Place]:
    try:
        with simulated(place):
            yield place
    finally:
        for step, seconds in place.timed.items():
            print(f"{seconds:6.0f} s  {step}")  # noqa: T201  # shown with -s, and where the play failed
