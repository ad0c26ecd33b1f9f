"""What went wrong in a YAML text, said to a person who does not know YAML's grammar."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from signalen_toolkit.diagnostics.source import brief

if TYPE_CHECKING:
    from ruamel.yaml.error import MarkedYAMLError
    from ruamel.yaml.events import Event

    from signalen_toolkit.diagnostics.problems import Problem
    from signalen_toolkit.diagnostics.source import Source

_COLON_WITHOUT_SPACE = re.compile(r"^[\s-]*+[\w.-]++(:)[^\s:/]")
_HAS_A_VALUE = re.compile(r"^[\s-]*+[^\s#:][^#]*?:\s++[^\s#]")
_LONGEST_HINT = 200  # characters of a value that is said again
_BETWEEN_QUOTES = "put it between quotes"
_INDICATORS = {
    "@": "'@' has no meaning at the start of a value",
    "`": "'`' has no meaning at the start of a value",
    "%": "'%' has no meaning at the start of a value",
    "*": "a value that starts with '*' is a reference to an anchor",
    "&": "a value that starts with '&' is an anchor",
    "|": "a value that starts with '|' is text that begins on the next line",
    ">": "a value that starts with '>' is text that begins on the next line",
}


class _Finding(NamedTuple):
    message: str
    start: int
    end: int | None = None
    hint: str = ""
    rule: str = "yaml-syntax"


def syntax_problem(source: Source, error: MarkedYAMLError, last: Event | None) -> Problem:
    """Turn ruamel's error into one problem; `last` is what was read just before it."""
    mark = error.problem_mark or error.context_mark
    at = min(mark.index if mark else 0, len(source.text))
    opened = error.context_mark.index if error.context_mark else at
    said = str(error.problem or error.context or "")
    found = (
        _tab(source, at)
        or _quote(source, said, str(error.context), opened, last)
        or _colon(source, said, at, opened)
        or _start_of_value(source, said, str(error.context), at, opened)
        or _collection(source, said, str(error.context), at, opened)
        or _other(source, said, at)
    )
    return source.problem(found.rule, found.message, found.start, found.end, hint=found.hint)


def _other(source: Source, said: str, at: int) -> _Finding:
    """Say what ruamel says, which may quote the line."""
    line = source.offset(source.position(at)[0])
    can_be_said = source.excerpt(line, line + len(source.lines[source.position(at)[0] - 1]))
    return _Finding(brief(f"this is not YAML: {said}", 120) if can_be_said else "this is not YAML", at)


def stumble(source: Source, last: Event | None) -> Problem:
    """Give words to an error that ruamel did not expect itself; `last` is what was read just before it."""
    if found := re.search(r"\\U(?!000|0010)[0-9A-Fa-f]{8}", source.text):
        message = f"'{found.group()}' is no character"
        return source.problem("yaml-syntax", message, found.start(), found.end())
    start = min(last.end_mark.index, len(source.text)) if last else 0
    return source.problem("yaml-syntax", "this is not YAML, or YAML that no reader understands", start)


def _tab(source: Source, at: int) -> _Finding | None:
    """A tab that indents is against YAML 1.2; others it allows, such as behind a colon, and ruamel does not read."""
    if source.text[at : at + 1] != "\t":
        return None
    line, column = source.position(at)
    before, after = source.lines[line - 1][: column - 1], source.lines[line - 1][column:].strip()
    if before.strip() or after[:1] in ("", "#"):
        message = "a tab stands where the toolkit reads spaces only"
    else:
        message = "this line is indented with a tab; YAML allows only spaces"
    return _Finding(message, at, hint="replace it by spaces", rule="tab-indentation")


def _quote(source: Source, said: str, context: str, opened: int, last: Event | None) -> _Finding | None:
    """An unclosed quote shows at the end of the file, or at the next quote, which closes it by accident."""
    start = None
    if "quoted scalar" in context and ("end of stream" in said or "document separator" in said):
        start = opened
    elif getattr(last, "style", None) in ("'", '"') and last is not None and "<block end>" in said:
        start = last.start_mark.index
        if last.start_mark.line == last.end_mark.line:
            closed = last.end_mark.index
            rest = source.lines[source.position(closed)[0] - 1][source.position(closed)[1] - 1 :].strip()
            if not rest:
                return None
            whole = source.excerpt(start, closed + len(rest) + 1).strip().removesuffix("'")[1:]
            return _Finding(
                "text follows the quote that closes this value",
                closed,
                closed + len(rest) + 1,
                f'put the value between double quotes: "{whole}"'
                if source.text[start] == "'"
                and 0 < len(whole) <= _LONGEST_HINT
                and '"' not in whole
                and ": " not in rest
                else "put the whole value between one pair of quotes",
            )
    if start is None:
        return None
    line, column = source.position(start)
    rest = source.lines[line - 1][column - 1 :].rstrip()
    # 's-Hertogenbosch, 's-Gravenhage and 't Goy begin with an apostrophe; YAML takes it for a quote.
    apostrophe = re.match(r"'[a-z](?=[\s-])[^']*$", source.excerpt(start, start + len(rest)))
    hint = (
        f'put the value between double quotes: "{rest}"'
        if apostrophe and len(rest) <= _LONGEST_HINT
        else f"close it with {rest[0]}"
    )
    return _Finding(f"the quote {rest[0]} that opens here is never closed", start, start + len(rest), hint)


