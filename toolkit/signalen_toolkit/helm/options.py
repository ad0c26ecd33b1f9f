"""What the commands that run Helm have in common: how releases are rendered, and what the environment says of it.

Apart from the renderer, because that takes longer to import than it takes to see that nothing changed.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from signalen_toolkit.base.cache import own_or_passing
from signalen_toolkit.helm import program as helm


@dataclass(frozen=True, slots=True)
class Options:
    """How releases are rendered.

    `charts` is a folder with charts; without it they come from the cache, or are fetched unless `offline`. `program`
    is the Helm that a person named. `engine` is `program`, or `library` for Helm in this process. `timeout` is in
    seconds, for one release. `variables` is the environment of the person who runs it.
    """

    charts: Path | None = None
    offline: bool = False
    program: str | None = None
    engine: str = "program"
    timeout: float = 60.0
    variables: Mapping[str, str] = field(default_factory=dict, repr=False)

    def helm(self) -> Path:
        """Return the Helm program. Raises UsageError where there is none."""
        return helm.find(self.program, self.variables)

    def cache(self) -> Path:
        """Return the folder in which charts are kept; where nothing can be kept, one that goes with this process."""
        return own_or_passing(self.variables, "charts")
