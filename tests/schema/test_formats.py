"""The formats of text: what Git, Kubernetes and a telephone take."""

from __future__ import annotations

import subprocess

import pytest
from hypothesis import given
from hypothesis import strategies as st
from signalen_toolkit.schema.formats import is_cron, is_duration, is_dutch_phone, is_git_branch, is_git_url

from tests.conftest import program

_CHARACTERS = st.sampled_from([*"ab/.-@{}~^:?*[\\ _", "lock", ".lock", "HEAD", "\t", "\x7f"])


@given(st.lists(_CHARACTERS, max_size=8).map("".join))
def test_a_branch_is_one_for_git_too(name: str) -> None:
    git = program("git", "git")
    known = subprocess.run([git, "check-ref-format", "--branch", name], check=False, capture_output=True)
    # With --branch, Git reads `@`, `@{-1}` and `-` as other branches: these are no names.
    if is_git_branch(name):
        assert known.returncode == 0, name
    elif known.returncode == 0:
        assert "@{" in name or name in ("@", "HEAD"), name


@pytest.mark.parametrize(
    ("text", "right"),
    [
        ("https://git.example.nl/signalen.git", True),
        ("ssh://git@git.example.nl:22/signalen.git", True),
        ("git@git.example.nl:signalen.git", True),
        ("ssh://git@[2001:db8::1]/signalen.git", True),
        ("https://git.example.nl:99999/signalen", False),
        ("https://?x", False),
        ("ssh://git@git.example.nl:/x", False),
        ("ssh://@/x", False),
        ("https://[::1/x", False),
        ("https://git.example.nl/sig\u200bnalen", False),
        ("https://git.example.nl/a b", False),
        ("git@-x:y", False),
    ],
)
def test_an_address_of_git(text: str, right: bool) -> None:
    assert is_git_url(text) is right


@given(st.text(max_size=40))
def test_no_text_is_too_much_for_a_format(text: str) -> None:
    for check in (is_cron, is_dutch_phone, is_duration, is_git_branch, is_git_url):
        assert check(text) in (True, False)


@pytest.mark.parametrize(
    ("text", "right"),
    [
        ("30 1 * * *", True),
        ("*/15 * * * *", True),
        ("0 0 29 2 *", True),
        ("0 0 31 2 *", False),
        ("0 0 31 4,6,9,11 *", False),
        ("0 0 31 2 1", True),  # every Monday in February
        ("*/1 * * * *", False),
        ("0-59 * * * *", False),
        ("0-59/2 * * * *", True),
    ],
)
def test_a_time_that_comes_and_not_every_minute(text: str, right: bool) -> None:
    assert is_cron(text) is right


@pytest.mark.parametrize(
    ("text", "right"), [("10m", True), ("1h30m", True), ("0s", False), ("99999999999999999999h", False), ("5", False)]
)
def test_a_duration(text: str, right: bool) -> None:
    assert is_duration(text) is right


@pytest.mark.parametrize(
    ("text", "right"),
    [
        ("14 073", True),
        ("14 0475", True),
        ("073 615 51 55", True),
        ("+31 73 615 51 55", True),
        ("+31 (0)73 615 51 55", True),
        ("0031 73 615 51 55", True),
        ("0800-1234", True),
        ("0900 1234567", True),
        ("112", True),
        ("073 615 51 5", False),
        ("14 73", False),
        ("+31 615", False),
        ("1234567", False),
    ],
)
def test_a_number_that_can_be_dialled(text: str, right: bool) -> None:
    assert is_dutch_phone(text) is right
