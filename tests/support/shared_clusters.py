"""Two municipalities that share a cluster, as a fleet on disk with all that is rendered of it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from click.testing import CliRunner, Result
from signalen_toolkit.base.layout import CLUSTERS_FILE
from signalen_toolkit.cli.main import main
from signalen_toolkit.documents.machine import load_all

from tests.support import fleets

DEX = """\
components: {dex: {enabled: true}}
dex:
  connectors: [{type: oidc, name: Keycloak, issuer: "https://id.example.nl/realms/staff", clientId: dex}]
"""
CLUSTERS = """\
apiVersion: signalen.org/v1
repository: {url: "https://git.example.nl/fleet/signalen.git"}
clusters:
  west:
    delivery: flux
    holds:
      acceptance: all
"""


def in_namespace(form: str, name: str, more: str = "") -> str:
    """Return a form with a namespace of its own."""
    place = f".signalen.dev, cluster: {{namespace: signalen-{name}}}, repository: {{path: municipalities/{name}}}}}"
    return form.replace(".signalen.dev}", place) + more


def shared(root: Path, delivery: str = "flux", clusters: str = CLUSTERS, more: str = DEX) -> Path:
    """Make a fleet of two municipalities with a cluster for both, rendered, and return its folder.

    `more` is what the first form says beside what all say.
    """
    forms = {
        "s-hertogenbosch": in_namespace(fleets.OWN, "s-hertogenbosch", more),
        "tilburg": in_namespace(fleets.OTHER, "tilburg"),
    }
    fleets.fleet(root, forms)
    defaults = root / "defaults.yaml"
    defaults.write_text(defaults.read_text().replace("delivery: flux", f"delivery: {delivery}"))
    (root / CLUSTERS_FILE).write_text(clusters.replace("delivery: flux", f"delivery: {delivery}"))
    for command in ("render", "clusters"):
        done = run(root, command)
        assert done.exit_code == 0, done.output
    return root


def run(root: Path, *arguments: str) -> Result:
    """Run a command for a fleet in its folder."""
    return CliRunner().invoke(main, ["fleet", arguments[0], "-C", str(root), *arguments[1:]])


def objects(folder: Path) -> list[dict[str, Any]]:
    """Return every object in the files below a folder."""
    found = [one for path in sorted(folder.rglob("*.yaml")) for one in load_all(path.read_text("utf-8"))]
    return [one for one in found if "kind" in one]
