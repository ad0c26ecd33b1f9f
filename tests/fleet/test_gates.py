"""What a release waits for: green pipelines and health, asked of those who know, and never taken for granted."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from signalen_toolkit.base.layout import CLUSTERS_FILE, FLEET_FILE, FORM_FILE
from signalen_toolkit.cli.main import main
from signalen_toolkit.diagnostics.problems import UsageError
from signalen_toolkit.fleet import listing
from signalen_toolkit.fleet.changes.homes import home_of
from signalen_toolkit.fleet.gates.delivered import delivered
from signalen_toolkit.fleet.gates.health import HealthQuestion, unwell
from signalen_toolkit.fleet.gates.pipelines import not_green
from signalen_toolkit.git import branches
from signalen_toolkit.kubernetes.cluster import is_file

from tests.fleet.test_rollout import commit, git
from tests.support import fake_kubectl
from tests.support.fleets import DEFAULTS, OTHER, OWN, fleet
from tests.support.forges import TOKEN, ForgeServer, forge
from tests.support.outside import run

STATUS = "notifications: {commitStatus: true}\n"
PLURALS = {
    "Kustomization": "kustomizations.kustomize.toolkit.fluxcd.io",
    "HelmRelease": "helmreleases.helm.toolkit.fluxcd.io",
    "Application": "applications.argoproj.io",
}
Cluster = dict[str, Any]


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """Give a fleet with one municipality that Flux delivers and one that Argo CD does, rendered and committed."""
    root = tmp_path / "fleet"
    root.mkdir()
    fleet(root, {"s-hertogenbosch": OWN, "tilburg": OTHER + "delivery: argocd\n"})
    (root / "defaults.yaml").write_text(DEFAULTS.replace('signalen.git"', 'signalen.git", host: github') + STATUS)
    (root / ".gitignore").write_text("/repositories/\n")
    said = CliRunner().invoke(main, ["fleet", "render", "-C", str(root)])
    assert said.exit_code == 0, said.output
    git(root, "init", "--quiet", "--initial-branch=main")
    commit(root)
    return root


@pytest.fixture
def told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[Cluster], None]:
    """Give a kubectl on the PATH that answers from what is told here."""
    programs = fake_kubectl.install(tmp_path / "bin")
    monkeypatch.setenv("PATH", f"{programs}:/usr/local/bin:/usr/bin:/bin")
    monkeypatch.setenv("CLUSTER", str(tmp_path / "cluster"))
    monkeypatch.setenv("CALLS", str(tmp_path / "calls"))

    def tell(cluster: Cluster) -> None:
        (tmp_path / "cluster").write_text(json.dumps({"raw": {}, **cluster}))

    return tell


def as_delivered(root: Path, name: str, revision: str) -> Cluster:
    """Return a cluster that has all of a municipality, as Flux and Argo CD write their status."""
    there = listing.read(root)
    objects = []
    for one in delivered(there, there.member(name), "acceptance").objects:
        if one.kind not in PLURALS or is_file(one):
            continue
        data: dict[str, Any] = json.loads(json.dumps(one.data))
        data["metadata"]["generation"] = 3
        ready = {"type": "Ready", "status": "True", "reason": "ReconciliationSucceeded", "message": "Applied"}
        status: dict[str, Any] = {"observedGeneration": 3, "conditions": [ready]}
        if one.kind == "Kustomization":
            status["lastAppliedRevision"] = f"main@sha1:{revision}"
        elif one.kind == "HelmRelease":
            version = data["spec"]["chart"]["spec"]["version"]
            status["history"] = [
                {"chartVersion": version, "status": "deployed", "version": 2},
                {"chartVersion": "0.0.1", "status": "superseded", "version": 1},
            ]
        else:
            source = data["spec"].get("source", {})
            has = source["targetRevision"] if source.get("chart") else revision
            status = {
                "sync": {"status": "Synced", "revision": has},
                "health": {"status": "Healthy"},
                "operationState": {"phase": "Succeeded", "message": "successfully synced"},
            }
        objects.append({"resource": PLURALS[one.kind], "object": {**data, "status": status}})
    return {"objects": objects}


def first(cluster: Cluster, kind: str) -> dict[str, Any]:
    found: dict[str, Any] = next(one["object"] for one in cluster["objects"] if one["object"]["kind"] == kind)
    return found


def ill(root: Path, name: str, by: str) -> list[str]:
    there = listing.read(root)
    return [*unwell(there, [there.member(name)], HealthQuestion(by, "4.22.0", "acceptance"))]


@pytest.mark.parametrize(("name", "by"), [("s-hertogenbosch", "flux"), ("tilburg", "argocd")])
def test_a_cluster_with_the_very_commit_and_charts_is_healthy(
    root: Path, told: Callable[[Cluster], None], tmp_path: Path, name: str, by: str
) -> None:
    cluster = as_delivered(root, name, git(root, "rev-parse", "HEAD").strip())
    told(cluster)
    assert ill(root, name, by) == []
    calls = [json.loads(line) for line in (tmp_path / "calls").read_text().splitlines()]
    assert calls and {call[0] for call in calls} == {"get"}
    assert {f"--context={name}-acceptance"} == {word for call in calls for word in call if "--context" in word}
    (root / FLEET_FILE).write_text(
        (root / FLEET_FILE).read_text().replace("ring: canary", 'ring: canary, context: "haven-{environment}"')
    )
    (tmp_path / "calls").unlink()
    assert ill(root, "s-hertogenbosch", "flux") == [] or name == "tilburg"
    assert "--context=haven-acceptance" in (tmp_path / "calls").read_text()
    # What a cluster that is shared is called, goes before what is said for all, and behind what is said for one.
    (root / CLUSTERS_FILE).write_text(
        f'apiVersion: signalen.org/v1\nrepository: {{url: "https://git.example.nl/fleet.git"}}\n'
        f"clusters: {{west: {{delivery: flux, context: haven-west, holds: {{acceptance: [{name}]}}}}}}\n"
    )
    (tmp_path / "calls").unlink()
    assert ill(root, name, by) == []
    named = "haven-acceptance" if name == "s-hertogenbosch" else "haven-west"
    assert {f"--context={named}"} == set(re.findall(r"--context=[\w-]+", (tmp_path / "calls").read_text()))
    (root / CLUSTERS_FILE).unlink()
    # A newer commit that has it in its history is as good.
    (root / "README.md").write_text("x\n")
    commit(root)
    told(as_delivered(root, name, git(root, "rev-parse", "HEAD").strip()))
    assert ill(root, name, by) == []


def change(*path: str, to: Any) -> Callable[[dict[str, Any]], None]:
    def changed(data: dict[str, Any]) -> None:
        for part in path[:-1]:
            data = data[part]
        data[path[-1]] = to

    return changed


NOT_READY = [{"type": "Ready", "status": "False", "message": "install retries exhausted"}]
UNKNOWN = [{"type": "Ready", "status": "Unknown", "reason": "Progressing"}]


@pytest.mark.parametrize(
    ("by", "kind", "made", "said"),
    [
        ("flux", "HelmRelease", change("status", "conditions", to=NOT_READY), "install retries exhausted"),
        ("flux", "HelmRelease", change("status", "conditions", to=UNKNOWN), "Progressing"),
        ("flux", "HelmRelease", change("status", "conditions", to=[]), "is not ready"),
        ("flux", "HelmRelease", change("status", "observedGeneration", to=2), "has not looked at it since"),
        ("flux", "HelmRelease", change("status", "history", to=[]), "has chart version unknown"),
        ("flux", "HelmRelease", change("spec", "suspend", to=True), "is suspended"),
        ("flux", "HelmRelease", change("metadata", "name", to="other"), "is not there"),
        ("flux", "Kustomization", change("status", "lastAppliedRevision", to=""), "nobody knows which commit"),
        (
            "flux",
            "Kustomization",
            change("status", "lastAppliedRevision", to=f"main@sha1:{'0' * 40}"),
            "not known here",
        ),
        ("flux", "Kustomization", change("status", to={}), "has not looked at it since"),
        ("argocd", "Application", change("status", "sync", "status", to="OutOfSync"), "is OutOfSync, and not Synced"),
        ("argocd", "Application", change("status", "health", "status", to="Degraded"), "is Degraded: see Argo CD"),
        ("argocd", "Application", change("status", "operationState", "phase", to="Running"), "is being synced"),
        ("argocd", "Application", change("status", "operationState", "phase", to="Failed"), "was not synced"),
        ("argocd", "Application", change("status", to={}), "is of no known state"),
        ("argocd", "Application", change("status", "sync", "revision", to=""), "unknown|nobody knows which commit"),
        ("argocd", "Application", change("metadata", "name", to="other"), "is not there"),
    ],
)
def test_anything_else_is_told_and_what_is_not_known_is_never_healthy(
    root: Path,
    told: Callable[[Cluster], None],
    by: str,
    kind: str,
    made: Callable[[dict[str, Any]], None],
    said: str,
) -> None:
    name = {"flux": "s-hertogenbosch", "argocd": "tilburg"}[by]
    cluster = as_delivered(root, name, git(root, "rev-parse", "HEAD").strip())
    made(first(cluster, kind))
    told(cluster)
    (complaint,) = ill(root, name, by)
    assert complaint.startswith(f"acceptance of {name} is not healthy: {kind} ")
    assert any(part in complaint for part in said.split("|")), complaint


def test_the_commit_before_is_not_enough(root: Path, told: Callable[[Cluster], None]) -> None:
    before = git(root, "rev-parse", "HEAD").strip()
    file = root / "municipalities/s-hertogenbosch" / FORM_FILE
    file.write_text(file.read_text() + "# changed\n")
    commit(root)
    told(as_delivered(root, "s-hertogenbosch", before))
    (complaint,) = ill(root, "s-hertogenbosch", "flux")
    assert f"has commit {before[:7]}, which is from before" in complaint


def test_a_cluster_that_does_not_answer_or_may_not_be_asked_is_not_healthy(
    root: Path, told: Callable[[Cluster], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    told({"objects": [], "unreachable": True})
    assert "gives no answer" in ill(root, "s-hertogenbosch", "flux")[0]
    told({"objects": [], "forbidden": [PLURALS["Kustomization"]]})
    assert "may not be asked" in ill(root, "s-hertogenbosch", "flux")[0]
    told({"objects": []})
    assert "nothing of Argo CD" in ill(root, "s-hertogenbosch", "argocd")[0]
    monkeypatch.setenv("PATH", "/nowhere")
    with pytest.raises(UsageError, match="kubectl is missing"):
        ill(root, "s-hertogenbosch", "flux")


# --- what the Git server says


@pytest.fixture(params=["github", "gitlab", "forgejo"])
def server(
    request: pytest.FixtureRequest, root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[ForgeServer]:
    with forge(request.param, tmp_path / "served") as found:
        monkeypatch.setenv(found.variable, TOKEN)
        shared = root / "defaults.yaml"
        shared.write_text(shared.read_text().replace("host: github", f"host: {request.param}") + "# mine\n")
        CliRunner().invoke(main, ["fleet", "render", "-C", str(root)])
        commit(root)
        git(root, "remote", "add", "origin", found.repository("fleet"))
        git(root, "push", "--quiet", found.bare("fleet"), "HEAD:refs/heads/main")
        yield found


def say(server: ForgeServer, verdict: str, name: str = "check", run_: str = "1") -> None:
    """Have a pipeline say something, in the words of its server, as the newest that is said."""
    if server.kind == "github":
        done = verdict != "running"
        conclusion = {"good": "success", "bad": "failure"}.get(verdict)
        status = {"status": "completed" if done else "in_progress", "conclusion": conclusion}
        server.runs.insert(
            0, {"name": name, "details_url": f"{server.url}/org/fleet/actions/runs/{run_}/job/9", **status}
        )
    elif server.kind == "gitlab":
        status = {"status": {"good": "success", "bad": "failed"}.get(verdict, "running")}
        server.runs.insert(0, {"id": int(run_), "source": name, **status})
    else:
        status = {"status": {"good": "success", "bad": "failure"}.get(verdict, "pending")}
        server.statuses.insert(0, {"context": name, "target_url": f"/org/fleet/actions/runs/{run_}/jobs/0", **status})


def red(root: Path) -> list[str]:
    there = listing.read(root)
    return [*not_green(there, there.members)]


def test_pipelines_are_green_only_where_all_say_so(
    server: ForgeServer, root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    head = git(root, "rev-parse", "HEAD")[:7]
    names = ("s-hertogenbosch", "tilburg")
    assert red(root) == [f"the pipelines of {name}: there are none at {head}" for name in names]
    assert len([one for one in server.asked if "GET /api" in one and head in one]) <= 2  # once for a repository
    say(server, "good")
    assert red(root) == []
    say(server, "running", "verify", "2")
    assert all("not done" in one and "verify" in one for one in red(root)) and len(red(root)) == 2
    for variable, value in {
        "GITHUB_SERVER_URL": server.url,
        "GITHUB_RUN_ID": "2",
        **(
            {"GITLAB_CI": "true", "CI_PIPELINE_ID": "2", "CI_SERVER_URL": server.url} if server.kind == "gitlab" else {}
        ),
    }.items():
        monkeypatch.setenv(variable, value)
    assert red(root) == []  # the run that asks does not wait for itself
    say(server, "bad", "push", "3")
    assert all("failed" in one and "push" in one for one in red(root))
    (root / "municipalities/tilburg" / FORM_FILE).write_text(OTHER + "delivery: argocd\n# mine\n")
    server.runs.clear()
    server.statuses.clear()
    say(server, "good")
    commit(root)
    assert red(root) == [
        f"the pipelines of tilburg: its newest commit is not in main of {server.url}/org/fleet.git yet: push it"
    ]


def test_whoever_has_no_valid_token_knows_nothing(
    server: ForgeServer, root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    say(server, "good")
    server.open_to_all = True
    monkeypatch.delenv(server.variable)
    assert f"nobody knows: set {server.variable} to a token" in red(root)[0]
    server.open_to_all = False
    monkeypatch.setenv(server.variable, "expired")
    assert "cannot be asked" in red(root)[0] and "expired" not in red(root)[0]


def test_flux_and_argocd_say_it_by_the_status_of_the_commit(server: ForgeServer, root: Path) -> None:
    for member, kind in (("s-hertogenbosch", "kustomization/"), ("tilburg", "argocd/")):
        there = listing.read(root)
        member_objects = delivered(there, there.member(member), "acceptance")
        (complaint, *_) = ill(root, member, "commit-status")
        assert f"{kind}signalen-acceptance" in complaint and "has said nothing of" in complaint
        said = [
            *(
                f"kustomization/{one.name}/3f0c6a7e"
                for one in member_objects.of("kustomize.toolkit.fluxcd.io", "Kustomization")
            ),
            *(f"argocd/{one.name}" for one in member_objects.of("argoproj.io", "Application")),
        ]
        good = [
            {("name" if server.kind == "gitlab" else "context"): one, "status": "success", "state": "success"}
            for one in said
        ]
        server.statuses[:] = good
        assert ill(root, member, "commit-status") == []
        server.statuses[:] = [{**one, "status": "failed", "state": "failure"} for one in good]
        assert "says of" in ill(root, member, "commit-status")[0]
        assert not [one for one in red(root) if "kustomization" in one or "argocd" in one]


def test_the_commits_of_a_repository_are_known(server: ForgeServer, root: Path) -> None:
    there = listing.read(root)
    home = home_of(there, there.members[0])
    branches.fetch(home.folder, home.own)
    assert (home.branch, home.host) == ("main", server.kind)
    assert home.delivered == git(root, "rev-parse", "HEAD").strip()
    assert TOKEN not in repr(home)


def test_a_ring_that_has_no_such_gate_is_refused_where_it_is_written(root: Path) -> None:
    (root / FLEET_FILE).write_text((root / FLEET_FILE).read_text().replace("canary: {}", "canary: {health: nagios}"))
    done = run("fleet", "check", "-C", root)
    assert done.returncode == 1 and "commit-status" in done.stdout + done.stderr
