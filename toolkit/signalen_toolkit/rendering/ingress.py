"""What an Ingress tells the ingress controller, in the annotations that it understands."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any, Final

# The object with the security headers, made in each namespace that has an Ingress.
HEADERS: Final = "signalen-security-headers"
# What they are, HSTS aside: ingress-nginx sends that itself, for every host with a certificate.
SECURITY_HEADERS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "X-Content-Type-Options": "nosniff",
        "X-Frame-Options": "SAMEORIGIN",
        "Referrer-Policy": "strict-origin-when-cross-origin",
        "Permissions-Policy": "camera=(self), geolocation=(self), microphone=(), payment=(), usb=()",
    }
)


def ingress_annotations(cluster: Mapping[str, Any]) -> Callable[..., dict[str, str]]:
    """Return what gives the annotations of an Ingress in a namespace, for the controller of this cluster.

    `cluster` is that section of the form. `body` is the largest request that is let through (`25m`).
    Sources: the annotations of ingress-nginx, and those of Traefik's Kubernetes Ingress provider.
    """

    def annotations(namespace: str, body: str = "") -> dict[str, str]:
        found = {"cert-manager.io/cluster-issuer": str(cluster["certificateIssuer"])}
        match cluster["ingressController"]:
            case "nginx":
                if body:
                    found["nginx.ingress.kubernetes.io/proxy-body-size"] = body
                found["nginx.ingress.kubernetes.io/ssl-redirect"] = "true"
                if cluster["securityHeaders"]:
                    found["nginx.ingress.kubernetes.io/custom-headers"] = f"{namespace}/{HEADERS}"
            case "traefik":
                found["traefik.ingress.kubernetes.io/router.entrypoints"] = "websecure"
                found["traefik.ingress.kubernetes.io/router.tls"] = "true"
                if cluster["securityHeaders"]:
                    found["traefik.ingress.kubernetes.io/router.middlewares"] = f"{namespace}-{HEADERS}@kubernetescrd"
        return found

    return annotations
