"""The catalog: what the toolkit can install, read from `chart-templates/`.

A folder with a `component.yaml` is a component, so that adding a chart is adding a folder:

    component.yaml        facts that hold for every version (signalen_toolkit/schemas/component.schema.json)
    releases.csv          which versions of chart and application belong to which Signalen release
    values.schema.json    what the chart accepts, with `x-since` and `x-until` per key in chart versions
    environment.csv       which environment variables the application reads, where its settings are such

and a folder with a `delivery.yaml` in `delivery/` is a way in which a cluster gets all this (`Delivery`).

The schemas are large and most commands need few of them: they are read when they are asked for.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from pathlib import Path
from typing import Any, Final, NamedTuple

from signalen_toolkit.base.versions import between, is_version, parse
from signalen_toolkit.diagnostics.problems import UsageError, did_you_mean
from signalen_toolkit.helm.model import ReleaseFormat

# Stands for the namespace of an environment, in what several environments have beside each other.
_NAMESPACE: Final = "{namespace}"


class SignalenRelease(NamedTuple):
    """One line of releases.csv. An empty `release` is every Signalen release: the component is pinned.

    `app` is the tag of the image, mostly a version, but a commit or `latest` for some.
    """

    release: str
    chart: str
    app: str


class ServiceChange(NamedTuple):
    """How a service in the cluster gets another password: a script in a pod of a workload, which reads it."""

    workload: str
    script: str


@dataclass(frozen=True, slots=True)
class SecretKey:
    """A key that a Secret has to have.

    `when` is a place in the chart's values: the key is needed only where the value there is true.
    `in_address` says that the application puts the value into an address as it is.
    `generate` is the length of the random text that serves as value, 0 where a person knows the value; `prefix` goes
    before it. It serves only where `generate_when` is true, another place. `empty_unless` is a third: the value is
    empty where nothing stands there. `same_as` is the `<secret>/<key>` with the same value.
    `change` is for a random text that a service in the cluster keeps since it was first made.
    """

    name: str
    description: str
    when: str = ""
    generate: int = 0
    same_as: str = ""
    generate_when: str = ""
    prefix: str = ""
    empty_unless: str = ""
    in_address: bool = False
    change: ServiceChange | None = None


@dataclass(frozen=True, slots=True)
class Secret:
    """A Secret that has to be in the cluster before the chart is installed; `when` as for a key.

    `by_hand` says that it belongs to a program in the cluster, and is there already: a person adds the keys to it.
    """

    name: str
    keys: tuple[SecretKey, ...]
    when: str = ""
    by_hand: bool = False

    def of(self, namespace: str) -> Secret:
        """Return it with the namespace of an environment where its own name, or those of its keys, say so."""
        keys = tuple(replace(key, name=key.name.replace(_NAMESPACE, namespace)) for key in self.keys)
        return replace(self, name=self.name.replace(_NAMESPACE, namespace), keys=keys)


@dataclass(frozen=True, slots=True)
class ApplicationConfig:
    """The application's own configuration: the key of the values under which it stands, and its schema."""

    values: str
    schema: Path


@dataclass(frozen=True, slots=True)
class Workload:
    """What runs in pods, under the name that it has in the form's `replicas` and `resources`.

    `resources` is what Kubernetes calls resource requirements, where the form does not say, in a small municipality;
    `larger` is what differs in one of another size (`medium`, `large`).
    """

    name: str
    title: str
    title_nl: str
    scales: bool
    resources: Mapping[str, Any]
    larger: Mapping[str, Mapping[str, Any]]


@dataclass(frozen=True, slots=True)
class Namespace:
    """Where a component is installed, if not in the environment's namespace: there, with a name of its own or a suffix.

    `pod_security` is the level that it enforces.
    """

    name: str = ""
    suffix: str = ""
    pod_security: str = "baseline"

    def called(self, environment_namespace: str) -> str:
        """Return its name, beside the namespace of an environment."""
        return self.name or f"{environment_namespace}-{self.suffix}"


class Kind(NamedTuple):
    """A kind of Kubernetes objects, as the RBAC of Kubernetes and the projects of Argo CD name it."""

    group: str
    kind: str


