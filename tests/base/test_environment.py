"""Where the environment of the process is read."""

from __future__ import annotations

from signalen_toolkit.base.paths import PACKAGE


def test_the_environment_is_read_in_one_place() -> None:
    """Nobody else looks at it, so that what a function does follows from what it is given."""
    readers = {
        path.relative_to(PACKAGE).as_posix()
        for path in PACKAGE.rglob("*.py")
        if any(word in path.read_text(encoding="utf-8") for word in ("environ.", "environ[", "os.environ", "getenv"))
    }
    assert readers == {"base/environment.py"}
