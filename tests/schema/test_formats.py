"""The formats of text: what Git, Kubernetes, cron and a telephone take."""

from __future__ import annotations

import itertools
import os
import re
import subprocess
from datetime import datetime, timedelta
from pathlib import Path

import phonenumbers
import pytest
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st
from signalen_toolkit.schema.addresses import is_git_branch, is_git_url, is_link, is_map_url, is_mirror, is_server
from signalen_toolkit.schema.formats import FORMATS, is_volume_size
from signalen_toolkit.schema.names import is_label, is_label_key, is_label_value, is_subdomain
from signalen_toolkit.schema.telephones import is_dutch_phone
from signalen_toolkit.schema.times import is_cron, is_duration

from tests.conftest import program

FEW = settings(max_examples=60)
_OF_BRANCHES = st.sampled_from([*"ab/.-@{}~^:?*[\\ _", "lock", ".lock", "HEAD", "\t", "\x7f"])


@given(st.text(max_size=40))
def test_no_text_is_too_much_for_a_format(text: str) -> None:
    for check, _ in FORMATS.values():
        assert check(text) in (True, False)


# --- Git


@FEW
@given(st.lists(_OF_BRANCHES, max_size=8).map("".join))
@example("a..b")
@example("x.lock")
@example("a//b/")
@example("a/b.lock/c")
@example("@")
def test_a_branch_is_one_for_git_too(name: str) -> None:
    known = subprocess.run(
        [program("git", "git"), "check-ref-format", f"refs/heads/{name}"], check=False, capture_output=True
    )
    # Without --branch Git knows nothing of names that mean something else on its command line.
    means_else = name.startswith("-") or name in ("HEAD", "@")
    assert is_git_branch(name) is (known.returncode == 0 and not means_else)


@pytest.mark.parametrize("name", ["é", "a\u200bb", "a\u00a0b", "a" * 245])
def test_a_branch_has_no_characters_that_nobody_can_type(name: str) -> None:
    assert not is_git_branch(name)


@pytest.mark.parametrize(
    ("text", "right"),
    [
        ("https://git.example.nl/signalen.git", True),
        ("https://git.example.nl:8443/signalen.git", True),
        ("ssh://git@git.example.nl:22/signalen.git", True),
        ("ssh://git.example.nl/signalen.git", True),
        ("git@git.example.nl:signalen.git", True),
        ("git@git.example.nl:/srv/signalen.git", True),
        ("ssh://git@[2001:db8::1]/signalen.git", True),
        ("https://git.example.nl:99999/signalen", False),
        ("https://git.example.nl:0/signalen", False),
        ("https://git.example.nl:/signalen", False),
        ("https://?x", False),
        ("https://user:word@git.example.nl/signalen", False),
        ("ssh://git@git.example.nl:/x", False),
        ("ssh://@/x", False),
        ("ssh://[x/y", False),
        ("ssh://git:word@git.example.nl/x", False),
        ("ssh://git@git.example.nl", False),
        ("ssh://-oProxyCommand=x/y", False),
        ("ssh://-x@git.example.nl/y", False),
        ("https://[::1/x", False),
        ("https://[::::]/x", False),
        ("https://git.example.nl/sig\u200bnalen", False),
        ("https://git.example.nl/a b", False),
        ("git@-x:y", False),
        ("-x@git.example.nl:y", False),
        ("git@git.example.nl:", False),
        ("file:///srv/signalen.git", False),
        ("ext::sh -c x", False),
    ],
)
def test_an_address_of_git(text: str, right: bool) -> None:
    assert is_git_url(text) is right


_PARTS = (
    ("ssh://", ""),
    ("git@", "", "a-b@", "-o@", "@"),
    ("git.example.nl", "[2001:db8::1]", "-x", "a..b"),
    ("", ":", ":22", ":0", ":99999", ":-1"),
    ("/signalen.git", "signalen.git", "//a", "/", ""),
)
_ADDRESSES = [parts for parts in itertools.product(*_PARTS) if is_git_url("".join(parts))]


@pytest.mark.parametrize("parts", _ADDRESSES, ids="".join)
def test_git_goes_with_ssh_where_an_address_says(parts: tuple[str, ...]) -> None:
    text = "".join(parts)
    # For ssh stands a program that shows what Git asks of it.
    asked = subprocess.run(
        [program("git", "git"), "ls-remote", "--", text],
        check=False,
        capture_output=True,
        text=True,
        env={**os.environ, "GIT_SSH_COMMAND": ">&2 echo asked", "GIT_SSH_VARIANT": "ssh"},
    ).stderr
    _, user, host, port, _ = parts
    option = "-p 22 " if text.startswith("ssh://") and port == ":22" else ""
    assert f" {option}{user}{host.strip('[]')} git-upload-pack" in asked


