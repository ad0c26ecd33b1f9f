"""How a place in the form is called in a page: as the name of an input, an id, an anchor."""

from __future__ import annotations

from typing import Final

from signalen_toolkit.documents.data import Place

ENVIRONMENTS: Final = "environments"


def pointer(place: Place) -> str:
    """Write a place as a JSON pointer (RFC 6901): `/contact/phone`, `/dex/connectors/0/name`."""
    return "".join("/" + str(part).replace("~", "~0").replace("/", "~1") for part in place)


def identifier(place: Place) -> str:
    """Write a place as the id of an element: nothing in it that a selector or an address has to escape."""
    return "f-" + "-".join(
        "".join(letter if letter.isalnum() else f"_{ord(letter):x}_" for letter in str(part)) for part in place
    )


def environment_of(place: Place) -> str:
    """Return the environment that a place is in; empty where it is at the top."""
    return str(place[1]) if place[:1] == (ENVIRONMENTS,) and len(place) > 1 else ""


def setting_of(place: Place) -> Place:
    """Return a place without the environment that it is in."""
    return place[2:] if environment_of(place) else place
