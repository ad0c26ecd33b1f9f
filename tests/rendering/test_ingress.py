"""The annotations of an Ingress, for the controller of the cluster."""

from __future__ import annotations

from typing import Any

import pytest
from signalen_toolkit.rendering.ingress import HEADERS, ingress_annotations

NGINX = "nginx.ingress.kubernetes.io"
TRAEFIK = "traefik.ingress.kubernetes.io"
ISSUER = {"cert-manager.io/cluster-issuer": "letsencrypt"}


@pytest.mark.parametrize(
    ("controller", "headers", "body", "more"),
    [
        ("nginx", False, "", {f"{NGINX}/ssl-redirect": "true"}),
        ("nginx", False, "25m", {f"{NGINX}/ssl-redirect": "true", f"{NGINX}/proxy-body-size": "25m"}),
        ("nginx", True, "", {f"{NGINX}/ssl-redirect": "true", f"{NGINX}/custom-headers": f"here/{HEADERS}"}),
        ("traefik", False, "25m", {f"{TRAEFIK}/router.entrypoints": "websecure", f"{TRAEFIK}/router.tls": "true"}),
        (
            "traefik",
            True,
            "",
            {
                f"{TRAEFIK}/router.entrypoints": "websecure",
                f"{TRAEFIK}/router.tls": "true",
                f"{TRAEFIK}/router.middlewares": f"here-{HEADERS}@kubernetescrd",
            },
        ),
        ("other", True, "25m", {}),
    ],
)
def test_each_controller_is_told_in_its_own_words(
    controller: str, headers: bool, body: str, more: dict[str, Any]
) -> None:
    cluster = {"certificateIssuer": "letsencrypt", "ingressController": controller, "securityHeaders": headers}
    assert ingress_annotations(cluster)("here", body) == {**ISSUER, **more}
