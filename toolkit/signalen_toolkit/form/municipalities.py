"""The register: the 342 Dutch municipalities (2023 and later), and how people find one.

The table is `data/municipalities.csv`. Codes, names, centres and bounds were compiled from the generalised
municipality boundaries of CBS and Kadaster (CC BY 4.0), with the mergers of 2022 and 2023 applied. The column
`aliases` (separated by `;`) holds other names of the municipality *itself*: in the other official language
(Ljouwert), in daily use (Den Bosch), or as Statistics Netherlands tells namesakes apart (Hengelo (O.)).
The name of a town inside a municipality is not an alias, because a form must never silently become that of
a neighbour.

The column `size` is the class of its number of inhabitants: `small` below 50,000, `large` from 150,000, `medium`
between them, after the figures of Statistics Netherlands for 1 January 2023; near a limit it may be off. It decides
what a new environment is given to run on, and no more.

Municipalities that no longer exist are in `data/merged-municipalities.csv`: since 2010, with the year from which they
were part of another, and the code of that one or of those. Their own code is left open where it is not certain.

Coordinates are degrees in WGS84 (EPSG:4326). Generalised boundaries lie a little inside or outside the real
ones, so leave a margin where a point outside the bounds is refused.
"""

from __future__ import annotations

import csv
import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache, lru_cache

from signalen_toolkit.base.paths import PACKAGE

# How alike (0 to 1, difflib's ratio) a misspelled query and a name must be: "utrehct" and "utrecht" are 0.86,
# "brussel" and "brunssum" 0.67.
_ALIKE = 0.75

# The misfit (see `_misfit`) of a query that stands somewhere inside a name: "bergen" in Steenbergen.
_INSIDE = 4


@dataclass(frozen=True, slots=True)
class Municipality:
    """One municipality: its CBS code, official name, province, size class, map centre, bounds and other names.

    All coordinates are degrees in WGS84 (EPSG:4326).
    """

    code: str
    name: str
    province: str
    size: str
    latitude: float
    longitude: float
    south: float
    west: float
    north: float
    east: float
    aliases: tuple[str, ...] = ()

    @property
    def slug(self) -> str:
        """The name as a DNS label (RFC 1123), unique in the register: `s-hertogenbosch`, `bergen-nh`."""
        return fold(self.name).replace(" ", "-")

    @property
    def plain_name(self) -> str:
        """The name as in the sentence "Gemeente Bergen", without the suffix that tells namesakes apart."""
        return re.sub(r" \([^()]*\)$", "", self.name)

    @property
    def label(self) -> str:
        """One line for a pick list: `Bergen (NH.), Noord-Holland, GM0373`."""
        return f"{self.name}, {self.province}, {self.code}"

    @property
    def pdok_filter(self) -> str:
        """The frontend's `map.municipality`, which limits address suggestions to this municipality.

        The frontend puts it unchanged into a Solr query of PDOK's address service, `gemeentenaam:(…)`, so it
        is in Solr's language. A name with more than letters is a phrase between double quotes: a bare `(`
        opens a group and a space separates alternatives. PDOK splits names into words, so `groningen` alone
        also finds addresses in Midden-Groningen (Signalen/frontend issue 167): longer names are excluded.
        """
        return pdok_filter((self.name,))


@cache
def municipalities() -> tuple[Municipality, ...]:
    """Return all municipalities, sorted by name without accents and punctuation: 's-Gravenhage under S."""
    with (PACKAGE / "data" / "municipalities.csv").open(encoding="utf-8", newline="") as file:
        rows = csv.reader(file)
        next(rows)
        found = [_municipality(row) for row in rows]
    return tuple(sorted(found, key=lambda municipality: fold(municipality.name)))


def by_code(code: str) -> Municipality | None:
    """Return the municipality with this CBS code, written exactly as CBS does (`GM0796`)."""
    return _codes().get(code)


