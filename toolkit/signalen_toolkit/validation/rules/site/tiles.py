"""The background of the map: the service that draws it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from signalen_toolkit.diagnostics.problems import Problem
from signalen_toolkit.form.model import Form
from signalen_toolkit.form.schema import defaults
from signalen_toolkit.validation.rules import rule

_TILE: Final = ("{z}", "{x}", "{y}")
_KNOWN: Final = frozenset({*_TILE, "{-y}", "{s}", "{r}"})  # what Leaflet fills in


@rule("tile-url", "an address without the numbers of a tile gives the same picture everywhere")
def tile_url(form: Form) -> Iterator[Problem]:
    """Reports an address of the background that lacks {z}, {x} or {y}, or holds what nothing fills in."""
    for environment in form.config.environments:
        background = environment.settings["map"]["background"]
        url = str(background["url"])
        asked = re.findall(r"\{[^{}]*\}", url)
        missing = [part for part in _TILE if part not in asked and not (part == "{y}" and "{-y}" in asked)]
        unknown = [part for part in asked if part not in _KNOWN]
        if missing:
            fault = f"lacks {' and '.join(missing)}", f"for example {defaults()['map']['background']['url']}"
        elif unknown:
            fault = f"holds {unknown[0]}, which nothing fills in", f"known are {', '.join(sorted(_KNOWN))}"
        elif "{s}" in asked and not background["subdomains"]:
            fault = "holds {s}, and there are no subdomains", "list them in 'map.background.subdomains'"
        else:
            continue
        message = f"the address of the background map {fault[0]}"
        yield form.problem("tile-url", message, environment, "map", "background", "url", hint=fault[1])
