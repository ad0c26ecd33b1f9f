"""Every rule on an example with the mistake and on its neighbour without, and all rules on whatever one can write."""

from __future__ import annotations

import copy
import json
import re
import shutil
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from signalen_toolkit.catalog.load import catalog
from signalen_toolkit.diagnostics.problems import MOST, TOO_MANY, Problem, Severity, has_errors
from signalen_toolkit.documents import reader
from signalen_toolkit.documents.nodes import MOST_VALUES
from signalen_toolkit.documents.reader import LARGEST, parse, read
from signalen_toolkit.form import schema as formschema
from signalen_toolkit.form.images import PNG
from signalen_toolkit.validation.check import check, check_file, reasons
from signalen_toolkit.validation.rules import rules
from signalen_toolkit.validation.rules.access.secrets import hide
from signalen_toolkit.validation.rules.platform.rendered import JUMPS
from signalen_toolkit.validation.rules.site.colors import contrast_with_white, rgb

from tests.conftest import FORMS, REPOSITORY

BAD, GOOD = FORMS / "bad", FORMS / "good"
BAD_FORMS, GOOD_FORMS = sorted(BAD.glob("*.yaml")), sorted(GOOD.glob("*.yaml"))
NAMES = (
    "Argo CD ",
    "Dex ",
    "Flux ",
    "Grafana ",
    "Helm ",
    "Kubernetes ",
    "Loki ",
    "Signalen ",
)  # with a capital anywhere
# Files that are too large to keep are made in a test below; no schema of ours has what `not-allowed` reports. What is
# compared with a rendered tree is in test_rendered.py, where a form lies in tests/repository/test_below.py, and
# the layers below one in tests/fleet.
MADE = {
    "file-too-large",
    "fleet-layer",
    "fleet-municipality",
    "image-too-large",
    "images-too-large",
    "not-allowed",
    "repository-path",
    "too-many-problems",
    "too-many-values",
    *JUMPS,
}


def name(path: Path) -> str:
    return path.stem


def problems_of(path: Path) -> list[Problem]:
    return check_file(path, catalog(), name=path.name)[1]


def rule_of(path: Path) -> str:
    """Return the rule that an example is of: its name, or its name up to a `-`."""
    return max((id_ for id_ in reasons() if f"{path.stem}-".startswith(f"{id_}-")), key=len, default="")


@pytest.mark.parametrize("path", BAD_FORMS, ids=name)
def test_an_example_with_a_mistake_has_just_the_problems_expected(path: Path) -> None:
    found = [f"{one.rule} {one.severity} {one.line}:{one.column}" for one in problems_of(path)]
    assert found == path.with_suffix(".expected").read_text(encoding="utf-8").splitlines()


@pytest.mark.parametrize("path", BAD_FORMS, ids=name)
def test_an_example_with_a_mistake_has_one_problem_of_its_own_rule(path: Path) -> None:
    assert [one.rule for one in problems_of(path)] == [rule_of(path)]


@pytest.mark.parametrize("path", BAD_FORMS, ids=name)
def test_a_problem_is_put_into_words_of_the_house(path: Path) -> None:
    for one in problems_of(path):
        for text in (one.message, one.hint):
            assert "is not valid under any of the given schemas" not in text
            assert not text.endswith(".")
            assert text == text.strip()
        first = one.message[0]
        assert not first.isupper() or one.message.startswith(("GM", *NAMES))
        lines = one.source
        assert 1 <= one.column <= one.end_column <= len(lines) + 2


@pytest.mark.parametrize("path", GOOD_FORMS, ids=name)
def test_the_neighbour_without_the_mistake_is_right(path: Path) -> None:
    found = problems_of(path)
    assert not has_errors(found)
    assert rule_of(path) not in {one.rule for one in found}


