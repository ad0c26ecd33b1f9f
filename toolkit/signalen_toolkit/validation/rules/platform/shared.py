"""What two environments of a form share and should not: stores with data, secrets, and names in one cluster."""

from __future__ import annotations

from collections.abc import Hashable, Iterator
from typing import Final, NamedTuple

from signalen_toolkit.diagnostics.problems import Problem, Severity
from signalen_toolkit.documents.data import at
from signalen_toolkit.form.config import Environment
from signalen_toolkit.form.model import Form
from signalen_toolkit.validation.rules import rule
from signalen_toolkit.validation.rules.platform.cluster import entrances

_VAULT: Final = (("azure", "vaultUrl"), ("vault", "server"))


class _Store(NamedTuple):
    """A store with data: what it is called, where it is said, what makes it this one, and what another one needs."""

    what: str
    place: tuple[str, ...]
    identity: Hashable
    other: str


@rule("store-shared", "two environments in one store mix their reports, and the one that is tried out spoils the other")
def store_shared(form: Form) -> Iterator[Problem]:
    """Reports a database, virtual host, index, bucket or container that an earlier environment has too."""
    owners: dict[tuple[str, Hashable], str] = {}
    for environment in form.config.environments:
        for store in _stores(environment):
            owner = owners.setdefault((store.what, store.identity), environment.name)
            if owner != environment.name:
                yield form.problem(
                    "store-shared",
                    f"'{environment.name}' has the same {store.what} as '{owner}'",
                    environment,
                    *store.place,
                    hint=f"give each environment its own: 'environments.{environment.name}.{store.other}'",
                )


@rule("vault-keys-shared", "the password of one environment would be that of another, and be changed with it")
def vault_keys_shared(form: Form) -> Iterator[Problem]:
    """Reports the same names in the same vault for two environments.

    Where the store is one of each namespace, and not made here, they may be of two vaults: then it is a warning.
    """
    owners: dict[Hashable, str] = {}
    for environment in form.config.environments:
        secrets = environment.settings["secrets"]
        if secrets["provider"] != "external-secrets":
            continue
        external = secrets["externalSecrets"]
        vault = [at(external, *place) for place in _VAULT]
        known = any(vault) or external["storeKind"] == "ClusterSecretStore"
        identity = (external["prefix"], *vault, external["storeKind"], external["store"] if not any(vault) else "")
        owner = owners.setdefault(identity, environment.name)
        if owner != environment.name:
            yield form.problem(
                "vault-keys-shared",
                f"'{environment.name}' reads the same secrets as '{owner}': their names begin with"
                f" '{external['prefix']}' too",
                environment,
                "secrets",
                "externalSecrets",
                "prefix",
                hint="leave it out, or give each environment its own"
                if known
                else "leave it out, or give each environment its own, unless their stores are of different vaults",
                severity=Severity.ERROR if known else Severity.WARNING,
            )


@rule("component-twice", "a cluster has it once, and the second one takes over what the first one made")
def component_twice(form: Form) -> Iterator[Problem]:
    """Warns of a component for the whole cluster that an earlier environment has too: right in another cluster only."""
    owners: dict[str, str] = {}
    for environment in form.config.environments:
        once = [one for one in environment.components if one.namespace and one.namespace.name]
        twice = [one for one in once if owners.setdefault(one.name, environment.name) != environment.name]
        if twice:
            first = twice[0]
            yield form.problem(
                "component-twice",
                f"'{environment.name}' installs {first.title} as '{owners[first.name]}' does: a cluster has it once",
                environment,
                "components",
                first.name,
                "enabled",
                hint="switch it on in one environment of each cluster, unless they are in different clusters",
                severity=Severity.WARNING,
            )


