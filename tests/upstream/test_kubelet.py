"""The helper that makes environments does what Kubernetes does; needs nothing of upstream."""

from __future__ import annotations

from typing import Any

import pytest

from tests.support.kubelet import POD_IP, DoesNotStartError, references, variables

MAPS = {"settings": {"A": "map", "B": "map"}, "more": {"B": "more"}}
SECRETS = {"secrets": {"PASSWORD": "p"}}


def made(**container: Any) -> dict[str, str]:
    return variables(container, MAPS, SECRETS)


def from_map(name: str, **more: Any) -> dict[str, Any]:
    return {"configMapRef": {"name": name, **more}}


def env(**values: str) -> list[dict[str, str]]:
    return [{"name": name, "value": value} for name, value in values.items()]


def test_the_later_source_wins_and_env_goes_over_all() -> None:
    both = [from_map("settings"), from_map("more")]
    assert made(envFrom=both) == {"A": "map", "B": "more"}
    assert made(envFrom=both[::-1], env=env(A="own")) == {"A": "own", "B": "map"}
    assert made(env=[*env(A="1"), *env(A="2")]) == {"A": "2"}


def test_a_source_may_have_a_prefix_and_may_be_optional() -> None:
    secret = {"prefix": "MY_", "secretRef": {"name": "secrets"}}
    assert made(envFrom=[secret, from_map("nothing", optional=True)]) == {"MY_PASSWORD": "p"}
    with pytest.raises(DoesNotStartError, match="there is no nothing"):
        made(envFrom=[from_map("nothing")])


def test_a_reference_stands_for_what_is_set_by_then() -> None:
    own = env(FIRST="$(LATER)", LATER="x", URL="a://$(PASSWORD)@$(LATER)", PRICE="$$(LATER) $5 $(A B)")
    found = made(envFrom=[{"secretRef": {"name": "secrets"}}], env=own)
    assert found == {
        "PASSWORD": "p",
        "FIRST": "$(LATER)",
        "LATER": "x",
        "URL": "a://p@x",
        "PRICE": "$(LATER) $5 $(A B)",
    }
    assert references({"env": own}) == {"LATER", "PASSWORD"}


def test_single_values_come_from_fields_and_keys() -> None:
    def taken(**source: Any) -> dict[str, str]:
        return made(env=[{"name": "X", "valueFrom": source}])

    assert taken(fieldRef={"fieldPath": "status.podIP"}) == {"X": POD_IP}
    assert taken(secretKeyRef={"name": "secrets", "key": "PASSWORD"}) == {"X": "p"}
    assert taken(configMapKeyRef={"name": "settings", "key": "C", "optional": True}) == {}
    with pytest.raises(DoesNotStartError, match="settings has no key C"):
        taken(configMapKeyRef={"name": "settings", "key": "C"})
