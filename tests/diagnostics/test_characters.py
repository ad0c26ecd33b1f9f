"""Characters that nobody sees: which they are, what they are called, and what is shown for them."""

from __future__ import annotations

import json
import re
import sys
import unicodedata

import pytest
from signalen_toolkit.diagnostics.characters import (
    CONTROL,
    INVISIBLE,
    UNSEEN,
    character_name,
    escape,
    ordinary,
    visible,
)

# Of the categories that are not seen, these are: signs that surround or join digits and letters of other scripts.
_DRAWN = re.compile("ARABIC|SYRIAC|KAITHI|EGYPTIAN")
_EVERY = [chr(code) for code in range(sys.maxunicode + 1)]


def test_all_that_unicode_counts_as_not_seen_is_found() -> None:
    for character in _EVERY:
        if unicodedata.category(character) in ("Cc", "Cf", "Cs", "Zl", "Zp", "Zs") and character != " ":
            drawn = _DRAWN.match(unicodedata.name(character, "")) and character != "\u061c"
            assert drawn or UNSEEN.fullmatch(character), f"U+{ord(character):04X}"


def test_letters_that_are_seen_are_not_found() -> None:
    for character in _EVERY:
        if UNSEEN.fullmatch(character) and unicodedata.category(character)[0] in "LNPS":
            assert unicodedata.name(character) in {
                "BRAILLE PATTERN BLANK",
                "HALFWIDTH HANGUL FILLER",
                "HANGUL CHOSEONG FILLER",
                "HANGUL FILLER",
                "HANGUL JUNGSEONG FILLER",
            }


@pytest.mark.parametrize(
    "text",
    ["⚠️ 1️⃣ ❤️", "👨‍👩‍👧‍👦", "👍🏽", "🏳️‍🌈", "\u0645\u06cc\u200c\u062e\u0648\u0627\u0647\u0645", "'s-Hertogenbosch €"],
)
def test_what_makes_an_emoji_or_a_letter_is_seen(text: str) -> None:
    assert INVISIBLE.search(text) is None
    assert visible(text) == ordinary(text) == text


@pytest.mark.parametrize("text", ["1\ufe0f", "a\ufe0f", "a\u200db", "\u200d👍", "👍\u200d", "x\u200cy"])
def test_elsewhere_the_same_characters_are_not(text: str) -> None:
    assert INVISIBLE.search(text)


@pytest.mark.parametrize(
    ("character", "name"),
    [
        ("\0", "NUL character (U+0000)"),
        ("\x1b", "control character (U+001B)"),
        ("\u202e", "control character (U+202E)"),
        ("\ud800", "half a character (U+D800"),
        ("\u00a0", "invisible character (U+00A0, no-break space)"),
        ("\u200b", "invisible character (U+200B, zero width space)"),
        ("\ufff0", "invisible character (U+FFF0, without a name)"),
    ],
)
def test_each_has_a_name(character: str, name: str) -> None:
    assert name in character_name(character)


def test_what_is_shown_for_them() -> None:
    assert visible("a\x1b[1m\u00a0\u200b\u202e\r\n\tb") == "a␛[1m␣��␍\n\tb"
    assert ordinary("a\u00a0b\u200bc") == "a bc"


def test_an_escape_is_read_back() -> None:
    for character in _EVERY:
        if UNSEEN.fullmatch(character) or CONTROL.fullmatch(character):
            written = re.sub("(?s).", escape, character)
            assert written.isascii()
            assert json.loads(f'"{written}"') == character
