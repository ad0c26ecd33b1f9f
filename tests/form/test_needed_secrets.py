"""Which Secrets and keys are needed: where the conditions of the catalog hold."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from signalen_toolkit.catalog.load import catalog
from signalen_toolkit.catalog.model import Component, Secret, SecretKey
from signalen_toolkit.form.needed_secrets import NeededKey, holds, needed

VALUES = {"a": {"on": True, "off": False, "text": "", "0": "zero"}, "list": [{"name": "x"}, {}], "none": None}


@pytest.mark.parametrize(
    ("place", "there"),
    [
        ("", True),
        ("a", True),
        ("a.on", True),
        ("a.off", False),
        ("a.text", False),
        ("a.0", True),  # a key, for this is no list
        ("a.on.more", False),
        ("none", False),
        ("nowhere.at.all", False),
        ("list", True),
        ("list.0", True),
        ("list.0.name", True),
        ("list.1", False),
        ("list.2", False),
        ("list.name", False),
    ],
)
def test_a_condition_is_a_place_in_the_values(place: str, there: bool) -> None:
    assert holds(VALUES, place) is there


def component(name: str, *secrets: Secret) -> Component:
    return replace(catalog().component("backend"), name=name, secrets=secrets)


def keys(*components: Component, **values: Any) -> dict[str, NeededKey]:
    return {key.path: key for secret in needed(components, values) for key in secret.keys}


OURS = Secret("ours", (SecretKey("password", "x", when="broker", generate=32),))
THEIRS = component("queue", Secret("theirs", (SecretKey("pass", "x", same_as="ours/password"),)))


def test_a_key_takes_the_value_of_another_only_where_that_is_needed() -> None:
    backend = component("backend", OURS)
    assert keys(backend, THEIRS, backend={"broker": True})["theirs/pass"].key.same_as == "ours/password"
    assert keys(backend, THEIRS, backend={})["theirs/pass"].key.same_as == ""
    assert keys(THEIRS)["theirs/pass"].key.same_as == ""


def test_a_secret_without_its_condition_is_not_needed() -> None:
    backend = component("backend", replace(OURS, when="on"))
    assert keys(backend, backend={"broker": True}) == {}
    assert list(keys(backend, backend={"broker": True, "on": True})) == ["ours/password"]


def test_when_a_random_text_serves_and_when_a_key_stays_empty() -> None:
    secret = Secret(
        "s",
        (
            SecretKey("random", "x", generate=20),
            SecretKey("own", "x", generate=20, generate_when="own"),
            SecretKey("mail", "x", empty_unless="host"),
        ),
    )

    def told(**values: Any) -> list[tuple[int, bool]]:
        return [(key.random, key.empty) for key in keys(component("c", secret), c=values).values()]

    assert told() == [(20, False), (0, False), (0, True)]
    assert told(own=True, host="smtp") == [(20, False), (20, False), (0, False)]
