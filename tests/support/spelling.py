"""Forms as people spell them: the same settings with other indentation, quotes, braces, anchors and line breaks."""

from __future__ import annotations

from hypothesis import strategies as st

NAMES = ("acceptance", "production", "test-2", "o", "no")
VERSIONS = ("4.18.0", "4.19.0", "4.20.0", "4.22.0", "4.23.0")
BOM = "\ufeff"


@st.composite
def forms(draw: st.DrawFn) -> str:
    """Draw a form with nothing in it but versions, and what looks like one."""
    step, inner = draw(st.integers(1, 8)), draw(st.integers(1, 8))
    lines = ["apiVersion: signalen.org/v1"]
    if draw(st.booleans()):
        lines.append(f"{_quoted(draw, 'version')}: {_value(draw)}")
    lines.append(f"{_quoted(draw, 'environments')}:{_comment(draw)}")
    anchors: list[str] = []
    for name in draw(st.lists(st.sampled_from(NAMES), min_size=1, max_size=4, unique=True)):
        style = draw(st.sampled_from(["block", "braces", "lines"]))
        write = {"block": _block, "braces": _braces, "lines": _braces_over_lines}[style]
        key = _quoted(draw, name, always=name == "no")
        anchor = draw(st.sampled_from(["", f"a{len(anchors)}"]))
        known = f" &{anchor}" if anchor else ""
        again = draw(st.booleans())
        if anchors and again:
            other = draw(st.sampled_from(anchors))
            lines.append(
                f"{' ' * step}{key}: {draw(st.sampled_from([f'*{other}', f'{{<<: *{other}, domain: a.nl}}']))}"
            )
            continue
        lines += write(draw, " " * step, f"{key}:{known}", " " * inner)
        anchors += [anchor] if anchor else []
    if draw(st.booleans()):
        lines.append("overrides: {frontend: {version: 4.1.0}}  # version: 4.2.0")
    ended = draw(st.sampled_from(["\n", "\r\n"]))
    mark = draw(st.sampled_from(["", BOM]))
    return mark + ended.join([*lines, ""])


def _block(draw: st.DrawFn, outer: str, key: str, inner: str) -> list[str]:
    lines = [f"{_quoted(draw, 'domain')}: a.nl", "overrides:", f"{inner}frontend:", f"{inner}  version: 4.3.0"]
    if draw(st.booleans()):
        where = draw(st.sampled_from([0, 1, 4]))
        lines.insert(where, f"{_quoted(draw, 'version')}:{draw(st.sampled_from([' ', '   ']))}{_value(draw)}")
    if draw(st.booleans()):
        lines.insert(0, "# version: 4.4.0")
    return [f"{outer}{key}{_comment(draw)}", *(f"{outer}{inner}{line}" for line in lines)]


def _pairs(draw: st.DrawFn) -> list[str]:
    pairs = ["domain: a.nl", "overrides: {frontend: {version: 4.3.0}}"]
    if draw(st.booleans()):
        pairs.insert(draw(st.sampled_from([0, 1, 2])), f"{_quoted(draw, 'version')}: {_value(draw)}")
    return pairs


def _braces(draw: st.DrawFn, outer: str, key: str, inner: str) -> list[str]:
    return [f"{outer}{key} {{{', '.join(_pairs(draw))}}}{_comment(draw)}"]


def _braces_over_lines(draw: st.DrawFn, outer: str, key: str, inner: str) -> list[str]:
    pairs = [f"{outer}{inner}{pair}," for pair in _pairs(draw)]
    return [f"{outer}{key} {{", *pairs, f"{outer}{inner}}}"]


def _quoted(draw: st.DrawFn, text: str, *, always: bool = False) -> str:
    return draw(st.sampled_from([*([] if always else [text]), f'"{text}"', f"'{text}'"]))


def _value(draw: st.DrawFn) -> str:
    return _quoted(draw, draw(st.sampled_from(VERSIONS)))


def _comment(draw: st.DrawFn) -> str:
    return draw(st.sampled_from(["", "  # version: 4.5.0"]))
