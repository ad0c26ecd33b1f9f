"""Quantities of Kubernetes: `10Gi`, `500m`."""

from __future__ import annotations

import re
from decimal import Decimal
from functools import lru_cache
from typing import Any, Final

_FORM: Final = re.compile(r"\+?([0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE]([+-]?[0-9]{1,2})|([A-Za-z]{0,2}))")
_SHORT: Final = 20  # characters of a quantity that is worth to be remembered
_FACTORS: Final = {
    "": Decimal(1),
    "m": Decimal("0.001"),
    **{suffix: Decimal(1024) ** power for power, suffix in enumerate(("Ki", "Mi", "Gi", "Ti", "Pi", "Ei"), 1)},
    **{suffix: Decimal(1000) ** power for power, suffix in enumerate(("k", "M", "G", "T", "P", "E"), 1)},
}


def amount(quantity: Any) -> Decimal | None:
    """Return a quantity as a number, or None for what is none."""
    text = str(quantity)
    return _known(text) if len(text) <= _SHORT else _amount(text)


def _amount(text: str) -> Decimal | None:
    found = _FORM.fullmatch(text)
    if found is None or (found[3] or "") not in _FACTORS:
        return None
    return Decimal(found[1]) * (Decimal(10) ** int(found[2]) if found[2] else _FACTORS[found[3]])


_known = lru_cache(maxsize=1024)(_amount)  # the same few stand everywhere
