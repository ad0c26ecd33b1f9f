"""What the tool of a cluster may do for one tenant: what its tree and its charts have, and nothing else.

Source: https://kubernetes.io/docs/reference/access-authn-authz/rbac/. Nobody can hand on a right that they do not have,
so what Roles of a tenant permit is among them.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

from signalen_toolkit.catalog.model import COMMON_KINDS, Component, Kind
from signalen_toolkit.documents.data import maps
from signalen_toolkit.kubernetes.cluster import group_of
from signalen_toolkit.kubernetes.model import Object

Rule = Mapping[str, Sequence[str]]

_VERBS: Final = ("create", "delete", "deletecollection", "get", "list", "patch", "update", "watch")
# Whether a Deployment has become ready is read from its ReplicaSets.
_SEEN: Final = {"apiGroups": ["apps"], "resources": ["replicasets"], "verbs": ["get", "list", "watch"]}
# Where the limits of a tenant stand, and what it is shut in by, is for whoever runs the cluster.
_NEVER: Final = frozenset({Kind("", "ResourceQuota"), Kind("", "LimitRange"), Kind("", "Namespace")})


def rules(objects: Iterable[Object], components: Iterable[Component]) -> list[Rule]:
    """Return the rules of a Role with which these objects of one namespace, and these charts, can be applied."""
    installed, rendered = [*components], [*objects]
    kinds = {*COMMON_KINDS, *(kind for one in installed for kind in one.namespaced_kinds)}
    kinds |= {Kind(group_of(one.api_version), one.kind) for one in rendered}
    resources: dict[str, set[str]] = defaultdict(set)
    for kind in kinds - _NEVER:
        resources[kind.group].add(plural(kind.kind))
    own: list[Rule] = [
        {"apiGroups": [group], "resources": sorted(names), "verbs": [*_VERBS]}
        for group, names in sorted(resources.items())
    ]
    handed = [rule for one in installed for rule in one.grants]
    handed += [rule for one in rendered if one.kind == "Role" for _, rule in maps(one.data, "rules")]
    return [*own, _SEEN, *{json.dumps(rule, sort_keys=True): _plain(rule) for rule in handed}.values()]


def plural(kind: str) -> str:
    """Return how the API calls the objects of a kind: `networkpolicies` of NetworkPolicy."""
    name = kind.lower()
    if name.endswith("y"):
        return f"{name[:-1]}ies"
    return f"{name}es" if name.endswith("s") else f"{name}s"


def _plain(rule: Mapping[str, Any]) -> Rule:
    return {key: [str(one) for one in values] for key, values in rule.items()}
