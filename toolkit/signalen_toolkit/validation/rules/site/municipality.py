"""The municipality: whether code, name and province are those of one that exists."""

from __future__ import annotations

import re
from collections.abc import Iterator
from difflib import SequenceMatcher

from signalen_toolkit.diagnostics.problems import Problem, Severity
from signalen_toolkit.documents.data import at
from signalen_toolkit.form import municipalities
from signalen_toolkit.form.model import Form
from signalen_toolkit.form.municipalities import Municipality
from signalen_toolkit.validation.rules import rule

_ALIKE = 0.8  # how alike (0 to 1) two names are of which one is a misspelling of the other
_NEWER = "for a municipality that is newer than the register, give map.center and map.bounds too"


@rule("unknown-municipality", "from the municipality follow its map, its addresses and its name on every page")
def unknown_municipality(form: Form) -> Iterator[Problem]:
    """Reports a municipality that the register does not have, or of which there is more than one.

    One that is newer than the register is allowed, with a warning, where name, map.center and map.bounds are given.
    """
    code, name, province = (_given(form, key) for key in ("code", "name", "province"))
    if code:
        if re.fullmatch(r"GM[0-9]{4}", code) and municipalities.by_code(code) is None:
            former = municipalities.merged(code)
            message = former.what if former else f"there is no municipality {code} in the register"
            near = former.hint if former else _by_name(name, province)
            yield _outside(form, "code", message, near, complete=bool(name) and former is None)
        return
    if not name or len(found := municipalities.named(name, province)) == 1:
        return
    if found:
        labels = [f"{one.code} ({one.name}, {one.province})" for one in found]
        message = f"there is more than one municipality '{name}': {' and '.join(labels)}"
        hint = f"write the code: code: {found[0].code}, or code: {found[1].code}"
        yield _problem(form, "unknown-municipality", message, "name", hint)
    elif elsewhere := municipalities.named(name):
        lies = " and ".join(f"{one.province} ({one.code})" for one in elsewhere)
        message = f"municipality '{name}' is not in {province} but in {lies}"
        yield _problem(form, "unknown-municipality", message, "province", "correct the province, or write the code")
    elif former := municipalities.merged(name):
        yield _problem(form, "unknown-municipality", former.what, "name", f"{former.hint}, as 'municipality.code'")
    else:
        yield _outside(form, "name", f"there is no municipality '{name}' in the register", _near(name), complete=True)


@rule("municipality-mismatch", "one municipality's map under the name of another misleads every reporter")
def municipality_mismatch(form: Form) -> Iterator[Problem]:
    """Reports a province or a name that belongs to another municipality than the code."""
    name, province = _given(form, "name"), _given(form, "province")
    own = municipalities.by_code(_given(form, "code"))
    if own is None:
        return
    if province and own not in municipalities.named(own.name, province):
        message = f"{own.code} is {own.name} in {own.province}, not in {province}"
        yield _problem(
            form, "municipality-mismatch", message, "province", "correct the code, or leave the province out"
        )
    others = municipalities.named(name)
    if name and others and own not in others:
        other = others[0]
        message = f"'{name}' is municipality {other.code}, and {own.code} is {own.name}"
        hint = f"correct the code, or leave the name out; {other.code} is the code of {other.name}"
        yield _problem(form, "municipality-mismatch", message, "name", hint)
    elif not others and (former := municipalities.merged(name)) and own not in former.successors:
        hint = f"correct the code, or leave the name out; {former.hint}"
        message = f"{former.what}, and {own.code} is {own.name}"
        yield _problem(form, "municipality-mismatch", message, "name", hint)


@rule("unknown-neighbour", "with a misspelled name no address in that municipality is found")
def unknown_neighbour(form: Form) -> Iterator[Problem]:
    """Warns of a name in map.municipalities that the register does not have and that resembles one it has."""
    for environment in form.config.environments:
        for index, name in enumerate(environment.settings["map"].get("municipalities", ())):
            if municipalities.named(name) or municipalities.merged(name):
                continue  # addresses of a former one are found under the other's name; its own does no harm
            if near := _near(name):
                yield form.problem(
                    "unknown-neighbour",
                    f"there is no municipality '{name}' in the register",
                    environment,
                    "map",
                    "municipalities",
                    index,
                    hint=near,
                    severity=Severity.WARNING,
                )


def _given(form: Form, key: str) -> str:
    value = at(form.document.data, "municipality", key)
    return value if isinstance(value, str) else ""


def _outside(form: Form, key: str, message: str, near: str, *, complete: bool) -> Problem:
    """Make the problem of a municipality outside the register: a warning where all that follows is given."""
    environments = form.config.environments
    complete = complete and bool(environments)
    complete = complete and all(
        form.given(environment, "map", setting) and setting in environment.settings["map"]
        for environment in environments
        for setting in ("center", "bounds")
    )
    if complete:
        hint = f"if it is not newer than the register: {near}" if near else "update the toolkit when it is known there"
        return _problem(form, "unknown-municipality", message, key, hint, Severity.WARNING)
    needed = _NEWER if key == "name" else _NEWER.replace("give", "give its name,")
    return _problem(
        form, "unknown-municipality", message, key, near or f"`signalen municipalities` lists them; {needed}"
    )


def _by_name(name: str, province: str) -> str:
    found = municipalities.named(name, province) if name else ()
    return " or ".join(f"{one.code} is {one.name}" for one in found)


def _near(name: str) -> str:
    """Return the hint with the municipality whose name was probably meant, or an empty text."""
    found = next(iter(municipalities.search(name, 1)), None)
    return f"did you mean '{found.name}'?" if found and _resembles(name, found) else ""


def _resembles(name: str, municipality: Municipality) -> bool:
    written = municipalities.fold(name)
    known = map(municipalities.fold, (municipality.name, municipality.plain_name, *municipality.aliases))
    return any(SequenceMatcher(None, written, one, autojunk=False).ratio() >= _ALIKE for one in known)


def _problem(form: Form, id_: str, message: str, key: str, hint: str, severity: Severity = Severity.ERROR) -> Problem:
    return form.problem(id_, message, None, "municipality", key, hint=hint, severity=severity)
