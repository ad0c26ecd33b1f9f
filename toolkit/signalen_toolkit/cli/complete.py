"""Completes a branch on which Renovate changed a version: what follows from it is rendered, committed and pushed.

    python -P -m signalen_toolkit.cli.complete BASE BRANCH

The pipeline of a repository runs it, with the toolkit of BASE, in a checkout of BRANCH. A newer version of Signalen is
rendered, and its charts are locked. A newer toolkit is installed beside this one, by the hash that Renovate wrote, with
what its own lock names; it then updates the repository. The token is in SIGNALEN_PUSH_TOKEN, and goes in a header.
"""

from __future__ import annotations

import base64
import json
import subprocess
import sys
import tempfile
import urllib.error
import urllib.request
import venv
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

from signalen_toolkit import __version__
from signalen_toolkit.base.environment import variables
from signalen_toolkit.base.layout import FORM_FILE, REQUIREMENTS, TOOLKIT
from signalen_toolkit.catalog.load import catalog
from signalen_toolkit.cli import streams
from signalen_toolkit.diagnostics.output import say
from signalen_toolkit.diagnostics.problems import ProblemsError, UsageError, has_errors
from signalen_toolkit.diagnostics.reporters import report
from signalen_toolkit.git.run import git, must
from signalen_toolkit.installing import lock
from signalen_toolkit.installing.origin import IMAGE_VARIABLE, without_password
from signalen_toolkit.installing.source import SourceKind, ToolkitSource, requirements_text, source_of
from signalen_toolkit.validation.check import check_file

TOKEN: Final = "SIGNALEN_PUSH_TOKEN"  # noqa: S105  # the name of a variable
# Renovate goes on with a branch that somebody else committed to, if renovate.json knows who.
AUTHOR: Final = ("Signalen Toolkit", "toolkit@signalen.invalid")
_MESSAGE: Final = "Vul aan wat uit de nieuwe versie volgt"
_PATIENCE: Final = 30.0  # seconds

Variables = Mapping[str, str]


def complete(directory: Path, base: str, branch: str, variables: Variables) -> str:
    """Complete the branch that is checked out in a folder, and say what was done.

    Raises UsageError where Git, pip or the server refuse, ProblemsError where the form has errors.
    """
    changed = must(directory, "diff", "--name-only", "-z", f"{base}...HEAD", "--").decode().split("\0")
    if FORM_FILE not in changed and TOOLKIT not in changed and not variables.get(IMAGE_VARIABLE):
        return "no version changed here"
    source = _source(directory)
    with tempfile.TemporaryDirectory() as folder:
        python = sys.executable
        if TOOLKIT in changed and source.kind is not SourceKind.IMAGE:
            python = _installed(directory, source, Path(folder))
        if TOOLKIT in changed or variables.get(IMAGE_VARIABLE, source.image) != source.image:
            _run(directory, python, "update")
        _run(directory, python, "render")
        _run(directory, python, "verify", needed=False)  # it locks charts; what it finds is for the job that checks
    must(directory, "add", "--all")
    if not must(directory, "status", "--porcelain").strip():
        return "nothing follows from this change"
    name, address = AUTHOR
    must(directory, "-c", f"user.name={name}", "-c", f"user.email={address}", "commit", "--quiet", "-m", _MESSAGE)
    _push(directory, branch, variables)
    return f"{branch} was completed and pushed"


def _source(directory: Path) -> ToolkitSource:
    config, problems = check_file(directory / FORM_FILE, catalog())
    if has_errors(problems):
        raise ProblemsError(problems)
    return source_of(config.environments[0].settings)


