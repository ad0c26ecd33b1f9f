"""What an image file is: its kind and its size in pixels, read from its first bytes."""

from __future__ import annotations

import re
from typing import Final
from xml.etree import ElementTree

PNG: Final = b"\x89PNG\r\n\x1a\n"


def kind(data: bytes) -> str:
    """Return `png`, `svg`, or an empty text for anything else."""
    if data.startswith(PNG) and data[12:16] == b"IHDR":
        return "png"
    return "svg" if svg_root(data) is not None else ""


def measure(data: bytes) -> tuple[float, float] | None:
    """Return width and height (pixels, or the units of an SVG's view box); None where the file does not say."""
    if data.startswith(PNG) and len(data) >= 24:
        width, height = int.from_bytes(data[16:20]), int.from_bytes(data[20:24])
        return (width, height) if width and height else None
    root = svg_root(data)
    if root is None:
        return None
    box = [_number(part) for part in re.split(r"[\s,]+", root.get("viewBox", "").strip())]
    size = box[2:] if len(box) == 4 else [_number(root.get("width", "")), _number(root.get("height", ""))]
    width_, height_ = size
    return (width_, height_) if width_ and height_ and width_ > 0 and height_ > 0 else None


def svg_root(data: bytes) -> ElementTree.Element | None:
    """Return the root of an SVG document; None where it is no SVG, or declares entities.

    Entities have no place in a logo, and are how a small file makes a parser eat all memory.
    """
    if len(data) > 2**20 or b"<!ENTITY" in data.replace(b"\x00", b"").upper():
        return None
    try:
        root = ElementTree.fromstring(data)  # noqa: S314  # entities were refused above
    except (ElementTree.ParseError, ValueError, LookupError):
        return None
    return root if root.tag.rpartition("}")[2] == "svg" else None


def _number(text: str) -> float | None:
    match = re.fullmatch(r"\s*+([0-9]++(?:\.[0-9]++)?|\.[0-9]++)(?:px)?\s*+", text)
    return float(match[1]) if match else None