def _colon(source: Source, said: str, at: int, opened: int) -> _Finding | None:
    if "could not find expected ':'" in said:
        return _no_space(source, source.position(opened)[0]) or _no_colon(source, source.position(opened)[0])
    if "mapping values are not allowed" not in said:
        return None
    line, column = source.position(at)
    before = source.lines[line - 1][: column - 1]
    if _HAS_A_VALUE.match(before):
        return _two_colons(source, at)
    above = line - 1
    while above and not source.lines[above - 1].split("#")[0].strip():
        above -= 1
    if above:
        text = source.lines[above - 1]
        if not _HAS_A_VALUE.match(text) and text.strip().startswith("- "):
            pass
        elif ": " not in text:
            return _no_space(source, above) or _no_colon(source, above)
    return _indentation(source, at)


def _two_colons(source: Source, at: int) -> _Finding:
    line, _ = source.position(at)
    text = source.lines[line - 1]
    key, value = re.split(r":\s+", text, maxsplit=1)
    start = source.offset(line) + text.index(value, len(key))
    end = start + len(value.rstrip())
    quoted = source.excerpt(start, end).replace("\\", "\\\\").replace('"', '\\"')
    hint = f'put it between quotes: "{quoted}"' if 0 < len(quoted) <= _LONGEST_HINT else _BETWEEN_QUOTES
    return _Finding("a value that contains ': ' must stand between quotes", start, end, hint)


def _no_space(source: Source, line: int) -> _Finding | None:
    match = _COLON_WITHOUT_SPACE.match(source.lines[line - 1])
    if not match:
        return None
    start = source.offset(line) + match.start(1)
    return _Finding("a space is missing after this ':'", start, hint="write 'key: value'")


def _no_colon(source: Source, line: int) -> _Finding:
    text = source.lines[line - 1].split(" #")[0].rstrip()
    word = text.lstrip(" -")
    start = source.offset(line) + len(text) - len(word)
    shown = source.excerpt(start, start + len(word))
    message = f"a ':' is missing after '{brief(shown, 40)}'" if shown else "a ':' is missing in this line"
    return _Finding(message, start, start + len(word))


def _start_of_value(source: Source, said: str, context: str, at: int, opened: int) -> _Finding | None:
    start = opened if ("alias" in context or "anchor" in context or "block scalar" in context) else at
    character = source.text[start : start + 1]
    if "unknown escape character" in said:
        return _Finding(
            f"'\\{source.text[at : at + 1]}' means nothing between double quotes",
            at - 1,
            at + 1,
            "write \\\\ for a backslash, or use single quotes",
        )
    if "sequence entries are not allowed" in said:
        return _Finding("a list cannot start behind its key", at, hint="start it on the next line, or write [a, b]")
    if character in _INDICATORS and (start != at or "cannot start any token" in said):
        line, column = source.position(start)
        value = source.lines[line - 1][column - 1 :].split(" #")[0].rstrip()
        value_shown = source.excerpt(start, start + len(value))
        fits = 0 < len(value_shown) <= _LONGEST_HINT and '"' not in value
        hint = f'put it between quotes: "{value}"' if fits else _BETWEEN_QUOTES
        return _Finding(_INDICATORS[character], start, start + len(value), hint)
    return None


def _collection(source: Source, said: str, context: str, at: int, opened: int) -> _Finding | None:
    if "flow" in context and "expected ','" in said:
        kind, closing = ("list", "]") if "sequence" in context else ("map", "}")
        line = source.position(opened)[0]
        return _Finding(
            f"the {kind} that opens here is not closed, or lacks a comma before line {source.position(at)[0]}"
            if source.position(at)[0] != line
            else f"a ',' or '{closing}' is missing in this {kind}",
            opened if source.position(at)[0] != line else at,
            hint=f"close it with {closing}" if source.position(at)[0] != line else "",
        )
    if "expected the node content" in said or "but found ('" in said or "<block end>" in said:
        line, column = source.position(at)
        before = source.lines[line - 1][: column - 1].strip(" -")
        rest = source.lines[line - 1][column - 1 :].rstrip()
        if re.match(r":\S", rest):
            return _Finding("a space is missing after this ':'", at, hint="write 'key: value'")
        if source.text.lstrip().startswith("%"):
            start = source.text.index("%")
            return _Finding("a line cannot start with '%'", start, hint="put the text between quotes")
        if rest and (before or rest[0] in "]},:"):
            shown = source.excerpt(at, at + len(rest))
            what = f"'{brief(shown, 40)}'" if shown else "what stands here"
            return _Finding(f"{what} does not belong here", at, at + len(rest), "put the value between quotes")
        return _indentation(source, at)
    return None


def _indentation(source: Source, at: int) -> _Finding:
    line, _ = source.position(at)
    text = source.lines[line - 1].split(" #")[0].rstrip()
    word = text.lstrip()
    start = source.offset(line) + len(text) - len(word)
    return _Finding(
        "the indentation of this line does not fit the lines above",
        start,
        start + len(word),
        "lines of one map or list start in the same column",
    )
