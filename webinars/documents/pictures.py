"""Reads what a picture says of itself: its kind and its size. What it is called, and what a browser says it is, do not
count."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

PNG, JPEG, WEBP = "image/png", "image/jpeg", "image/webp"
_PNG_START = b"\x89PNG\r\n\x1a\n\x00\x00\x00\x0dIHDR"
_JPEG_START = b"\xff\xd8\xff"
_JPEG_FRAMES = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
"""Markers behind which the size stands."""
_WITHOUT_LENGTH = frozenset({0x01, *range(0xD0, 0xD8)})
_VP8_START, _VP8L_START = b"\x9d\x01\x2a", 0x2F
_FOURTEEN_BITS = 0x3FFF


@dataclass(frozen=True, slots=True)
class Picture:
    """A picture, by its first bytes."""

    media_type: str
    width: int
    height: int


def read_picture(content: bytes) -> Picture | None:
    """What a file is if it is a PNG, a JPEG or a WebP; None for anything else, SVG too, which may hold scripts."""
    try:
        if content.startswith(_PNG_START):
            return _sized(PNG, _number(content, 16, 4), _number(content, 20, 4))
        if content.startswith(_JPEG_START):
            return _sized(JPEG, *_jpeg_size(content))
        if content[:4] == b"RIFF" and content[8:12] == b"WEBP":
            return _sized(WEBP, *_webp_size(content))
    except IndexError:  # it ends too early
        return None
    return None


def _sized(media_type: str, width: int, height: int) -> Picture | None:
    return Picture(media_type, width, height) if width and height else None


def _jpeg_size(content: bytes) -> tuple[int, int]:
    at = 2
    while content[at] == 0xFF:
        marker = content[at + 1]
        if marker in _JPEG_FRAMES:
            return _number(content, at + 7, 2), _number(content, at + 5, 2)
        if marker == 0xFF:  # padding
            at += 1
        else:
            at += 2 if marker in _WITHOUT_LENGTH else 2 + _number(content, at + 2, 2)
    return 0, 0


def _webp_size(content: bytes) -> tuple[int, int]:
    kind = content[12:16]
    if kind == b"VP8X":
        return _number(content, 24, 3, "little") + 1, _number(content, 27, 3, "little") + 1
    if kind == b"VP8L" and content[20] == _VP8L_START:
        bits = _number(content, 21, 4, "little")
        return (bits & _FOURTEEN_BITS) + 1, (bits >> 14 & _FOURTEEN_BITS) + 1
    if kind == b"VP8 " and content[23:26] == _VP8_START:
        return _number(content, 26, 2, "little") & _FOURTEEN_BITS, _number(content, 28, 2, "little") & _FOURTEEN_BITS
    return 0, 0


def _number(content: bytes, at: int, length: int, order: Literal["big", "little"] = "big") -> int:
    """Raises:
    IndexError: if the file ends before.
    """
    part = content[at : at + length]
    if len(part) < length:
        raise IndexError
    return int.from_bytes(part, order)
