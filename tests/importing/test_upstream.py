"""Every configuration of the site that upstream ever had: imported, rendered, and compared as the image reads it.

Run with `SIGNALEN_SOURCES=DIR pytest -m upstream tests/importing/test_upstream.py`; DIR holds a clone of the frontend,
with all its tags, as `frontend`.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from signalen_toolkit.base.versions import between, parse
from signalen_toolkit.catalog.load import catalog
from signalen_toolkit.catalog.schemas import knows
from signalen_toolkit.diagnostics.problems import ProblemsError
from signalen_toolkit.importing import base
from signalen_toolkit.importing.files import lodash, same
from signalen_toolkit.importing.run import Imported

from tests.importing.test_importing import assert_right, imported, rendered

pytestmark = pytest.mark.upstream

SOURCES = os.environ.get("SIGNALEN_SOURCES", "")
FRONTEND = Path(SOURCES) / "frontend"
COMPONENT = catalog().components["frontend"]
APPS: dict[str, str] = {
    one.app: str(one.release)
    for one in reversed(COMPONENT.releases)
    if one.release and parse(one.release) >= parse(catalog().oldest_release)
}
VERSIONS: list[str] = sorted(APPS, key=parse)
# What a file of the site does not say; it is the same whoever's the file is.
ANSWERS = ["contact.email=noreply@example.nl", "repository.url=https://git.example.nl/x/signalen.git"]
# What a file may not say, and is answered where it does not.
OPEN = {
    "contact.phone": "contact.phone=14 073",
    "environments.acceptance.domain": "environments.acceptance.domain=example.nl",
    "identity.clientId": "identity.clientId=site",
    "identity.issuer": "identity.issuer=https://id.example.nl/realms/x",
    "municipality.code": "municipality=GM0796",
}


@cache
def git(*arguments: str) -> str:
    done = subprocess.run(["git", "-C", str(FRONTEND), *arguments], capture_output=True, text=True, check=False)
    return done.stdout if done.returncode == 0 else ""


@cache
def tags() -> list[tuple[str, str]]:
    """Return every version of the frontend that a release can be set up with, and its tag."""
    found = {match[1]: tag for tag in git("tag").split() if (match := re.fullmatch(r"v?([0-9]+\.[0-9]+\.[0-9]+)", tag))}
    return [(app, found[app]) for app in sorted(found, key=parse) if between(app, VERSIONS[0], VERSIONS[-1])]


def files() -> Iterator[tuple[str, str, str, str]]:
    """Yield every configuration there was: the last version before it, its commit, name and text, each text once."""
    seen = set()
    for commit in git("log", "--all", "--format=%h", "--", "app.*.json").split():
        app = git("describe", "--tags", "--abbrev=0", commit).strip().removeprefix("v")
        names = git("ls-tree", "--name-only", commit).split() if app in dict(tags()) else []
        for path in names:
            text = git("show", f"{commit}:{path}") if re.fullmatch(r"app\.(?!base)[a-z-]+\.json", path) else ""
            if text and text not in seen:
                seen.add(text)
                yield app, commit, path, text


def leaves(data: Any, place: tuple[str, ...] = ()) -> Iterator[tuple[str, Any]]:
    if isinstance(data, Mapping) and data:
        for key, child in data.items():
            yield from leaves(child, (*place, str(key)))
    else:
        yield ".".join(place), data


def image(revision: str) -> Any:
    """Return what the image of a revision is configured with by itself."""
    return json.loads(git("show", f"{revision}:app.base.json"))


def tag_of(app: str) -> str:
    return dict(tags())[app]


def release_of(app: str) -> tuple[str, str]:
    """Return the newest known version that is not newer than one, and its release."""
    known = max((one for one in APPS if parse(one) <= parse(app)), key=parse)
    return known, APPS[known]


def completed(folder: Path, given: list[str], text: str) -> Imported:
    """Import a configuration, with an answer to what it leaves open."""
    try:
        return imported(folder, given, app=text)
    except ProblemsError as error:
        assert {problem.rule for problem in error.problems} == {"missing-key"}, error.problems
        return imported(folder, [*given, *(OPEN[problem.path] for problem in error.problems)], app=text)


def differences(result: Imported, app: str, commit: str, text: str) -> list[str]:
    """List what the site would be told otherwise than today, and no remark says.

    What a later image has by itself, and that of the release does not know, is no difference.
    """
    told = {one.path.removeprefix("config.") for one in result.remarks}
    if any("makers of Signalen" in one.message for one in result.remarks):
        told |= {".".join(map(str, place[1:])) for place in base.owned(COMPONENT, base.SIGNALEN)}
    own = json.loads(text)
    today: dict[str, Any] = dict(leaves(lodash(image(commit), own)))
    said = {place for place, _ in leaves(own)}
    known, release = release_of(app)
    site = rendered(result.form)["frontend"]["config"]
    now: dict[str, Any] = dict(leaves(lodash(image(tag_of(known)), site)))
    return [
        f"{place}: {now.get(place)!r}, not {value!r}"
        for place, value in today.items()
        if not same(value, now.get(place))
        and (place in said or knows(COMPONENT, release, f"config.{place}"))  # else nobody said it
        and not any(place == one or place.startswith(f"{one}.") for one in told)
    ]


@pytest.mark.skipif(not SOURCES, reason="SIGNALEN_SOURCES names no folder with a clone of the frontend")
def test_every_configuration_that_upstream_had_means_the_same_when_imported(tmp_path: Path) -> None:
    found: dict[str, list[str]] = {}
    every = list(files())
    for count, (app, commit, path, text) in enumerate(every):
        folder = tmp_path / str(count)
        folder.mkdir()
        result = completed(folder, [*ANSWERS, f"version={release_of(app)[1]}"], text)
        assert_right(result)
        if lost := differences(result, app, commit, text):
            found[f"{app} {commit} {path}"] = lost
    assert found == {}
    assert len(every) > 10


@pytest.mark.skipif(not SOURCES, reason="SIGNALEN_SOURCES names no folder with a clone of the frontend")
@pytest.mark.parametrize("app", VERSIONS)
def test_what_the_image_has_by_itself_is_known(app: str) -> None:
    known = {".".join(map(str, place[1:])): one for place, one in base.defaults(COMPONENT) if one.is_in(app)}
    true = dict(leaves(image(tag_of(app))))
    wrong = [
        f"{path}: {one.value!r}, not {true[path]!r}"
        for path, one in known.items()
        if path in true and one.whose != base.SIGNALEN and one.value != true[path]
    ]
    assert wrong == []
    flags = {path for path in true if path.startswith(("featureFlags.", "theme.", "head."))}
    gone = {"enableMultipleKtoQuestions", "showSelectorV2removeafterfinishepic5440"}
    assert {path for path in flags - set(known) if path.partition(".")[2] not in gone} == set()
