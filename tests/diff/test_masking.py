"""Secrets never get into a difference, and that they changed does."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from signalen_toolkit.kubernetes.model import Object

from tests.support.kubernetes import compare, deployment, everywhere, obj, only, secret, variable

CHART = {"chart": {"spec": {"chart": "grafana", "version": "1.0.0"}}}
HIDDEN = "correct-horse"


@pytest.mark.parametrize(
    "make",
    [
        secret,
        lambda value: obj("Secret", stringData={"anything": value}),
        lambda value: obj("Secret", data=value),
        lambda value: obj("ConfigMap", data={"EMAIL_HOST_PASSWORD": value}),
        lambda value: obj("ConfigMap", data={"app.json": json.dumps({"azure": {"connectionString": value}})}),
        lambda value: obj("ConfigMap", data={"dex.yaml": f"clients:\n  - clientSecret: {value}\n    name: x\n"}),
        lambda value: variable("SECRET_KEY", value),
        lambda value: deployment({"env": [{"name": "AUTH_TOKEN", "value": value}, {"name": "B", "value": "1"}]}),
        lambda value: variable("BROKER_URL", f"amqp://user:{value}@host/"),
        lambda value: variable("LAYER", f"https://host/wfs?a=b&access_token={value}&c=d"),
        lambda value: variable("OPTIONS", f"host=x password={value} user=y"),
        lambda value: deployment({"args": ["serve", f"--admin-password={value}"]}),
        lambda value: deployment({"args": ["-c", f"serve --token {value} --port 80"]}),
        lambda value: obj("HelmRelease", spec={**CHART, "values": {"grafana": {"adminPassword": value}}}),
        lambda value: obj("Application", spec={"helm": {"parameters": [{"name": "db.password", "value": value}]}}),
        lambda value: obj(
            "Thing", metadata={"annotations": {"kubectl.kubernetes.io/last-applied-configuration": value}}
        ),
    ],
)
def test_a_secret_is_hidden_and_its_change_is_shown(make: Callable[[str], Object]) -> None:
    other = "battery-staple"
    changed = compare([make(HIDDEN)], [make(other)])
    assert "(hidden, 13 characters)" in changed.changes[0].diff
    assert "(hidden, 14 characters, changed)" in changed.changes[0].diff
    same_length = compare([make(HIDDEN)], [make(HIDDEN[::-1])])
    assert "(hidden, 13 characters, changed)" in same_length.changes[0].diff
    added, removed = compare([], [make(HIDDEN)]), compare([make(HIDDEN)], [])
    assert "(hidden, 13 characters)" in added.changes[0].diff
    assert not compare([make(HIDDEN)], [make(HIDDEN)])
    for difference in (changed, same_length, added, removed):
        text = everywhere(difference)
        for value in (HIDDEN, other, HIDDEN[::-1]):
            assert value not in text
            assert base64.b64encode(value.encode()).decode() not in text


def test_what_only_names_a_secret_is_shown() -> None:
    before = deployment(
        {
            "env": [
                {"name": "OIDC_OP_TOKEN_ENDPOINT", "value": "https://old.nl/token"},
                {"name": "PASSWORD", "valueFrom": {"secretKeyRef": {"name": "names-a-secret", "key": "its-key"}}},
            ]
        },
        {"automountServiceAccountToken": False, "tolerations": [{"key": "a-taint"}]},
    )
    diff_ = compare([before], []).changes[0].diff
    for shown in ("https://old.nl/token", "names-a-secret", "its-key", "a-taint", "Token: false"):
        assert shown in diff_
    assert "hidden" not in diff_


def test_a_secret_is_compared_with_the_one_of_its_own_name() -> None:
    def two(*values: str) -> Object:
        return deployment({"env": [{"name": f"TOKEN_{n}", "value": value} for n, value in enumerate(values)]})

    diff_ = only(compare([two("aaaa", "bbbb")], [two("aaaa", "cccc")])).diff
    assert diff_.count("changed") == 1
    assert only(compare([two("aaaa", "bbbb")], [two("bbbb", "aaaa")])).diff.count("changed") == 2
    first = deployment({"env": [{"name": "NEW", "value": "x"}, {"name": "TOKEN_0", "value": "aaaa"}]})
    assert "changed" not in only(compare([two("aaaa")], [first])).diff


def test_bytes_are_counted_as_bytes() -> None:
    key = base64.b64encode(b"\xff\xfe\x00").decode()
    assert "(hidden, 3 bytes)" in only(compare([], [obj("Secret", data={"tls.key": key})])).diff


SECRETS = st.text(st.characters(codec="utf-8", exclude_categories=["Cc", "Cs"]), min_size=8).filter(
    lambda text: len(set(text)) > 5 and not text.isspace()
)


@given(SECRETS, SECRETS, st.sampled_from(["PASSWORD", "token", "my-api-key", "SECRET_KEY_FALLBACK"]))
@settings(max_examples=60, deadline=None)
def test_no_format_shows_a_secret(one: str, other: str, key: str) -> None:
    one, other = f"№№{one}№№", f"№№{other}№№"

    def objects(value: str) -> list[Object]:
        variables = [{"name": key, "value": value}]
        return [
            secret(value, key),
            obj("Secret", name="b", stringData={key: value}),
            obj("ConfigMap", data={key: value, "x.json": json.dumps({"password": value})}),
            deployment({"env": variables}, {"initContainers": [{"name": "i", "env": variables}]}),
        ]

    for difference in (compare(objects(one), objects(other)), compare([], objects(one)), compare(objects(one), [])):
        assert difference.changes or one == other
        assert "№№" not in everywhere(difference)
        assert "\\u2116\\u2116" not in everywhere(difference)
