"""A repository that a person has worked in: a form with comments and its own layout, rendered."""

from __future__ import annotations

from pathlib import Path

from signalen_toolkit.base.layout import FORM_FILE
from signalen_toolkit.catalog.load import catalog
from signalen_toolkit.diagnostics.problems import has_errors
from signalen_toolkit.rendering import tree
from signalen_toolkit.rendering.render import render
from signalen_toolkit.validation.check import check_file

from tests.support.rendered import write_assets

FORM = """\
# Signalen of 's-Hertogenbosch
apiVersion: signalen.org/v1
municipality: {code: GM0796}
contact:
  phone: '073 615 51 55'   # the desk
  email: meldingen@s-hertogenbosch.nl
repository: {url: "https://git.example.nl/s-hertogenbosch/signalen.git"}
delivery: flux
identity: {issuer: "https://login.microsoftonline.com/6f5902ac-237e/v2.0", clientId: 3f0c6a7e}

environments:
    acceptance:
        domain: s-hertogenbosch.signalen.dev
        version: "4.20.0"  # since May
    # What residents use.
    production:
        domain: meldingen.s-hertogenbosch.nl
        version: 4.19.0
        database: {host: postgres.example.nl}
# the end
"""


def repository(folder: Path, form: str = FORM) -> Path:
    """Make a rendered repository in a folder, and return the folder."""
    folder.mkdir(exist_ok=True)
    write_assets(folder)
    (folder / FORM_FILE).write_bytes(form.encode())
    rerender(folder)
    return folder


def edit(folder: Path, old: str, new: str) -> None:
    """Write something else in the form of a repository."""
    before = text(folder)
    assert old in before
    (folder / FORM_FILE).write_bytes(before.replace(old, new).encode())


def rerender(folder: Path) -> None:
    config, problems = check_file(folder / FORM_FILE, catalog())
    assert not has_errors(problems), problems
    tree.write(folder, render(config, catalog()))


def text(folder: Path) -> str:
    return (folder / FORM_FILE).read_bytes().decode()


def is_clean(folder: Path) -> bool:
    """Tell whether the tree on disk is what the form says."""
    config, problems = check_file(folder / FORM_FILE, catalog())
    return not has_errors(problems) and not tree.compare(folder, render(config, catalog()))


def snapshot(folder: Path) -> dict[str, bytes]:
    """Return everything on disk."""
    return {str(path.relative_to(folder)): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}
