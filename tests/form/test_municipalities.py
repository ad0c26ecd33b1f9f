"""The register: its table is sound, and a person finds a municipality under any name it has."""

from __future__ import annotations

import re
from collections import Counter

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from signalen_toolkit.form.municipalities import Municipality, by_code, fold, municipalities, named, pdok_filter, search

ALL = municipalities()
PROVINCES = {
    "Drenthe",
    "Flevoland",
    "Fryslân",
    "Gelderland",
    "Groningen",
    "Limburg",
    "Noord-Brabant",
    "Noord-Holland",
    "Overijssel",
    "Utrecht",
    "Zeeland",
    "Zuid-Holland",
}
LONG_NAMES = [municipality for municipality in ALL if len(municipality.name) >= 8]


def get(code: str) -> Municipality:
    municipality = by_code(code)
    assert municipality is not None
    return municipality


def test_the_register_is_complete() -> None:
    assert len(ALL) == 342
    assert {municipality.province for municipality in ALL} == PROVINCES
    assert all(re.fullmatch(r"GM\d{4}", municipality.code) for municipality in ALL)
    assert all(by_code(municipality.code) is municipality for municipality in ALL)


def test_the_register_is_sorted_by_name() -> None:
    names = [municipality.name for municipality in ALL]
    assert names[0] == "Aa en Hunze"
    assert names.index("Rucphen") < names.index("'s-Gravenhage") < names.index("Schagen")
    assert names.index("Stede Broec") < names.index("Súdwest-Fryslân") < names.index("Terneuzen")


@pytest.mark.parametrize("code", ["", "GM9999", "gm0796", "0796", "GM796", " GM0796"])
def test_a_code_is_accepted_only_as_it_is_written_officially(code: str) -> None:
    assert by_code(code) is None


def test_the_centre_is_within_the_bounds_and_the_bounds_are_within_the_netherlands() -> None:
    for municipality in ALL:
        assert 50.7 < municipality.south < municipality.latitude < municipality.north < 53.6, municipality
        assert 3.3 < municipality.west < municipality.longitude < municipality.east < 7.3, municipality


def test_every_municipality_has_a_size() -> None:
    sizes = Counter(municipality.size for municipality in ALL)
    assert sizes.keys() == {"small", "medium", "large"}
    assert sizes["small"] > sizes["medium"] > sizes["large"]


@pytest.mark.parametrize(
    ("code", "size"),
    [
        ("GM0060", "small"),  # Ameland
        ("GM0373", "small"),  # Bergen (NH.)
        ("GM0546", "medium"),  # Leiden
        ("GM1900", "medium"),  # Súdwest-Fryslân
        ("GM0193", "medium"),  # Zwolle
        ("GM0796", "large"),  # 's-Hertogenbosch
        ("GM0479", "large"),  # Zaanstad
        ("GM0363", "large"),  # Amsterdam
    ],
)
def test_the_size_is_that_of_the_number_of_inhabitants(code: str, size: str) -> None:
    assert get(code).size == size


def test_every_slug_is_a_dns_label_of_its_own() -> None:
    slugs = {municipality.slug for municipality in ALL}
    assert len(slugs) == len(ALL)
    assert all(re.fullmatch(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?", slug) for slug in slugs)


@pytest.mark.parametrize(
    ("code", "slug"),
    [
        ("GM0518", "s-gravenhage"),
        ("GM0796", "s-hertogenbosch"),
        ("GM0373", "bergen-nh"),
        ("GM0893", "bergen-l"),
        ("GM1900", "sudwest-fryslan"),
        ("GM0820", "nuenen-gerwen-en-nederwetten"),
        ("GM0531", "hendrik-ido-ambacht"),
    ],
)
def test_slugs(code: str, slug: str) -> None:
    assert get(code).slug == slug


def test_names_for_people() -> None:
    bergen = get("GM0373")
    assert bergen.plain_name == "Bergen"
    assert bergen.label == "Bergen (NH.), Noord-Holland, GM0373"
    assert get("GM0820").plain_name == "Nuenen, Gerwen en Nederwetten"
    twice = {name for name, times in Counter(m.plain_name for m in ALL).items() if times > 1}
    assert twice == {"Bergen"}


def test_every_name_and_alias_leads_to_its_municipality_and_no_other() -> None:
    for municipality in ALL:
        for name in (municipality.name, *municipality.aliases, municipality.slug):
            assert search(name)[0] == municipality
            for spelling in (name, name.upper(), f"Gemeente {name}", f"  {name} (gemeente)"):
                assert named(spelling) == (municipality,)
        assert municipality in named(municipality.plain_name)
        assert named(municipality.plain_name, municipality.province) == (municipality,)


def test_no_alias_repeats_a_name_of_its_municipality() -> None:
    for municipality in ALL:
        names = [fold(name) for name in (municipality.name, *municipality.aliases)]
        assert all(names)
        assert len(set(names)) == len(names)


def test_a_name_may_have_any_dash_space_and_accent() -> None:
    ambacht, sudwest = get("GM0531"), get("GM1900")
    assert named("Hendrik\u2013Ido\u00a0Ambacht") == named("hendrik ido-ambacht") == (ambacht,)
    assert named("Su\u0301dwest Frysla\u0302n") == named("SUDWEST-FRYSLAN") == (sudwest,)


def test_a_province_tells_namesakes_apart() -> None:
    assert [municipality.code for municipality in named("Bergen")] == ["GM0893", "GM0373"]
    assert named("bergen", "limburg") == (get("GM0893"),)
    assert named("Bergen", "Gelderland") == ()
    assert named("Ameland", "Friesland") == named("Ameland", "Fryslân") == (get("GM0060"),)


@pytest.mark.parametrize("name", ["", " ", "?", "gemeente", "Alphen", "Sneek", "Amsterdm"])
def test_what_is_not_a_name_of_a_municipality_is_not_named(name: str) -> None:
    assert named(name) == ()


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ("den bosch", "GM0796"),
        ("hertogenbos", "GM0796"),
        ("\u2019s hertogenbosch", "GM0796"),
        ("`s-hertogenbosch", "GM0796"),
        ("GM0796", "GM0796"),
        ("gm0796", "GM0796"),
        ("0796", "GM0796"),
        ("796", "GM0796"),
        ("s gravenhage", "GM0518"),
        ("sgravenhage", "GM0518"),
        ("DEN HAAG", "GM0518"),
        ("the hague", "GM0518"),
        ("sudwest", "GM1900"),
        ("zuidwest friesland", "GM1900"),
        ("utrehct", "GM0344"),
        ("tliburg", "GM0855"),
        ("gemeente amsterdam", "GM0363"),
        ("kaag & braassem", "GM1884"),
        ("stedebroec", "GM0532"),
        ("geleen sittard", "GM1883"),
        ("leidscendam", "GM1916"),
        ("bergen noord-holland", "GM0373"),
        ("bergen l", "GM0893"),
        ("hi ambacht", "GM0531"),
        ("nuenen", "GM0820"),
    ],
)
def test_a_query_finds_first(query: str, code: str) -> None:
    assert search(query)[0].code == code


