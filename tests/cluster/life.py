"""One environment of a repository on a cluster, in the words of either tool."""

from __future__ import annotations

import json
import shlex
import time
from collections.abc import Mapping
from typing import Any

from signalen_toolkit.documents import reader
from signalen_toolkit.documents.data import at
from signalen_toolkit.steps.standing import PUSH

from tests.cluster.place import Object, Place, is_ready

# The keys that the Secrets of the smallest environment must have.
SECRETS: Mapping[str, tuple[str, ...]] = {
    "signalen-backend-secrets": (
        *("DATABASE_PASSWORD", "EMAIL_HOST_PASSWORD", "FLOWER_BASIC_AUTH", "OIDC_RP_CLIENT_SECRET"),
        *("RABBITMQ_PASSWORD", "SECRET_KEY"),
    ),
    "signalen-backend-postgresql-secrets": ("postgres-password",),
    "signalen-backend-rabbitmq-secrets": ("rabbitmq-password", "rabbitmq-erlang-cookie"),
}


class Life:
    """One environment on the cluster, in the words of either tool."""

    def __init__(self, place: Place, environment: str = "acceptance", namespace: str = "") -> None:
        self.place, self.environment = place, environment
        self.namespace = namespace or f"life-{place.delivery}"

    @property
    def flux(self) -> bool:
        """Tell whether Flux looks after it, by the form."""
        form = reader.parse(self.place.form(), "").data
        own = at(form, "environments", self.environment, "delivery")
        return bool((own or form["delivery"]) == "flux")

    def connect(self) -> str:
        """Give the namespace and the Secrets, apply what is applied by hand, and return what that said."""
        self.give()
        return self.place.run("bash", "bootstrap/cluster.sh", self.environment, "--apply", "--yes")

    def give(self) -> None:
        """Give the namespace, if it is not there, and the Secrets."""
        self.place.kubectl("create", "namespace", self.namespace, check=False)
        for name, keys in SECRETS.items():
            secret = {
                "apiVersion": "v1",
                "kind": "Secret",
                "metadata": {"name": name, "namespace": self.namespace},
                "stringData": dict.fromkeys(keys, "a-value-of-this-test"),
            }
            self.place.kubectl("apply", "--server-side", "--filename", "-", stdin=json.dumps(secret))

    def reached(self, version: str, *components: str) -> bool:
        """Tell whether the components run in a version, and nothing of them starts any more."""
        releases = {f"signalen-{name}" for name in components}
        if self.flux:
            found = {one["metadata"]["name"]: one for one in self.place.get("helmreleases", "-n", self.namespace)}
            return releases <= set(found) and all(
                is_ready(found[name]) and found[name]["spec"]["chart"]["spec"]["version"] == version
                for name in releases
            )
        found = {one["metadata"]["name"]: one for one in self.place.get("applications", "-n", "argocd")}
        wanted = {f"{self.namespace}-{name}" for name in components}
        return wanted <= set(found) and all(
            at(found[name], "status", "sync", "status") == "Synced"
            and at(found[name], "status", "health", "status") == "Healthy"
            and at(found[name], "status", "sync", "revision") == version
            for name in wanted
        )

    def runs(self, version: str, *components: str) -> bool:
        """Tell whether the components are well in a version, by what their tool says of it.

        `reached` asks that nothing is left to do besides, which an older toolkit's StatefulSets never are with Argo CD.
        """
        if self.flux:
            return self.reached(version, *components)
        found = {one["metadata"]["name"]: one for one in self.place.get("applications", "-n", "argocd")}
        wanted = {f"{self.namespace}-{name}" for name in components}
        return wanted <= set(found) and all(
            at(found[name], "status", "health", "status") == "Healthy"
            and version in (at(found[name], "status", "sync", "revisions") or ())
            for name in wanted
        )

    def look(self) -> None:
        """Ask the tools to look at the newest commit now, as `flux reconcile` and `argocd app get --hard-refresh` do.

        What an older toolkit made looks every ten minutes only.
        """
        now = f"reconcile.fluxcd.io/requestedAt={time.monotonic()}"
        asked = {
            "gitrepositories.source.toolkit.fluxcd.io": now,
            "kustomizations.kustomize.toolkit.fluxcd.io": now,
            "applications.argoproj.io": "argocd.argoproj.io/refresh=hard",
        }
        for kind, annotation in asked.items():
            for one in self._of_this(self.place.get(kind, "--all-namespaces")) if self.place.has(kind) else ():
                meta = one["metadata"]
                here = (kind, meta["name"], "--namespace", meta["namespace"], "--overwrite", annotation)
                self.place.kubectl("annotate", *here)

    def knows(self, component: str) -> bool:
        """Tell whether its tool has a release of a component."""
        if self.flux:
            return f"signalen-{component}" in self.place.names("helmreleases", self.namespace)
        return f"{self.namespace}-{component}" in self.place.names("applications", "argocd")

    def has_seen(self) -> bool:
        """Tell whether its tool has come to the newest commit."""
        head = self.place.run("git", "rev-parse", "HEAD").strip()
        kinds = ("gitrepositories.source.toolkit.fluxcd.io", "applications.argoproj.io")
        return any(head in self.place.kubectl("get", kind, "-A", "-o", "json", check=False) for kind in kinds)

    def finds_nothing(self) -> bool:
        """Tell whether its tool says that the folder that it follows is gone."""
        return "app path does not exist" in self.place.kubectl("get", "applications", "-A", "-o", "json", check=False)

    def is_paused(self) -> bool:
        """Tell whether its tool changes and removes nothing of it."""
        if self.flux:
            roots = self.place.get("kustomizations.kustomize.toolkit.fluxcd.io", "--all-namespaces")
            found = [*self._of_this(roots), *self.place.get("helmreleases", "-n", self.namespace)]
            return bool(found) and all(one["spec"].get("suspend") or one["spec"].get("prune") is False for one in found)
        found = self._of_this(self.place.get("applications", "-n", "argocd"))
        return len(found) > 1 and not any(
            one["metadata"].get("finalizers") or at(one, "spec", "syncPolicy", "automated")
            for one in found
            if one["metadata"]["name"] != self.namespace
        )

    def is_refused(self) -> bool:
        """Tell whether a StatefulSet was not taken, because it may not change in this."""
        return "Forbidden" in json.dumps(
            self.place.get("helmreleases", "-n", self.namespace)
            if self.flux
            else self._of_this(self.place.get("applications", "-n", "argocd"))
        )

    def follow(self, said: str, refused: str = "", *, look: bool = False) -> None:
        """Do what a step of the toolkit says, in its order: wait, run its commands, commit and push.

        A command that begins with `refused` has to fail; with `look`, the tools are asked to look after each push.
        """
        waits = {"is paused in the cluster": self.is_paused, "may not change, remove": self.is_refused}
        for line in map(str.strip, said.splitlines()):
            for words, seen in waits.items():
                if words in line:
                    self.place.until(line.rstrip(":"), seen)
            if line.startswith("$ "):
                command = line.removeprefix("$ ")
                if refused and command.startswith(refused):
                    assert "Gestopt" in self._command(shlex.split(command), check=False)
                else:
                    self._command(shlex.split(command))
            elif PUSH.partition(":")[0] in line:
                self.place.push("a step")
                if look:
                    self.look()

    def _command(self, words: list[str], *, check: bool = True) -> str:
        program = ["bash", *words, "--yes"] if words[0].startswith("bootstrap/") else words
        return self.place.run(*program, check=check)

    def _of_this(self, found: list[Object]) -> list[Object]:
        return [one for one in found if one["metadata"]["name"].startswith(self.namespace)]

    def claims(self) -> set[str]:
        """Return the claims that hold data, all of which must be bound."""
        found = self.place.get("persistentvolumeclaims", "-n", self.namespace)
        return {one["metadata"]["name"] for one in found if not one["metadata"].get("deletionTimestamp")}

    def pods(self) -> dict[str, Any]:
        """Return the pods that run always, by name."""
        return {
            one["metadata"]["name"]: one
            for one in self.place.get("pods", "-n", self.namespace)
            if not one["metadata"].get("deletionTimestamp") and one["status"].get("phase") == "Running"
        }

    def site(self) -> dict[str, Any]:
        """Return the configuration of the site, as the cluster has it."""
        for one in self.place.get("configmaps", "-n", self.namespace):
            if "app.json" in one.get("data", {}) and "frontend" in one["metadata"]["name"]:
                return dict(json.loads(one["data"]["app.json"]))
        return {}
