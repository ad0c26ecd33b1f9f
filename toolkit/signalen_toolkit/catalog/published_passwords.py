"""Passwords that everybody knows, since a chart or the application was published with them."""

from __future__ import annotations

from typing import Final

# From the values of the charts (backend, and the subcharts that it brings), the code of the backend, and the images.
PUBLISHED: Final = frozenset(
    {
        "change-to-something-secret",
        "changeme",
        "guest",
        "guest:guest",
        "insecure",
        "password",
        "postgres",
        "signalen",
        "signalen:signalen",
        "signals",
    }
)
