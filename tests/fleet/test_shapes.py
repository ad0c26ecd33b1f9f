"""A municipality gets a repository of its own and comes back, and its cluster sees nothing but the address change."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import yaml
from signalen_toolkit.base.layout import FLEET_FILE, FORM_FILE
from signalen_toolkit.catalog.load import catalog
from signalen_toolkit.fleet import listing
from signalen_toolkit.validation.check import check_file

from tests.fleet.test_rollout import commit, git, signalen
from tests.fleet.test_rollout import root as root  # the fixture

URL = "https://git.example.nl/tilburg/signalen.git"


def tree(folder: Path) -> dict[str, str]:
    """Read what is rendered, with the address and the path of the repository taken out."""
    found = {}
    for path in sorted((folder / "clusters").rglob("*")):
        if path.is_file():
            text = (
                path.read_text()
                .replace("nl/tilburg/signalen", "nl/x/signalen")
                .replace("nl/fleet/signalen", "nl/x/signalen")
            )
            found[path.relative_to(folder).as_posix()] = text.replace("municipalities/tilburg/", "")
    return found


def without_place(files: dict[str, str]) -> dict[str, str]:
    """Leave out the one fact that says where in the repository it is, which is empty at its top."""
    return {name: re.sub(r"(?m)^path: .*$", "", text) for name, text in files.items()}


def test_out_and_back(root: Path) -> None:
    before, old = tree(root / "municipalities/tilburg"), root / "municipalities/tilburg"
    form = (old / FORM_FILE).read_text()
    said = signalen(root, "split", "tilburg", "--repository", URL)
    assert said.exit_code == 0, said.output
    new = root / "repositories/tilburg"
    member = listing.read(root).member("tilburg")
    assert (member.repository, member.groups, member.ring) == (URL, ("brabant",), "all")
    assert check_file(new / FORM_FILE, catalog())[1] == []
    own = yaml.safe_load((new / FORM_FILE).read_text())
    assert own["repository"] == {"url": URL} and own["branding"] == {"title": "Meldingen Brabant"}
    assert git(new, "status", "--porcelain") == "" and len(git(new, "log", "--oneline").splitlines()) == 1
    assert without_place(tree(new)) == without_place(before)
    assert "signalen/age/git.example.nl/tilburg/signalen/GM0855-acceptance.txt" in said.output
    assert (old / FORM_FILE).read_text() == form  # until the cluster follows the new one
    assert "'tilburg' has a folder in municipalities/" in said.output + str(listing.checked(root)[1])
    again = signalen(root, "split", "tilburg", "--repository", URL)
    assert again.exit_code == 2 and "of its own already" in again.output

    shutil.rmtree(old)
    commit(root)
    back = signalen(root, "join", "tilburg")
    assert back.exit_code == 0, back.output
    assert not listing.read(root).member("tilburg").repository
    assert check_file(old / FORM_FILE, catalog())[1] == []
    assert tree(old) == before
    assert listing.checked(root)[1] == []


def test_settings_that_would_change_are_named(root: Path) -> None:
    assert signalen(root, "split", "tilburg", "--repository", URL).exit_code == 0
    shutil.rmtree(root / "municipalities/tilburg")
    (root / "groups/brabant.yaml").write_text("branding: {title: Anders}\nmap: {zoom: {min: 9}}\n")
    commit(root)
    said = signalen(root, "join", "tilburg")
    assert said.exit_code == 2 and "map" in said.output and "branding" not in said.output
    assert not (root / "municipalities/tilburg").exists()
    assert listing.read(root).member("tilburg").repository == URL


def test_nothing_moves_that_is_not_committed(root: Path) -> None:
    with (root / "municipalities/tilburg" / FORM_FILE).open("a") as file:
        file.write("# mine\n")
    said = signalen(root, "split", "tilburg", "--repository", URL)
    assert said.exit_code == 2 and "not committed" in said.output
    assert not (root / "repositories").exists()
    git(root, "checkout", "--quiet", ".")
    said = signalen(root, "join", "tilburg")
    assert said.exit_code == 2 and "already" in said.output
    assert "repositories" not in (root / FLEET_FILE).read_text()
