"""The shell steps of each pipeline in a clean environment, with the toolkit from each source, served right here."""

from __future__ import annotations

import hashlib
import os
import re
import subprocess
import sys
import venv
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from signalen_toolkit import __version__
from signalen_toolkit.base.layout import FORM_FILE, REQUIREMENTS, TOOLKIT
from signalen_toolkit.diagnostics.problems import UsageError
from signalen_toolkit.installing import index as indexes
from signalen_toolkit.installing import source as installing
from signalen_toolkit.repository import new as scaffold

from tests.municipality_template.test_pipelines import (
    ADDRESSES,
    PIPELINES,
    lock_charts,
    pipeline_variables,
)
from tests.municipality_template.test_pipelines import charts as charts  # a fixture
from tests.repository.test_new import given_as
from tests.support import toolkit_index
from tests.support.pipelines import (
    Machine,
    Step,
    azure_steps,
    comment_server,
    completing,
    git,
    github_steps,
    gitlab_steps,
    parse,
)

NEXT = "99.0.0"
IMAGE = f"ghcr.io/signalen/signalen-toolkit:{__version__}@sha256:{'0a' * 32}"


@dataclass(frozen=True)
class Published:
    """What is served: the index, the commit of the toolkit, the hash of its wheel; and the root of its image."""

    index: toolkit_index.Index
    commit: str
    digest: str
    image: Path

    def section(self, source: str) -> dict[str, Any]:
        """Return `toolkit` of a form for a source."""
        if source == "git":
            return {"source": "git", "git": {"url": f"{self.index.url}/signalen-toolkit.git", "commit": self.commit}}
        if source == "image":
            return {"source": "image", "image": IMAGE}
        return {"source": "index"} if source == "index" else {"source": "index", "index": self.index.simple}

    def variables(self, source: str) -> dict[str, str]:
        """Return what pip is told beside: for everybody's index, that it is here."""
        return {"PIP_INDEX_URL": self.index.simple} if source == "index" else {}


@pytest.fixture(scope="module")
def published(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Published]:
    folder = tmp_path_factory.mktemp("published")
    files = toolkit_index.needed_wheels(folder)
    now = toolkit_index.checkout(folder)
    digest = hashlib.sha256(toolkit_index.wheel(now, folder).read_bytes()).hexdigest()
    next(folder.glob("signalen_toolkit-*.whl")).rename(files / f"signalen_toolkit-{__version__}-py3-none-any.whl")
    newer = toolkit_index.checkout(folder / "newer", NEXT)
    toolkit_index.wheel(newer, folder / "newer/dist").rename(files / f"signalen_toolkit-{NEXT}-py3-none-any.whl")
    commit = toolkit_index.as_git(now, folder)
    with toolkit_index.serving(folder) as index:
        # What the Containerfile runs, in a fresh folder: there is no container engine here.
        command = [toolkit_index.ROOT / ".ci/image/install", files / f"signalen_toolkit-{__version__}-py3-none-any.whl"]
        environment = {**os.environ, "PIP_INDEX_URL": index.simple}
        subprocess.run([*command, folder / "image", sys.executable], env=environment, check=True)
        yield Published(index, commit, digest, folder / "image")


def repository(folder: Path, forge: str, published: Published, source: str) -> Path:
    """Make a repository, committed, with what the toolkit is installed from, and its charts locked."""
    section = published.section(source)
    given = given_as(repository__url=ADDRESSES[forge])
    scaffold.new(folder, None, given, ask=False, force=False, git=True, toolkit=section)
    if source.endswith("index"):
        settings = {"toolkit": {"index": installing.PACKAGE_INDEX, **section}}
        texts = installing.files(installing.source_of(settings), [published.digest])
        (folder / TOOLKIT).write_text(texts[TOOLKIT], encoding="utf-8")
    lock_charts(folder)
    git(folder, "commit", "--quiet", "--all", "--allow-empty", "--message", "toolkit")
    return folder


def change(origin: Path, name: str, edit: tuple[str, str], file: str = FORM_FILE, *, rendered: bool) -> None:
    """Commit a change on a branch."""
    git(origin, "switch", "--quiet", "--create", name)
    text = (origin / file).read_text(encoding="utf-8")
    assert edit[0] in text
    (origin / file).write_text(text.replace(*edit, 1), encoding="utf-8")
    if rendered:
        subprocess.run([sys.executable, "-m", "signalen_toolkit", "render", origin], check=True, capture_output=True)
    git(origin, "commit", "--quiet", "--all", "--message", "change")
    git(origin, "update-ref", "refs/pull/7/head", "HEAD")
    git(origin, "switch", "--quiet", "main")


def machine_of(
    folder: Path, origin: Path, forge: str, charts: Path, variables: Mapping[str, str], image: Path | None = None
) -> Machine:
    """Give a computer with Python and pip alone, or one that is an image."""
    if not image:
        venv.create(folder / "venv", with_pip=True)
    workspace = folder / "workspace"
    if forge in ("forgejo", "gitea"):
        workspace.mkdir()
    else:
        git(folder, "clone", "--quiet", str(origin), str(workspace))
        git(workspace, "checkout", "--quiet", "--detach", git(origin, "rev-parse", "refs/pull/7/head"))
    return Machine(folder / "machine", charts, workspace, variables, clean=image or folder / "venv")


def steps_of(forge: str, pipeline: Path) -> list[Step]:
    """Return the steps of a pull request."""
    by_forge = {"gitlab": gitlab_steps, "azure": azure_steps}
    return list(by_forge.get(forge, github_steps)(parse(pipeline), pull_request=True))