def named(name: str, province: str = "") -> tuple[Municipality, ...]:
    """Return the municipalities whose official name, plain name or alias this is: one is unambiguous.

    Case, accents and punctuation do not count, nor does the word *gemeente*. Two for "Bergen", which a
    province tells apart.
    """
    wanted, place = _without_gemeente(fold(name)), _fold_province(province)
    return tuple(
        municipality
        for municipality, keys in _keys()
        if wanted in keys and (not place or place == _fold_province(municipality.province))
    )


def search(query: str, limit: int | None = None) -> list[Municipality]:
    """Find municipalities by (a part of) a name, an alias or a code, best first; an empty query finds all.

    Similar names count only where no name, and no word in one, starts with the query: a typing error is
    forgiven and a right query is not diluted. Without a limit, all that is found is given.
    """
    folded = fold(query)
    if not folded and query.strip():  # only punctuation or another script
        return []
    wanted = _without_gemeente(folded)
    if not wanted:
        return list(municipalities()[:limit])
    if code := re.fullmatch(r"(?:gm)? ?(\d{1,4})", wanted):
        municipality = by_code(f"GM{int(code[1]):04}")
        return [municipality][:limit] if municipality else []
    fitting, holding = _fitting(wanted)
    if not fitting:
        return list(dict.fromkeys(_similar(wanted) + holding))[:limit]
    return (fitting + holding)[:limit]


@lru_cache(maxsize=2048)
def fold(text: str) -> str:
    """Reduce a name to lower-case ASCII words with one space between: `'s-Gravenhage` → `s gravenhage`."""
    decomposed = unicodedata.normalize("NFKD", text.replace("&", " en ")).casefold()
    without_accents = re.sub(r"[\u0300-\u036f]+", "", decomposed)
    return re.sub(r"[^a-z0-9]+", " ", without_accents).strip()


def _municipality(row: list[str]) -> Municipality:
    code, name, province, size, latitude, longitude, south, west, north, east, aliases = row
    return Municipality(
        code,
        name,
        province,
        size,
        float(latitude),
        float(longitude),
        float(south),
        float(west),
        float(north),
        float(east),
        tuple(aliases.split(";")) if aliases else (),
    )


def _fitting(wanted: str) -> tuple[list[Municipality], list[Municipality]]:
    """Return the municipalities that a folded query fits, best first, and those with it inside a name."""
    ranked = sorted(
        (min(_misfit(wanted, key) for key in keys), position, municipality)
        for position, (municipality, keys) in enumerate(_keys())
    )
    fitting = [municipality for misfit, _, municipality in ranked if misfit < _INSIDE]
    holding = [municipality for misfit, _, municipality in ranked if misfit == _INSIDE]
    return fitting, holding


def _misfit(wanted: str, key: str) -> int:
    """Tell how badly a query fits a name, both folded: from 0, the whole name, to `_INSIDE` and beyond."""
    joined, joined_key = wanted.replace(" ", ""), key.replace(" ", "")
    if joined == joined_key:
        return 0
    if key.startswith(f"{wanted} "):
        return 1
    if key.startswith(wanted):
        return 2
    words = key.split()
    if all(any(word.startswith(part) for word in words) for part in wanted.split()):
        return 3
    return _INSIDE if len(joined) > 2 and joined in joined_key else _INSIDE + 1


def _similar(wanted: str) -> list[Municipality]:
    """Return the municipalities with a name, or a long word in a name, that resembles a folded query."""
    from difflib import SequenceMatcher  # only where a name is misspelt

    matcher = SequenceMatcher(autojunk=False)
    matcher.set_seq2(wanted.replace(" ", ""))
    ranked = []
    for position, (municipality, spellings) in enumerate(_spellings()):
        best = 0.0
        for spelling in spellings:
            matcher.set_seq1(spelling)
            least = max(best, _ALIKE)
            if matcher.real_quick_ratio() >= least and matcher.quick_ratio() >= least:
                best = max(best, matcher.ratio())
        if best >= _ALIKE:
            ranked.append((-best, position, municipality))
    return [municipality for _, _, municipality in sorted(ranked)]


