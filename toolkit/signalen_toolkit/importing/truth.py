"""One fact, one truth: where the files say otherwise than what the form will have, they give way, and that is told.

An answer goes before a file wherever the file says the same fact again, and takes along what followed from the old one:
with another issuer go the addresses of the old one, with another domain its hosts.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import groupby
from typing import Any, Final
from urllib.parse import urlsplit

from signalen_toolkit.documents.data import Place, at
from signalen_toolkit.form.derive import identity_provider, municipality_of
from signalen_toolkit.importing.files import same
from signalen_toolkit.importing.reverse import Found, in_environment

# With the first goes all that begins so, unless it was answered itself.
_FOLLOWING: Final[Mapping[tuple[str, ...], tuple[tuple[str, ...], ...]]] = {
    ("domain",): (("hosts",),),
    ("identity", "issuer"): (("identity",),),
    ("municipality", "code"): (
        ("map", "bounds"),
        ("map", "center"),
        ("map", "municipalities"),
        ("municipality", "organization"),
    ),
}
_ISSUER: Final = ("identity", "issuer")
_PHONE: Final = ("contact", "phone")
_WITH_PHONE: Final = (("contact", "openingHours"), ("contact", "urgentText"), ("texts",))
_MICROSOFT: Final = ("login.microsoftonline.com", "sts.windows.net")
_ENDPOINTS: Final = ("authorizationEndpoint", "jwksEndpoint", "tokenEndpoint")


@dataclass(frozen=True, slots=True)
class Overruled:
    """A place in the values of a component that gives way to an answer to a setting."""

    component: str
    place: Place
    setting: tuple[str, ...]


def overruled(found: Iterable[Found], given: Mapping[str, Any], environment: str) -> list[Overruled]:
    """Return what files say otherwise than the answers, each place once."""
    by_place = _by_place(found)
    answers = _Answers(given, environment)
    gone = {place: setting for place, ones in by_place.items() if (setting := _contradicted(ones, answers))}
    elsewhere = [place for place, ones in by_place.items() if any(_is_elsewhere(one, answers) for one in ones)]
    gone |= {place: _ISSUER for place in elsewhere if place not in gone}
    # What only repeats a setting goes alone: the address in a page's title is often that of another environment.
    settings = {setting for place, setting in gone.items() if not all(one.is_weak for one in by_place[place])}
    old = {_digits(str(one.value)) for ones in by_place.values() for one in ones if one.setting == _PHONE} - {""}
    for place, ones in by_place.items():
        for one in ones if place not in gone else ():
            if answers.at(one.setting) is None and (setting := _goes_with(one, settings, old)):
                gone[place] = setting
    return [Overruled(component, place, setting) for (component, place), setting in gone.items()]


@dataclass(frozen=True, slots=True)
class _Answers:
    """What a person answered, by setting."""

    given: Mapping[str, Any]
    environment: str

    def at(self, setting: tuple[str, ...]) -> Any:
        value = at(self.given, *in_environment(setting, self.environment))
        value = at(self.given, *setting) if value is None else value
        if value is None and setting == ("municipality", "code"):
            section = self.given.get("municipality")
            own = municipality_of(section) if isinstance(section, Mapping) else None
            return own.code if own else None
        return value


def _by_place(found: Iterable[Found]) -> dict[tuple[str, Place], list[Found]]:
    def key(one: Found) -> tuple[str, str]:
        return one.component, repr(one.place)

    return {
        (ones[0].component, ones[0].place): ones
        for _, group in groupby(sorted(found, key=key), key)
        if (ones := [*group])
    }


def _contradicted(ones: list[Found], answers: _Answers) -> tuple[str, ...] | None:
    """Return the answered setting of which a place says something else; None where it says the answer too."""
    answered = [one for one in ones if answers.at(one.setting) is not None]
    if any(same(answers.at(one.setting), one.value) for one in answered):
        return None
    return answered[0].setting if answered else None


def _is_elsewhere(one: Found, answers: _Answers) -> bool:
    """Tell whether an address is one of another provider than the issuer that was answered."""
    issuer = answers.at(_ISSUER)
    if not isinstance(issuer, str) or one.setting[0] != "identity" or one.setting[-1] not in _ENDPOINTS:
        return False
    if answers.at(one.setting) is not None:
        return False
    is_known = (answers.at(("identity", "provider")) or identity_provider(issuer)) != "other"
    return is_known and _site(one.value) != _site(issuer)


def _goes_with(one: Found, contradicted: set[tuple[str, ...]], numbers: set[str]) -> tuple[str, ...] | None:
    """Return the contradicted setting with which what a file says of another one goes.

    `numbers` are the telephone numbers of the files, which stand in texts too.
    """
    # A client is registered by name: that of the file is better than none.
    if one.setting == ("identity", "clientId"):
        return None
    for setting in sorted(contradicted):
        if any(_begins(one.setting, start) for start in _FOLLOWING.get(setting, ())):
            return setting
        if setting == _PHONE and any(_begins(one.setting, start) for start in _WITH_PHONE):
            text = _digits(str(one.value))
            if any(number in text for number in numbers):
                return setting
    return None


def _begins(setting: tuple[str, ...], start: tuple[str, ...]) -> bool:
    return setting[: len(start)] == start


def _digits(text: str) -> str:
    return re.sub(r"[^0-9]", "", text)


def _site(address: Any) -> str:
    try:
        host = (urlsplit(str(address)).hostname or "").lower()
    except ValueError:
        return ""
    return _MICROSOFT[0] if host in _MICROSOFT else host
