"""SVG images: such a file is a document that can run scripts and fetch other files, not only a drawing.

It is read as a browser reads it: by a parser of XML and one of CSS. What is allowed is listed; all else is a fault.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Any, Final
from xml.parsers import expat

from signalen_toolkit.diagnostics.problems import Problem, Severity
from signalen_toolkit.diagnostics.source import brief
from signalen_toolkit.form.images import svg_root
from signalen_toolkit.form.model import Form
from signalen_toolkit.validation.rules import rule
from signalen_toolkit.validation.rules.site import svg_allowed as allowed
from signalen_toolkit.validation.rules.site.images import declares_entities, images

Fault = tuple[str, Severity]

_SEPARATOR: Final = " "  # between a namespace and a name; neither has one in it
_PICTURE = re.compile(r"data:image/(?:png|jpe?g|gif|webp)(?:;charset=[\w-]+)?;base64,[A-Za-z0-9+/=\s]*", re.IGNORECASE)
_FONT = re.compile(
    r"data:(?:font|application)/(?:x-)?(?:font-)?(?:woff2?|ttf|otf|opentype|truetype)[;,]", re.IGNORECASE
)
# Rules of a style sheet that only group or describe.
_AT_RULES: Final = frozenset(("charset", "font-face", "keyframes", "layer", "media", "page", "supports"))
# Functions that load what is named in them.
_LOADING: Final = frozenset(
    [
        "attr",
        "cross-fade",
        "element",
        "expression",
        "image",
        "image-set",
        "paint",
        "src",
        "-moz-element",
        "-webkit-cross-fade",
        "-webkit-image-set",
    ]
)
_DEEPEST: Final = 100  # blocks in each other


@rule("svg-unsafe", "who opens the file runs what is in it, on the site's own domain")
def svg_unsafe(form: Form) -> Iterator[Problem]:
    """Reports all in an SVG image but what draws: scripts, handlers, instructions, other documents, outside addresses.

    References to parts of the file itself (`#id`) and pictures inside it (`data:`) are fine. A DOCTYPE is a warning:
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


def _faults(data: bytes) -> Iterable[Fault]:
    """Return what is wrong with an image, in words."""
    if declares_entities(data):
        return [("declares entities", Severity.ERROR)]
    if svg_root(data) is None:
        return []  # not-an-image
    return _Reader().read(data)


class _Reader:
    """Reads one document from beginning to end, and keeps what is wrong with it."""

    def __init__(self) -> None:
        self.faults: list[Fault] = []
        self.silent = 0  # how deep we are in what no browser draws
        self.style: list[str] | None = None
        self.raw = False

    def read(self, data: bytes) -> list[Fault]:
        """Return the faults of a document that can be read."""
        parser = expat.ParserCreate(namespace_separator=_SEPARATOR)
        parser.buffer_text = True
        parser.StartElementHandler = self._start
        parser.EndElementHandler = self._end
        parser.CharacterDataHandler = self._text
        parser.ProcessingInstructionHandler = self._instruction
        parser.StartDoctypeDeclHandler = self._doctype
        parser.StartCdataSectionHandler = lambda: self._set_raw(raw=True)
        parser.EndCdataSectionHandler = lambda: self._set_raw(raw=False)
        try:
            parser.Parse(data, True)
        except (expat.ExpatError, LookupError, ValueError):
            self._wrong("cannot be read to its end")
        return self.faults

    def _wrong(self, fault: str, severity: Severity = Severity.ERROR) -> None:
        self.faults.append((fault, severity))

    def _set_raw(self, *, raw: bool) -> None:
        self.raw = raw

    def _instruction(self, target: str, _: str) -> None:
        self._wrong(f"holds an instruction for a program (<?{brief(target, 40)}?>)")

    def _doctype(self, name: str, system: str | None, public: str | None, has_subset: int) -> None:  # noqa: ARG002
        if has_subset:
            self._wrong("has a DOCTYPE with declarations in it")
        else:
            self._wrong("has a DOCTYPE", Severity.WARNING)

    def _text(self, text: str) -> None:
        if self.raw and "<" in text:
            # A reader of HTML, which knows no CDATA, would take it for an element.
            self._wrong("holds what looks like elements in a CDATA section")
        if self.style is not None:
            self.style.append(text)

    def _start(self, tag: str, attributes: dict[str, str]) -> None:
        namespace, _, name = tag.rpartition(_SEPARATOR)
        if self.silent or namespace in allowed.SILENT:
            self.silent += 1
            if namespace not in (*allowed.SILENT, allowed.SVG):
                self._wrong(f"holds a <{brief(name, 40)}> of another language")
            return
        if namespace not in (allowed.SVG, ""):
            self._wrong(f"holds a <{brief(name, 40)}> of another language")
            return
        if name not in allowed.ELEMENTS:
            self._wrong(f"holds a <{brief(name, 40)}>")
            return
        for key, value in attributes.items():
            self._attribute(name, key, value)
        if name == "style":
            self.style = []

    def _end(self, tag: str) -> None:
        if self.silent:
            self.silent -= 1
        elif self.style is not None and tag.rpartition(_SEPARATOR)[2] == "style":
            text, self.style = "".join(self.style), None
            for fault in _sheet_faults(text):
                self._wrong(fault)

    def _attribute(self, element: str, key: str, value: str) -> None:
        namespace, _, name = key.rpartition(_SEPARATOR)
        if namespace in allowed.SILENT or namespace == allowed.XML:
            return
        if name == "href" and namespace in ("", allowed.XLINK):
            self._address(element, value)
        elif namespace == allowed.XLINK:
            return  # a title, and how a link would open
        elif re.match(r"on[a-z]", name, re.IGNORECASE):
            self._wrong(f"holds an event handler ({brief(name, 40)})")
        elif name == "style" or name in allowed.PROPERTIES:
            for fault in _declaration_faults(value):
                self._wrong(fault)
        elif name not in allowed.ATTRIBUTES and not name.startswith(("aria-", "data-")):
            self._wrong(f"holds the attribute {brief(name, 40)}")

    def _address(self, element: str, value: str) -> None:
        # A browser leaves out spaces and control characters around and in an address.
        address = re.sub(r"[\x00-\x20]+", "", value)
        if re.match(r"(?:java|vb)script:", address, re.IGNORECASE):
            self._wrong("holds a script in href")
        elif address.startswith("#") and element in allowed.LEADING:
            return
        elif not (_PICTURE.fullmatch(address) and element in allowed.SHOWING) and address:
            self._wrong(f"refers to '{brief(value, 40)}', outside it")