@cache
def _spellings() -> tuple[tuple[Municipality, frozenset[str]], ...]:
    """Return every municipality with what a misspelled query is compared with.

    These are all its names, without spaces, and the words of its official name from six letters up; not those
    of its aliases, or "tliburg" would be nearest to all of Limburg.
    """
    return tuple(
        (
            municipality,
            frozenset(key.replace(" ", "") for key in keys)
            | {word for word in fold(municipality.name).split() if len(word) > 5},
        )
        for municipality, keys in _keys()
    )


@cache
def _codes() -> dict[str, Municipality]:
    return {municipality.code: municipality for municipality in municipalities()}


@cache
def _keys() -> tuple[tuple[Municipality, frozenset[str]], ...]:
    """Return every municipality with its folded names, in the order of the register."""
    return tuple(
        (
            municipality,
            frozenset(map(fold, (municipality.name, municipality.plain_name, *municipality.aliases))),
        )
        for municipality in municipalities()
    )


def _without_gemeente(folded: str) -> str:
    """Drop the word *gemeente* before a name, or after it as in "Utrecht (gemeente)"."""
    return re.sub(r"^gemeente\b ?| gemeente$", "", folded)


def _fold_province(province: str) -> str:
    """Fold the name of a province; Friesland is the Dutch name of Fryslân."""
    folded = fold(province)
    return "fryslan" if folded == "friesland" else folded


def pdok_filter(names: Sequence[str]) -> str:
    """Return `Municipality.pdok_filter` for several names together, of municipalities or of former ones."""
    excluded = dict.fromkeys(around for name in names for around in _names_around(name) if around not in names)
    return " ".join([*map(_solr, names), *(f"-{_solr(name)}" for name in excluded)])


def _solr(name: str) -> str:
    lower = name.lower().replace("\\", "").replace('"', "")
    return lower if lower.isalpha() else f'"{lower}"'


@cache
def _names_around(name: str) -> tuple[str, ...]:
    """Return the official names that contain all words of this one in a row, and more."""
    inner = f" {fold(name)} "
    return tuple(other.name for other in municipalities() if other.name != name and inner in f" {fold(other.name)} ")


def meant_by(text: str) -> tuple[Municipality, ...]:
    """Return the municipalities that a code, a name or a line of the pick list stands for; one is an answer."""
    if code := re.search(r"\b(?:GM)?([0-9]{4})$", text.strip(), re.IGNORECASE):
        found = by_code(f"GM{code[1]}")
        return (found,) if found else ()
    return named(text)


@dataclass(frozen=True, slots=True)
class Merged:
    """A municipality that is part of another now, or of several, and since which year."""

    name: str
    code: str
    year: int
    successors: tuple[Municipality, ...]

    @property
    def what(self) -> str:
        """What became of it, as a sentence."""
        names = [one.name for one in self.successors]
        into = names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"
        return f"'{self.name}' is part of {into} since {self.year}"

    @property
    def hint(self) -> str:
        """The code of what it is part of now."""
        return "write " + ", or ".join(f"{one.code} for {one.name}" for one in self.successors)


def merged(text: str) -> Merged | None:
    """Return the former municipality with this name or code; None where there is none."""
    wanted = _without_gemeente(fold(text))
    code = re.fullmatch(r"(?:gm)? ?(\d{4})", wanted)
    return _merged().get(f"GM{code[1]}" if code else wanted)


@cache
def _merged() -> dict[str, Merged]:
    """Return every former municipality by its folded name, and by its code where that is known."""
    with (PACKAGE / "data" / "merged-municipalities.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.reader(file))[1:]
    codes = _codes()
    all_ = [
        Merged(name, code, int(year), tuple(codes[one] for one in successors.split(";")))
        for name, code, year, successors in rows
    ]
    return {fold(one.name): one for one in all_} | {one.code: one for one in all_ if one.code}


def not_found(text: str) -> tuple[str, str]:
    """Say why a text does not name one municipality, and what to write instead."""
    found = meant_by(text)
    if not found and (former := merged(text)):
        return former.what, former.hint
    near = ", or ".join(f"{one.code} for {one.name}, {one.province}" for one in found or search(text, 3))
    what = "is the name of more than one municipality" if found else "is not a municipality in the register"
    return f"'{text}' {what}", f"write {near}" if near else "write its CBS code, such as GM0796"
