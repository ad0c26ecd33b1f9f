"""Colours: whether everybody can read what is written on them (WCAG 2.1, success criterion 1.4.3)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from signalen_toolkit.diagnostics.problems import Problem, Severity
from signalen_toolkit.form.model import Form
from signalen_toolkit.validation.rules import rule

Rgb = tuple[int, int, int]

LEAST: Final = 4.5  # contrast of text of ordinary size, level AA
# The site writes white on all of these, but for the last, in which it writes on white: the contrast is the same.
WITH_WHITE: Final = ("primary", "primaryDark", "secondary", "secondaryDark", "invalid")


@rule("color-contrast", "who sees less well cannot read it, and the law asks that everybody can")
def color_contrast(form: Form) -> Iterator[Problem]:
    """Warns of a colour with a contrast of less than 4.5 : 1 with white: text stands on it, or is written in it."""
    for environment in form.config.environments:
        colors = environment.settings["branding"]["colors"]
        for name in WITH_WHITE:
            if not form.given(environment, "branding", "colors", name):
                continue
            own = rgb(str(colors[name]))
            if (ratio := contrast_with_white(own)) >= LEAST:
                continue
            near = next(shade for shade in _shades(own) if contrast_with_white(shade) >= LEAST)
            what = "text in this colour on white" if name == "invalid" else "white text on this colour"
            yield form.problem(
                "color-contrast",
                f"{what} has a contrast of {int(ratio * 100) / 100:.2f} : 1; it must be 4.5 : 1",
                environment,
                "branding",
                "colors",
                name,
                hint="the nearest darker colour that will do is #{:02x}{:02x}{:02x}".format(*near),
                severity=Severity.WARNING,
            )


def rgb(color: str) -> Rgb:
    """Return the parts (0 to 255) of `#rgb` or `#rrggbb`."""
    digits = color.removeprefix("#")
    if len(digits) == 3:
        digits = "".join(digit * 2 for digit in digits)
    return int(digits[0:2], 16), int(digits[2:4], 16), int(digits[4:6], 16)


def contrast_with_white(color: Rgb) -> float:
    """Return the contrast ratio of a colour and white, from 1 to 21."""
    red, green, blue = (_linear(part / 255) for part in color)
    return 1.05 / (0.2126 * red + 0.7152 * green + 0.0722 * blue + 0.05)


def _linear(part: float) -> float:
    return part / 12.92 if part <= 0.04045 else float(((part + 0.055) / 1.055) ** 2.4)


def _shades(color: Rgb) -> Iterator[Rgb]:
    """Yield darker and darker shades of a colour, down to black."""
    red, green, blue = color
    for step in range(255, -1, -1):
        yield red * step // 255, green * step // 255, blue * step // 255
