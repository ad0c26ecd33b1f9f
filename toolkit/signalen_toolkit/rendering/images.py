"""Where images come from in a cluster that reaches no registry but its own."""

from __future__ import annotations

_OFFICIAL = "library"  # where Docker Hub keeps its own images: `postgres` is `library/postgres`


def mirrored(registry: str, image: str) -> str:
    """Return an image, without a tag, as it is in a mirror: `quay.io/a/b` → `harbor.example.nl/mirror/a/b`.

    Without a mirror it is the image itself. A mirror has an image under its own path, without the registry it is from.
    """
    if not registry:
        return image
    host, separator, path = image.partition("/")
    if not separator:
        path = f"{_OFFICIAL}/{image}"
    elif "." not in host and ":" not in host:  # no registry: Docker Hub's
        path = image
    return f"{registry}/{path}"
