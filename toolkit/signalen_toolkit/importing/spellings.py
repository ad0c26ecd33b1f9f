"""What earlier versions of an application wrote otherwise, as it is written now. Positions stay those of the file."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Final

from signalen_toolkit.diagnostics.problems import Problem, Severity
from signalen_toolkit.documents.data import Place, at
from signalen_toolkit.documents.nodes import Node
from signalen_toolkit.documents.reader import Document

_OLD: Final = "keycloak"
_NEW: Final = "oidc"


def modern(document: Document, config: Place) -> tuple[Document, tuple[Problem, ...]]:
    """Read `keycloak` as `oidc`, which took its place in frontend 2.0; `config` is where the configuration stands.

    Where both are there, the site had two buttons to sign in; the one that could stay is Keycloak's.
    """
    section, node = at(document.data, *config), _node(document, config)
    if not isinstance(section, Mapping) or not isinstance(section.get(_OLD), Mapping) or node is None:
        return document, ()
    told: tuple[Problem, ...] = ()
    if _NEW in section:
        what = f"'{_NEW}' is not copied, since '{_OLD}' is there too, and the site has one way to sign in now"
        place = (*config, _NEW)
        told = (document.problem("not-imported", what, place, severity=Severity.WARNING, at="key"),)
    data = {key: value for key, value in section.items() if key not in (_OLD, _NEW)}
    data[_NEW] = {"responseType": "code", **section[_OLD]}
    children, keys = dict(node.children), dict(node.keys)
    children[_NEW], keys[_NEW] = children.pop(_OLD), keys.pop(_OLD)
    moved = replace(node, data=data, children=children, keys=keys)
    return _with(document, config, moved), told


def _node(document: Document, place: Place) -> Node | None:
    return document.node(place) if place else document.root


def _with(document: Document, place: Place, node: Node) -> Document:
    """Put a node and its data in the place of another; what is above it is not shared with the old document."""
    data: Any = node.data
    for length in range(len(place), 0, -1):
        above, key = place[: length - 1], place[length - 1]
        owner = _node(document, above)
        if owner is None:
            break
        data = {**owner.data, key: data}
        node = replace(owner, data=data, children={**owner.children, key: node})
    return replace(document, data=data, root=node)
