"""What a Secret holds, and what by its name nobody else may know."""

from __future__ import annotations

import base64
import re
from collections.abc import Mapping
from typing import Any

from signalen_toolkit.documents.data import mapping

_SECRET = re.compile(r"(?:^|[-_.])(?:pass|passwd|password|secret|token|auth|cookie|secret[-_]?key)$", re.IGNORECASE)


def is_secret(name: str) -> bool:
    """Tell whether what goes by this name (`DATABASE_PASSWORD`) is nobody's business."""
    return _SECRET.search(name) is not None


def secret_value(secret: Mapping[str, Any], key: str) -> str | None:
    """Return what a Secret holds under a key; None where it is not there, or is no text."""
    plain = mapping(secret, "stringData").get(key)
    if plain is not None:
        return str(plain)
    try:
        return base64.b64decode(str(mapping(secret, "data")[key]), validate=True).decode()
    except (KeyError, ValueError):  # among which what base64 and UTF-8 refuse
        return None
