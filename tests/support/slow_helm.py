"""A stand-in for Helm that is never done, and what is left of it."""

from __future__ import annotations

import os
import time
from pathlib import Path

from tests.support.small_charts import script


class SlowHelm:
    """A program that writes down its own number and that of a child, and then sleeps."""

    def __init__(self, folder: Path) -> None:
        self._pids = folder / "pids"
        self._pids.mkdir()
        self.program = script(folder / "slow-helm", f"sleep 61 & touch {self._pids}/$$ {self._pids}/$!; sleep 62")

    def started(self) -> int:
        """Return how many processes were started."""
        return len(list(self._pids.iterdir()))

    def wait(self, count: int = 1) -> None:
        """Wait until so many processes run."""
        for _ in range(200):
            if self.started() >= count:
                return
            time.sleep(0.05)
        raise AssertionError("Helm was not started")

    def is_gone(self) -> bool:
        """Tell whether nothing of it runs, after some time to be gone."""
        for _ in range(40):
            if not any(_runs(int(path.name)) for path in self._pids.iterdir()):
                return True
            time.sleep(0.05)
        return False


def _runs(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    state = Path(f"/proc/{process}/stat")
    return not (state.exists() and state.read_text().rpartition(")")[2].split()[0] == "Z")
