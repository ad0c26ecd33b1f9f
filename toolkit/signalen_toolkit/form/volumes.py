"""The volumes whose size the form says, and what of the cluster they belong to."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

from signalen_toolkit.documents.data import at
from signalen_toolkit.form.config import Environment
from signalen_toolkit.form.derive import Settings


@dataclass(frozen=True, slots=True)
class Volume:
    """A volume of the environment's own namespace: its setting, what it holds, and the claim that asks for it.

    `stateful_set` is what makes the claim: Kubernetes never changes the size in one. Without, the claim stands alone.
    """

    place: tuple[str, ...]
    holds: str
    claim: str
    stateful_set: str = ""


_DATABASE: Final = Volume(
    ("database", "size"), "the database", "data-signalen-backend-postgresql-0", "signalen-backend-postgresql"
)
_QUEUE: Final = Volume(("queue", "size"), "the queue", "data-signalen-backend-rabbitmq-0", "signalen-backend-rabbitmq")
_SEARCH: Final = Volume(
    ("search", "size"), "the search engine", "elasticsearch-master-elasticsearch-master-0", "elasticsearch-master"
)
_MEDIA: Final = Volume(("storage", "media", "size"), "photographs", "signalen-backend")
_EXPORTS: Final = Volume(("storage", "exports", "size"), "exports", "signalen-backend-datawarehouse")
_COPIES: Final = tuple(
    Volume(("backup", copy, "size"), f"copies of {what}", f"signalen-backup-{copy}")
    for copy, what in (("database", "the database"), ("media", "photographs"))
)


def _in_cluster(section: str) -> Callable[[Settings], Any]:
    return lambda settings: at(settings, section, "provider") == "cluster"


def _on(*place: str) -> Callable[[Settings], Any]:
    return lambda settings: at(settings, *place) is True


_MADE: Final[tuple[tuple[Volume, Callable[[Settings], Any]], ...]] = (
    (_DATABASE, _in_cluster("database")),
    (_QUEUE, _in_cluster("queue")),
    (_SEARCH, _in_cluster("search")),
    (
        _MEDIA,
        lambda settings: (
            at(settings, "storage", "provider") == "volume" and not at(settings, "storage", "media", "existingClaim")
        ),
    ),
    (
        _EXPORTS,
        lambda settings: (
            at(settings, "storage", "exports", "enabled") is True
            and not at(settings, "storage", "exports", "existingClaim")
        ),
    ),
    (_COPIES[0], _on("backup", "database", "enabled")),
    (_COPIES[1], _on("backup", "media", "enabled")),
)


def volumes(environment: Environment) -> dict[Volume, str]:
    """Return the volumes that an environment makes, each with its size."""
    if "backend" not in environment.enabled:
        return {}
    return {
        volume: str(at(environment.settings, *volume.place)) for volume, made in _MADE if made(environment.settings)
    }
