"""What a new form states although it has a default: names that several municipalities share a cluster or vault with."""

from __future__ import annotations

from typing import Any

import pytest
from signalen_toolkit.documents.data import at
from signalen_toolkit.repository.answers import completed

VAULT: dict[str, Any] = {"secrets": {"provider": "external-secrets"}}


def form(code: str, name: str = "acceptance", own: dict[str, Any] | None = None, **top: Any) -> dict[str, Any]:
    return {"municipality": {"code": code}, "environments": {name: own if own is not None else {}}, **top}


def namespace(given: dict[str, Any], name: str = "acceptance") -> Any:
    return at(completed(given), "environments", name, "cluster", "namespace")


@pytest.mark.parametrize(
    ("code", "name", "expected"),
    [
        ("GM0796", "acceptance", "signalen-s-hertogenbosch-acceptance"),
        ("GM0373", "production", "signalen-bergen-nh-production"),
        ("GM0893", "production", "signalen-bergen-l-production"),
        ("GM0820", "acceptance", "signalen-nuenen-gerwen-en-nederwetten-acceptance"),
        ("GM0820", "acceptance-of-2027", "signalen-gm0820-acceptance-of-2027"),
        ("GM0820", "a" * 50, None),
        ("GM9999", "acceptance", None),
    ],
)
def test_a_namespace_has_the_municipality_in_it(code: str, name: str, expected: str | None) -> None:
    assert namespace(form(code, name), name) == expected


def test_what_was_answered_stays() -> None:
    assert namespace(form("GM0796", own={"cluster": {"namespace": "own"}})) == "own"
    assert namespace(form("GM0796", cluster={"namespace": "own"})) is None
    given = form("GM0796", own={"cluster": {"ingressClass": "traefik"}})
    cluster = {"ingressClass": "traefik", "namespace": "signalen-s-hertogenbosch-acceptance"}
    assert at(completed(given), "environments", "acceptance", "cluster") == cluster
    assert given == form("GM0796", own={"cluster": {"ingressClass": "traefik"}})


def test_names_in_a_vault_have_it_too() -> None:
    place = ("environments", "acceptance", "secrets", "externalSecrets", "prefix")
    assert at(completed(form("GM0796", **VAULT)), *place) == "signalen-s-hertogenbosch-acceptance"
    named: dict[str, Any] = {"secrets": {"provider": "external-secrets", "externalSecrets": {"prefix": "own"}}}
    assert at(completed(form("GM0796", **named)), *place) is None
    assert at(completed(form("GM0796")), *place) is None


@pytest.mark.parametrize("wrong", [None, [], "x", {"cluster": "x"}])
def test_what_is_no_form_is_for_others_to_report(wrong: Any) -> None:
    completed({"municipality": wrong, "environments": {"acceptance": wrong}})
    completed({"municipality": {"code": "GM0796"}, "cluster": wrong, "environments": {"acceptance": wrong}})