# --- addresses


@pytest.mark.parametrize(
    ("text", "right"),
    [("mq.example.nl", True), ("mq", True), ("mq.example.nl:5671", True), ("a..b", False), ("-a", False), ("", False)],
)
def test_a_server(text: str, right: bool) -> None:
    assert is_server(text) is right


@pytest.mark.parametrize(
    ("text", "right"),
    [
        ("", True),
        ("harbor.example.nl", True),
        ("harbor.example.nl:5000/signalen", True),
        ("oci://harbor.example.nl/signalen", True),
        ("harbor..example.nl/signalen", False),
        ("oci://-x/signalen", False),
    ],
)
def test_a_mirror(text: str, right: bool) -> None:
    assert is_mirror(text) is right


@pytest.mark.parametrize(
    ("text", "right"),
    [
        ("", True),
        ("/about", True),
        ("https://www.example.nl/about?x=y", True),
        ("//elsewhere.example.nl", False),
        ("https://?x", False),
        ("https://www..nl", False),
        ("about", False),
    ],
)
def test_a_link(text: str, right: bool) -> None:
    assert is_link(text) is right


@pytest.mark.parametrize(
    ("text", "right"),
    [
        ("", True),
        ("https://{s}.kaart.example.nl/{z}/{x}/{y}.png", True),
        ("https://geo.example.nl/wfs?bbox={west},{south}&Filter=<Filter>…</Filter>", True),
        ("https:///wfs", False),
        ("https://geo.example.nl:99999/wfs", False),
        ("https://{s}..example.nl/{z}", False),
    ],
)
def test_an_address_of_a_map(text: str, right: bool) -> None:
    assert is_map_url(text) is right


# --- Kubernetes


@pytest.mark.parametrize(
    ("text", "right"),
    [("a", True), ("a-b", True), ("a" * 63, True), ("a" * 64, False), ("A", False), ("a.b", False), ("", False)],
)
def test_a_part_of_a_name(text: str, right: bool) -> None:
    assert is_label(text) is right


@pytest.mark.parametrize(
    ("text", "right"), [("a.b", True), ("a..b", False), (".a", False), ("a" * 254, False), ("a\n", False), ("", False)]
)
def test_a_name(text: str, right: bool) -> None:
    assert is_subdomain(text) is right


@pytest.mark.parametrize(
    ("text", "right"),
    [
        ("team", True),
        ("example.nl/Team_1", True),
        ("a b/c", False),
        ("a..b/c", False),
        ("/c", False),
        ("a/b/c", False),
        ("a" * 64, False),
        ("", False),
    ],
)
def test_the_name_of_a_label(text: str, right: bool) -> None:
    assert is_label_key(text) is right


@pytest.mark.parametrize(
    ("text", "right"),
    [("", True), ("2.27.6_x", True), ("a b", False), ("-a", False), ("a+b", False), ("a" * 64, False)],
)
def test_the_value_of_a_label(text: str, right: bool) -> None:
    assert is_label_value(text) is right


@pytest.mark.parametrize(
    ("text", "right"), [("10Gi", True), ("1.5T", True), ("100Ti", True), ("101Ti", False), ("9" * 5000 + "Gi", False)]
)
def test_the_size_of_a_volume(text: str, right: bool) -> None:
    assert is_volume_size(text) is right


# --- times


@pytest.mark.parametrize(
    ("text", "right"),
    [
        ("30 1 * * *", True),
        ("*/15 * * * *", True),
        ("0 0 29 2 *", True),
        ("0 0 31 2 *", False),
        ("0 0 31 4,6,9,11 *", False),
        ("0 0 30 2 */1", False),
        ("0 0 31 2 1", True),  # every Monday in February
        ("0 0 31 2 */2", True),  # a step is no star: every other day of the week
        ("*/1 * * * *", False),
        ("* * * * *", False),
        ("0-59 * * * *", False),
        ("0-59/2 * * * *", True),
        ("60 * * * *", False),
        ("0 0 * * 7", False),
        ("@daily", False),
        ("TZ=Europe/Amsterdam 0 0 * * *", False),
    ],
)
def test_a_time_that_comes_and_not_every_minute(text: str, right: bool) -> None:
    assert is_cron(text) is right


