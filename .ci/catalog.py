"""A newer release of the charts, brought to the catalog as a pull request.

    python .ci/catalog.py fetch FOLDER     the newest chart of each component that follows the releases
    python .ci/catalog.py propose NOTES    a branch of what `signalen catalog add-release --write` changed

`fetch` runs what others published and needs no right; `propose` has a token, and runs nothing of it. A release has one
pull request, also where this runs again. The token is in a variable that is named after the server, as for a fleet.
"""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from signalen_toolkit.base.environment import variables
from signalen_toolkit.catalog.load import load
from signalen_toolkit.diagnostics.output import say
from signalen_toolkit.diagnostics.problems import UsageError
from signalen_toolkit.fleet.changes import proposing
from signalen_toolkit.fleet.changes.homes import home_in
from signalen_toolkit.git import branches
from signalen_toolkit.helm import program

CATALOG = "chart-templates"
TEXT = (
    "What changed, and what is left to do, is in the message of the commit. Where no pipeline was started for it, close"
    " it and open it again."
)


def fetch(into: Path, catalog: Path) -> None:
    """Fetch the newest charts, as Helm does. Raises CalledProcessError, after what Helm said of it."""
    helm = program.find(None, variables())
    into.mkdir(parents=True, exist_ok=True)
    for one in load(catalog).components.values():
        if one.releases and one.releases[0].release:
            source = [one.chart, "--repo", one.repository]
            # Helm, and what the catalog says.
            subprocess.run([helm, "pull", *source, "--destination", into], check=True)


def propose(notes: str, root: Path) -> str:
    """Commit what changed in the catalog, push that on a branch and open a pull request; return where that is.

    Raises UsageError with what is in the way.
    """
    found = re.search(r"^release (\d+\.\d+\.\d+):", notes, re.MULTILINE)
    if found is None:
        return "the catalog has the newest release"
    home = home_in(root, "gitlab" if variables().get("GITLAB_CI") else "")
    branch, title = f"catalog/{found[1]}", f"Follow release {found[1]} of Signalen"
    branches.fetch(root, home.own)
    branches.begin(root, branch)
    commit = branches.commit(root, [CATALOG], f"{title}\n\n{notes}")
    if not commit:
        raise UsageError("nothing in the catalog changed")
    return proposing.opened(home, commit, branch, title, TEXT) or branch


def main(arguments: Sequence[str]) -> int:
    """Do what is asked for, and return the exit code."""
    try:
        match arguments:
            case ["fetch", into]:
                fetch(Path(into), Path(CATALOG))
            case ["propose", notes]:
                say(propose(Path(notes).read_text(encoding="utf-8"), Path()))
            case _:
                say(__doc__ or "", err=True)
                return 2
    except (UsageError, OSError, subprocess.CalledProcessError) as error:
        say(f"Error: {error}", err=True)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
