"""Plain data as YAML text that every reader understands alike.

Helm reads YAML 1.1, we write for it and for YAML 1.2: a text stands without quotes only where no reader can take
it for something else, and is otherwise a JSON string, which is YAML too.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final

from signalen_toolkit.diagnostics.characters import UNSEEN, escape

# Begins with a letter and holds nothing that YAML gives a meaning: not `a: b`, `#`, `- x`, a number or a date.
_PLAIN: Final = re.compile(r"[A-Za-z][A-Za-z0-9_./-]*")
_SHORT: Final = 200  # characters of a text that is worth to be kept with what is written of it
_LONG: Final = 2**14  # the same of a text of several lines
# `json.dumps` makes an encoder for each text, unless it is to write ASCII.
_JSON: Final = json.JSONEncoder(ensure_ascii=False).encode
# Words that YAML 1.1 reads as true, false or nothing.
_WORDS: Final = frozenset({"y", "n", "yes", "no", "on", "off", "true", "false", "null"})
# What JSON allows in a string and YAML does not, or reads as the end of a line, or what nobody would see.
_UNPRINTABLE: Final = re.compile(f"[\x7f\ufffe\uffff]|{UNSEEN.pattern}")
# Stands around a text that may become a block; no text of ours holds one, for it would be escaped.
_MARK: Final = "\0"
_MARKED: Final = re.compile(r"^( *+)((?:- )*+)((?:[^\0\n]*: )?)\0([^\0\n]*+)\0$")
# A line of a block that a reader could take for something else than itself, or that nobody would see the end of.
_NOT_IN_BLOCK: Final = re.compile(r"[ \t]$", re.MULTILINE)


def is_plain(text: str) -> bool:
    """Tell whether a text means itself without quotes, to any reader of YAML."""
    return _PLAIN.fullmatch(text) is not None and text.lower() not in _WORDS


def quoted(text: str) -> str:
    """Return a text between double quotes, as JSON and YAML both read it."""
    return _UNPRINTABLE.sub(
        lambda found: escape(found) if found.group() <= "\uffff" else found.group(),
        _JSON(text),
    )


def inline(value: Any) -> str:
    """Return plain data on one line.

    Raises TypeError for what is not plain data, ValueError for a number that JSON does not have.
    """
    if isinstance(value, str):
        return _text(value) if len(value) <= _SHORT else _written(value)
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return int.__repr__(value)
    if isinstance(value, float):
        if not math.isfinite(value):
            raise ValueError(f"{value} has no place in YAML that Helm reads")
        return _number(value)
    if isinstance(value, list | tuple):
        return "[" + ", ".join([inline(child) for child in value]) + "]"
    if isinstance(value, Mapping):
        return "{" + ", ".join([f"{inline(str(key))}: {inline(child)}" for key, child in value.items()]) + "}"
    raise TypeError(f"{type(value).__name__} is not plain data")


def _written(text: str) -> str:
    return text if is_plain(text) else quoted(text)


_text = lru_cache(maxsize=4096)(_written)  # a tree has the same short texts again and again


def marked(value: Any) -> str:
    """Return plain data on one line as `inline` does, with marks for `in_blocks` around a text of several lines."""
    if value.__class__ is str and len(value) <= _SHORT and "\n" not in value:
        return _text(value)  # most of them
    if not isinstance(value, str):
        return inline(value)
    return _marked_text(value) if len(value) <= _LONG else _marked(value)


def _marked(text: str) -> str:
    return f"{_MARK}{quoted(text)}{_MARK}" if "\n" in text and _fits_block(text) else inline(text)


_marked_text = lru_cache(maxsize=256)(_marked)  # scripts, which many environments have


def in_blocks(text: str) -> str:
    """Return YAML with each marked text that stands alone behind its key or dash as a block, a line each.

    What stands within brackets stays on its line. Raises nothing for what has no marks.
    """
    if _MARK not in text:
        return text
    lines = (_MARKED.sub(_block, line) if _MARK in line else line for line in text.split("\n"))
    return "\n".join(lines).replace(_MARK, "")


def _block(found: re.Match[str]) -> str:
    pad, dashes, key, said = found.groups()
    if not dashes and not key:
        return f"{pad}{said}"  # all that there is
    text = json.loads(said)
    inner = pad + " " * len(dashes) + ("  " if key else "")
    lines = text.removesuffix("\n").split("\n")
    head = f"{pad}{dashes}{key}|" + ("" if text.endswith("\n") else "-")
    return "\n".join([head, *(f"{inner}{line}" if line else "" for line in lines)])


def _fits_block(text: str) -> bool:
    """Tell whether a text has several lines that every reader finds back in a block, with no number in its head."""
    lines = text.removesuffix("\n").split("\n")
    return (
        len(lines) > 1
        and bool(lines[-1])
        and lines[0][:1] not in ("", " ", "\t")
        and not _NOT_IN_BLOCK.search(text)
        and (line := text.replace("\n", "").replace("\t", "")).isprintable()
        and not _UNPRINTABLE.search(line)
    )


@dataclass(frozen=True, slots=True)
class Below:
    """Plain data that is to stand below its key, a line each, so many spaces to the right."""

    value: Any
    indent: int


def below(data: Below, write: Callable[[Any], str] = inline) -> str:
    """Return what follows the colon of a key: lines below it, or on the same line what is empty or no map or list.

    `write` puts one value on a line.
    """
    lines = list(_lines(data.value, " " * data.indent, write))
    return "\n" + "\n".join(lines) if lines else f" {write(data.value)}"


def _lines(value: Any, pad: str, write: Callable[[Any], str]) -> Iterator[str]:
    if isinstance(value, Mapping):
        for key, child in value.items():
            yield from _entry(f"{pad}{inline(str(key))}:", child, f"{pad}  ", write)
    elif isinstance(value, list | tuple):
        for child in value:
            yield from _entry(f"{pad}-", child, f"{pad}  ", write)


def _entry(start: str, child: Any, pad: str, write: Callable[[Any], str]) -> Iterator[str]:
    lines = list(_lines(child, pad, write))
    if not lines:
        yield f"{start} {write(child)}"
    elif start.endswith("-"):  # the first line of what is in a list stands behind its dash
        yield f"{start} {lines[0].lstrip(' ')}"
        yield from lines[1:]
    else:
        yield start
        yield from lines


def _number(value: float) -> str:
    text = json.dumps(value)
    # YAML 1.1 asks for a point in a number with an exponent, and for a sign in the exponent.
    return text.replace("e", ".0e") if "e" in text and "." not in text else text
