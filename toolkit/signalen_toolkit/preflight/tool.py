"""The tool of the delivery: whether it runs where the form says, and whether what it follows is this repository."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import partial
from typing import Any, Final

from signalen_toolkit.catalog.model import ToolInCluster, ToolSetting
from signalen_toolkit.documents.data import at, mapping, text
from signalen_toolkit.kubernetes.cluster import group_of
from signalen_toolkit.kubernetes.model import Object
from signalen_toolkit.preflight.observations import Inquiry, Observation, Standing, seen

_PART_OF: Final = "app.kubernetes.io/part-of"
_COMPONENT: Final = "app.kubernetes.io/component"


def running(inquiry: Inquiry) -> Iterator[Observation]:
    """Look for the workloads of the tool in its namespace, and elsewhere."""
    tool = inquiry.environment.delivery
    if tool.in_cluster is None:
        return
    known, subject = tool.in_cluster, f"{tool.title} in namespace {inquiry.tool_namespace}"
    yield from seen("delivery-tool", subject, partial(_running, inquiry, known, subject))
    for setting in known.settings:
        about = f"{tool.title}: {setting.key}"
        point = f"delivery-setting/{setting.key}"
        yield from seen(point, about, partial(_setting, inquiry, setting, point, about))


def _running(inquiry: Inquiry, known: ToolInCluster, subject: str) -> Observation:
    title, namespace = inquiry.environment.delivery.title, inquiry.tool_namespace
    found = inquiry.cluster.all("deployments.apps,statefulsets.apps", selector=f"{_PART_OF}={known.part_of}")
    ready: dict[str, bool] = {}
    for one in found:
        if text(one, "metadata", "namespace") == namespace:
            ready[str(at(one, "metadata", "labels", _COMPONENT))] = bool(at(one, "status", "readyReplicas"))
    missing = [part for part in known.parts if part not in ready]
    if len(missing) == len(known.parts):
        others = sorted({text(one, "metadata", "namespace") for one in found} - {namespace})
        if others:
            message = f"draait al, maar in namespace {', '.join(others)}"
            todo = f"zet sync.namespace in het formulier op {others[0]}, en render"
            return Observation("delivery-tool", Standing.MISSING, subject, message, todo)
        todo = f"bootstrap/cluster.sh {inquiry.environment.name} --apply installeert het"
        return Observation("delivery-tool", Standing.ATTENTION, subject, f"{title} draait nog niet", todo)
    if missing:
        message = f"{', '.join(missing)} ontbreekt"
        todo = f"installeer dat deel van {title}, of vraag het aan wie het cluster beheert"
        return Observation("delivery-tool", Standing.MISSING, subject, message, todo)
    if waiting := [part for part in known.parts if not ready[part]]:
        todo = f"kubectl get pods --namespace {namespace}"
        return Observation("delivery-tool", Standing.MISSING, subject, f"{', '.join(waiting)} werkt niet", todo)
    return Observation("delivery-tool", Standing.OK, subject)


def _setting(inquiry: Inquiry, setting: ToolSetting, point: str, subject: str) -> Observation:
    found = inquiry.cluster.get("configmaps", setting.config_map, inquiry.tool_namespace)
    value = str(mapping(found, "data").get(setting.key, "")) if found else ""
    if value not in ("", "0"):
        return Observation(point, Standing.OK, subject, value)
    patch = f'{{"data":{{"{setting.key}":"{setting.value}"}}}}'
    todo = (
        "overleg met wie het beheert: "
        f"kubectl patch configmap {setting.config_map} --namespace {inquiry.tool_namespace} --patch '{patch}'"
        f", en start {inquiry.environment.delivery.title} daarna opnieuw"
    )
    return Observation(point, Standing.ATTENTION, subject, f"is niet gezet: {setting.reason}", todo)


def followed(inquiry: Inquiry) -> Iterator[Observation]:
    """Compare what the objects of the tool follow with what they would after the first sync: this repository."""
    known = inquiry.environment.delivery.in_cluster
    for one in inquiry.objects:
        places = known.follows.get(one.kind) if known else None
        wanted = {".".join(place): at(one.data, *place) for place in places or ()}
        if wanted and all(value is not None for value in wanted.values()):
            point, subject = f"follows/{one.kind}/{one.name}", f"{one.kind} {one.name}"
            yield from seen(point, subject, partial(_followed, inquiry, one, wanted, point, subject))


def connected(inquiry: Inquiry) -> Iterator[Observation]:
    """Look whether the cluster follows the repository already: all that does is there."""
    point, subject = "connected", f"{inquiry.environment.delivery.title} volgt deze repository"
    yield from seen(point, subject, partial(_connected, inquiry, point, subject))


def _connected(inquiry: Inquiry, point: str, subject: str) -> Observation:
    known = inquiry.environment.delivery.in_cluster
    kinds = known.follows if known else ()
    own = [one for one in inquiry.objects if one.kind in kinds and one.name == inquiry.environment.namespace]
    asked = ((f"{one.kind.lower()}.{group_of(one.api_version)}", one.name, one.namespace) for one in own)
    if own and all(inquiry.cluster.get(*one) is not None for one in asked):
        return Observation(point, Standing.OK, subject)
    todo = f"bootstrap/cluster.sh {inquiry.environment.name} --apply, als de rest in orde is"
    return Observation(point, Standing.ATTENTION, subject, "nog niet", todo)


def _followed(inquiry: Inquiry, one: Object, wanted: Mapping[str, Any], point: str, subject: str) -> Observation:
    kind = f"{one.kind.lower()}.{group_of(one.api_version)}"
    found = inquiry.cluster.get(kind, one.name, one.namespace)
    if found is None:
        return Observation(point, Standing.OK, subject, "is er nog niet")
    for place, value in wanted.items():
        live = at(found, *place.split("."))
        if live != value:
            message = f"{place} is in het cluster {live}, en hier {value}"
            todo = (
                "dit volgt een andere repository of map: is zij van een andere gemeente, kies dan een andere"
                " cluster.namespace; is zij de oude van deze gemeente, ruim die dan eerst op"
            )
            return Observation(point, Standing.MISSING, subject, message, todo)
    return Observation(point, Standing.OK, subject)
