"""Style in a drawing: CSS, read by a parser of CSS; what loads something is found wherever and however it is written.

Source: CSS Syntax Module Level 3 for how it is read; the functions are those of the modules of CSS that draw.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Any, Final

from signalen_toolkit.diagnostics.source import brief
from signalen_toolkit.validation.rules.site.svg_allowed import is_font, is_picture

# Rules of a style sheet that only group or describe.
_AT_RULES: Final = frozenset(
    ("charset", "container", "font-face", "keyframes", "layer", "media", "page", "property", "supports")
)
# Functions that make a colour, a number, a shape or a movement, or that choose elements. Others may load what is named.
_FUNCTIONS: Final = frozenset(
    [
        "calc",
        "min",
        "max",
        "clamp",
        "round",
        "mod",
        "rem",
        "abs",
        "sign",
        "sin",
        "cos",
        "tan",
        "asin",
        "acos",
        "atan",
        "atan2",
        "pow",
        "sqrt",
        "hypot",
        "log",
        "exp",
        "var",
        "env",
        "rgb",
        "rgba",
        "hsl",
        "hsla",
        "hwb",
        "lab",
        "lch",
        "oklab",
        "oklch",
        "color",
        "color-mix",
        "light-dark",
        "device-cmyk",
        "icc-color",
        "matrix",
        "matrix3d",
        "perspective",
        "rotate",
        "rotate3d",
        "rotatex",
        "rotatey",
        "rotatez",
        "scale",
        "scale3d",
        "scalex",
        "scaley",
        "scalez",
        "skew",
        "skewx",
        "skewy",
        "translate",
        "translate3d",
        "translatex",
        "translatey",
        "translatez",
        "cubic-bezier",
        "linear",
        "steps",
        "linear-gradient",
        "radial-gradient",
        "conic-gradient",
        "repeating-linear-gradient",
        "repeating-radial-gradient",
        "repeating-conic-gradient",
        "path",
        "polygon",
        "circle",
        "ellipse",
        "inset",
        "rect",
        "xywh",
        "shape",
        "ray",
        "alpha",
        "blur",
        "brightness",
        "contrast",
        "drop-shadow",
        "grayscale",
        "hue-rotate",
        "invert",
        "opacity",
        "saturate",
        "sepia",
        "format",
        "local",
        "tech",
        "counter",
        "counters",
        "repeat",
        "minmax",
        "fit-content",
        "not",
        "is",
        "where",
        "has",
        "lang",
        "dir",
        "host",
        "nth-child",
        "nth-last-child",
        "nth-of-type",
        "nth-last-of-type",
    ]
)
_DEEPEST: Final = 100  # blocks in each other


def sheet_faults(text: str) -> Iterator[str]:
    """Yield what is wrong with a style sheet."""
    import tinycss2  # few images have one

    if "<" in text:
        yield "holds what looks like elements in its style sheet"
    yield from _faults(tinycss2.parse_stylesheet(text, skip_comments=True, skip_whitespace=True))


def value_faults(text: str) -> Iterator[str]:
    """Yield what is wrong with CSS in an attribute: declarations, or one value."""
    if not re.search(r"[\\(@]", text):
        return  # nothing that could load or escape
    import tinycss2

    yield from _faults(tinycss2.parse_component_value_list(text, skip_comments=True))


def _faults(nodes: Iterable[Any]) -> Iterator[str]:
    queue: list[tuple[Any, int]] = [(node, 0) for node in nodes]
    while queue:
        node, depth = queue.pop()
        if depth > _DEEPEST:
            yield "has a style sheet of blocks in blocks without end"
            return
        yield from _of_node(node)
        for part in ("prelude", "content", "arguments", "value"):
            inner = getattr(node, part, None)
            if isinstance(inner, list):
                queue += [(one, depth + 1) for one in inner]


def _of_node(node: Any) -> Iterator[str]:
    match node.type:
        case "at-rule" if node.lower_at_keyword == "import":
            yield "imports a style sheet"
        case "at-rule" if re.sub("^-(?:webkit|moz|o|ms)-", "", node.lower_at_keyword) not in _AT_RULES:
            yield f"has a rule @{brief(node.lower_at_keyword, 40)} in its style sheet"
        case "at-keyword" if node.lower_value == "import":
            yield "imports a style sheet"
        case "error" if node.kind in ("bad-url", "bad-string"):
            yield "has an address in its style sheet that cannot be read"
        case "url":
            yield from _outside(node.value)
        case "function" if node.lower_name == "url":
            yield from _outside("".join(one.value for one in node.arguments if one.type == "string"))
        case "function" if node.lower_name not in _FUNCTIONS:
            yield f"may load something with {brief(node.lower_name, 40)}()"


def _outside(address: str) -> Iterator[str]:
    squeezed = re.sub(r"[\x00-\x20]+", "", address)
    if squeezed and not squeezed.startswith("#") and not is_picture(squeezed) and not is_font(squeezed):
        yield f"refers to '{brief(address, 40)}', outside it"
