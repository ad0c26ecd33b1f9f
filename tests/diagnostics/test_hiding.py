"""Secrets in running text: hidden in every shape, letter by letter, and nothing else."""

from __future__ import annotations

import json
import re
import time
from difflib import unified_diff
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st
from signalen_toolkit.diagnostics.differences import unified
from signalen_toolkit.diagnostics.hiding import MASK, hidden, masked, spans, without_contents
from signalen_toolkit.diagnostics.secret_shapes import contents, is_secret_field, is_secret_name, is_secret_variable

from tests.support.secret_examples import EXAMPLES, Example

# Keys in more lines of which the end is not there.
ENDLESS = ("openssh", "putty", "private-key-on-one-line")
NAMES = [example.name for example in EXAMPLES]


@pytest.mark.parametrize("example", EXAMPLES, ids=NAMES)
def test_a_secret_is_hidden_wherever_it_stands(example: Example) -> None:
    assert example.is_in(example.text)
    for text in (example.text, f"x: y\n{example.text}z: 1\n", json.dumps(example.data, indent=2)):
        shown = hidden(text)
        assert not example.is_in(shown), shown
        assert [len(line) for line in shown.split("\n")] == [len(line) for line in text.split("\n")]
        assert not example.is_in(hidden(text, broken=True))


@pytest.mark.parametrize("example", EXAMPLES, ids=NAMES)
def test_what_stands_around_a_secret_is_shown(example: Example) -> None:
    shown = hidden(f"before: shown-1\n{example.text}after: shown-2\n")
    assert shown.startswith("before: shown-1\n")
    assert shown.endswith("after: shown-2\n") or example.name in ENDLESS


def test_every_shape_has_an_example() -> None:
    for what, pattern in contents():
        assert [example for example in EXAMPLES if pattern.search(str(example.data))], what


@pytest.mark.parametrize(
    "text",
    [
        "OIDC_OP_TOKEN_ENDPOINT: https://id.example.nl/token",
        "existingSecret: signalen-backend-secrets",
        "secretName: api-tls",
        "tls: {secretName: api-tls}",
        "topologyKey: kubernetes.io/hostname",
        "image: registry.example.nl/external-secrets:0.16",
        "secretKeyRef: {name: signalen-backend-secrets, key: password}",
        "organizationName: Gemeente 's-Hertogenbosch",
        "https://host.example.nl:8443/path?x=y#z",
        "description: the password of the database is asked for",
        "tokenExpirationSeconds: 3600",
        "proxy_pass http://backend;",
        "helm upgrade --set replicas=2 --wait",
        "BROKER_URL: amqp://signalen:$(RABBITMQ_PASSWORD)@rabbitmq/",
        "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----",
        "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIOMqqnkVzrm0SdG6UOoqKLsabgH5C9okWi0dh2l9GKJl x@y",
        "age: age1ql3z7hjy54pw3hyww5ayyfg7zqgvc7w3j2elw8zmrj2kg5sfn9aqmcac8p",
    ],
)
def test_what_only_names_or_is_public_is_shown(text: str) -> None:
    assert hidden(text) == text


@pytest.mark.parametrize(
    ("name", "field", "variable"),
    [
        ("existingSecret", False, True),
        ("adminPassword", True, True),
        ("compass", False, False),
        ("monkey", False, False),
        ("KEYCLOAK_REALM", False, False),
        ("SECRET_NAME", False, False),
        ("TEAMS_WEBHOOK_URL", True, True),
        ("metadata", False, False),
    ],
)
def test_names(name: str, field: bool, variable: bool) -> None:
    assert (is_secret_field(name), is_secret_variable(name)) == (field, variable)


@given(st.text())
def test_what_is_hidden_keeps_its_place(text: str) -> None:
    for broken in (False, True):
        found = spans(text, broken=broken)
        assert all(start < end for start, end in found)
        assert all(one[1] < other[0] for one, other in pairwise(found))
        shown = masked(text, found)
        assert len(shown) == len(text)
        assert all(new in (old, MASK) for new, old in zip(shown, text, strict=True))
    assert len(without_contents(text)) == len(text)


SEPARATORS = ["=", ": ", " = ", ":", '": "', "='"]


@given(
    st.text("abcXYZ_-.", max_size=10),
    st.sampled_from(["password", "TOKEN", "apiKey", "secret_key"]),
    st.sampled_from(SEPARATORS),
    st.text("\"'{}[],: |>&*!%@`#?-\t", max_size=8),
)
def test_in_a_broken_text_all_behind_a_name_is_hidden(before: str, name: str, separator: str, noise: str) -> None:
    text = f"x: 1\n  {before}-{name}{separator}{noise}needle{noise}\nlast: 1\n"
    assert "needle" not in hidden(text, broken=True)


LONG = 2**20
WORST = [
    "password: x ",
    "{password: x",
    '\\"password\\": \\"x',
    "a.",
    "name: A_TOKEN value: x ",
    "- name: A_TOKEN\n  value: x\n",
    "://",
    "://a:b",
    "eyJ-",
    "eyJaaaaaaaa.",
    "-----BEGIN PRIVATE " + "KEY-----",
    "password:\n",
    "'password: '",
    "--token ",
    "-u a:",
    "redis-cli ",
    "kind: Secret\ndata:\n",
    "https://",
    ";   ",
    "Bearer ",
    "$1$",
    " ",
    "\n",
    "<token>x",
]


@pytest.mark.parametrize("part", WORST)
def test_time_grows_with_the_text_and_no_faster(part: str) -> None:
    """A ratio, so that a machine that is slow or busy is no fault: a quadratic one would be 16 times as slow."""

    def seconds(length: int) -> float:
        text = (part * (length // len(part) + 1))[:length]
        least = float("inf")
        for _ in range(3):
            start = time.process_time()
            spans(text, broken=True)
            least = min(least, time.process_time() - start)
        return least

    small = max(seconds(LONG // 16), 0.005)
    assert seconds(LONG // 4) < small * 12


def test_a_difference_shows_that_a_secret_changed_and_not_which() -> None:
    old, new = "a: 1\npassword: hunter2\nb: 2\n", "a: 1\npassword: hunter3\nb: 2\n"
    shown = unified(old, new, "a/x", "b/x")
    assert shown == (f"--- a/x\n+++ b/x\n@@ -1,3 +1,3 @@\n a: 1\n-password: {MASK * 7}\n+password: {MASK * 7}\n b: 2\n")
    assert unified(old, old, "a/x", "b/x") == ""


@given(st.text("ab\n", max_size=30), st.text("ab\n", max_size=30))
def test_a_difference_is_that_of_difflib(old: str, new: str) -> None:
    split = [text.split("\n") for text in (old, new)]
    one, other = ([*text[:-1], *([f"{text[-1]}\n\\ No newline at end of file"] if text[-1] else [])] for text in split)
    assert unified(old, new, "a", "b") == "".join(
        f"{line}\n" for line in unified_diff(one, other, "a", "b", lineterm="")
    )


def test_names_of_secrets_are_not_missed_by_the_quick_look() -> None:
    for example in EXAMPLES:
        for key in re.findall(r"[\w.-]+", " ".join(example.data)):
            if is_secret_field(key) or (key.isupper() and is_secret_variable(key)):
                assert is_secret_name(key)