def test_every_rule_has_its_examples() -> None:
    assert {rule_of(path) for path in BAD_FORMS} | MADE == set(reasons())
    assert {path.stem for path in GOOD_FORMS} >= set(rules()) - MADE
    assert {path.with_suffix("").name for path in BAD.glob("*.expected")} == {path.stem for path in BAD_FORMS}


def test_every_rule_has_a_reason_and_says_what_it_reports() -> None:
    for id_, rule in rules().items():
        assert rule.id == id_
        assert rule.reason[0].islower() or rule.reason.startswith(NAMES)
        assert not rule.reason.endswith(".")
        assert (rule.check.__doc__ or "").startswith(("Reports ", "Warns "))


@pytest.mark.parametrize(
    ("more", "rule"),
    [
        ("".join(f"key{number}: 1\n" for number in range(MOST + 1)), "unknown-key"),
        ("a: 1\n" * (MOST + 2), "duplicate-key"),
        ("branding: {css: 'a'}\nx: [" + "!b c, " * (MOST + 1) + "]\n", "unsupported-tag"),
        (
            f"overrides: {{backend: {{{', '.join(f'x{number}: 1' for number in range(MOST + 1))}}}}}\n",
            "unknown-override",
        ),
    ],
)
def test_of_many_problems_the_first_are_told(more: str, rule: str) -> None:
    text = (FORMS / "minimal.yaml").read_text(encoding="utf-8") + more
    found = check(reader.parse(text, "municipality.yaml"), catalog(), BAD)[1]
    told = [one.rule for one in found]
    assert told.count(rule) == MOST
    assert told.count(TOO_MANY) == 1
    assert has_errors(one for one in found if one.rule == TOO_MANY)


def test_as_many_as_are_told_are_no_more() -> None:
    text = (FORMS / "minimal.yaml").read_text(encoding="utf-8") + "".join(f"key{one}: 1\n" for one in range(MOST))
    found = [one.rule for one in check(reader.parse(text, "municipality.yaml"), catalog(), BAD)[1]]
    assert found.count("unknown-key") == MOST
    assert TOO_MANY not in found


def test_a_file_with_thousands_of_values_is_not_read_to_its_end() -> None:
    document = reader.parse("a:\n" + "- 1\n" * MOST_VALUES, "municipality.yaml")
    assert document.data is None
    assert [(one.rule, one.line) for one in document.problems] == [("too-many-values", MOST_VALUES + 1)]


def test_a_file_over_1_mib_is_not_read() -> None:
    text = (GOOD / "flux-manual.yaml").read_bytes()
    parsed = parse(text + b"#" * (LARGEST + 1 - len(text)), "municipality.yaml")
    assert [one.rule for one in check(parsed, catalog(), GOOD)[1]] == ["file-too-large"]
    assert not parse(text + b"#" * (LARGEST - len(text)), "municipality.yaml").problems


def repository(folder: Path, **sizes: int) -> Path:
    """Make a repository whose images are filled up to a size in KiB."""
    shutil.copytree(GOOD / "assets", folder / "assets")
    form = folder / "municipality.yaml"
    shutil.copy(GOOD / "image-too-large.yaml", form)
    for stem, size in sizes.items():
        path = folder / "assets" / f"{stem.replace('_', '-')}.png"
        path.write_bytes(path.read_bytes().ljust(size * 1024, b"\0"))
    return form


@pytest.mark.parametrize(
    ("sizes", "expected"),
    [
        ({"favicon": 512}, []),
        ({"favicon": 513}, ["image-too-large"]),
        ({"favicon": 500, "icon_180": 500}, []),
        ({"favicon": 500, "icon_180": 500, "icon_192": 30}, ["images-too-large"]),
    ],
)
def test_images_have_a_largest_size(tmp_path: Path, sizes: dict[str, int], expected: list[str]) -> None:
    assert [one.rule for one in problems_of(repository(tmp_path, **sizes))] == expected


