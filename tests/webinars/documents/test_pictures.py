"""What a picture is, by its own bytes."""

from __future__ import annotations

import pytest

from tests.support.pictures import jpeg, png, webp
from webinars.documents.pictures import JPEG, PNG, WEBP, Picture, read_picture

EVERY = [
    (png(300, 100), Picture(PNG, 300, 100)),
    (jpeg(640, 480), Picture(JPEG, 640, 480)),
    (webp(320, 200), Picture(WEBP, 320, 200)),
    (webp(321, 5000, "VP8L"), Picture(WEBP, 321, 5000)),
    (webp(16384, 7, "VP8X"), Picture(WEBP, 16384, 7)),
]


@pytest.mark.parametrize(("content", "picture"), EVERY)
def test_kind_and_size_are_read(content: bytes, picture: Picture) -> None:
    assert read_picture(content) == picture


@pytest.mark.parametrize("content", [content for content, _ in EVERY])
def test_what_ends_too_early_is_no_picture(content: bytes) -> None:
    shortest = next(at for at in range(len(content) + 1) if read_picture(content[:at]))
    assert 20 < shortest <= len(content)
    assert all(read_picture(content[:at]) is None for at in range(shortest))


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"<svg xmlns='http://www.w3.org/2000/svg'><script>1</script></svg>",
        b"<?xml version='1.0'?><svg/>",
        b"GIF89a\x01\0\x01\0",
        b"%PDF-1.7",
        b"MZ" + bytes(100),
        b"\x89PNG\r\n\x1a\n<html>" + bytes(40),
        b"\xff\xd8\xff" + bytes(40),
        b"\xff\xd8" + b"\xff" * 40,
        b"RIFF\0\0\0\0WAVEfmt " + bytes(40),
        b"RIFF\0\0\0\0WEBPVP8 " + bytes(40),
        png(0, 10),
    ],
)
def test_all_else_is_none(content: bytes) -> None:
    assert read_picture(content) is None