# What the chart of any component may make.
COMMON_KINDS: Final = (
    *(Kind("", kind) for kind in ("ConfigMap", "PersistentVolumeClaim", "Pod", "Secret", "Service", "ServiceAccount")),
    *(Kind("apps", kind) for kind in ("Deployment", "StatefulSet")),
    Kind("autoscaling", "HorizontalPodAutoscaler"),
    *(Kind("batch", kind) for kind in ("CronJob", "Job")),
    *(Kind("networking.k8s.io", kind) for kind in ("Ingress", "NetworkPolicy")),
    Kind("policy", "PodDisruptionBudget"),
    *(Kind("rbac.authorization.k8s.io", kind) for kind in ("Role", "RoleBinding")),
)


@dataclass(frozen=True, slots=True)
class Component:
    """One Helm chart that is installed. `host` is None where it has no address of its own.

    `namespace` is None for the namespace of the environment. `cluster_kinds` and `namespaced_kinds` are what the chart
    makes beside the kinds that every component may make, `also_in` the namespaces in which it makes something beside
    its own. `definitions` are the API groups of which it defines kinds, `grants` the rules of the Roles that it makes,
    as Kubernetes writes them. `depends_on` are the components that it does nothing without, `starts_after` all that run
    before it, if they are on. `kubernetes` is the oldest version of Kubernetes that the chart takes, empty for any.
    `image_tag` is the image that we install where the chart names none.
    `features` are the places that switches of the form set, `proofs` what the application was seen to do with them.
    `faults` are what some versions of the application do wrong: the first and the last of them.
    """

    name: str
    title: str
    title_nl: str
    description: str
    description_nl: str
    chart: str
    repository: str
    release_name: str
    namespace: Namespace | None
    cluster_kinds: tuple[Kind, ...]
    namespaced_kinds: tuple[Kind, ...]
    also_in: tuple[str, ...]
    definitions: tuple[str, ...]
    grants: tuple[Mapping[str, Sequence[str]], ...]
    order: int
    depends_on: tuple[str, ...]
    starts_after: tuple[str, ...]
    kubernetes: str
    host: str | None
    enabled: bool
    image_tag: str
    secrets: tuple[Secret, ...]
    application_config: ApplicationConfig | None
    workloads: tuple[Workload, ...]
    faults: Mapping[str, tuple[str, str]]
    features: Mapping[str, str]
    proofs: Mapping[str, str]
    oldest_release: str
    releases: tuple[SignalenRelease, ...]
    folder: Path

    def release(self, release: str) -> SignalenRelease:
        """Return the versions that belong to a Signalen release.

        A release newer than the newest known one has a chart of its own version where the newest known one has;
        else, and for the application, what is known last is the best guess.
        """
        for known in self.releases:
            if known.release in ("", release):
                return known
        newest = self.releases[0]
        if is_version(release) and parse(release) > parse(newest.release):
            follows = newest.chart == newest.release
            return SignalenRelease(release, release if follows else newest.chart, newest.app)
        raise _unknown(f"Signalen release of {self.name}", release, [r.release for r in self.releases])

    def chart_version(self, release: str) -> str:
        """Return the version of the chart in a Signalen release."""
        return self.release(release).chart

    def has_fault(self, name: str, release: str) -> bool:
        """Tell whether the application does something wrong in a release of Signalen; KeyError for no such fault."""
        since, until = self.faults[name]
        version = self.app_version(release)
        return is_version(version) and between(version, since, until)

    def app_version(self, release: str) -> str:
        """Return the version of the application in a Signalen release."""
        return self.release(release).app


class Decryption(StrEnum):
    """How the Secrets in a repository come to the cluster: by the delivery with the age key, by a plugin, by a person.

    A plugin is one that the form names.
    """

    KEY = "key"
    PLUGIN = "plugin"
    NONE = "none"


class ToolSetting(NamedTuple):
    """A key of a ConfigMap in the namespace of a tool that has to be set; `reason` says why, in Dutch."""

    config_map: str
    key: str
    value: str
    reason: str


