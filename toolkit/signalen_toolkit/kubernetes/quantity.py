"""Quantities of Kubernetes: `10Gi`, `500m`."""

from __future__ import annotations

import re
from decimal import Decimal
from typing import Any, Final

_FORM: Final = re.compile(r"\+?([0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE]([+-]?[0-9]{1,2})|([A-Za-z]{0,2}))")
_FACTORS: Final = {
    "": Decimal(1),
    "m": Decimal("0.001"),
    **{suffix: Decimal(1024) ** power for power, suffix in enumerate(("Ki", "Mi", "Gi", "Ti", "Pi", "Ei"), 1)},
    **{suffix: Decimal(1000) ** power for power, suffix in enumerate(("k", "M", "G", "T", "P", "E"), 1)},
}


def amount(quantity: Any) -> Decimal | None:
    """Return a quantity as a number, or None for what is none."""
    found = _FORM.fullmatch(str(quantity))
    if found is None or (found[3] or "") not in _FACTORS:
        return None
    return Decimal(found[1]) * (Decimal(10) ** int(found[2]) if found[2] else _FACTORS[found[3]])
