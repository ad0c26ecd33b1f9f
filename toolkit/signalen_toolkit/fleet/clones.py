"""The clones of municipalities that have a repository of their own."""

from __future__ import annotations

import os
import shutil
import tempfile
from pathlib import Path

from signalen_toolkit.base.environment import variables
from signalen_toolkit.diagnostics.problems import UsageError
from signalen_toolkit.fleet.listing import CLONES, Fleet, Member
from signalen_toolkit.forge.tokens import git_settings
from signalen_toolkit.git.run import remotely, said


def present(fleet: Fleet, member: Member) -> None:
    """Make sure that the folder of a municipality is there: its repository is cloned where it is not.

    Raises UsageError where it cannot be reached, or where a municipality of this repository has no folder.
    """
    folder = fleet.folder(member)
    if folder.is_dir():
        return
    if not member.repository:
        raise UsageError(f"there is no folder {folder}: make it with `signalen fleet add`, or take it out of the fleet")
    above = fleet.root / CLONES
    above.mkdir(exist_ok=True)
    aside = Path(tempfile.mkdtemp(prefix=f".{member.name}-", dir=above))
    try:
        own = git_settings(member.repository, variables())
        done = remotely(above, "clone", "--quiet", "--", member.repository, aside.name, own=own)
        if done.code != 0:
            raise UsageError(f"{member.repository} cannot be cloned: {said(done) or 'git clone failed'}")
        os.rename(aside, folder)  # noqa: PTH104  # of two who do this at once, one comes second, and says so
    finally:
        shutil.rmtree(aside, ignore_errors=True)
