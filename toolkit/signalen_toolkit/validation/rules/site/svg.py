"""SVG images: such a file is a document that can run scripts and fetch other files, not only a drawing."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final
from xml.etree import ElementTree

from signalen_toolkit.diagnostics.problems import Problem, Severity
from signalen_toolkit.diagnostics.source import brief
from signalen_toolkit.form.images import svg_root
from signalen_toolkit.form.model import Form
from signalen_toolkit.validation.rules import rule
from signalen_toolkit.validation.rules.site.images import declares_entities, images

_ACTIVE: Final = frozenset({"script", "foreignobject", "iframe", "object", "embed", "handler", "listener"})
_LINKS: Final = frozenset({"href", "src", "base"})
_SCRIPT = re.compile(r"^(?:javascript|vbscript):|;(?:javascript|vbscript):", re.IGNORECASE)
_DATA = re.compile(r"^data:(?:image/|font/|application/(?:x-)?font)", re.IGNORECASE)
_URL = re.compile(r"url\(\s*['\"]?\s*([^'\")\s]*)", re.IGNORECASE)
_COMMENT = re.compile(rb"<!--.*?-->", re.DOTALL)


@rule("svg-unsafe", "who opens the file runs what is in it, on the site's own domain")
def svg_unsafe(form: Form) -> Iterator[Problem]:
    """Reports scripts, event handlers, foreign objects, entities and references to other files in an SVG image.

    References to parts of the file itself (`#id`) and images inside it (`data:`) are fine. A DOCTYPE is a warning:
    it is harmless, and a reason for other programs to refuse the file.
    """
    for environment, setting, path, data in images(form):
        if not path.endswith(".svg"):
            continue
        for fault, severity in dict(_faults(data)).items():
            yield form.problem(
                "svg-unsafe",
                f"'{path}' {fault}",
                environment,
                "branding",
                setting,
                hint="export the image as plain SVG, with its fonts and pictures in it",
                severity=severity,
            )


def _faults(data: bytes) -> Iterator[tuple[str, Severity]]:
    """Yield what is wrong with an image, in words."""
    if declares_entities(data):
        yield "declares entities", Severity.ERROR
        return
    root = svg_root(data)
    if root is None:
        return  # not-an-image
    prolog = _COMMENT.sub(b"", data.replace(b"\0", b""))
    if re.search(rb"<\?xml-stylesheet", prolog, re.IGNORECASE):
        yield "refers to a style sheet outside it", Severity.ERROR
    if re.search(rb"<!DOCTYPE", prolog, re.IGNORECASE):
        yield "has a DOCTYPE", Severity.WARNING
    for element in root.iter():
        for fault in _element_faults(element):
            yield fault, Severity.ERROR


def _element_faults(element: ElementTree.Element) -> Iterator[str]:
    name = _local(element.tag)
    if name.lower() in _ACTIVE:
        yield f"holds a <{name}>"
    for key, value in element.attrib.items():
        yield from _attribute_faults(_local(key), value)
    if name.lower() == "style":
        yield from _style_faults("".join(element.itertext()))


def _attribute_faults(name: str, value: str) -> Iterator[str]:
    # A browser ignores spaces and control characters in a scheme.
    squeezed = re.sub(r"[\x00-\x20]+", "", value)
    if re.match(r"on[a-z]", name, re.IGNORECASE):
        yield f"holds an event handler ({name})"
    elif _SCRIPT.search(squeezed):
        yield f"holds a script in {name}"
    elif name.lower() in _LINKS and _is_outside(squeezed):
        yield f"refers to '{brief(value, 40)}', outside it"
    else:
        yield from _style_faults(value)


def _style_faults(text: str) -> Iterator[str]:
    if re.search(r"@import", text, re.IGNORECASE):
        yield "imports a style sheet"
    for url in _URL.findall(text):
        if _is_outside(url):
            yield f"refers to '{brief(url, 40)}', outside it"


def _is_outside(address: str) -> bool:
    return bool(address) and not address.startswith("#") and not _DATA.match(address)


def _local(name: object) -> str:
    """Return a name without its namespace; comments and instructions, whose name is a function, have none."""
    return name.rpartition("}")[2] if isinstance(name, str) else ""
