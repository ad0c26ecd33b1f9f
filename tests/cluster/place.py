"""A repository, the Git server that it is pushed to, and the cluster that follows it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from threading import Event, Thread
from typing import Any, Final

from signalen_toolkit.base.layout import FORM_FILE
from signalen_toolkit.documents.edit import remove, set_values

Object = dict[str, Any]

# What the tools act on, parents first.
_TOOLS: Final = (
    "kustomizations.kustomize.toolkit.fluxcd.io",
    "helmreleases.helm.toolkit.fluxcd.io",
    "helmrepositories.source.toolkit.fluxcd.io",
    "gitrepositories.source.toolkit.fluxcd.io",
    "applicationsets.argoproj.io",
    "applications.argoproj.io",
    "appprojects.argoproj.io",
)
AUTHOR: Final = ("-c", "user.name=A", "-c", "user.email=a@example.nl", "-c", "commit.gpgSign=false")
_PULSE: Final = 2.0  # seconds between two looks at the cluster
_PUBLISHED: Final = "https://signalen.github.io/helm-charts/"
TOOLKIT: Final = (sys.executable, "-m", "signalen_toolkit")
REPOSITORY: Final = "https://git.example.nl/life.git"
_FAKE: Final = "kwok.x-k8s.io/node"  # nodes that carry this are simulated


@dataclass
class Place:
    """Where a life is played, at first with one `delivery`. `timed` are the steps and what each took, in seconds."""

    repository: Path
    kubeconfig: Path
    git: str
    charts: str
    delivery: str
    timed: dict[str, float] = field(default_factory=dict)

    def run(self, *command: str | Path, check: bool = True, stdin: str = "") -> str:
        """Run a program in the repository, against this cluster."""
        environment = {**os.environ, "KUBECONFIG": str(self.kubeconfig)}
        done = subprocess.run(
            list(map(str, command)), cwd=self.repository, env=environment, input=stdin, capture_output=True, text=True
        )
        assert not check or done.returncode == 0, f"{' '.join(map(str, command))}\n{done.stdout}{done.stderr}"
        return done.stdout + done.stderr

    def signalen(self, *arguments: str, check: bool = True) -> str:
        """Run a command of the toolkit in the repository."""
        return self.run(*TOOLKIT, *arguments, check=check)

    def kubectl(self, *arguments: str, check: bool = True, stdin: str = "") -> str:
        """Run kubectl."""
        return self.run("kubectl", *arguments, check=check, stdin=stdin)

    def get(self, *arguments: str) -> list[Object]:
        """Return objects of the cluster."""
        found = json.loads(self.kubectl("get", *arguments, "--output", "json"))
        return list(found["items"]) if "items" in found else [found]

    def names(self, kind: str, namespace: str) -> set[str]:
        """Return what objects of a kind are called."""
        return {one["metadata"]["name"] for one in self.get(kind, "--namespace", namespace)}

    def push(self, message: str) -> None:
        """Commit all, and push it to the branch that the cluster follows."""
        # A cluster for tests finds the repository and the charts elsewhere than a form may say.
        elsewhere = {_PUBLISHED: self.charts, REPOSITORY: self.git}
        for path in self.repository.rglob("clusters/**/*.yaml"):
            text = path.read_text(encoding="utf-8")
            for address, ours in elsewhere.items():
                text = text.replace(address, ours)
            path.write_text(text, encoding="utf-8")
        self.run("git", "add", "--all")
        self.run("git", *AUTHOR, "commit", "--quiet", "--allow-empty", "--message", message)
        self.run("git", "push", "--quiet", "--force", self.git, "HEAD:refs/heads/main")

    def set(self, *path: str, to: Any) -> None:
        """Give a setting of the form another value, None for none, and render."""
        changed = set_values(self.form(), {path: to}) if to is not None else remove(self.form(), [path])
        (self.repository / FORM_FILE).write_text(changed, encoding="utf-8")
        self.signalen("render")

    def form(self) -> str:
        """Return the form."""
        return (self.repository / FORM_FILE).read_text(encoding="utf-8")

    def write(self, *path: str, to: Any) -> None:
        """Give a setting of the form another value, and render nothing."""
        (self.repository / FORM_FILE).write_text(set_values(self.form(), {path: to}), encoding="utf-8")

    def has(self, kind: str) -> bool:
        """Tell whether the cluster knows a kind of objects that is not its own."""
        return "NotFound" not in self.kubectl("get", "customresourcedefinition", kind, check=False)

    def clear(self) -> None:
        """Take away what other lives left: first what a tool acts on, then namespaces with all that is in them."""
        for kind in filter(self.has, _TOOLS):
            for one in self.get(kind, "--all-namespaces"):
                meta = one["metadata"]
                if "life-" in meta["name"] or meta["namespace"].startswith("life-"):
                    here = (kind, meta["name"], "--namespace", meta["namespace"])
                    self.kubectl(
                        "patch", *here, "--type=merge", '--patch={"metadata":{"finalizers":null}}', check=False
                    )
                    self.kubectl("delete", *here, "--ignore-not-found", "--wait=false")
        for one in self.get("namespaces"):
            if one["metadata"]["name"].startswith("life-"):
                self.kubectl("delete", "namespace", one["metadata"]["name"], "--timeout=120s")

    def until(self, step: str, seen: Callable[[], bool], seconds: float = 300) -> None:
        """Wait until something is so, and keep how long that took."""
        start = time.monotonic()
        while not seen():
            assert time.monotonic() - start < seconds, f"{step}: not so after {seconds:.0f} seconds\n{self.standing()}"
            time.sleep(_PULSE)
        self.timed[step] = time.monotonic() - start

    def standing(self) -> str:
        """Say how everything stands, for whoever has to find out why something did not come to pass."""
        flux = ("helmreleases.helm.toolkit.fluxcd.io", "kustomizations.kustomize.toolkit.fluxcd.io")
        kinds = (*flux, "applications.argoproj.io", "pods", "persistentvolumeclaims")
        wide = ("--all-namespaces", "--output", "wide")
        return "\n".join(self.kubectl("get", kind, *wide, check=False) for kind in kinds)


def is_ready(one: Mapping[str, Any]) -> bool:
    """Tell whether an object of Flux is well, and in its newest version."""
    conditions = one.get("status", {}).get("conditions", [])
    seen = one.get("status", {}).get("observedGeneration") == one["metadata"]["generation"]
    return seen and any(known["type"] == "Ready" and known["status"] == "True" for known in conditions)


@contextmanager
def simulated(place: Place) -> Iterator[None]:
    """Do what nobody does where nodes are simulated: bind volumes, and give each Ingress an address."""
    nodes = place.get("nodes")
    if not any(_FAKE in one["metadata"].get("annotations", {}) for one in nodes):
        yield
        return
    stop = Event()
    thread = Thread(target=_simulate, args=(place, stop), daemon=True)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join()


def _simulate(place: Place, stop: Event) -> None:
    while not stop.wait(_PULSE):
        for claim in place.get("persistentvolumeclaims", "--all-namespaces"):
            if claim.get("status", {}).get("phase") == "Pending" and not claim["spec"].get("volumeName"):
                place.kubectl("apply", "--filename", "-", check=False, stdin=json.dumps(_volume(claim)))
        for one in place.get("ingresses", "--all-namespaces"):
            if not one.get("status", {}).get("loadBalancer", {}).get("ingress"):
                meta, status = one["metadata"], {"status": {"loadBalancer": {"ingress": [{"ip": "192.0.2.1"}]}}}
                patch = ("patch", "ingress", meta["name"], "--namespace", meta["namespace"], "--subresource=status")
                place.kubectl(*patch, "--type=merge", f"--patch={json.dumps(status)}", check=False)


def _volume(claim: Object) -> Object:
    meta, spec = claim["metadata"], claim["spec"]
    return {
        "apiVersion": "v1",
        "kind": "PersistentVolume",
        "metadata": {"name": f"{meta['namespace']}-{meta['name']}-{meta['uid'][:8]}"},
        "spec": {
            "capacity": {"storage": spec["resources"]["requests"]["storage"]},
            "accessModes": spec["accessModes"],
            "storageClassName": spec.get("storageClassName", ""),
            "persistentVolumeReclaimPolicy": "Retain",
            "claimRef": {"namespace": meta["namespace"], "name": meta["name"], "uid": meta["uid"]},
            "hostPath": {"path": f"/tmp/{meta['uid']}"},  # noqa: S108  # nothing mounts it
        },
    }