def _fits(field: str, value: int, first: int, last: int) -> bool:
    """Tell whether a number is one of a field of cron; written otherwise than the toolkit does."""
    for part in field.split(","):
        span, _, step = part.partition("/")
        begin, _, end = span.partition("-")
        low = first if begin == "*" else int(begin)
        high = last if begin == "*" or (step and not end) else int(end or begin)
        if low <= value <= high and (value - low) % int(step or 1) == 0:
            return True
    return False


_FIELD = st.one_of(
    st.just("*"),
    st.integers(2, 6).map("*/{}".format),
    st.lists(st.integers(1, 31), min_size=1, max_size=3).map(lambda some: ",".join(map(str, some))),
)


@FEW
@given(day=_FIELD, month=_FIELD, week_day=_FIELD)
def test_a_time_is_right_where_a_day_comes(day: str, month: str, week_day: str) -> None:
    text = f"0 0 {day} {month} {week_day}"
    numbers = [int(one) for one in re.findall(r"[0-9]+", f"{month}/1" if month != "*" else "1") if "/" not in month]
    assume(all(1 <= one <= 12 for one in numbers))
    assume("/" in week_day or week_day == "*" or all(int(one) <= 6 for one in week_day.split(",")))
    either = week_day != "*" and day != "*"  # as cron has it, where both are said
    days = (datetime(2024, 1, 1) + timedelta(one) for one in range(4 * 366))
    comes = any(
        _fits(month, one.month, 1, 12)
        and (any if either else all)(
            (_fits(day, one.day, 1, 31), _fits(week_day, (one.weekday() + 1) % 7, 0, 6)),
        )
        for one in days
    )
    assert is_cron(text) is comes


@pytest.mark.parametrize(
    ("text", "right"),
    [
        ("10m", True),
        ("1h30m", True),
        ("2562047h", True),
        ("2562048h", False),
        ("0s", False),
        ("99999999999999999999h", False),
        ("9" * 5000 + "h", False),
        ("5", False),
    ],
)
def test_a_duration(text: str, right: bool) -> None:
    assert is_duration(text) is right


# --- telephones


@pytest.mark.parametrize(
    ("text", "right"),
    [
        ("14 073", True),
        ("14 0475", True),
        ("073 615 51 55", True),
        ("(0294) 49 13 91", True),
        ("+31 73 615 51 55", True),
        ("+31 (0)73 615 51 55", True),
        ("0031 73 615 51 55", True),
        ("06 12345678", True),
        ("088 123 45 67", True),
        ("0800-1234", True),
        ("0900 1234567", True),
        ("112", True),
        ("073 615 51 5", False),
        ("012 345 67 89", False),
        ("0600 123456", False),
        ("14 73", False),
        ("14 099", False),
        ("+31 615", False),
        ("1234567", False),
        ("0000000000", False),
    ],
)
def test_a_number_that_can_be_dialled(text: str, right: bool) -> None:
    assert is_dutch_phone(text) is right


_NUMBERS = st.one_of(
    st.from_regex(r"0[1-9][0-9]{8}", fullmatch=True),
    st.from_regex(r"0(800|90[069])[0-9]{4}([0-9]{3})?", fullmatch=True),
    st.from_regex(r"140[1-9][0-9]{1,2}", fullmatch=True),
)


def _is_known(number: str) -> bool:
    return phonenumbers.is_valid_number(phonenumbers.parse(number, "NL"))


@settings(max_examples=500)
@given(_NUMBERS)
def test_numbers_are_those_of_the_library_for_them(number: str) -> None:
    ours = is_dutch_phone(number)
    if ours:
        assert _is_known(number)
    # The library lets in parts of the plan that nobody has, and more digits after 0800 than are given out.
    elif _is_known(number):
        assert number.startswith(("066", "14", "0800", "090")), number


@pytest.mark.parametrize("first", sorted(set(range(10, 100)) - {66, 80, 90}))
def test_no_area_of_the_library_is_missing(first: int) -> None:
    """Of all first digits but those of pagers and services, which are shorter or longer."""
    for third in range(10):
        number = f"0{first}{third}".ljust(10, "2")
        assert is_dutch_phone(number) is _is_known(number), number


def test_the_number_of_a_municipality_is_14_and_an_area_that_there_is() -> None:
    for area in range(10, 600):
        number = f"140{area}"
        if is_dutch_phone(number):
            assert _is_known(number)
            assert is_dutch_phone(f"0{area}".ljust(10, "2"))


def test_what_is_given_as_an_example_fits(tmp_path: Path) -> None:
    for check, words in FORMATS.values():
        example_ = re.search(r"such as (\S+(?: [*0-9]\S*)*)", words)
        if example_:
            assert check(example_[1].rstrip(",")), words
