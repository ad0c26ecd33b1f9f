"""Regular expressions that somebody else wrote: in a chart, or in the settings of a program.

They are read by RE2, as Kubernetes and SOPS, written in Go, read them, and in time that grows with the text alone. An
expression for Python's own engine can be made that takes years.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any


def is_found(pattern: str, text: str) -> bool:
    """Tell whether an expression matches anywhere in a text. Raises ValueError where RE2 cannot read it."""
    return _compiled(pattern).search(text.encode("utf-8", "replace").decode()) is not None


@lru_cache(maxsize=256)
def _compiled(pattern: str) -> Any:
    import re2  # few commands meet one

    options = re2.Options()
    options.log_errors = False
    try:
        return re2.compile(pattern, options)
    except re2.error as error:
        raise ValueError(str(error)) from error
