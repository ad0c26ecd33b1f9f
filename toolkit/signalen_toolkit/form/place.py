"""Where a form lies in its repository (`repository.path`), and what folders may be called for that."""

from __future__ import annotations

import re

from signalen_toolkit.form.schema import form_schema


def unfit(path: str) -> str:
    """Return what the path of a folder has to be, in words; empty where it is that."""
    setting = form_schema()["$defs"]["repository"]["properties"]["path"]
    right = re.search(setting["pattern"], path) is not None and len(path) <= setting["maxLength"]
    return "" if right else str(setting["x-pattern-message"])
