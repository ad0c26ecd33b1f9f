"""The hashes of the toolkit's own files: what a repository has already, what was installed, or what an index says."""

from __future__ import annotations

from signalen_toolkit import __version__
from signalen_toolkit.base.layout import TOOLKIT
from signalen_toolkit.diagnostics.problems import UsageError
from signalen_toolkit.installing import index, origin
from signalen_toolkit.installing.source import SourceKind, ToolkitSource, locked


def hashes(source: ToolkitSource, kept: str, *, offline: bool) -> tuple[tuple[str, ...], list[str]]:
    """Return the hashes, and what is to be said where there are none. `kept` is the text that a repository has now."""
    if source.kind is not SourceKind.INDEX:
        return (), []
    version, known = locked(kept)
    if version == __version__:
        return known, []
    if installed := origin.own_hash():
        return (installed,), []
    if offline:
        return (), [_without("nothing is fetched here")]
    try:
        return index.hashes(source.index), []
    except UsageError as error:
        return (), [_without(str(error))]


def _without(reason: str) -> str:
    return (
        f"{TOOLKIT} has no hash of the toolkit yet, so pipelines refuse to install it ({reason}): run `signalen update`"
        " with a network"
    )