@dataclass(frozen=True, slots=True)
class ToolInCluster:
    """How the tool of a delivery is found in a cluster.

    Its workloads have `part_of` and one of `parts` in the usual labels. `follows` has for each kind of its objects that
    follow a repository where they say which.
    """

    part_of: str
    parts: tuple[str, ...]
    follows: Mapping[str, tuple[tuple[str, ...], ...]]
    settings: tuple[ToolSetting, ...]


@dataclass(frozen=True, slots=True)
class Handover:
    """How a person takes an environment out of the hands of a tool.

    `objects` are the kinds by which it knows one (`<plural>.<group>`), in the order in which they are deleted while it
    is paused; `paused` are commands, each with what it shows then; `leaves` are commands that tidy up after it.
    """

    objects: tuple[str, ...] = ()
    paused: tuple[tuple[str, str], ...] = ()
    leaves: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Delivery:
    """How a cluster gets what is rendered: `delivery/<name>/`, whose other files are the manifests around the values.

    `namespace` is where its tool runs, unless the form says otherwise. `always_automatic` says that it has no other
    way than to apply changes by itself. `bootstrap` is the folder of an environment that is applied once. `kubernetes`
    is the oldest version that its tool takes, as bootstrap/cluster.sh installs it, empty for any. `mailed_by` is the
    component that sends its messages by mail, empty where it does so itself. `secrets_label` is a label that it puts on
    the Secrets that it decrypts; `secrets` are what it reads itself, with places in the form as conditions. `watch`
    is a command that shows how releases do, `in_cluster` how the tool itself is found. `names` are those of
    the objects by which its tool knows the parts of an environment, `custom_label` a label on objects of kinds that a
    release brings along. `handover` says how a person takes an environment over from it. `chart_keys` are the keys of
    the Secret with which it signs in at a repository of charts, by what each is; that is in its own namespace where
    `keeps_chart_secret`, else in that of the environment. `tenant_kinds` are the kinds of its own objects that can
    stand in the namespace of a tenant of a cluster; empty for any. `changes_charts` says that it can change what a
    chart makes before that is applied.
    """

    name: str
    title: str
    namespace: str
    releases: ReleaseFormat
    order: int = 0
    always_automatic: bool = False
    bootstrap: str = ""
    kubernetes: str = ""
    mailed_by: str = ""
    decryption: Decryption = Decryption.NONE
    secrets_label: str = ""
    watch: str = ""
    secrets: tuple[Secret, ...] = ()
    in_cluster: ToolInCluster | None = None
    names: tuple[str, ...] = ()
    custom_label: str = ""
    handover: Handover = field(default_factory=Handover)
    chart_keys: Mapping[str, str] = field(default_factory=dict)
    keeps_chart_secret: bool = False
    tenant_kinds: tuple[str, ...] = ()
    changes_charts: bool = False


@dataclass(frozen=True, slots=True)
class Catalog:
    """All components, in the order in which they are installed, and the Signalen releases, newest first.

    The first of the deliveries is the one that a form has which names none.
    """

    components: Mapping[str, Component]
    releases: tuple[str, ...]
    folder: Path
    deliveries: Mapping[str, Delivery]

    @property
    def release_formats(self) -> tuple[ReleaseFormat, ...]:
        """Where the Helm releases in a rendered tree stand, whichever delivery it is for."""
        return tuple(delivery.releases for delivery in self.deliveries.values())

    def delivery(self, name: object) -> Delivery:
        """Return a delivery by its name; one that does not exist, which is a problem already, is read as the first."""
        return self.deliveries.get(str(name)) or next(iter(self.deliveries.values()))

    @property
    def oldest_release(self) -> str:
        """The first release that every component can be set up safely in."""
        oldest = [component.oldest_release for component in self.components.values()]
        return max(filter(None, oldest), key=parse, default=self.releases[-1])

    def component(self, name: str) -> Component:
        """Return a component by its name."""
        if name not in self.components:
            raise _unknown("component", name, self.components)
        return self.components[name]


def _unknown(kind: str, wrong: str, known: Sequence[str] | Mapping[str, Any]) -> UsageError:
    return UsageError(f"unknown {kind}: '{wrong}'; {did_you_mean(wrong, known)}".removesuffix("; "))
