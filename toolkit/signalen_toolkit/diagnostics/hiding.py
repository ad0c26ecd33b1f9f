"""Secrets in running text, found and hidden: what is one by itself, and what stands behind the name of one.

In a text that could be read, value by value. In one that could not (`broken`), nobody knows where a value ends: there,
all that is behind such a name is hidden, and what stands below it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from functools import cache
from typing import Final

from signalen_toolkit.diagnostics.indentation import Indentation
from signalen_toolkit.diagnostics.secret_shapes import PRIVATE_KEY, contents, is_secret_name

MASK: Final = "•"
Span = tuple[int, int]
_NEAR: Final = 20  # characters between a brace or comma and the key behind it
_FAR: Final = 2_000  # characters between a name and the value beside it

# Between an argument and the next one: on one line, or in a list of YAML or JSON.
_GAP: Final = r"(?:[ \t]++|[\"']?(?:,\s*+|\n(?=[ \t<>?=-]*-[ \t])(?:[ \t<>?=]|-(?!\w))++)[\"']?)"
# Each begins at the begin of a word, and what it repeats it does not give back: so none takes more than linear time.
_EXPRESSIONS: Final = {
    # `name: value` and `name=value`, the name between quotes or not, and those escaped (in a text within JSON) or not.
    "key": (
        r"(?<![\w.$/-])[\"']?(?P<name>[\w.$/-]++)\\*+[\"']?"
        r"(?P<space>[ \t]*+)(?P<sign>:(?=[\s\"'\\]|$)|=)[ \t]*+"
    ),
    # In a text that cannot be read: also `name:value`, `name value`, and a name alone.
    "word": r"(?<![\w.$/-])(?P<name>[\w.$/-]++)[\\\"']*+[ \t]*+[:=]?[ \t]*+",
    # `name: DATABASE_PASSWORD`, beside which a `value` stands.
    "named": r"(?<![\w.$/-])[\"']?(?:name|key)[\"']?[ \t]*+[:=]?[ \t]*+[\"']?(?P<name>[\w.$-]++)",
    "value": r"(?<![\w.$/-])[\"']?value(?![\w.$/-])[\"']?[ \t]*+[:=]?[ \t]*+",
    # A Secret of Kubernetes within a text: there every value is one, whatever it is called.
    "secret": r"(?<!\w)[\"']?kind[\"']?[ \t]*+:[ \t]*+[\"']?Secret\b",
    "data": r"(?<![\w.-])[\"']?(?:data|stringData)[\"']?[ \t]*+:",
    "key_below": r"[ \t]*+(?:- +)?[\"']?[\w.$/-]++[\"']?[ \t]*+:(?=\s|$)",
    "quoted": r"\"(?:[^\"\\\n]|\\[^\n])*+\"|'(?:[^'\n]|'')*+'|\\++([\"'])[^\n]*?\\\1",
    "plain": r"[^\s'\"&;]*+",
    # What is given to programs as an argument, and what stands in files that are neither YAML nor `name=value`.
    "option": rf"(?<![\w-])--?(?P<name>[\w-]++){_GAP}(?P<a>\"[^\"\n]*+\"|'[^'\n]*+'|[^\s\"'&;-][^\s\"'&;]*+)",
    "element": r"<(?P<name>[\w.-]++)>(?P<a>[^<\n]++)</",
    "argument": (
        rf"(?<![\w-])(?:-u|--user|--proxy-user)(?:{_GAP}|=)[\"']?[^\s:\"']*+:(?P<b>[^\s\"']++)"
        rf"|--from-literal(?:{_GAP}|=)[\"']?[^\s=\"']++=(?P<c>[^\s\"']++)"
        rf"|\b(?:sshpass{_GAP}-p(?:{_GAP})?|redis-cli\b[^|;]{{0,200}}?[\s\"']-a{_GAP}"
        rf"|ldap\w*+[^|;]{{0,200}}?[\s\"']-w{_GAP}"
        r"|(?:mysql|mysqldump|mariadb)\b[^|;]{0,200}?[\s\"']-p(?=[^\s\"'])|pass:)(?P<d>[^\s\"']++)"
        r"|\blogin[ \t]++\S++\s++password[ \t]++(?P<e>\S++)"
        r"|\b(?:requirepass|masterauth|proxy_set_header[ \t]++Authorization)[ \t]++(?P<f>[^\n;]++)"
        r"|(?<![\w.:/*-])[\w.*-]++:(?:\d{2,5}|\*):[^:\s]++:[^:\s]++:(?P<h>[^\s\"']++)"
    ),
}


def hidden(text: str, *, broken: bool = False) -> str:
    """Return a text with dots in the place of secrets, letter by letter; lines and columns stay what they are."""
    return masked(text, spans(text, broken=broken))


def without_contents(text: str) -> str:
    """Return a text with dots for what is a secret by itself: for sentences, in which a name is just a word."""
    return masked(text, _contents(text)) if text.strip(MASK) else text


def masked(text: str, found: Iterable[Span]) -> str:
    """Return a text with dots at some places."""
    parts, last = list[str](), 0
    for start, end in _merged(found):
        parts += [text[last:start], re.sub(r"[^\r\n]", MASK, text[start:end])]
        last = end
    return "".join([*parts, text[last:]])


def spans(text: str, *, broken: bool = False) -> list[Span]:
    """Return where the secrets in a text are, in their order and apart."""
    found = [*_found(text, broken=broken)]
    if "\\n" in text:  # a text of more lines on one line, as JSON has it
        found += _found(text.replace("\\n", "\n "), broken=broken)
    return _merged(found)


def _found(text: str, *, broken: bool) -> Iterator[Span]:
    lines = Indentation(text)
    yield from _contents(text)
    yield from _arguments(text)
    yield from _values(lines)
    yield from _of_kubernetes(lines, broken=broken)
    if broken:
        yield from _behind_names(lines)


def _merged(found: Iterable[Span]) -> list[Span]:
    result: list[Span] = []
    for start, end in sorted(found):
        if result and start <= result[-1][1]:
            result[-1] = result[-1][0], max(end, result[-1][1])
        elif start < end:
            result.append((start, end))
    return result


def _contents(text: str) -> Iterator[Span]:
    until = 0
    for shape in contents():
        for match in shape.pattern.finditer(text):
            if shape.what != PRIVATE_KEY:
                yield match.span("secret") if "secret" in shape.pattern.groupindex else match.span()
            elif match.start() >= until:
                end = text.find("-----END", match.end())
                last = text.find("\n", end) if end >= 0 else -1
                until = last if last >= 0 else len(text)
                yield match.start(), until


def _arguments(text: str) -> Iterator[Span]:
    for expression in ("option", "element"):
        yield from (
            match.span("a") for match in _expression(expression).finditer(text) if is_secret_name(match["name"])
        )
    for match in _expression("argument").finditer(text):
        yield from (match.span(group) for group in "bcdefh" if match[group] and not match[group].startswith("$"))


def _values(lines: Indentation) -> Iterator[Span]:
    """Yield the values behind the names of secrets."""
    until = 0
    for match in _expression("key").finditer(lines.text):
        if match.start() >= until and is_secret_name(match["name"]):
            until = _end_of_value(lines, match)
            yield match.end(), until


def _end_of_value(lines: Indentation, match: re.Match[str]) -> int:
    text, start = lines.text, match.end()
    if quoted := _expression("quoted").match(text, start):
        return quoted.end()
    end, first = lines.end(start), text[start : start + 1]
    if match["sign"] == "=" and not (match["space"] or text[start - 1] in " \t"):
        plain = _expression("plain").match(text, start)
        return plain.end() if plain else start
    if first in ("|", ">"):
        return lines.end_of_block(start)
    if start == end or first in ("#", "&", "!"):
        # The value is on the lines below, unless those are keys, which have their own names.
        return end if _expression("key_below").match(text, end + 1) else lines.end_of_block(match.start())
    before = text[max(lines.start(match.start()), match.start() - _NEAR) : match.start()].rstrip(" \t\"'\\")
    if before.endswith(("{", ",")) and first not in "[{":
        closing = re.compile(r"[,}\]]").search(text, start, end)  # a map within braces
        return closing.start() if closing else end
    return lines.end_of_block(match.start())


def _of_kubernetes(lines: Indentation, *, broken: bool) -> Iterator[Span]:
    """Yield the values of Secrets, and of variables in a list."""
    text = lines.text
    if _expression("secret").search(text):
        for match in _expression("data").finditer(text):
            end = lines.end_of_block(match.end())
            yield match.end(), max(end, lines.end_of_next(match.end())) if broken else end
    seen = 0
    for match in _expression("named").finditer(text):
        if is_secret_name(match["name"]):
            start, end = lines.item(match.start())
            start, end = max(seen, start, match.start() - _FAR), min(end, match.end() + _FAR)
            seen = max(seen, end)
            yield from ((value.end(), lines.end_of_block(value.start())) for value in _values_in(text, start, end))


def _values_in(text: str, start: int, end: int) -> Iterator[re.Match[str]]:
    return _expression("value").finditer(text, start, end)


def _behind_names(lines: Indentation) -> Iterator[Span]:
    """Yield all that may be a secret where the text cannot be read."""
    text = lines.text
    for match in _expression("word").finditer(text):
        if not is_secret_name(match["name"]):
            continue
        start = match.end()
        end, opening = lines.end_of_block(start), text[start : start + 1]
        if start == lines.end(start):
            end = max(end, lines.end_of_next(start))
        elif opening in ("'", '"'):
            closing = text.find(opening, start + 1)
            end = max(end, len(text) if closing < 0 else closing + 1)
        yield start, end


@cache
def _expression(name: str) -> re.Pattern[str]:
    return re.compile(_EXPRESSIONS[name], re.MULTILINE)
