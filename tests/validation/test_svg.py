"""Images as a browser reads them: what draws is allowed, and nothing else, however it is written."""

from __future__ import annotations

import base64
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st
from signalen_toolkit.diagnostics.problems import Severity
from signalen_toolkit.validation.rules.site.svg import _faults

_SVG = "http://www.w3.org/2000/svg"
_HTML = 'xmlns="http://www.w3.org/1999/xhtml"'
_INNER = base64.b64encode(b'<svg xmlns="http://www.w3.org/2000/svg"><script/></svg>').decode()


def faults(inside: str, before: str = "") -> list[str]:
    text = f'{before}<svg xmlns="{_SVG}" xmlns:xlink="http://www.w3.org/1999/xlink">{inside}</svg>'
    return [fault for fault, severity in _faults(text.encode()) if severity is Severity.ERROR]


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
    ],
)
def test_what_does_not_draw_is_refused(inside: str) -> None:
    assert faults(inside)


@pytest.mark.parametrize(
    "before", ["<?xml-stylesheet href='https://evil.example/x.css'?>", "<?xml-stylesheet type='text/xsl' href='#s'?>"]
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


@given(
    st.lists(st.sampled_from([*"<>?!-[]{}()/\\;:@#'\" ax", "url(", "style", "CDATA", "&lt;"]), max_size=60).map("".join)
)
def test_no_drawing_is_too_strange(inside: str) -> None:
    for text in (inside, f"<style>{inside}</style>", f"<style><![CDATA[{inside}]]></style>"):
        faults(text)


@pytest.mark.parametrize(
    "part", ["<![CDATA[<!--]]>", "<!-- -->", "<g>", "a{b{", "url(", "\\", "<style>a{b:c}</style>", "/*", "@a "]
)
def test_twice_as_much_takes_no_more_than_some_times_as_long(part: str) -> None:
    def seconds(size: int) -> float:
        repeated = part * (size // len(part))
        start = time.process_time()
        faults(repeated if part.startswith("<") else f"<style>{repeated}</style>")
        return time.process_time() - start

    seconds(2**12)
    small, large = min(seconds(2**16) for _ in range(3)), seconds(2**18)
    assert large < 0.5 or large < small * 12  # four times as much; quadratic would be sixteen times as long
