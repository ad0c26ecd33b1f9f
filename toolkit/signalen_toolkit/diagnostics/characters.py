"""Characters that nobody sees as what they are: those that a terminal acts upon, and those that leave no mark.

Source: the Unicode Character Database: the general categories Cc, Cf, Cs, Zl, Zp, Zs and the property
Default_Ignorable_Code_Point; UTS #51 for the few of them that make an emoji what it is.
"""

from __future__ import annotations

import re
import unicodedata
from typing import Final

# Control characters, half surrogate pairs, and what reorders or breaks lines unseen: a class of an expression.
_ACTING: Final = "\x00-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069\ud800-\udfff"
# Spaces that are not the one of the keyboard.
SPACES: Final = "\u00a0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a\u202f\u205f\u3000"
# What has no width, or is drawn as nothing at all.
_EMPTY: Final = (
    "\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u2060-\u2065\u206a-\u206f\u2800\u3164"
    "\ufe00-\ufe0f\ufeff\uffa0\ufff0-\ufffb\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0000-\U000e0fff"
)
# What a variation selector or a joiner may follow: an emoji, or a sign that becomes one. Between the letters of Arabic
# and of Indian scripts joiners make another shape.
_EMOJI: Final = (
    "\u00a9\u00ae\u203c\u2049\u2122\u2139\u2190-\u21ff\u2300-\u27bf\u2900-\u297f\u2b00-\u2bff\u3030\u303d\u3297\u3299"
    "\U0001f000-\U0001faff"
)
# Behind the character, so that a search goes from one such character to the next.
_IS_UNSEEN: Final = (
    rf"(?:(?<![\u200c\u200d\ufe0e\ufe0f])|(?<![{_EMOJI}][\ufe0e\ufe0f])(?<![0-9#*]\ufe0f(?=\u20e3))(?<![{_EMOJI}\ufe0f]\u200d(?=[{_EMOJI}]))"
    r"(?<![\u0600-\u0fff][\u200c\u200d](?=[\u0600-\u0fff])))"
)

# What a terminal acts upon.
ACTING: Final = re.compile(f"[{_ACTING}]")
# What is not seen, but for what makes an emoji or a letter what it is; each match is one character.
INVISIBLE: Final = re.compile(f"[{SPACES}{_EMPTY}]{_IS_UNSEEN}")
# Both.
UNSEEN: Final = re.compile(f"[{_ACTING}{SPACES}{_EMPTY}]{_IS_UNSEEN}")
# What no text may hold, not even as an escape: all that a terminal acts upon but tabs and line breaks, what is no
# character, and what could only be written unseen where a text is both YAML and JSON.
CONTROL: Final = re.compile(
    "[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069\ud800-\udfff\ufffe\uffff"
    "\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0000-\U000e0fff]"
)


def character_name(character: str) -> str:
    """Name a character that cannot be seen."""
    code = f"U+{ord(character):04X}"
    if character == "\0":
        return f"a NUL character ({code})"
    if "\ud800" <= character <= "\udfff":
        return f"half a character ({code}, a lone surrogate)"
    if ACTING.match(character) or not INVISIBLE.match(character):
        return f"a control character ({code})"
    return f"an invisible character ({code}, {unicodedata.name(character, 'without a name').lower()})"


def is_space(character: str) -> bool:
    """Tell whether an invisible character is a space."""
    return character in SPACES


def ordinary(text: str) -> str:
    """Return a text as it looks: ordinary spaces for those of another kind, and nothing for what is not seen."""
    return INVISIBLE.sub(lambda found: " " if is_space(found.group()) else "", text)


def visible(text: str) -> str:
    """Replace each unseen character but line breaks and tabs by one that is seen."""
    return UNSEEN.sub(lambda found: mark(found.group()), text)


def mark(character: str) -> str:
    """Return what stands for an unseen character: itself for a line break or tab."""
    if character in "\n\t":
        return character
    if character < " ":
        return chr(0x2400 + ord(character))
    return "\u2423" if is_space(character) else "\ufffd"


def escape(found: re.Match[str]) -> str:
    """Write one character as JSON and YAML escape it between double quotes: for `re.sub` over what they quoted."""
    code = ord(found.group())
    if code <= 0xFFFF:
        return f"\\u{code:04x}"
    code -= 0x10000
    return f"\\u{0xD800 + (code >> 10):04x}\\u{0xDC00 + (code & 0x3FF):04x}"
