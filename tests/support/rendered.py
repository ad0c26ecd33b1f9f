"""Forms that are made in code, and the trees that are rendered from them."""

from __future__ import annotations

import json
import struct
import zlib
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

import yaml as pyyaml
from signalen_toolkit.catalog.load import catalog
from signalen_toolkit.documents.scalars import inline
from signalen_toolkit.form import config
from signalen_toolkit.form.municipalities import Municipality
from signalen_toolkit.kubernetes.schemas import own as own_schemas
from signalen_toolkit.kubernetes.schemas.builtin import kubernetes
from signalen_toolkit.rendering.render import render

Form = dict[str, Any]


def _png(side: int) -> bytes:
    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    rows = (b"\0" + b"\x00\x46\x99" * side) * side
    header = struct.pack(">IIBBBBB", side, side, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")


# Where a form says nothing else, these are the images that it names.
ASSETS = {
    "assets/logo.svg": b'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 100 50"><path d="M0 0h100v50z"/></svg>\n',
    "assets/favicon.png": _png(32),
    "assets/icon-180.png": _png(180),
    "assets/icon-192.png": _png(192),
}


def write_assets(repository: Path) -> Path:
    """Put the images into a repository, and return it."""
    for name, data in ASSETS.items():
        (repository / name).parent.mkdir(parents=True, exist_ok=True)
        (repository / name).write_bytes(data)
    return repository


def minimal_form(municipality: Municipality, delivery: str = "flux", version: str = "") -> Form:
    """Return the least that a municipality fills in, for acceptance and production."""
    slug = municipality.slug
    release = {"version": version} if version else {}
    return {
        "apiVersion": "signalen.org/v1",
        "municipality": {"code": municipality.code},
        "contact": {"phone": "14 073", "email": f"meldingen@{slug}.nl"},
        # One address for all, so that what does not differ between municipalities is read and checked once.
        "repository": {"url": "https://git.example.nl/signalen/configuration.git"},
        "delivery": delivery,
        "identity": {"issuer": "https://login.microsoftonline.com/6f5902ac-237e/v2.0", "clientId": "3f0c6a7e"},
        "environments": {
            "acceptance": {"domain": f"{slug}.signalen.dev", **release},
            "production": {
                "domain": f"meldingen.{slug}.nl",
                "database": {"host": "postgres.example.nl"},
                **release,
            },
        },
    }


def as_text(form: Mapping[str, Any]) -> str:
    """Write a form as a file."""
    return "".join(f"{key}: {inline(value)}\n" for key, value in form.items())


def tree_of(form: Mapping[str, Any]) -> dict[str, str]:
    """Render a form without checking it."""
    return render(config.build(form, catalog(), ASSETS), catalog())


@cache
def quick(text: str) -> tuple[Any, ...]:
    """Read the documents of a file as Helm does (YAML 1.1), fast; they are shared: do not change them."""
    return tuple(pyyaml.load_all(text, Loader=pyyaml.CSafeLoader))


def values_in(tree: Mapping[str, str], environment: str) -> dict[str, dict[str, Any]]:
    """Return the values files of an environment by release."""
    folder = f"clusters/{environment}/values/"
    return {Path(path).stem: quick(text)[0] for path, text in tree.items() if path.startswith(folder)}


def at(data: Any, path: str) -> Any:
    """Return what stands at a path such as `config.map.options` or `ingress.hosts.0.host`; KeyError without."""
    for part in path.split("."):
        data = data[int(part)] if isinstance(data, list) else data[part]
    return data


def has(data: Any, path: str) -> bool:
    """Tell whether there is something at a path."""
    try:
        at(data, path)
    except (KeyError, IndexError, TypeError):
        return False
    return True


def object_problems(obj: Mapping[str, Any]) -> list[str]:
    """Return what is wrong with an object that is rendered: by our own schema of its kind, else by Kubernetes'."""
    if own_schemas.schema_of(obj) is not None:
        return [f"{place}: {message}" for place, message in own_schemas.object_problems(obj)]
    validator = kubernetes(None).validator(obj["apiVersion"], obj["kind"])
    if validator is None:
        return [f"no schema for {obj['apiVersion']}, {obj['kind']}"]
    return [f"{obj['kind']} {obj['metadata']['name']}: {error.message}" for error in validator.iter_errors(obj)]


def through_json(data: Any) -> Any:
    """Return data as the frontend gets it: the chart writes its configuration as JSON."""
    return json.loads(json.dumps(data))
