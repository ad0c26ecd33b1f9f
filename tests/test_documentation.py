"""README and tutorial, as a person reads them: every command is run, in order, and its output is as it stands there.

A block ```console has commands behind `$ ` and what they print; `…` stands for anything. What has to be so before
a block, and is not told to a reader again, is in a comment `<!-- before: … -->` above it, as shell. Other shell blocks
are listed here with the reason why they are not run.
"""

from __future__ import annotations

import json
import os
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest
import yaml as pyyaml
from signalen_toolkit.base.paths import CHECKOUT, PACKAGE
from signalen_toolkit.catalog.load import catalog
from signalen_toolkit.validation.check import check_file

from tests.preflight.test_preflight import answers
from tests.support import fake_kubectl
from tests.support.standins import make_charts, stand_ins

PAGES: Final = ("README.md", "docs/tutorial.md")
# Commands that stand outside of such blocks, and why.
NOT_RUN: Final = {
    "make demo": "a test of its own, below",
    "make test": "this is it",
    "pipx install": "tests/test_wheel.py installs",
    "pip install": "tests/installing installs",
    "pipx run": "needs the network; tests/cli/test_pre_commit.py has the hooks",
    "signalen new s-hertogenbosch": "asks questions: tests/repository/test_new.py answers them",
    "signalen form s-hertogenbosch": "serves until it is stopped: tests/page",
    "signalen import": "needs the files of today: tests/importing has them",
    "git commit --all --message": "tests/cli/test_pre_commit.py commits",
    "bootstrap/cluster.sh acceptance": "needs a cluster: tests/municipality_template/test_bootstrap.py",
}
_BLOCK: Final = re.compile(r"(?:<!-- before: (.*?) -->\s*)?^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def blocks(page: str) -> Iterator[tuple[str, str, str]]:
    """Yield what has to be before each block, its language and its text."""
    for found in _BLOCK.finditer((CHECKOUT / page).read_text(encoding="utf-8")):
        yield found[1] or "", found[2], found[3]


class Terminal:
    """A folder and a shell, with the toolkit, charts, and a cluster that answers from a file."""

    def __init__(self, folder: Path, charts: Path) -> None:
        self.folder = folder
        programs = fake_kubectl.install(folder / "bin")
        python = shlex.quote(sys.executable)
        fetches = "new | import | verify | diff | bump | promote | haven | images | set"
        (programs / "signalen").write_text(
            f'#!/bin/bash\ncase $1 in {fetches}) set -- "$@" --offline --charts {shlex.quote(str(charts))} ;; esac\n'
            f'exec {python} -m signalen_toolkit "$@"\n',
            encoding="utf-8",
        )
        (programs / "signalen").chmod(0o755)
        self.variables = {
            "PATH": f"{programs}:{Path(sys.executable).parent}:/usr/local/bin:/usr/bin:/bin",
            "HOME": str(folder),
            "LANG": "C.UTF-8",
            "SIGNALEN_LANG": "en",
            "PYTHONPATH": str(PACKAGE.parent),
            "CHARTS": str(charts),
            "CLUSTER": str(folder / "cluster"),
            "CALLS": str(folder / "calls"),
            **{f"GIT_{who}_{what}": value for who in ("AUTHOR", "COMMITTER") for what, value in _WHO.items()},
        }
        self.place = folder / "work"
        self.place.mkdir()

    def run(self, script: str) -> str:
        """Run shell where the last one ended, and return all that it printed."""
        done = subprocess.run(
            ["bash", "-c", f"{script}\nprintf '\\n%s' \"$PWD\" > {shlex.quote(str(self.folder / 'pwd'))}"],
            cwd=self.place,
            env=self.variables,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
        self.place = Path((self.folder / "pwd").read_text(encoding="utf-8").strip())
        return done.stdout

    def with_cluster(self) -> None:
        """Let the cluster be one in which a certificate issuer is missing."""
        form = next(iter(sorted(self.folder.glob("work/**/municipality.yaml"))), None)
        if form:
            known = answers(check_file(form, catalog())[0])
            known["objects"] = [one for one in known["objects"] if not one["resource"].startswith("clusterissuers")]
            (self.folder / "cluster").write_text(json.dumps(known), encoding="utf-8")


_WHO: Final = {"NAME": "T", "EMAIL": "t@example.nl"}


@pytest.fixture(scope="module")
def charts_of_two_releases(tmp_path_factory: pytest.TempPathFactory) -> Path:
    wanted = {
        name: {catalog().component(name).chart_version(release) for release in catalog().releases[:3]}
        for name in stand_ins()
    }
    return make_charts(tmp_path_factory.mktemp("charts"), wanted)


def commands(block: str) -> Iterator[tuple[str, str]]:
    """Yield each command of a block with the output that stands below it."""
    for part in re.split(r"^\$ ", block, flags=re.MULTILINE)[1:]:
        lines = part.splitlines(keepends=True)
        count = 1
        while lines[count - 1].rstrip("\n").endswith("\\"):
            count += 1
        yield "".join(lines[:count]).strip(), "".join(lines[count:])


def is_like(printed: str, shown: str) -> bool:
    """Compare an output with the one that is shown, of which `…` is any text."""
    pattern = ".*?".join(re.escape(part) for part in shown.strip().split("…"))
    return re.fullmatch(pattern, printed.strip(), re.DOTALL) is not None


@pytest.mark.slow
@pytest.mark.parametrize("page", PAGES)
def test_every_command_does_what_the_page_says(page: str, tmp_path: Path, charts_of_two_releases: Path) -> None:
    terminal = Terminal(tmp_path, charts_of_two_releases)
    ran = 0
    for before, language, text in blocks(page):
        if language == "yaml" and text.startswith("# ") and text.split("\n")[0].endswith(".yaml"):
            (terminal.place / text.split("\n")[0].removeprefix("# ")).write_text(text, encoding="utf-8")
        if language != "console":
            continue
        if before:
            said = terminal.run(f"set -eu\n{before}")
            assert not re.search(r"^Error|^Traceback", said, re.MULTILINE), said
        if "preflight" in text or "first-day" in text:
            terminal.with_cluster()
        for command, shown in commands(text):
            if any(command.startswith(one) for one in NOT_RUN if one != "signalen new s-hertogenbosch"):
                continue
            printed = terminal.run(command)
            assert "Traceback" not in printed
            assert is_like(printed, shown), f"{page}: $ {command}\n{printed}\n--- and not\n{shown}"
            ran += 1
    assert ran > 3


@pytest.mark.parametrize("page", PAGES)
def test_no_command_stands_outside_of_what_is_run(page: str) -> None:
    text = (CHECKOUT / page).read_text(encoding="utf-8")
    outside = [line.strip() for line in _BLOCK.sub("", text).splitlines() if line.startswith("    ")]
    shell = [
        line.strip() for _, language, block in blocks(page) if language in ("sh", "") for line in block.splitlines()
    ]
    for line in [*outside, *shell]:
        if re.match(r"(signalen|make|pip|pipx|bootstrap|git|kubectl) ?", line):
            assert any(line.startswith(known) for known in NOT_RUN), line


@pytest.mark.slow
def test_the_demo_onboards_a_municipality(tmp_path: Path) -> None:
    programs = tmp_path / "venv" / "bin"
    programs.mkdir(parents=True)
    for name, arguments in {"python": "", "signalen": "-m signalen_toolkit"}.items():
        script = f'#!/bin/bash\nexec {shlex.quote(sys.executable)} {arguments} "$@"\n'
        (programs / name).write_text(script, encoding="utf-8")
        (programs / name).chmod(0o755)
    (tmp_path / "venv" / "installed").touch()  # newer than what it is made of: nothing is installed
    variables = {**os.environ, "TMPDIR": str(tmp_path), "HOME": str(tmp_path), "PYTHONPATH": str(PACKAGE.parent)}
    variables |= {f"GIT_{who}_{what}": value for who in ("AUTHOR", "COMMITTER") for what, value in _WHO.items()}
    command = ["make", "demo", f"VENV={tmp_path / 'venv'}"]
    done = subprocess.run(command, cwd=CHECKOUT, env=variables, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "Made the configuration repository of 's-Hertogenbosch" in done.stdout
    assert "nothing is wrong" in done.stdout


# --- links


def pages() -> list[Path]:
    top = [CHECKOUT / name for name in ("README.md", "CONTRIBUTING.md", "SECURITY.md", "CODE_OF_CONDUCT.md")]
    return [*top, CHECKOUT / "CHANGELOG.md", *sorted((CHECKOUT / "docs").glob("*.md"))]


def anchors(path: Path) -> set[str]:
    """Return the anchors of a page, as GitHub and MkDocs make them of headings."""
    text = re.sub(r"^```.*?^```$", "", path.read_text(encoding="utf-8"), flags=re.MULTILINE | re.DOTALL)
    headings = re.findall(r"^#+ (.*)$", text, re.MULTILINE)
    plain = [
        re.sub(r"[^\w\- ]", "", re.sub(r"&\w+;|<[^>]*>", "", one).lower()).strip().replace(" ", "-") for one in headings
    ]
    return {*plain, *re.findall(r'<a id="([^"]+)"', text)}


@pytest.mark.parametrize("page", pages(), ids=lambda page: page.name)
def test_links_lead_somewhere(page: Path) -> None:
    text = re.sub(r"^```.*?^```$|`[^`\n]*`", "", page.read_text(encoding="utf-8"), flags=re.MULTILINE | re.DOTALL)
    for link in re.findall(r"\]\(([^)\s]+)\)", text):
        if re.match(r"https?://|mailto:", link):
            continue
        name, _, anchor = link.partition("#")
        target = (page.parent / name).resolve() if name else page
        assert target.exists(), f"{page.name}: {link}"
        if anchor and target.suffix == ".md":
            assert anchor in anchors(target), f"{page.name}: {link}"


def test_every_page_is_in_the_menu() -> None:
    def names(menu: object) -> Iterator[str]:
        if isinstance(menu, str):
            yield menu
        for one in menu.values() if isinstance(menu, dict) else menu if isinstance(menu, list) else ():
            yield from names(one)

    class Loader(pyyaml.SafeLoader):
        """Reads the tags that MkDocs has in its settings."""

    Loader.add_multi_constructor("tag:yaml.org,2002:python/name:", lambda *_: None)
    Loader.add_constructor("!ENV", lambda *_: None)
    settings = pyyaml.load((CHECKOUT / "mkdocs.yml").read_text(encoding="utf-8"), Loader=Loader)  # noqa: S506  # a SafeLoader
    listed = [*names(settings["nav"])]
    assert sorted(listed) == sorted(path.name for path in (CHECKOUT / "docs").glob("*.md"))


def test_the_published_site_keeps_what_its_pages_load() -> None:
    release = (CHECKOUT / ".github/workflows/release.yml").read_text(encoding="utf-8")
    assert "SITE_IS_PUBLISHED: true" in release
    assert "privacy: {enabled: !ENV [SITE_IS_PUBLISHED, false]}" in (CHECKOUT / "mkdocs.yml").read_text(
        encoding="utf-8"
    )


@pytest.mark.slow
def test_the_site_is_built_and_fetches_nothing_from_elsewhere(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "mkdocs", "build", "--strict", "--quiet", "--site-dir", str(tmp_path / "site")]
    done = subprocess.run(command, cwd=CHECKOUT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    page = (tmp_path / "site/tutorial/index.html").read_text(encoding="utf-8")
    assert not re.findall(
        r'<(?:script|link|img)[^>]+(?:src|href)="https?://(?!signalen|github\.com/Signalen)[^"]+"', page
    )
