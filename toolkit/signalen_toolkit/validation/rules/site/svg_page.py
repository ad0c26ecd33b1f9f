"""A drawing within a page: what a reader of HTML makes of its text, where somebody puts it in there as it is.

HTML knows no namespaces, sections of raw text or instructions, and some elements end the drawing around them: text that
is harmless as XML may be an element of the page. Source: the HTML standard, "The rules for parsing tokens in foreign
content", as `tinyhtml5` has it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

from signalen_toolkit.diagnostics.source import brief
from signalen_toolkit.validation.rules.site import svg_allowed as allowed

# The parser itself puts these around it.
_AROUND: Final = frozenset(("html", "head", "body"))
# The standard has these with capitals, and the parser does not know them yet.
_WITH_CAPITALS: Final = {"fedropshadow": "feDropShadow"}


def page_faults(text: str) -> Iterator[str]:
    """Yield what is wrong with a drawing, read as a part of a page."""
    import tinyhtml5  # few images need it

    for element in tinyhtml5.parse(f"<!DOCTYPE html><body>{text}", namespace_html_elements=True).iter():
        if not isinstance(element.tag, str):
            continue  # a comment
        namespace, name = _parted(element.tag)
        name = _WITH_CAPITALS.get(name, name)
        attributes = {_parted(str(key)): str(value) for key, value in element.attrib.items()}
        if namespace == allowed.HTML and name in _AROUND and not attributes:
            continue
        if ":" in name:  # of another language: to HTML an element that does nothing by itself
            yield from _inert(attributes)
        elif namespace != allowed.SVG or name not in allowed.ELEMENTS:
            yield f"holds what would be a <{brief(name, 40)}> of the page around it"
        else:
            yield from _faults(name, attributes)


def _faults(element: str, attributes: Mapping[tuple[str, str], str]) -> Iterator[str]:
    for (namespace, name), value in attributes.items():
        if namespace in (allowed.XMLNS, allowed.XML) or ":" in name:
            continue  # the first two are what the reader of XML looked at
        yield from allowed.attribute_faults(element, namespace, name, value)


def _inert(attributes: Mapping[tuple[str, str], str]) -> Iterator[str]:
    for (_, name), value in attributes.items():
        if name.lower().startswith("on") or name.lower() == "style":
            yield from allowed.attribute_faults("", "", name, value)


def _parted(name: str) -> tuple[str, str]:
    namespace, _, local = name.removeprefix("{").rpartition("}")
    return namespace, local