def _installed(directory: Path, source: ToolkitSource, folder: Path) -> str:
    """Install the toolkit that the branch names, with what its own lock has, and return its Python."""
    venv.create(folder / "toolkit", with_pip=True)
    python = str(folder / "toolkit/bin/python")
    pip = (python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-deps")
    if source.kind is SourceKind.GIT:  # what makes a wheel of it
        _call(directory, *pip, "--require-hashes", "-r", REQUIREMENTS)
        _call(directory, *pip, "--no-build-isolation", "-r", TOOLKIT)
    else:
        _call(directory, *pip, "--require-hashes", "-r", TOOLKIT)
    where = _call(directory, python, "-P", "-c", "import signalen_toolkit as found; print(found.__path__[0])").strip()
    needed = folder / "requirements.txt"
    text = requirements_text(source, lock.requirements(source.extras, Path(where) / lock.LOCK))
    needed.write_text(text, encoding="utf-8")
    _call(directory, *pip, "--require-hashes", "-r", str(needed))
    return python


def _run(directory: Path, python: str, command: str, *, needed: bool = True) -> None:
    """Run a command of a toolkit, with what it says. Raises UsageError where it is `needed` and does not."""
    done = subprocess.run([python, "-P", "-m", "signalen_toolkit", command], cwd=directory, check=False)  # noqa: S603
    if needed and done.returncode:
        raise UsageError(f"`signalen {command}` did not succeed, so nothing was committed")


def _call(directory: Path, *command: str) -> str:
    done = subprocess.run(command, cwd=directory, capture_output=True, text=True, check=False)  # noqa: S603
    if done.returncode:
        raise UsageError(f"the newer toolkit cannot be installed: {' '.join(done.stderr.split())[-600:]}")
    return done.stdout


def _push(directory: Path, branch: str, variables: Variables) -> None:
    token = variables.get(TOKEN)
    if not token:
        raise UsageError(f"there is no {TOKEN}, so what was completed cannot be pushed")
    url, login = _server(directory, token, variables)
    # In variables and not in an argument, where every user of the machine could read it.
    header = {"GIT_CONFIG_COUNT": "1", "GIT_CONFIG_KEY_0": "http.extraHeader", "GIT_CONFIG_VALUE_0": login}
    command = ("git", "-c", "core.hooksPath=/dev/null", "push", "--quiet", "--", url, f"HEAD:refs/heads/{branch}")
    done = subprocess.run(  # noqa: S603  # our own words
        command, cwd=directory, env={**variables, **header}, capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise UsageError(f"{branch} could not be pushed: {' '.join(done.stderr.split())}")
    api = variables.get("GITHUB_API_URL", "")
    if variables.get("GITHUB_ACTIONS") and not api.endswith("/api/v1"):  # which Forgejo and Gitea have
        _start(f"{api}/repos/{variables['GITHUB_REPOSITORY']}/actions/workflows/signalen.yml/dispatches", branch, token)


def _server(directory: Path, token: str, variables: Variables) -> tuple[str, str]:
    """Return the address to push to, without a password, and the header that the token goes in."""
    if variables.get("TF_BUILD"):
        return without_password(variables["BUILD_REPOSITORY_URI"]), f"Authorization: Bearer {token}"
    user = "oauth2" if variables.get("GITLAB_CI") else "x-access-token"
    address = (
        variables.get("CI_REPOSITORY_URL") or git(directory, "remote", "get-url", "origin").output.decode().strip()
    )
    login = base64.b64encode(f"{user}:{token}".encode()).decode()
    return without_password(address), f"Authorization: Basic {login}"


def _start(url: str, branch: str, token: str) -> None:
    """Have GitHub check the branch again: a push with the token of a job starts nothing by itself."""
    headers = {"Authorization": f"Bearer {token}", "User-Agent": f"signalen-toolkit/{__version__}"}
    data = json.dumps({"ref": branch}).encode()
    request = urllib.request.Request(url, data=data, headers=headers, method="POST")  # noqa: S310  # the server's own
    try:
        urllib.request.urlopen(request, timeout=_PATIENCE).close()  # noqa: S310
    except (OSError, ValueError) as error:
        raise UsageError(f"it was pushed, and no check was started: {error}") from error


def main(arguments: Sequence[str]) -> int:
    """Complete the branch in this folder; return the exit code."""
    if len(arguments) != 2:
        say("use: python -P -m signalen_toolkit.cli.complete BASE BRANCH", err=True)
        return 2
    try:
        say(complete(Path(), arguments[0], arguments[1], variables()))
    except ProblemsError as error:
        say(report(error.problems, "text"), err=True)
        return 1
    except (UsageError, OSError, KeyError) as error:
        say(f"Error: {error}", err=True)
        return 2
    return 0


if __name__ == "__main__":
    streams.prepare()
    sys.exit(main(sys.argv[1:]))