def _sheet_faults(text: str) -> Iterator[str]:
    """Yield what is wrong with a style sheet."""
    import tinycss2  # few images have one

    if "<" in text:
        yield "holds what looks like elements in its style sheet"
    yield from _css_faults(tinycss2.parse_stylesheet(text, skip_comments=True, skip_whitespace=True))


def _declaration_faults(text: str) -> Iterator[str]:
    """Yield what is wrong with CSS in an attribute: declarations, or one value."""
    if not re.search(r"[\\(@]", text):
        return  # nothing that could load or escape
    import tinycss2

    yield from _css_faults(tinycss2.parse_component_value_list(text, skip_comments=True))


def _css_faults(nodes: Iterable[Any]) -> Iterator[str]:
    """Yield what loads something, wherever it stands."""
    queue: list[tuple[Any, int]] = [(node, 0) for node in nodes]
    while queue:
        node, depth = queue.pop()
        if depth > _DEEPEST:
            yield "has a style sheet of blocks in blocks without end"
            return
        yield from _node_faults(node)
        for part in ("prelude", "content", "arguments", "value"):
            inner = getattr(node, part, None)
            if isinstance(inner, list):
                queue += [(one, depth + 1) for one in inner]


def _node_faults(node: Any) -> Iterator[str]:
    match node.type:
        case "at-rule" if node.lower_at_keyword == "import":
            yield "imports a style sheet"
        case "at-rule" if node.lower_at_keyword.removeprefix("-webkit-").removeprefix("-moz-") not in _AT_RULES:
            yield f"has a rule @{brief(node.lower_at_keyword, 40)} in its style sheet"
        case "at-keyword" if node.lower_value == "import":
            yield "imports a style sheet"
        case "error" if node.kind == "bad-url":
            yield "has an address in its style sheet that cannot be read"
        case "url":
            yield from _outside(node.value)
        case "function" if node.lower_name == "url":
            yield from _outside("".join(one.value for one in node.arguments if one.type == "string"))
        case "function" if node.lower_name in _LOADING:
            yield f"loads something with {brief(node.lower_name, 40)}()"


def _outside(address: str) -> Iterator[str]:
    squeezed = re.sub(r"[\x00-\x20]+", "", address)
    if squeezed and not squeezed.startswith("#") and not _PICTURE.fullmatch(squeezed) and not _FONT.match(squeezed):
        yield f"refers to '{brief(address, 40)}', outside it"
