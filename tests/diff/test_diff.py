"""What a change does on the cluster: revisions from real Git, objects from a template made up here, and Helm."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest
import yaml as pyyaml
from click.testing import CliRunner, Result
from signalen_toolkit.catalog.load import catalog
from signalen_toolkit.cli.main import main
from signalen_toolkit.diagnostics.problems import Severity, UsageError
from signalen_toolkit.diff import diff, report
from signalen_toolkit.diff.diff import Action, Difference
from signalen_toolkit.documents.reader import parse
from signalen_toolkit.git import revisions
from signalen_toolkit.helm.charts.lock import Locks, lock_text
from signalen_toolkit.helm.model import ChartReference, HelmRelease
from signalen_toolkit.helm.options import Options
from signalen_toolkit.helm.output import objects_in
from signalen_toolkit.helm.rendered_tree import manifests, releases
from signalen_toolkit.helm.renderer import renderer
from signalen_toolkit.kubernetes.model import Object
from signalen_toolkit.rendering.render import render
from signalen_toolkit.validation.check import check

from tests.conftest import FORMS, REPOSITORY
from tests.support.kubernetes import only
from tests.support.small_charts import chart_files, packed
from tests.support.standins import chart_versions, make_charts

FORMATS = catalog().release_formats
Made = Mapping[HelmRelease, Sequence[Object]]


class Repository:
    """A Git repository with a rendered tree in it, or in a folder of it."""

    def __init__(self, top: Path, folder: str = "") -> None:
        self.top, self.directory = top, top / folder
        self.directory.mkdir(parents=True, exist_ok=True)
        self.git("init", "--quiet", "--initial-branch=main")

    def git(self, *arguments: str) -> str:
        who = ("-c", "user.name=T", "-c", "user.email=t@example.nl", "-c", "commit.gpgSign=false")
        done = subprocess.run(["git", "-C", self.top, *who, *arguments], check=True, capture_output=True, text=True)
        return done.stdout

    def write(self, value: str, *, environment: str = "acceptance") -> None:
        folder = self.directory / "clusters" / environment
        for path, text in {
            "values/signalen-backend.yaml": f"value: {value}\n",
            "kustomization.yaml": "apiVersion: kustomize.config.k8s.io/v1beta1\nkind: Kustomization\nresources: []\n",
            "release.yaml": (
                "apiVersion: helm.toolkit.fluxcd.io/v2\nkind: HelmRelease\n"
                "metadata: {name: signalen-backend, namespace: signalen}\n"
                "spec: {chart: {spec: {chart: backend, version: 4.23.0, sourceRef: {name: r}}}}\n"
            ),
        }.items():
            (folder / path).parent.mkdir(parents=True, exist_ok=True)
            (folder / path).write_text(text)

    def commit(self, value: str) -> str:
        self.write(value)
        self.git("add", "--all")
        self.git("commit", "--quiet", "--allow-empty", "--message", value)
        return self.git("rev-parse", "HEAD").strip()

    def diff(self, from_: str | None = None, to: str | None = None) -> Difference:
        return diff.diff(self.directory, from_, to, make, FORMATS)


def make(releases: Sequence[HelmRelease], _: Locks) -> Made:
    return {release: objects_in(template(release), release) for release in releases}


def template(release: HelmRelease) -> str:
    value = pyyaml.safe_load(release.values)["value"]
    return (
        "---\n# Source: backend/templates/x.yaml\n"
        f"apiVersion: v1\nkind: ConfigMap\nmetadata: {{name: x}}\ndata: {{value: '{value}'}}\n---\n"
        "apiVersion: v1\nkind: Namespace\nmetadata: {name: wide}\n"
    )


@pytest.fixture(autouse=True)
def _own_git(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Keep the configuration of whoever runs the tests out of them."""
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", os.devnull)
    monkeypatch.setenv("GIT_CONFIG_NOSYSTEM", "1")
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path))


@pytest.fixture
def repository(tmp_path: Path) -> Repository:
    return Repository(tmp_path / "repository")


