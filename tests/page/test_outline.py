"""Pages, steps and the search follow from the schema."""

from __future__ import annotations

import pytest
from signalen_toolkit.form.schema import form_schema, resolve, settings
from signalen_toolkit.page.asking import outline
from signalen_toolkit.page.asking.kinds import FieldKind, kind_of
from signalen_toolkit.page.asking.places import identifier, pointer
from signalen_toolkit.schema import lookup


def test_every_setting_is_on_one_page_of_the_whole_and_one_of_an_environment() -> None:
    for path, _ in settings(items=True):
        place = tuple(0 if one == "[]" else "acceptance" if one == "*" else one for one in path)
        if place[0] == "apiVersion" or place == ("environments",):
            continue
        if place[0] == "environments":
            assert outline.part_of(place) is not None, place
            continue
        assert sum(part.holds(place) for part in outline.parts()) == 1, place
        own = ("environments", "acceptance", *place)
        in_own = sum(part.holds(own) for part in outline.parts("acceptance"))
        assert in_own == (0 if place[0] in ("municipality", "toolkit", "ignore") else 1), place


def test_an_address_leads_back_to_its_page() -> None:
    for environment in ("", "acceptance"):
        for part in outline.parts(environment):
            assert outline.part(part.key, environment) == part
            for place, _ in part.settings:
                assert outline.part_of(place) == part


def test_what_a_setting_goes_with_is_a_choice_beside_it() -> None:
    found = 0
    for path, schema in settings(items=True):
        beside = lookup.at(form_schema(), tuple(0 if one == "[]" else one for one in path[:-1])).get("properties", {})
        for key, values in schema.get("x-when", {}).items():
            found += 1
            other = resolve(beside[key])
            assert values, path
            assert set(values) <= set(other.get("enum", (True, False))), path
            assert kind_of(other) in (FieldKind.SWITCH, FieldKind.RADIOS), path
    assert found > 40


def test_every_question_of_a_new_form_is_on_a_step() -> None:
    asked = {place for step in outline.steps("acceptance") for place, _ in step.settings}
    for path, schema in settings():
        if "x-question" in schema:
            assert tuple("acceptance" if one == "*" else one for one in path) in asked
    assert [step.name for step in outline.steps("acceptance")] == list(outline.STEPS)
    assert all(step.settings for step in outline.steps("acceptance"))


def test_what_is_for_a_component_comes_after_its_switch() -> None:
    (step,) = [one for one in outline.steps("acceptance") if one.name == "sign-in"]
    places = [place for place, _ in step.settings]
    assert places.index(("components", "dex", "enabled")) + 1 == places.index(("dex", "connectors"))


@pytest.mark.parametrize(
    ("query", "place"),
    [
        ("telefoon", ("contact", "phone")),
        ("telephone", ("contact", "phone")),
        ("openingstijden", ("contact", "openingHours")),
        ("opening hours", ("contact", "openingHours")),
        ("primaire kleur", ("branding", "colors", "primary")),
        ("smtp", ("email", "smtp")),
        ("domein", ("environments", "*", "domain")),
    ],
)
def test_a_setting_is_found_by_its_words(query: str, place: tuple[str, ...]) -> None:
    assert place in [hit.place for hit in outline.search(query)][:6]


def test_nothing_is_found_by_nothing() -> None:
    assert outline.search("") == outline.search("  ") == outline.search("xyzzyq") == []
    assert outline.search("<script>alert(1)</script>") == []


def test_names_and_ids_are_of_one_place_each() -> None:
    places = [tuple(0 if one == "[]" else one for one in path) for path, _ in settings(items=True)] + [
        ("a/b",),
        ("a~b",),
        ("a", "b"),
        ("a-b",),
        ("a b",),
        ("a.b",),
        ("é",),
    ]
    assert len({pointer(place) for place in places}) == len(set(places))
    assert len({identifier(place) for place in places}) == len(set(places))
    assert pointer(("a/b", "c~d", 0)) == "/a~1b/c~0d/0"
