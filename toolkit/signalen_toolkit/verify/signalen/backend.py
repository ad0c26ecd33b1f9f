"""The backend of Signalen, as its environment variables set it up."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import lru_cache
from typing import Final, NamedTuple

from signalen_toolkit.documents.data import place
from signalen_toolkit.kubernetes.cluster import Cluster, Container, Pod
from signalen_toolkit.kubernetes.model import Finding
from signalen_toolkit.kubernetes.stores import stores
from signalen_toolkit.kubernetes.variables import Variable, variables
from signalen_toolkit.verify.context import AMSTERDAM

REASONS: Final[Mapping[str, str]] = {
    "open-backend": "with this setting the backend answers to sites and hosts that are not this municipality's",
}

# What tells a container of the backend from all others.
_MARK: Final = ("DJANGO_SETTINGS_MODULE", "signals.settings")
_TRUE: Final = frozenset({"true", "1", "yes", "y", "t", "on"})


class Danger(NamedTuple):
    """A variable, when its value is wrong (None: it is not set), the rule, and what then happens."""

    name: str
    is_wrong: Callable[[str | None], bool]
    rule: str
    message: str
    only_elsewhere: bool = False


def _is_on(value: str | None) -> bool:
    return value is not None and value.strip().lower() in _TRUE


def _is_on_or_unset(value: str | None) -> bool:
    return value is None or _is_on(value)


def _is_unset(value: str | None) -> bool:
    return value is None


def _is_all(value: str | None) -> bool:
    return value is not None and "*" in [part.strip() for part in value.split(",")]


# What is not set, the code of the backend fills in: with Amsterdam's, or open to everyone.
_DANGERS: Final = (
    Danger("ALLOWED_HOSTS", _is_all, "open-backend", "the backend answers to every host name"),
    Danger("CORS_ALLOW_ALL_ORIGINS", _is_on_or_unset, "open-backend", "every site can call the API"),
    Danger("DJANGO_DEBUG", _is_on, "open-backend", "an error page shows settings to every visitor"),
    Danger(
        "API_DETERMINE_STADSDEEL_ENABLED",
        _is_on_or_unset,
        "amsterdam-default",
        "reports get a district of Amsterdam",
        only_elsewhere=True,
    ),
    *(
        Danger(name, _is_unset, "amsterdam-default", "the backend takes Amsterdam's", only_elsewhere=True)
        for name in ("DEFAULT_FROM_EMAIL", "DEFAULT_PDOK_MUNICIPALITIES", "ORGANIZATION_NAME", "SIGNALS_API_BASE")
    ),
)


def check(cluster: Cluster) -> Iterator[Finding]:
    """Report settings of the backend that are open to everyone, or Amsterdam's for lack of a value.

    Once a component and setting: its containers are all set up alike.
    """
    told: set[tuple[str, str]] = set()
    for pod, container, own in backends(cluster):
        for danger in _DANGERS:
            if (pod.object.component, danger.name) in told or (
                danger.only_elsewhere and AMSTERDAM in cluster.context.traits
            ):
                continue
            variable = own.get(danger.name)
            if variable is not None and variable.value is None:  # from where nothing can be read here
                continue
            if danger.is_wrong(variable.value if variable else None):
                told.add((pod.object.component, danger.name))
                yield _finding(danger, pod, container, variable)


@lru_cache(maxsize=2)  # several checks ask for those of the same cluster
def backends(cluster: Cluster) -> Sequence[tuple[Pod, Container, Mapping[str, Variable]]]:
    """Return the containers of the backend with their environment variables; not those that only prepare the start."""
    found = stores(cluster)
    containers = [(pod, one) for pod in cluster.pods for one in pod.containers() if "containers" in one.path]
    known = ((pod, container, variables(cluster, pod, container, found)) for pod, container in containers)
    return [one for one in known if (mark := one[2].get(_MARK[0])) is not None and mark.value == _MARK[1]]


def _finding(danger: Danger, pod: Pod, container: Container, variable: Variable | None) -> Finding:
    hint = f"set {danger.name} in the form, or remove what overrides it"
    if variable is None:
        message = f"'{danger.name}' is not set, so {danger.message}"
        return Finding(danger.rule, message, pod.object, place(*container.path, "env"), hint)
    message = f"with '{danger.name}: {variable.value}' {danger.message}"
    return Finding(danger.rule, message, variable.object, place(*variable.path), hint)
