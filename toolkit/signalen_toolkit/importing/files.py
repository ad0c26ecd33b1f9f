"""What a municipality runs today: the files that it has, as the values that each chart really gets.

An `app.json` counts as what the image makes of it: laid over the image's own configuration, as lodash's `merge` does.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final, NoReturn

from signalen_toolkit.catalog.model import Component
from signalen_toolkit.diagnostics.problems import Problem, ProblemsError, Severity
from signalen_toolkit.documents import reader, unseen
from signalen_toolkit.documents.data import Place
from signalen_toolkit.documents.reader import Document
from signalen_toolkit.importing import kinds, spellings

# Texts first, so that a word within one is passed over.
_JSON_WORD: Final = re.compile(r'"(?:\\.|[^"\\])*"|(-?Infinity|NaN)')


@dataclass(frozen=True, slots=True)
class ImportedFile:
    """What a file says of a component: `above` is where that stands in the values of its chart.

    `remarks` is what had to be left out when it was read.
    """

    component: str
    document: Document
    above: Place = ()
    remarks: tuple[Problem, ...] = ()

    def place(self, place: Place) -> Place | None:
        """Return where a place in the values stands in this file; None where it cannot."""
        return place[len(self.above) :] if place[: len(self.above)] == self.above else None


def read_values(path: Path, component: Component) -> ImportedFile:
    """Read a file with Helm values, bare or within an object of Kubernetes.

    Raises ProblemsError for a file of another kind, or UsageError where there is no such file.
    """
    read = kinds.inner(kinds.readable(reader.read(path)), component)
    told = [replace(one, severity=Severity.WARNING, hint="it is read as it looks") for one in read.problems]
    return _imported(replace(read, problems=()), component, tuple(told))


def read_config(path: Path, component: Component) -> ImportedFile:
    """Read the application's own configuration, `app.json`. Raises as `read_values` does."""
    read = reader.read(path)
    if not read.text.lstrip().startswith("{"):
        return read_values(path, component)
    try:
        data = json.loads(read.text, parse_constant=_refuse)
    except (ValueError, RecursionError) as error:
        raise ProblemsError([_json_problem(read, error)]) from error
    # JSON is YAML but for the tabs, and YAML has the positions; the data are as JSON reads them.
    positions = reader.parse(read.text.replace("\t", " "), read.file) if "\t" in read.text else read
    # What is not seen in it will be: in a form it stands as an escape.
    found = [problem for problem in positions.problems if problem.rule != unseen.RULE]
    twice = [problem for problem in found if problem.rule == "duplicate-key"]
    if positions.data is None or len(twice) < len(found):
        raise ProblemsError(found or positions.problems)
    # JSON permits it, and real configurations have it.
    told = [replace(one, severity=Severity.WARNING, hint="the last one counts, as for the site") for one in twice]
    return _imported(kinds.inner(replace(positions, data=data, problems=()), component), component, tuple(told))


def _imported(document: Document, component: Component, told: tuple[Problem, ...]) -> ImportedFile:
    document, encrypted = kinds.without_ciphertext(document)
    told += encrypted
    own = component.application_config
    above: Place = ()
    if own is not None and kinds.is_config(document, component):
        above = (own.values,)
    else:
        kinds.check_kind(document, component)
    if own is not None:
        document, moved = spellings.modern(document, () if above else (own.values,))
        told += moved
    return ImportedFile(component.name, document, above, told)


def _json_problem(read: Document, error: Exception) -> Problem:
    if isinstance(error, RecursionError):
        return Problem("too-deep", "this is nested too deeply", read.file)
    if isinstance(error, json.JSONDecodeError):
        return read.source.problem("json-syntax", f"this is not JSON: {_lower(error.msg)}", error.pos)
    word = str(error)
    at = next((found.start(1) for found in _JSON_WORD.finditer(read.text) if found[1] == word), 0)
    message = f"{word} is no number to Helm and the site"
    return read.source.problem("unusable-number", message, at, at + len(word), hint="write the number that is meant")


def _refuse(word: str) -> NoReturn:
    """Refuse NaN and Infinity, which Python reads although they are no JSON."""
    raise ValueError(word)


def given_values(sources: list[ImportedFile]) -> dict[str, dict[str, Any]]:
    """Return what the files say, by component; a later file goes before an earlier one."""
    found: dict[str, dict[str, Any]] = {}
    for source in sources:
        data = source.document.data
        for key in reversed(source.above):
            data = {key: data}
        found[source.component] = lodash(found.get(source.component, {}), data)
    return found


def lodash(below: Any, over: Any) -> Any:
    """Lay data over other data as JavaScript's lodash does: maps by key, lists by index. Neither is changed."""
    if isinstance(over, Mapping):
        merged = dict(below) if isinstance(below, Mapping) else {}
        merged.update({key: lodash(merged.get(key), value) for key, value in over.items()})
        return merged
    if isinstance(over, list):
        first = below if isinstance(below, list) else []
        return [lodash(first[index] if index < len(first) else None, value) for index, value in enumerate(over)] + [
            *first[len(over) :]
        ]
    return over


def difference(wanted: Mapping[str, Any], now: Mapping[str, Any]) -> dict[str, Any]:
    """Return what has to be laid over `now` so that it says all that is wanted; what it says beside that may stay."""
    found: dict[str, Any] = {}
    for key, value in wanted.items():
        have = now.get(key)
        if isinstance(value, Mapping) and isinstance(have, Mapping):
            if inner := difference(value, have):
                found[key] = inner
        elif key not in now or not same(_joined(value, have), have):
            found[key] = _joined(value, have)
    return found


def same(one: Any, other: Any) -> bool:
    """Tell whether two values are the same to a chart: a text `"5432"` is the number, in another coat."""
    if isinstance(one, Mapping) and isinstance(other, Mapping):
        return one.keys() == other.keys() and all(same(value, other[key]) for key, value in one.items())
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(same, one, other))
    if isinstance(one, Mapping | list) or isinstance(other, Mapping | list):
        return False
    return _text(one) == _text(other) and (one is None) == (other is None)


def leaves(data: Any, place: Place = ()) -> Iterator[tuple[Place, Any]]:
    """Yield every value that is no map, and every empty map, with its place."""
    if isinstance(data, Mapping) and data:
        for key, child in data.items():
            yield from leaves(child, (*place, key))
    else:
        yield place, data


def _joined(value: Any, have: Any) -> Any:
    """Add what we have in a list of named items (variables, volumes) to such a list of theirs."""
    if not (isinstance(value, list) and isinstance(have, list)):
        return value
    if not is_named([*value, *have]):
        return value
    names = {item["name"] for item in value}
    return have if all(item in have for item in value) else [*value, *(one for one in have if one["name"] not in names)]


def is_named(items: list[Any]) -> bool:
    """Tell whether each item of a list has a name, such as a variable or a volume."""
    return all(isinstance(item, Mapping) and isinstance(item.get("name"), str) for item in items)


def _text(value: Any) -> str:
    if isinstance(value, bool) or value is None:
        return str(value).lower()
    if isinstance(value, float) and value.is_integer() and abs(value) < 1e15:
        return str(int(value))
    text = str(value)
    return text.lower() if text.lower() in ("true", "false") else text


def _lower(words: str) -> str:
    return words[:1].lower() + words[1:]