def values(difference: Difference) -> tuple[str, str]:
    """Return the value before and after in the one object that changed."""
    lines = only(difference).diff.split("\n")
    old, new = (next(line for line in lines if line.startswith(f"{sign}  value")) for sign in "-+")
    return old.rpartition(" ")[2], new.rpartition(" ")[2]


def test_a_branch_is_compared_with_where_it_left_main(repository: Repository) -> None:
    base = repository.commit("one")
    repository.git("checkout", "--quiet", "-b", "feature")
    repository.commit("two")
    repository.git("checkout", "--quiet", "main")
    repository.commit("main-went-on")
    repository.git("checkout", "--quiet", "feature")
    difference = repository.diff()
    assert values(difference) == ("one", "two")
    assert (difference.before, difference.after) == (f"main ({base[:7]})", "work tree")


def test_the_branch_that_the_cluster_follows_is_the_main_one(repository: Repository) -> None:
    """The form says which that is; a branch called main may be an old one."""
    repository.commit("old")
    repository.git("checkout", "--quiet", "-b", "develop")
    (repository.directory / "municipality.yaml").write_text("repository: {branch: develop}\n")
    base = repository.commit("one")
    repository.git("checkout", "--quiet", "-b", "feature")
    repository.commit("two")
    difference = repository.diff()
    assert values(difference) == ("one", "two")
    assert difference.before == f"develop ({base[:7]})"
    repository.git("branch", "--quiet", "-D", "develop")
    assert "there is no branch develop to compare with" in wrong(repository)


def test_on_main_what_is_not_committed_is_shown(repository: Repository) -> None:
    repository.commit("one")
    assert not repository.diff()
    repository.write("two")
    assert values(repository.diff()) == ("one", "two")
    assert not repository.diff(to="HEAD")


def test_two_revisions(repository: Repository) -> None:
    first = repository.commit("one")
    repository.commit("two")
    repository.git("tag", "v2")
    repository.commit("three")
    difference = repository.diff(first, "v2")
    assert values(difference) == ("one", "two")
    assert difference.before == first[:7]
    assert difference.after.startswith("v2 (")
    assert values(repository.diff("v2", first)) == ("two", "one")


def test_the_branch_of_the_remote_is_the_main_branch(repository: Repository, tmp_path: Path) -> None:
    repository.git("checkout", "--quiet", "-b", "trunk")
    repository.commit("one")
    clone = tmp_path / "clone"
    subprocess.run(["git", "clone", "--quiet", repository.top, clone], check=True)
    theirs = Repository(clone)
    theirs.git("checkout", "--quiet", "-b", "feature")
    theirs.commit("two")
    assert values(theirs.diff()) == ("one", "two")
    assert theirs.diff().before.startswith("origin/trunk (")


def test_the_repository_may_be_larger_than_the_folder(tmp_path: Path) -> None:
    repository = Repository(tmp_path / "fleet", "Súdwest-Fryslân & co/[a]*")
    (repository.top / "clusters" / "other").mkdir(parents=True)
    (repository.top / "clusters" / "other" / "x.yaml").write_text("kind: Elsewhere\nmetadata: {name: x}\n")
    repository.commit("one")
    repository.write("two")
    assert values(repository.diff()) == ("one", "two")


def test_neither_the_index_nor_the_work_tree_is_touched(repository: Repository) -> None:
    repository.commit("one")
    repository.commit("two")
    repository.write("three")
    (repository.top / "untracked").write_text("x")

    def state() -> list[tuple[str, bytes, int]]:
        files = (path for path in sorted(repository.top.rglob("*")) if path.is_file())
        return [(str(path), path.read_bytes(), path.stat().st_mtime_ns) for path in files]

    before = state()
    repository.diff("HEAD~1")
    repository.diff("HEAD~1", "HEAD")
    assert state() == before


