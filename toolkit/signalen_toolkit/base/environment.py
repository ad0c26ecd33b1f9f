"""The environment of this process: the one place where it is read.

What is about Helm and Kubernetes gets it from the command line, as a value.
"""

from __future__ import annotations

import os
from collections.abc import Mapping


def variables() -> Mapping[str, str]:
    """Return the variables of the person who runs this, as they are now."""
    return os.environ
