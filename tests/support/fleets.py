"""A fleet in one repository, of municipalities that share nearly all of their settings."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from signalen_toolkit.base.layout import FLEET_FILE, FORM_FILE

from tests.support.rendered import write_assets

DEFAULTS = """\
# What all have.
apiVersion: signalen.org/v1
delivery: flux
repository: {url: "https://git.example.nl/fleet/signalen.git"}
identity: {issuer: "https://id.s-hertogenbosch.nl/realms/signalen", clientId: 3f0c6a7e}
branding: {title: Meldingen}
environments:
  acceptance: {version: 4.22.0}
"""
GROUP = """\
branding: {title: Meldingen Brabant}
"""
OWN = """\
municipality: {code: GM0796}
contact: {phone: "073 615 51 55", email: meldingen@s-hertogenbosch.nl}
environments:
  acceptance: {domain: s-hertogenbosch.signalen.dev}
"""
OTHER = OWN.replace("GM0796", "GM0855").replace("s-hertogenbosch", "tilburg").replace("073 615 51 55", "013 542 88 11")
FLEET = """\
apiVersion: signalen.org/v1
shape: one-repository
environments: [acceptance]
rings:
  canary: {}
  all: {}
municipalities:
  s-hertogenbosch: {groups: [brabant], ring: canary}
  tilburg: {groups: [brabant], ring: all}
"""


def fleet(root: Path, forms: Mapping[str, str] | None = None, listed: str = FLEET) -> Path:
    """Make a fleet of two municipalities in a folder, in no Git repository, and return the folder."""
    for name, form in (forms or {"s-hertogenbosch": OWN, "tilburg": OTHER}).items():
        member = root / "municipalities" / name
        member.mkdir(parents=True)
        write_assets(member)
        (member / FORM_FILE).write_text(form)
    (root / "groups").mkdir()
    (root / "groups/brabant.yaml").write_text(GROUP)
    (root / "defaults.yaml").write_text(DEFAULTS)
    (root / FLEET_FILE).write_text(listed)
    return root