def test_the_best_fit_comes_first() -> None:
    names = [municipality.name for municipality in search("bergen")]
    assert names[:3] == ["Bergen (L.)", "Bergen (NH.)", "Bergen op Zoom"]
    assert "Steenbergen" in names[3:]
    assert [municipality.name for municipality in search("utrecht")] == ["Utrecht", "Utrechtse Heuvelrug"]


def test_an_empty_query_finds_all_and_a_limit_holds() -> None:
    assert search("") == search("  ") == search("gemeente ") == list(ALL)
    assert search("", limit=5) == list(ALL[:5])
    assert len(search("bergen", limit=2)) == 2


@pytest.mark.parametrize("query", ["xqzvw", "?!", "9999", "GM9999", "parijs-dakar", "x" * 200, "日本"])
def test_nonsense_finds_nothing(query: str) -> None:
    assert search(query) == []


@given(st.text(max_size=200), st.text(max_size=20))
def test_no_text_breaks_a_search(query: str, province: str) -> None:
    assert set(search(query)) <= set(ALL)
    assert set(named(query, province)) <= set(ALL)


@given(st.sampled_from(LONG_NAMES), st.data())
def test_one_typing_error_is_forgiven(municipality: Municipality, data: st.DataObject) -> None:
    name = municipality.name
    place = data.draw(st.integers(0, len(name) - 2))
    assume(name[place].isalpha() and name[place + 1].isalpha())
    swapped = name[:place] + name[place + 1] + name[place] + name[place + 2 :]
    dropped = name[:place] + name[place + 1 :]
    assert municipality in search(swapped, limit=3)
    assert municipality in search(dropped, limit=3)


@pytest.mark.parametrize(
    ("code", "value"),
    [
        ("GM0363", "amsterdam"),
        ("GM0437", '"ouder-amstel"'),
        ("GM0796", '"\'s-hertogenbosch"'),
        ("GM0373", '"bergen (nh.)"'),
        ("GM1900", '"súdwest-fryslân"'),
        ("GM0820", '"nuenen, gerwen en nederwetten"'),
        ("GM0014", 'groningen -"midden-groningen"'),
        ("GM1952", '"midden-groningen"'),
    ],
)
def test_the_address_filter_of_the_frontend(code: str, value: str) -> None:
    assert get(code).pdok_filter == value


def finds(query: str, name: str) -> bool:
    """Do as Solr with a list of words and phrases: one has to match, and none with a minus may."""
    words = f" {fold(name)} "
    terms = re.findall(r'(-?)(?:"([^"]*)"|(\S+))', query)
    hits = {(minus, f" {fold(phrase or word)} " in words) for minus, phrase, word in terms}
    return ("", True) in hits and ("-", True) not in hits


def test_the_address_filters_find_one_municipality() -> None:
    for municipality in ALL:
        assert [m for m in ALL if finds(municipality.pdok_filter, m.name)] == [municipality]
        # the backend puts each part of the name between quotes of its own
        backend = " ".join(f'"{name.strip()}"' for name in municipality.name.split(","))
        others = {m.name for m in ALL if finds(backend, m.name)} - {municipality.name}
        assert others == ({"Midden-Groningen"} if municipality.name == "Groningen" else set())


def test_an_address_filter_of_several_municipalities_takes_all_of_them() -> None:
    assert pdok_filter(["Groningen", "Midden-Groningen"]) == 'groningen "midden-groningen"'
    assert pdok_filter(["Amsterdam", "Ouder-Amstel", "Weesp"]) == 'amsterdam "ouder-amstel" weesp'
    assert pdok_filter(['a" OR *:* "']) == '"a or *:* "'
