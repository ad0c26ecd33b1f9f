"""docs/architecture.md shows the floors that the contract in pyproject.toml enforces."""

from __future__ import annotations

import re
import tomllib
from itertools import chain, pairwise

from signalen_toolkit.base.paths import CHECKOUT, PACKAGE

TEXT = (CHECKOUT / "docs/architecture.md").read_text(encoding="utf-8")
PROJECT = tomllib.loads((CHECKOUT / "pyproject.toml").read_text(encoding="utf-8"))
(CONTRACT,) = PROJECT["tool"]["importlinter"]["contracts"]
FLOORS = [re.split(r"\s*\|\s*", floor) for floor in CONTRACT["layers"]]
PACKAGES = [*chain.from_iterable(FLOORS)]
# What somebody else could lift out of here knows no word of ours.
OURS = re.compile(r"amsterdam|municipalit|gemeente|signalen_toolkit\.(?:form|catalog)", re.IGNORECASE)


def test_the_picture_shows_the_floors_of_the_contract() -> None:
    picture = re.search(r"```mermaid\nflowchart TD\n(.*?)```", TEXT, re.DOTALL)
    assert picture
    lines = [line.strip() for line in picture[1].splitlines()]
    nodes = [line.split(" & ") for line in lines if "-->" not in line]
    arrows = [[part.split(" & ") for part in line.split(" --> ")] for line in lines if "-->" in line]
    assert nodes == FLOORS
    downwards = [pair for line in arrows for pair in pairwise(line)]
    assert downwards == list(pairwise(FLOORS))


def test_the_table_names_every_package_from_the_top() -> None:
    table = re.findall(r"^\| `(\w+)` \|", TEXT, re.MULTILINE)
    assert [name for name in table if name in {*PACKAGES}] == PACKAGES


def test_every_package_has_a_floor_and_says_what_it_is() -> None:
    packages = {path.parent.name for path in PACKAGE.glob("*/__init__.py")}
    assert packages == {*PACKAGES}
    for path in PACKAGE.rglob("__init__.py"):
        assert path.read_text(encoding="utf-8").startswith('"""'), path


def test_no_folder_has_more_modules_than_a_person_overlooks() -> None:
    for folder in {path.parent for path in PACKAGE.rglob("*.py")}:
        assert len([path for path in folder.glob("*.py") if path.name != "__init__.py"]) <= 16, folder


def test_files_that_are_named_exist() -> None:
    for name in re.findall(r"`([\w/-]+/[\w./-]*\.(?:py|json|csv))`", TEXT):
        assert any((root / name).exists() for root in (CHECKOUT, PACKAGE)), name


def test_what_is_about_helm_and_kubernetes_knows_nothing_of_ours() -> None:
    for path in [*(PACKAGE / "helm").rglob("*.py"), *(PACKAGE / "kubernetes").rglob("*.py")]:
        assert not OURS.search(path.read_text(encoding="utf-8")), path
