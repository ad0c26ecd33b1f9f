"""SVG images: such a file is a document that can run scripts and fetch other files, not only a drawing.

It is read as a browser reads it: by a parser of XML, one of CSS, and one of HTML, for it may be put into a page as it
is. What is allowed is listed; all else is a fault.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final
from xml.parsers import expat

from signalen_toolkit.diagnostics.problems import Problem, Severity
from signalen_toolkit.diagnostics.source import brief
from signalen_toolkit.form.images import svg_root
from signalen_toolkit.form.model import Form
from signalen_toolkit.validation.rules import rule
from signalen_toolkit.validation.rules.site import svg_allowed as allowed
from signalen_toolkit.validation.rules.site.images import LARGEST, declares_entities, images
from signalen_toolkit.validation.rules.site.svg_page import page_faults
from signalen_toolkit.validation.rules.site.svg_style import sheet_faults

Fault = tuple[str, Severity]

_SEPARATOR: Final = " "  # between a namespace, a name and a prefix; none of them has one in it
# Encodings in which letters, digits and signs of ASCII are what they are in UTF-8.
_LIKE_ASCII: Final = frozenset(("ascii", "us-ascii", "iso-8859-1", "iso-8859-15", "windows-1252", "utf-8"))
_OF_W3C: Final = ("http://www.w3.org/", "https://www.w3.org/")
_HTML_WITHIN: Final = frozenset(("desc", "title"))  # what is in these is the page's, to a reader of HTML
_MOST: Final = 20  # different faults that are told
_MOST_ATTRIBUTES: Final = 200  # of an element, and names for other languages; a reader of HTML compares each with each


@rule("svg-unsafe", "who opens the file runs what is in it, on the site's own domain")
def svg_unsafe(form: Form) -> Iterator[Problem]:
    """Reports all in an SVG image but what draws: scripts, handlers, instructions, other documents, outside addresses.

    References to parts of the file itself (`#id`) and pictures inside it (`data:`) are fine. A DOCTYPE of SVG's own is
    a warning: it is harmless, and a reason for other programs to refuse the file.
    """
    for environment, setting, path, data in images(form):
        if not path.endswith(".svg") or len(data) > LARGEST:
            continue  # which has a rule of its own
        for fault, severity in [*dict(svg_faults(data)).items()][:_MOST]:
            yield form.problem(
                "svg-unsafe",
                f"'{path}' {fault}",
                environment,
                "branding",
                setting,
                hint="export the image as plain SVG, with its fonts and pictures in it",
                severity=severity,
            )


def svg_faults(data: bytes) -> Iterable[Fault]:
    """Return what is wrong with an image, in words."""
    if declares_entities(data):
        return [("declares entities", Severity.ERROR)]
    if svg_root(data) is None:
        return []  # not-an-image
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError:
        return [("is not UTF-8", Severity.ERROR)]
    return _Reader().read(text)


class _Reader:
    """Reads one document from beginning to end, and keeps what is wrong with it."""

    def __init__(self) -> None:
        self.faults: list[Fault] = []
        self.within: list[str] = []  # the elements that are open, by name
        self.style: list[str] = []
        self.raw = False
        # To a reader of HTML it is the same: elements of SVG without a prefix, and text. Then nobody else has to look.
        self.plain = True
        self.prefixes = 0
        self.endless = False

    def read(self, text: str) -> list[Fault]:
        """Return the faults of a document."""
        # UTF-8 whatever the document says: in another encoding a browser could read another document than we.
        parser = expat.ParserCreate("utf-8", namespace_separator=_SEPARATOR)
        parser.namespace_prefixes = True
        parser.buffer_text = True
        parser.XmlDeclHandler = self._declaration
        parser.StartElementHandler = self._start
        parser.EndElementHandler = self._end
        parser.StartNamespaceDeclHandler = self._prefix
        parser.CharacterDataHandler = self._text
        parser.ProcessingInstructionHandler = self._instruction
        parser.StartDoctypeDeclHandler = self._doctype
        parser.CommentHandler = lambda _: self._is_plain(plain=False)
        parser.StartCdataSectionHandler = lambda: self._set_raw(raw=True)
        parser.EndCdataSectionHandler = lambda: self._set_raw(raw=False)
        try:
            parser.Parse(text.encode(), True)
        except (expat.ExpatError, LookupError, ValueError):
            self._wrong("cannot be read to its end")
        if not (self.plain or self.endless):
            self.faults += [(fault, Severity.ERROR) for fault in page_faults(text)]
        return self.faults

    def _wrong(self, fault: str, severity: Severity = Severity.ERROR) -> None:
        self.faults.append((fault, severity))

    def _is_plain(self, *, plain: bool) -> None:
        self.plain = self.plain and plain

    def _set_raw(self, *, raw: bool) -> None:
        self.raw = raw
        self.plain = False

    def _declaration(self, version: str, encoding: str | None, standalone: int) -> None:  # noqa: ARG002
        if encoding is not None and encoding.lower() not in _LIKE_ASCII:
            self._wrong(f"says that it is {brief(encoding, 40)}; only UTF-8 is read alike by all")

    def _instruction(self, target: str, _: str) -> None:
        self._wrong(f"holds an instruction for a program (<?{brief(target, 40)}?>)")

    def _doctype(self, name: str, system: str | None, public: str | None, has_subset: int) -> None:  # noqa: ARG002
        self.plain = False
        if has_subset:
            self._wrong("has a DOCTYPE with declarations in it")
        elif system and not system.startswith(_OF_W3C):
            self._wrong(f"has a DOCTYPE that refers to '{brief(system, 40)}', outside it")
        else:
            self._wrong("has a DOCTYPE", Severity.WARNING)

    def _text(self, text: str) -> None:
        if self.raw and "<" in text:
            # A reader of HTML, which knows no CDATA, would take it for an element.
            self._wrong("holds what looks like elements in a CDATA section")
        if self.within and self.within[-1] == "style":
            self.style.append(text)

    def _start(self, tag: str, attributes: dict[str, str]) -> None:
        namespace, name, prefix = _parted(tag)
        if self.within and self.within[-1] == "style":
            self._wrong("holds an element in its style sheet")  # whose text would be that of two sheets
        self._is_plain(
            plain=namespace == allowed.SVG and not prefix and not _HTML_WITHIN.intersection(self.within[-1:])
        )
        self._bound(len(attributes))
        self.within.append(name if namespace in (allowed.SVG, "") else "")
        if namespace in allowed.SILENT:
            return
        if namespace not in (allowed.SVG, ""):
            self._wrong(f"holds a <{brief(name, 40)}> of another language")
        elif name not in allowed.ELEMENTS:
            self._wrong(f"holds a <{brief(name, 40)}>")
        else:
            for key, value in attributes.items():
                self._attribute(name, key, value)

    def _prefix(self, _: str | None, __: str | None) -> None:
        self.prefixes += 1
        self._bound(self.prefixes)

    def _bound(self, attributes: int) -> None:
        if attributes > _MOST_ATTRIBUTES and not self.endless:
            self.endless = True
            self._wrong(f"has more than {_MOST_ATTRIBUTES} attributes or prefixes in one place")

    def _attribute(self, element: str, key: str, value: str) -> None:
        namespace, name, _ = _parted(key)
        for fault in allowed.attribute_faults(element, namespace, name, value):
            self._wrong(fault)

    def _end(self, _: str) -> None:
        if self.within.pop() == "style":
            text, self.style = "".join(self.style), []
            for fault in sheet_faults(text):
                self._wrong(fault)


def _parted(name: str) -> tuple[str, str, str]:
    """Return the namespace, the name and the prefix of what expat read."""
    parts = name.split(_SEPARATOR)
    return ("", parts[0], "") if len(parts) == 1 else (parts[0], parts[1], "".join(parts[2:]))
