"""Signalen Toolkit: a filled-in form becomes a municipality's GitOps repository."""

from typing import Final

__version__: Final = "0.1.0"
# Where pre-commit of a configuration repository gets the hooks from.
REPOSITORY: Final = "https://github.com/Signalen/signalen-toolkit"