def test_a_rule_about_a_setting_at_the_top_reports_it_once_for_all_environments() -> None:
    text = (BAD / "dollar-pattern.yaml").read_text(encoding="utf-8")
    for id_ in range(3):
        text += f"  test{id_}:\n    domain: s-hertogenbosch-{id_}.signalen.dev\n    version: 4.22.0\n"
    assert len(check(parse(text, "f"), catalog(), BAD)[1]) == 1


# --- secrets


def form_with(extra: str) -> str:
    return (GOOD / "flux-manual.yaml").read_text(encoding="utf-8") + extra


@pytest.mark.parametrize("path", sorted(BAD.glob("plain-secret*.yaml")), ids=name)
def test_a_secret_is_repeated_nowhere(path: Path) -> None:
    secrets = ("hunter2", "geheim123", "Zm9vYmFy", "AKIAIOSFODNN7", "eyJ", "MIIEv", "wJalr")
    written = path.read_text(encoding="utf-8")
    assert any(secret in written for secret in secrets)
    for one in problems_of(path):
        assert not any(secret in text for secret in secrets for text in (one.message, one.hint, one.source))


def test_secrets_are_hidden_from_the_problems_of_other_rules_too() -> None:
    text = form_with(
        "overrides:\n  backend: {nonsense: 1, settings: {secretKey: geheim123, email: {password: zomer}}}\n"
    )
    source = parse(text, "f")
    found = list(hide(source, check(source, catalog(), GOOD)[1]))
    assert {one.rule for one in found} >= {"plain-secret", "unknown-override"}
    assert not any("geheim" in one.source or "zomer" in one.source for one in found)
    assert all("nonsense" in one.source for one in found if one.rule == "unknown-override")


@pytest.mark.parametrize(
    "line",
    [
        "backend: {existingSecret: geheimen}",
        "backend: {env: {EMAIL_HOST_PASSWORD: ''}}",
        "backend: {envVars: [{name: A_TOKEN, valueFrom: {secretKeyRef: {name: a, key: token}}}]}",
        "backend: {envVars: [{name: A_TOKEN, value: $(OTHER_TOKEN)}]}",
        "backend: {envVars: [{name: A_URL, value: 'amqp://user:$(PASSWORD)@rabbitmq/'}]}",
        "backend: {rabbitmq: {auth: {existingPasswordSecret: geheimen}}}",
        "frontend: {ingress: {tls: [{secretName: token, hosts: []}]}}",
        "frontend: {config: {azure: {connectionString: InstrumentationKey=0000-1111}}}",
        "frontend: {config: {oidc: {responseType: token}}}",
    ],
)
def test_the_name_of_a_secret_is_none(line: str) -> None:
    found = check(parse(form_with(f"overrides:\n  {line}\n"), "f"), catalog(), GOOD)[1]
    assert "plain-secret" not in {one.rule for one in found}


@pytest.mark.parametrize(
    ("setting", "where"),
    [
        ("dex: {connectors: [{type: ldap, bindPW: geheim123}]}", "LDAP_BIND_PASSWORD"),
        ("dex: {connectors: [{type: microsoft, clientSecret: geheim123}]}", "MICROSOFT_CLIENT_SECRET"),
        ("dex: {connectors: [{type: oidc, clientSecret: geheim123}]}", "OIDC_CLIENT_SECRET"),
        ("dex: {testUser: {hash: $2y$10$01234567890123456789012345678901234567890123456geheim}}", "TEST_USER_HASH"),
        ("notifications: {teams: https://gemeente.webhook.office.com/webhookb2/geheim}", "a Secret"),
        ("notifications: {slack: {webhook: https://hooks.slack.com/services/T0/B0/geheim}}", "SLACK_WEBHOOK"),
    ],
)
def test_a_secret_of_the_platform_is_sent_to_its_secret_and_shown_nowhere(setting: str, where: str) -> None:
    found = check(parse(form_with(f"{setting}\n"), "f"), catalog(), GOOD)[1]
    (secret,) = [one for one in found if one.rule == "plain-secret"]
    assert where in secret.hint
    assert not any("geheim" in text for one in found for text in (one.message, one.hint, one.source))


