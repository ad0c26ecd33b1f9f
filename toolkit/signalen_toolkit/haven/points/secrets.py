"""Where passwords and keys stand: in Git, in values, or where they belong."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from signalen_toolkit.documents.data import Place, mapping, maps, place, text
from signalen_toolkit.haven.points import Gap, Point, Scene, Seen, about
from signalen_toolkit.kubernetes.secret_data import is_secret, secret_value

# What is no password, whatever its name: Bitnami's images have a variable RABBITMQ_SECURE_PASSWORD that is "yes".
_SWITCHES: Final = ("true", "false", "yes", "no", "on", "off")


def _in_git(scene: Scene) -> Seen:
    """What no component made stands in the rendered tree itself; SOPS's own block says that it is encrypted."""
    rendered = [obj for obj in scene.cluster.objects if not obj.component]
    gaps = [
        about(scene, obj, "staat leesbaar in de repository")
        for obj in rendered
        if obj.kind == "Secret" and obj.api_version == "v1" and "sops" not in obj.data and _holds_data(obj.data)
    ]
    return Seen(len(rendered), gaps)


def _holds_data(data: Mapping[str, Any]) -> bool:
    return bool(mapping(data, "data") or mapping(data, "stringData"))


def _in_values(scene: Scene) -> Seen:
    count, gaps = 0, list[Gap]()
    for pod in scene.cluster.pods:
        for container in pod.containers():
            count += 1
            paths = [
                (*container.path, *path, "value")
                for path, one in maps(container.data, "env")
                if is_secret(text(one, "name")) and _is_plain(text(one, "value"))
            ]
            if paths:
                names = ", ".join(text(container.data, "env", int(path[-2]), "name") for path in paths)
                message = f"container {container.name} heeft {names} als gewone waarde"
                gaps.append(about(scene, pod.object, message, (place(*path) for path in paths)))
    for kind in ("ConfigMap", "Secret"):
        for obj in scene.cluster.of_kind("", kind):
            if kind == "Secret" and not obj.component:
                continue  # the other point tells
            count += 1
            found = list(_plain_keys(obj.data))
            if found:
                keys = ", ".join(str(path[-1]) for path in found)
                message = f"krijgt van Helm een waarde voor {keys}"
                gaps.append(about(scene, obj, message, (place(*path) for path in found)))
    return Seen(count, gaps)


def _plain_keys(data: Mapping[str, Any]) -> Iterator[Place]:
    is_config = data.get("kind") == "ConfigMap"
    for field in ("data", "stringData"):
        for key in mapping(data, field):
            value = text(data, field, key) if is_config else secret_value(data, key)
            if is_secret(str(key)) and _is_plain(value or ""):
                yield field, str(key)


def _is_plain(value: str) -> bool:
    """Tell a value from nothing, from a switch, and from a reference that is filled in later."""
    return value.strip().lower() not in ("", *_SWITCHES) and not value.startswith(("$(", "${", "$__"))


POINTS: Final = (
    Point(
        "no-plain-secrets",
        "Geen Secret staat leesbaar in de repository",
        "maak het met `signalen secrets`, en verander het wachtwoord als het ooit is gecommit",
        _in_git,
    ),
    Point(
        "no-secret-values",
        "Geen wachtwoord of sleutel komt uit de Helm-values",
        "laat de chart het uit een bestaand Secret halen (existingSecret en dergelijke), onder 'overrides'",
        _in_values,
    ),
)