def test_a_hook_of_another_repository_does_not_lead_astray(
    repository: Repository, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    repository.commit("one")
    repository.write("two")
    other = Repository(tmp_path / "other")
    other.commit("three")
    monkeypatch.setenv("GIT_DIR", str(other.top / ".git"))
    monkeypatch.setenv("GIT_INDEX_FILE", str(other.top / ".git" / "index"))
    assert values(repository.diff()) == ("one", "two")


def test_links_and_other_files_are_left_alone(repository: Repository) -> None:
    folder = repository.directory / "clusters" / "acceptance"
    repository.write("one")
    (folder / "link.yaml").symlink_to("/etc/hostname")
    (folder / "notes.txt").write_bytes(b"\xff\xfe")
    repository.commit("one")
    assert not repository.diff()


@pytest.mark.parametrize("applied", [True, False])
def test_objects_of_a_person_count_where_they_are_applied(repository: Repository, applied: bool) -> None:
    own = repository.directory / "manifests/acceptance/extra.yaml"
    own.parent.mkdir(parents=True)
    own.write_text("apiVersion: v1\nkind: ConfigMap\nmetadata: {name: extra, namespace: here}\n")
    folder = "./manifests/acceptance" if applied else "./manifests/acceptance2"
    sync = repository.directory / "clusters/acceptance/sync.yaml"
    repository.write("one")
    sync.write_text(f"apiVersion: x/v1\nkind: Kustomization\nmetadata: {{name: own}}\nspec:\n  path: {folder}\n")
    repository.commit("one")
    own.write_text(own.read_text() + "data: {a: b}\n")
    assert [(one.action, one.object.title) for one in repository.diff("HEAD").changes] == (
        [(Action.CHANGED, "ConfigMap extra")] if applied else []
    )
    own.unlink()
    assert [one.action for one in repository.diff("HEAD").changes] == ([Action.REMOVED] if applied else [])


def test_an_environment_that_comes(repository: Repository) -> None:
    repository.commit("one")
    repository.write("one", environment="production")
    difference = repository.diff()
    assert difference.environments() == ["production"]
    assert {change.action for change in difference.changes} == {Action.ADDED}
    assert [change.object.title for change in difference.changes] == [
        "ConfigMap x",
        "Namespace wide",
        "HelmRelease signalen-backend",
    ]


def test_helm_is_asked_once_for_a_release_that_is_as_it_was(repository: Repository) -> None:
    asked: list[str] = []

    def counted(releases: Sequence[HelmRelease], locks: Locks) -> Made:
        asked.extend(f"{release.environment} {release.values.strip()}" for release in releases)
        return make(releases, locks)

    repository.write("one", environment="production")
    repository.commit("one")
    repository.write("two")
    diff.diff(repository.directory, None, None, counted, FORMATS)
    # production is as it was, and has a Kubernetes of its own
    assert asked == ["acceptance value: one", "production value: one", "acceptance value: two"]


def test_objects_lie_in_the_namespace_of_their_release(repository: Repository) -> None:
    repository.commit("one")
    tree = {path: text.decode() for path, text in revisions.files(repository.directory, "HEAD", "clusters").items()}
    side = diff.RenderedTree(releases(tree, FORMATS), list(manifests(tree, "acceptance")))
    found = diff.installed(side, make(side.releases, Locks()))
    assert [(one.title, one.namespace) for one in found.objects] == [
        ("ConfigMap x", "signalen"),
        ("Namespace wide", ""),
        ("HelmRelease signalen-backend", "signalen"),
    ]


def wrong(repository: Repository, from_: str | None = None, to: str | None = None) -> str:
    with pytest.raises(UsageError) as caught:
        repository.diff(from_, to)
    return str(caught.value)


def test_a_revision_that_is_not_there(repository: Repository) -> None:
    assert "there is no revision 'HEAD'; the repository has no commit yet" in wrong(repository)
    repository.commit("one")
    assert "there is no revision 'mian'" in wrong(repository, "mian")
    assert "there is no revision '--help'" in wrong(repository, "--help")
    assert "there is no revision 'x\ny'" in wrong(repository, "HEAD", "x\ny")


def test_no_repository(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="not in the work tree of a Git repository"):
        diff.diff(tmp_path, None, None, make, FORMATS)
    with pytest.raises(UsageError, match="there is no folder"):
        diff.diff(tmp_path / "nowhere", None, None, make, FORMATS)


def test_no_git(repository: Repository, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")
    assert "git is not installed" in wrong(repository)


def test_no_main_branch(repository: Repository) -> None:
    repository.git("checkout", "--quiet", "-b", "other")
    repository.commit("one")
    assert "there is no main branch" in wrong(repository)
    assert not repository.diff("HEAD")


def test_no_common_commit(repository: Repository) -> None:
    repository.commit("one")
    repository.git("checkout", "--quiet", "--orphan", "other")
    repository.commit("two")
    assert "HEAD and main have no commit in common" in wrong(repository)


def test_a_shallow_clone(repository: Repository, tmp_path: Path) -> None:
    first = repository.commit("one")
    repository.commit("two")
    repository.git("checkout", "--quiet", "-b", "feature", first)
    repository.commit("three")
    repository.commit("four")
    clone = tmp_path / "clone"
    command: list[str | Path] = [
        "git",
        "clone",
        "--quiet",
        "--depth=1",
        "--no-single-branch",
        f"file://{repository.top}",
        clone,
    ]
    subprocess.run(command, check=True)
    theirs = Repository(clone)
    theirs.git("remote", "set-head", "origin", "main")
    theirs.git("checkout", "--quiet", "feature")
    assert "this clone is shallow and does not go back to where HEAD left origin/main" in wrong(theirs)
    assert "git fetch --unshallow" in wrong(theirs, first)
    assert values(theirs.diff("origin/main", "HEAD")) == ("two", "four")


def test_a_tree_that_cannot_be_read(repository: Repository) -> None:
    repository.commit("one")
    broken = repository.directory / "clusters" / "acceptance" / "release.yaml"
    broken.write_text("a: [")
    assert "clusters/ in work tree cannot be read as a rendered tree" in wrong(repository)
    broken.write_text("kind: HelmRelease\nspec: 1\n")
    assert "cannot be read as a rendered tree" in wrong(repository)
    broken.write_bytes(b"\xff")
    assert "clusters/acceptance/release.yaml in work tree is not UTF-8" in wrong(repository)


def test_no_tree_at_all(repository: Repository) -> None:
    repository.commit("one")
    shutil.rmtree(repository.directory / "clusters")
    assert [one.rule for one in repository.diff().findings] == ["environment-removed"]
    repository.git("rm", "--quiet", "-r", "clusters")
    repository.git("commit", "--quiet", "--message", "gone")
    assert "holds no rendered tree" in wrong(repository)


def test_what_helm_says_is_passed_on(repository: Repository) -> None:
    repository.commit("one")

    def fails(_: Sequence[HelmRelease], __: Locks) -> Made:
        raise UsageError("no chart")

    with pytest.raises(UsageError, match="no chart"):
        diff.diff(repository.directory, None, None, fails, FORMATS)


def with_helm(charts: Path) -> diff.Make:
    """Return what runs the real Helm, with stand-in charts that are made where they are missing."""

    def run(releases: Sequence[HelmRelease], locks: Locks) -> Made:
        for chart in {release.chart for release in releases}:
            if not (charts / f"{chart.name}-{chart.version}").exists():
                make_charts(charts, {chart.name: [chart.version]})
        with renderer(Options(charts=charts), {}, default_version="1.34", locks=locks) as work:
            return work.all(releases)

    return run


def rendered(text: str) -> dict[str, str]:
    config, problems = check(parse(text, "municipality.yaml"), catalog(), REPOSITORY)
    assert [problem.message for problem in problems if problem.severity is Severity.ERROR] == []
    return render(config, catalog())


def test_another_release_of_signalen(repository: Repository, tmp_path: Path) -> None:
    form = (FORMS / "minimal.yaml").read_text("utf-8")
    for text in (form.replace("4.23.0", "4.22.0"), form):
        tree = rendered(text)
        assert set(chart_versions(tree)) >= {"backend", "frontend"}
        for path, content in tree.items():
            (repository.directory / path).parent.mkdir(parents=True, exist_ok=True)
            (repository.directory / path).write_text(content, "utf-8")
        if text != form:
            repository.git("add", "--all")
            repository.git("commit", "--quiet", "--message", "one")
    difference = diff.diff(repository.directory, None, None, with_helm(tmp_path / "charts"), FORMATS)
    assert difference.findings == ()
    # A Job is never changed: with another image it is another one.
    jobs = [change for change in difference.changes if change.object.kind == "Job"]
    assert {change.action for change in jobs} == {Action.ADDED, Action.REMOVED}
    assert {change.action for change in difference.changes if change not in jobs} == {Action.CHANGED}
    titles = {change.object.title for change in difference.changes}
    assert titles >= {"Deployment signalen-backend", "HelmRelease signalen-backend", "Deployment signalen-frontend"}
    # What only says which chart it is from does not change, and neither do databases.
    assert not titles & {
        "Service signalen-backend",
        "StatefulSet elasticsearch-master",
        "Deployment signalen-classification",
    }
    text = report.write(difference, "text")
    assert "backend 2.50.5 → 2.50.10 (image signalen/backend)" in text
    assert "chart backend 4.22.0 → 4.23.0 (release signalen-backend)" in text
    assert "StatefulSet" not in text.partition("pods are replaced")[2].partition("\n")[0]


# --- charts.lock


def package(repository: Repository, chart: str = "backend", version: str = "4.23.0") -> tuple[Path, str]:
    """Put a packed chart in a folder, and return that and its digest."""
    data = packed(chart_files(chart, version))
    folder = repository.top.parent / "charts"
    folder.mkdir(exist_ok=True)
    (folder / f"{chart}-{version}.tgz").write_bytes(data)
    return folder, f"sha256:{hashlib.sha256(data).hexdigest()}"


def lock(repository: Repository, digest: str) -> None:
    entry = ChartReference("", "backend", "4.23.0")
    (repository.directory / "charts.lock").write_text(lock_text({entry: digest}))


def run(repository: Repository, charts: Path, *arguments: str) -> Result:
    result = CliRunner().invoke(main, ["diff", str(repository.directory), "--charts", str(charts), *arguments])
    assert not isinstance(result.exception, Exception), result.exception
    return result


@pytest.mark.parametrize("folder", ["", "fleet/one"])
def test_a_chart_that_is_not_the_locked_one_is_refused(folder: str, tmp_path: Path) -> None:
    repository = Repository(tmp_path / "repository", folder)
    charts, digest = package(repository)
    lock(repository, digest)
    repository.commit("one")
    repository.write("two")
    assert run(repository, charts).exit_code == 0
    lock(repository, "sha256:" + "0" * 64)
    result = run(repository, charts)
    assert result.exit_code == 1
    assert "charts.lock:7:13: error[chart-digest]" in result.stderr
    assert result.stdout == ""
    # As it was at a revision, it is the lock of that revision that counts.
    assert run(repository, charts, "--to", "HEAD").exit_code == 0


def test_the_lock_of_the_past_counts_for_what_is_no_longer_locked(repository: Repository) -> None:
    charts, digest = package(repository)
    lock(repository, "sha256:" + "0" * 64)
    repository.commit("one")
    lock(repository, digest)
    assert run(repository, charts).exit_code == 0  # what is published now, is so on either side
    (repository.directory / "charts.lock").unlink()
    result = run(repository, charts)
    assert result.exit_code == 1
    assert "put the locked one in a folder" in result.stderr


def test_a_lock_that_cannot_be_read(repository: Repository) -> None:
    charts, digest = package(repository)
    (repository.directory / "charts.lock").write_text("<<<<<<<\n")
    repository.commit("one")
    assert run(repository, charts).exit_code == 1
    lock(repository, digest)
    assert run(repository, charts).exit_code == 0


def test_a_list_is_compared_object_by_object(repository: Repository) -> None:
    def listing(releases: Sequence[HelmRelease], _: Locks) -> Made:
        return {
            release: objects_in(
                "kind: List\nitems: [{kind: ConfigMap, metadata: {name: a}, data: {x: "
                f"{release.values.split()[1]}}}}}, {{kind: ConfigMap, metadata: {{name: b}}}}]\n---\n",
                release,
            )
            for release in releases
        }

    repository.commit("one")
    repository.write("two")
    (change,) = diff.diff(repository.directory, None, None, listing, FORMATS).changes
    assert change.object.title == "ConfigMap a"