# --- one rule at a time


def test_contrast_is_that_of_wcag() -> None:
    assert contrast_with_white(rgb("#000")) == pytest.approx(21)
    assert contrast_with_white(rgb("#fff")) == pytest.approx(1)
    assert contrast_with_white(rgb("#767676")) == pytest.approx(4.54, abs=0.005)
    assert contrast_with_white(rgb("#777777")) == pytest.approx(4.48, abs=0.005)


@given(st.from_regex(r"#([0-9A-Fa-f]{3}|[0-9A-Fa-f]{6})", fullmatch=True))
def test_the_colour_that_is_suggested_will_do(color: str) -> None:
    text = form_with(f'branding:\n  colors:\n    primary: "{color}"\n    primaryDark: "#000000"\n')
    for one in check(parse(text, "f"), catalog(), GOOD)[1]:
        if one.rule == "color-contrast":
            assert contrast_with_white(rgb(color)) < 4.5 <= contrast_with_white(rgb(one.hint.rpartition(" ")[2]))


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("$", False),
        ("$ 5", False),
        ("$0", False),
        ("US$", False),
        ("$a", False),
        ("$1", True),
        ("$01", True),
        ("$99", True),
        ("$<naam>", True),
        ("$`", True),
        ("$'", True),
    ],
)
def test_only_what_javascript_expands_is_a_dollar_pattern(text: str, found: bool) -> None:
    form = form_with(f"branding:\n  alert: {json.dumps(text)}\n")
    rules_found = {one.rule for one in check(parse(form, "f"), catalog(), GOOD)[1]}
    assert ("dollar-pattern" in rules_found) is found


def test_names_that_only_contain_amsterdam_are_no_copies() -> None:
    links = "links: {home: 'https://www.ouder-amsterdam.nl', help: 'https://www.amsterdam.nl.example.org'}\n"
    found = check(parse(form_with(links), "f"), catalog(), GOOD)[1]
    assert "other-municipality" not in {one.rule for one in found}


def test_amsterdam_may_have_the_settings_of_amsterdam() -> None:
    found = check(read(FORMS / "amsterdam.yaml"), catalog(), GOOD)[1]
    assert "other-municipality" not in {one.rule for one in found}


def test_a_production_environment_outranks_none() -> None:
    form = (BAD / "development-sign-in.yaml").read_text(encoding="utf-8")
    assert "development-sign-in" in {one.rule for one in check(parse(form, "f"), catalog(), BAD)[1]}
    other = form.replace("production:\n", "production:\n    production: false\n")
    assert "development-sign-in" not in {one.rule for one in check(parse(other, "f"), catalog(), BAD)[1]}


def test_a_pointer_of_git_lfs_is_recognised(tmp_path: Path) -> None:
    form = repository(tmp_path)
    (tmp_path / "assets" / "favicon.png").write_text("version https://git-lfs.github.com/spec/v1\n", encoding="utf-8")
    (found,) = problems_of(form)
    assert found.rule == "not-an-image"
    assert "Git LFS" in found.hint


def test_the_flux_that_is_installed_is_the_one_whose_needs_are_known() -> None:
    script = REPOSITORY / "bootstrap" / "cluster.sh"
    # Flux 2.9 is made for Kubernetes 1.34 and later, and each next minor version for one later.
    found = re.search(r"^FLUX_VERSION=v2\.([0-9]+)\.", script.read_text(encoding="utf-8"), re.MULTILINE)
    assert found
    assert f"1.{int(found[1]) + 25}" == catalog().deliveries["flux"].kubernetes


def test_an_override_is_checked_against_the_version_of_each_environment() -> None:
    text = (BAD / "override-needs-version-two.yaml").read_text(encoding="utf-8")
    (found,) = check(parse(text, "f"), catalog(), BAD)[1]
    assert "'acceptance' has 4.19.0" in found.message
    assert check(parse(text.replace("4.19.0", "4.20.0"), "f"), catalog(), BAD)[1] == []


