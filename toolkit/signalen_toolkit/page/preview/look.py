"""The header, the alert and the colours of the site, and whether everybody can read what is in these colours."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from signalen_toolkit.form.config import Environment
from signalen_toolkit.form.schema import form_schema, resolve
from signalen_toolkit.validation.rules.site.colors import LEAST, WITH_WHITE, contrast_with_white, rgb

_COLOR: Final = re.compile(r"#(?:[0-9A-Fa-f]{3}|[0-9A-Fa-f]{6})")


@dataclass(frozen=True, slots=True)
class Contrast:
    """A colour beside white: its contrast (1 to 21), and whether that is enough for text."""

    schema: Mapping[str, Any]
    color: str
    ratio: float

    @property
    def is_enough(self) -> bool:
        """Whether text of ordinary size can be read (WCAG 2.2, 1.4.3)."""
        return self.ratio >= LEAST

    @property
    def figure(self) -> str:
        """The contrast as people write it: never rounded up to what it is not."""
        return f"{int(self.ratio * 100) / 100:.2f} : 1"


@dataclass(frozen=True, slots=True)
class SiteLook:
    """What residents see first."""

    environment: str
    title: str
    header: str
    alert: str
    logo_description: str
    logo_height: int
    colors: Mapping[str, str]
    contrasts: tuple[Contrast, ...]

    @property
    def stylesheet(self) -> str:
        """The colours as custom properties; a colour that is none is not among them."""
        rules = "".join(f"--look-{name}:{color};" for name, color in self.colors.items())
        return f".look{{{rules}}}"


def look(environment: Environment) -> SiteLook:
    """Return how the site of an environment will look. What the schema refuses was left out of it already."""
    branding = environment.settings["branding"]
    colors = {name: str(color) for name, color in branding["colors"].items() if _COLOR.fullmatch(str(color))}
    properties = resolve(resolve(form_schema()["$defs"]["branding"])["properties"]["colors"])["properties"]
    contrasts = tuple(
        Contrast(resolve(properties[name]), colors[name], contrast_with_white(rgb(colors[name])))
        for name in WITH_WHITE
        if name in colors
    )
    return SiteLook(
        environment.name,
        str(branding.get("title", "")),
        str(branding.get("headerTitle", "")),
        str(branding.get("alert", "")),
        str(branding.get("logoDescription", "")),
        int(branding["logoSize"].get("height", 68)),
        colors,
        contrasts,
    )
