"""What was seen of one point in a cluster, and how what may not be seen becomes such a point too."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from signalen_toolkit.catalog.model import Catalog
from signalen_toolkit.form.config import Config, Environment
from signalen_toolkit.kubernetes.kubectl import Kubectl, NotPermittedError
from signalen_toolkit.kubernetes.model import Object


class Standing(StrEnum):
    """How a point stands: there, missing, there but to be looked at by a person, or not to be seen by who asks."""

    OK = "ok"
    MISSING = "missing"
    ATTENTION = "attention"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Observation:
    """One point: `id` stays the same between versions, `subject`, `message` and `todo` are Dutch, for a person."""

    id: str
    standing: Standing
    subject: str
    message: str = ""
    todo: str = ""


@dataclass(frozen=True, slots=True)
class Inquiry:
    """What all points are about: an environment, its rendered tree, the objects in that, and the cluster that is asked.

    `resolve` gives the addresses of a host name, none where it has none.
    """

    config: Config
    environment: Environment
    charts: Catalog
    tree: Mapping[str, str]
    objects: tuple[Object, ...]
    cluster: Kubectl
    resolve: Callable[[str], list[str]]

    @property
    def tool_namespace(self) -> str:
        """The namespace of Flux or Argo CD."""
        return str(self.environment.settings["sync"]["namespace"])

    @property
    def namespaces(self) -> list[str]:
        """The namespaces of the environment, its own first."""
        own = self.environment.namespace
        others = (self.environment.namespaces[one.name] for one in self.environment.components)
        return list(dict.fromkeys([own, *others]))


class Look(Protocol):
    """Looks at some points; its name says which, where it may not be seen what they are about."""

    __name__: str

    def __call__(self, inquiry: Inquiry, /) -> Iterable[Observation]:
        """Yield them."""


def seen(point: str, subject: str, look: Callable[[], Observation]) -> Iterator[Observation]:
    """Yield what a look gives, or that whoever asks may not see it."""
    try:
        yield look()
    except NotPermittedError as error:
        yield unseen(point, subject, error)


def unseen(point: str, subject: str, error: NotPermittedError) -> Observation:
    """Return the point that whoever asks may not see."""
    todo = f"laat iemand met meer rechten kijken: {error.asked}"
    return Observation(point, Standing.UNKNOWN, subject, "u mag dit niet zien", todo)