# What is installed is the source's, and the job around it the forge's: each is tried with two of the other. Gitea's job
# is Forgejo's.
@pytest.mark.slow
@pytest.mark.parametrize(
    ("forge", "source"),
    [
        *(("github", "index"), ("github", "image"), ("gitlab", "own index"), ("gitlab", "index")),
        *(("azure", "git"), ("azure", "own index"), ("forgejo", "image"), ("forgejo", "git")),
    ],
)
def test_a_pipeline_installs_and_runs_with_nothing_but_what_is_served(
    tmp_path: Path, charts: Path, published: Published, forge: str, source: str
) -> None:
    origin = repository(tmp_path / "server/bosch/signalen", forge, published, source)
    change(origin, "change", ("073 615 51 55", "073 615 51 56"), rendered=True)
    with comment_server() as comments:
        variables = pipeline_variables(forge, tmp_path, origin, comments.url, "change", pr=True)
        image = published.image if source == "image" else None
        given = {**variables, **published.variables(source)}
        machine = machine_of(tmp_path, origin, forge, charts, given, image)
        if forge == "azure" and image:
            machine.with_engine(IMAGE)
        for step in steps_of(forge, origin / PIPELINES[forge]):
            done = machine.run(step)
            assert done.returncode == 0, (step.name, done.stdout, done.stderr)
        assert "073 615 51 56" in comments.texts[1]
    python = (image or tmp_path / "venv") / "bin/python"
    where = subprocess.run(
        [python, "-P", "-c", "import signalen_toolkit; print(signalen_toolkit.__file__)"],
        capture_output=True,
        text=True,
        check=True,
        cwd=tmp_path,
    ).stdout
    assert Path(where).is_relative_to(python.parent.parent)


@pytest.mark.slow
def test_a_package_that_was_changed_is_not_installed(tmp_path: Path, charts: Path, published: Published) -> None:
    origin = repository(tmp_path / "server/bosch/signalen", "github", published, "own index")
    text = (origin / REQUIREMENTS).read_text(encoding="utf-8")
    package = re.search(r"^click==.*\n    --hash=sha256:([0-9a-f]{64})", text, re.MULTILINE)
    assert package
    change(origin, "change", (package[1], "0" * 64), REQUIREMENTS, rendered=False)
    machine = machine_of(tmp_path, origin, "github", charts, {})
    step = next(
        one for one in steps_of("github", machine.workspace / PIPELINES["github"]) if "pip install" in one.script
    )
    done = machine.run(step)
    assert done.returncode != 0
    assert "HASH" in done.stderr.upper()


# --- branches of Renovate


@pytest.mark.slow
@pytest.mark.parametrize("forge", ["github", "gitlab", "azure", "forgejo"])
def test_a_newer_toolkit_of_renovate_is_completed(
    tmp_path: Path, charts: Path, published: Published, forge: str
) -> None:
    origin = repository(tmp_path / "server/bosch/signalen", forge, published, "own index")
    git(origin, "config", "receive.denyCurrentBranch", "ignore")
    newer = next((published.index.folder / "files").glob(f"signalen_toolkit-{NEXT}-*"))
    text = (origin / TOOLKIT).read_text(encoding="utf-8")
    wanted = text.replace(__version__, NEXT).replace(published.digest, hashlib.sha256(newer.read_bytes()).hexdigest())
    change(origin, "renovate/toolkit", (text, wanted), TOOLKIT, rendered=False)
    with comment_server() as server:
        variables = pipeline_variables(forge, tmp_path, origin, server.url, "renovate/toolkit", pr=True)
        machine = machine_of(tmp_path, origin, forge, charts, {**variables, "SIGNALEN_OFFLINE": "1"})
        for step in completing(parse(origin / PIPELINES[forge])):
            done = machine.run(step)
            assert done.returncode == 0, (step.name, done.stdout, done.stderr)
        started = [path for method, path in server.requests if method == "POST" and path.endswith("/dispatches")]
        assert len(started) == (1 if forge == "github" else 0)
    assert f'"toolkit": "{NEXT}"' in git(origin, "show", "renovate/toolkit:.signalen/template.json")
    assert git(origin, "log", "-1", "--format=%an", "renovate/toolkit") == "Signalen Toolkit"
    assert git(origin, "log", "-1", "--format=%s", "main") == "toolkit"
    assert git(origin, "show", f"renovate/toolkit:{TOOLKIT}") == wanted.strip()


# --- what an index says of the toolkit itself


def test_the_hash_is_that_of_the_wheel_with_what_runs_here(published: Published) -> None:
    for html in (False, True):
        published.index.html = html
        assert indexes.hashes(published.index.simple) == (published.digest,)
    published.index.html = False


def test_a_stranger_under_our_name_is_refused(published: Published) -> None:
    with pytest.raises(UsageError, match=r"is another toolkit than the one that runs here \(in signalen_toolkit/"):
        indexes.hashes(published.index.simple, NEXT)
    with pytest.raises(UsageError, match=r"has no signalen-toolkit 1\.2\.3"):
        indexes.hashes(published.index.simple, "1.2.3")


def test_an_index_that_cannot_be_read_is_told() -> None:
    with pytest.raises(UsageError, match="only https"):
        indexes.hashes("http://packages.example.nl/simple")
    with pytest.raises(UsageError, match="cannot be read"):
        indexes.hashes("http://127.0.0.1:1/simple")