# --- whatever one can write

KINDS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(2**40), 2**40),
    st.floats(allow_nan=False, allow_infinity=False, width=32),
    st.text(max_size=20),
    st.sampled_from(["$1", "</script>", "http://localhost", "https://[", "GM9999", "Bergen", "4.99.0", "*", "#fff"]),
)
VALUES = st.recursive(
    KINDS,
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["enabled", "host", "name", "value", "x", "a.b"]), inner, max_size=3)
    ),
    max_leaves=6,
)


def places(value: Any, place: tuple[str | int, ...] = ()) -> list[tuple[str | int, ...]]:
    children = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [place, *(found for key, child in children for found in places(child, (*place, key)))]


def everything() -> dict[str, Any]:
    """Return a form with every setting."""
    data: dict[str, Any] = read(FORMS / "everything.yaml").data
    return data


PLACES = places(everything())[1:]


@st.composite
def mutated(draw: st.DrawFn) -> dict[str, Any]:
    """Draw a full form with some keys deleted, and some values replaced by whatever else."""
    form = copy.deepcopy(everything())
    for place in draw(st.lists(st.sampled_from(PLACES), min_size=1, max_size=4)):
        owner: Any = form
        for part in place[:-1]:
            fits = isinstance(owner, dict) and part in owner
            fits = fits or (isinstance(owner, list) and isinstance(part, int) and part < len(owner))
            owner = owner[part] if fits else None
        last = place[-1]
        in_list = isinstance(owner, list) and isinstance(last, int) and last < len(owner)
        if isinstance(owner, dict) and draw(st.booleans()):
            owner.pop(last, None)
        elif isinstance(owner, dict) or in_list:
            owner[last] = draw(VALUES)
    return form


@pytest.mark.slow
@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(mutated())
def test_no_form_makes_a_rule_raise(form: dict[str, Any]) -> None:
    text = json.dumps(form, indent=1)  # JSON is YAML
    source = parse(text, "municipality.yaml")
    lines = source.source.lines
    for one in check(source, catalog(), GOOD)[1]:
        assert 1 <= one.line <= len(lines)
        assert 1 <= one.column <= len(lines[one.line - 1]) + 1
        assert one.column < one.end_column


@settings(max_examples=50, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(mutated())
def test_a_form_is_not_changed_by_checking_it(form: dict[str, Any]) -> None:
    source = parse(json.dumps(form), "municipality.yaml")
    before = copy.deepcopy(source.data)
    check(source, catalog(), GOOD)
    assert source.data == before


@pytest.mark.parametrize("section", sorted({*formschema.form_schema()["properties"], "domain", "hosts", "production"}))
@pytest.mark.parametrize("value", [None, [], "", 1, True, {"x": {"y": 1}}, [[1]]], ids=str)
def test_no_section_of_another_kind_makes_a_rule_raise(section: str, value: Any) -> None:
    for inside in (False, True):  # some sections stand only at the top, some only in an environment
        form: dict[str, Any] = read(GOOD / "plain-secret.yaml").data
        (form["environments"]["acceptance"] if inside else form)[section] = value
        check(parse(json.dumps(form), "f"), catalog(), GOOD)


@settings(max_examples=100, deadline=None)
@given(st.binary(max_size=200))
def test_no_image_makes_a_rule_raise(data: bytes) -> None:
    config, _ = check(read(GOOD / "svg-unsafe.yaml"), catalog(), GOOD)
    from signalen_toolkit.form.config import build
    from signalen_toolkit.form.model import Form

    source = reader.read(GOOD / "svg-unsafe.yaml")
    for image in (data, PNG + data, b"<svg " + data + b"/>"):
        form = Form(source, build(source.data, catalog(), dict.fromkeys(config.assets, image)), catalog())
        for rule in rules().values():
            assert all(isinstance(one.severity, Severity) for one in rule.check(form))