@rule("environment-names", "one tool has one object of a name, and two environments would take it from each other")
def environment_names(form: Form) -> Iterator[Problem]:
    """Reports a namespace that makes an object of the tool the same as one of another environment.

    What a tool knows an environment by is called after its namespace, with a word behind it for its parts.
    """
    environments = form.config.environments
    for environment in environments:
        for other in environments:
            tool = environment.delivery.name == other.delivery.name
            if tool and _tool_namespace(environment) == _tool_namespace(other) and other is not environment:
                if environment.namespace not in _parts(form, other):
                    continue
                given = form.given(environment, "cluster", "namespace")
                place = form.place(environment, "cluster", "namespace") if given else ("environments", environment.name)
                yield form.document.problem(
                    "environment-names",
                    f"{environment.delivery.title} would know '{environment.name}' by the name"
                    f" '{environment.namespace}', which a part of '{other.name}' has",
                    place,
                    at="value" if given else "key",
                    hint=f"choose another 'environments.{environment.name}.cluster.namespace'"
                    + ("" if given else ", or another name for the environment, if nothing of it runs yet"),
                )


@rule("namespace-of-another", "what one environment shuts in, another one counts on")
def namespace_of_another(form: Form) -> Iterator[Problem]:
    """Warns of a namespace that another environment names as that of where visitors come in, or of what it shares.

    In different clusters that is right.
    """
    for environment in form.config.environments:
        for other in form.config.environments:
            whose = _counted_on(other).get(environment.namespace)
            if whose and other is not environment and environment.namespace not in _counted_on(environment):
                yield form.problem(
                    "namespace-of-another",
                    f"'{environment.namespace}' is for '{other.name}' the namespace of {whose}",
                    environment,
                    "cluster",
                    "namespace",
                    hint="give each environment a namespace of its own, unless they are in different clusters",
                    severity=Severity.WARNING,
                )


def _stores(environment: Environment) -> Iterator[_Store]:
    settings = environment.settings
    database, queue, search = settings["database"], settings["queue"], settings["search"]
    if host := _managed(database):
        identity: Hashable = (host, database["port"], database["name"])
        yield _Store("database", ("database", "host"), identity, "database.name' or 'database.host")
    if host := _managed(queue):
        identity = (host, queue["virtualHost"].strip("/"))
        yield _Store("virtual host of the queue", ("queue", "host"), identity, "queue.virtualHost")
    if host := _managed(search):
        yield _Store("index", ("search", "host"), (host, search["index"]), "search.index")
    for section, running in (("storage", True), ("logs", "loki" in environment.enabled)):
        if running:
            yield from _buckets(environment, section)


def _buckets(environment: Environment, section: str) -> Iterator[_Store]:
    settings = environment.settings[section]
    azure, s3 = settings["azure"], settings["s3"]
    if settings["provider"] == "azure" and azure.get("account"):
        identity: Hashable = (azure["account"], azure["container"])
        yield _Store("container", (section, "azure", "account"), identity, f"{section}.azure.container")
    elif settings["provider"] == "s3" and s3.get("bucket"):
        identity = (s3.get("endpoint"), s3["bucket"])
        yield _Store("bucket", (section, "s3", "bucket"), identity, f"{section}.s3.bucket")


def _managed(service: dict[str, object]) -> str:
    return str(service.get("host", "")).lower() if service["provider"] == "managed" else ""


def _parts(form: Form, environment: Environment) -> set[str]:
    """Return the names of the objects by which a tool knows the parts of an environment."""
    components = [*form.charts.components]
    return {
        name.replace("{namespace}", environment.namespace).replace("{component}", component)
        for name in environment.delivery.names
        for component in components
    }


def _tool_namespace(environment: Environment) -> object:
    return environment.settings["sync"]["namespace"]


def _counted_on(environment: Environment) -> dict[str, str]:
    """Return whose each namespace is from which an environment is reached, or which serves it."""
    cluster = environment.settings["cluster"]
    stacks = cluster["stacks"]
    return {
        **({stacks["namespace"]: "the shared Prometheus"} if stacks["metrics"] else {}),
        cluster["certManagerNamespace"]: "cert-manager",
        **entrances(environment),
        environment.settings["sync"]["namespace"]: environment.delivery.title,
    }
