"""Volumes: made when they are asked for, of the kinds that a Haven cluster has, and copied."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final, NamedTuple

from signalen_toolkit.documents.data import Map, at, mapping, maps, place, text, texts
from signalen_toolkit.haven.points import Gap, Point, Scene, Seen, about
from signalen_toolkit.kubernetes.model import Object
from signalen_toolkit.kubernetes.pod_security.lists import VOLUMES

# What Haven asks of a cluster; the form names a class for each.
_MODES: Final = {"ReadWriteOnce": "readWriteOnce", "ReadWriteMany": "readWriteMany"}
# The label on a CronJob that makes copies, with what it copies.
BACKUP: Final = "signalen.org/backup"


class _Claim(NamedTuple):
    object: Object
    path: str
    spec: Map


def _dynamic(scene: Scene) -> Seen:
    static = list(scene.cluster.of_kind("", "PersistentVolume"))
    gaps = [about(scene, obj, "is een vast volume") for obj in static]
    with_volumes = [pod for pod in scene.cluster.pods if pod.spec.get("volumes")]
    for pod in with_volumes:
        tied = [
            (place(*pod.path, *path, kind), f"{text(volume, 'name')} ({kind})")
            for path, volume in maps(pod.spec, "volumes")
            for kind in map(str, volume)
            if kind not in ("name", *VOLUMES)
        ]
        if tied:
            said = ", ".join(name for _, name in tied)
            gaps.append(about(scene, pod.object, f"volume {said}", (path for path, _ in tied)))
    return Seen(len(static) + len(with_volumes), gaps)


def _offered(scene: Scene) -> Seen:
    claims = list(_claims(scene))
    gaps = [about(scene, one.object, said, [one.path]) for one in claims for said in _not_offered(scene, one.spec)]
    return Seen(len(claims), gaps)


def _claims(scene: Scene) -> Iterator[_Claim]:
    for obj in scene.cluster.of_kind("", "PersistentVolumeClaim"):
        yield _Claim(obj, "spec", mapping(obj.data, "spec"))
    for pod in scene.cluster.pods:
        for path, claim in maps(pod.object.data, "spec", "volumeClaimTemplates"):
            yield _Claim(pod.object, place(*path, "spec"), mapping(claim, "spec"))


def _not_offered(scene: Scene, claim: Map) -> Iterator[str]:
    """Say what of a claim the form's cluster does not have; no class is the cluster's default."""
    known = mapping(scene.settings, "cluster", "storageClasses")
    asked: Any = claim.get("storageClassName")
    if asked == "":
        yield "vraagt een vast volume (storageClassName is leeg)"
        return
    for mode in texts(claim, "accessModes"):
        if mode not in _MODES:
            yield f"vraagt {mode}, en dat hoeft een Haven-cluster niet te hebben"
            continue
        # Who can share a volume can also have it alone.
        fields = ("readWriteOnce", "readWriteMany") if mode == "ReadWriteOnce" else ("readWriteMany",)
        names = [text(known, field) for field in fields]
        if (asked or "") not in (names if mode == "ReadWriteMany" else ["", *names]):
            wanted = f"van klasse {asked}" if asked else "van de standaardklasse"
            yield f"vraagt {mode} {wanted}, en die staat niet in 'cluster.storageClasses.{_MODES[mode]}'"


def _backup_database(scene: Scene) -> Seen:
    if at(scene.settings, "database", "provider") != "cluster":
        return Seen(0, note="de database draait buiten het cluster: de back-up is van wie haar beheert")
    return _backup(scene, "database", "de database staat in het cluster, en geen CronJob maakt er kopieën van")


def _backup_media(scene: Scene) -> Seen:
    if at(scene.settings, "storage", "provider") != "volume":
        return Seen(0, note="de foto's staan in objectopslag: de back-up is van wie die beheert")
    return _backup(scene, "media", "de foto's staan op een volume, en geen CronJob maakt er kopieën van")


def _backup(scene: Scene, what: str, message: str) -> Seen:
    jobs = [
        obj
        for obj in scene.cluster.of_kind("batch", "CronJob")
        if mapping(obj.data, "metadata", "labels").get(BACKUP) == what
    ]
    idle = [about(scene, obj, "staat stil", ["spec.suspend"]) for obj in jobs if at(obj.data, "spec", "suspend")]
    return Seen(len(jobs), idle if jobs else [Gap(message)])


POINTS: Final = (
    Point(
        "volumes-dynamic",
        "Opslag komt uit een claim, en niet van een node of een vast volume",
        "gebruik een PersistentVolumeClaim; wie logs van de node leest, kan niet anders",
        _dynamic,
    ),
    Point(
        "volume-classes",
        "Claims vragen alleen om opslag die het cluster heeft (RWO, RWX)",
        "noem de klassen in 'cluster.storageClasses', of gebruik objectopslag",
        _offered,
    ),
    Point(
        "backup-database",
        "Van de database worden kopieën gemaakt",
        "zet 'backup.database.enabled' aan, of gebruik een database die voor u wordt beheerd",
        _backup_database,
    ),
    Point(
        "backup-media",
        "Van de foto's worden kopieën gemaakt",
        "zet 'backup.media.enabled' aan, of gebruik objectopslag",
        _backup_media,
    ),
)
