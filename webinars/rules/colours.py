"""The clinic's colour, and what pages make of it: whatever is let in can be read, in the light and in the dark."""

from __future__ import annotations

import re
from colorsys import hls_to_rgb, rgb_to_hls
from dataclasses import dataclass
from functools import lru_cache

from webinars.errors import InvalidField

NEEDED = 4.5
"""Contrast of words with what they stand on (WCAG 2.2 AA)."""
WHITE, BLACK = "#ffffff", "#000000"
LIGHT_PAPER, DARK_PAPER = "#f8f5ee", "#10191b"
LIGHT_CARD, DARK_CARD = WHITE, "#1a2629"
HOUSE = "#0b5a6b"
"""The colour of a clinic that has chosen none. All four stand in api/pages/static/site.css too."""
_HEX = re.compile(r"#?([0-9a-f]{6}|[0-9a-f]{3})")
_STEPS = 128
"""Of shades between a colour and black or white that are tried."""
_TINT = 0.9
"""How much of the ground is in a tinted one."""
_DEEPER = 0.3
_QUIET = 0.85
_GLOWING = 7.9
"""Contrast of a wide ground with white, about that of the house."""
_COMFORTABLE = 6.0
"""Contrast of what the dark mode makes of a colour: at night the least that is allowed is tiring."""


@dataclass(frozen=True, slots=True)
class Palette:
    """What pages use, each `#rrggbb`. All of it reads on what it stands on."""

    accent: str
    """Links, and the ground of buttons."""
    strong: str
    """The same under the pointer, and for words with weight."""
    on_accent: str
    """Words on a button."""
    wash: str
    """A tinted ground for notices."""


@dataclass(frozen=True, slots=True)
class Colours:
    """A clinic's colour in both modes."""

    light: Palette
    dark: Palette
    ground: str
    """Wide ones under white words, the same in both modes: dark enough for a glow on it."""
    ground_quiet: str
    """Small words on that."""


def contrast(one: str, other: str) -> float:
    """How far two colours are apart, from 1 to 21 (WCAG 2.2)."""
    darker, lighter = sorted((_luminance(one), _luminance(other)))
    return (lighter + 0.05) / (darker + 0.05)


def clean_accent(text: str, field: str = "accent") -> str:
    """A colour as `#rrggbb`, or nothing for the house's own.

    Raises:
        InvalidField: if it is none, or if words in it or on it could not be read; it names a shade that can be.
    """
    if not text.strip():
        return ""
    accent = read_colour(text)
    if accent is None:
        raise InvalidField("Write the colour as # and six digits or letters from a to f, such as #0b5a6b.", field=field)
    trouble = trouble_of(accent)
    if trouble:
        raise InvalidField(trouble, field=field)
    return accent


def read_colour(text: str) -> str | None:
    """`#rrggbb` from what somebody typed; None if it is no colour."""
    found = _HEX.fullmatch(text.strip().lower())
    if found is None:
        return None
    digits = found[1]
    return "#" + (digits if len(digits) == 6 else "".join(digit * 2 for digit in digits))


def trouble_of(accent: str) -> str:
    """Why a colour cannot be used, and what can; nothing if all is well."""
    for words, ratio in (
        ("White text on this colour", contrast(WHITE, accent)),
        ("A link of this colour on our pages", contrast(LIGHT_PAPER, accent)),
        ("A link of this colour in a notice", contrast(_mix(accent, LIGHT_PAPER, _TINT), accent)),
    ):
        if ratio < NEEDED:
            # Cut off, not rounded: 4.49 must not read as the 4.5 that is needed.
            return f"{words} reads {int(ratio * 10) / 10}:1; {NEEDED}:1 is needed. A darker one: {darker(accent)}"
    return ""


def reads(accent: str) -> bool:
    """Whether a colour passes."""
    return not any(
        contrast(ground, accent) < NEEDED for ground in (WHITE, LIGHT_PAPER, _mix(accent, LIGHT_PAPER, _TINT))
    )


def darker(accent: str) -> str:
    """The nearest darker shade of a colour that passes; the colour itself if it does."""
    shades = (_mix(accent, BLACK, step / _STEPS) for step in range(_STEPS + 1))
    return next(shade for shade in shades if reads(shade))


@lru_cache(maxsize=64)
def colours_of(accent: str) -> Colours:
    """What pages make of a colour that passes."""
    shades = (_mix(accent, BLACK, step / _STEPS) for step in range(_STEPS + 1))
    ground = next(shade for shade in shades if contrast(WHITE, shade) >= _GLOWING)
    return Colours(
        Palette(accent, _mix(accent, BLACK, _DEEPER), WHITE, _mix(accent, LIGHT_PAPER, _TINT)),
        _in_the_dark(accent),
        ground,
        _mix(ground, WHITE, _QUIET),
    )


def _in_the_dark(accent: str) -> Palette:
    """A lighter shade that reads on dark grounds, with dark words on it."""
    shades = (_lighter(accent, step / _STEPS) for step in range(_STEPS + 1))
    light, wash = next(
        (shade, wash) for shade in shades if contrast(shade, wash := _mix(shade, DARK_CARD, _TINT)) >= _COMFORTABLE
    )
    return Palette(light, _mix(light, WHITE, _DEEPER), _mix(light, BLACK, 0.85), wash)


def _lighter(colour: str, share: float) -> str:
    """The same hue nearer to white; mixed with white it would go grey."""
    hue, lightness, saturation = rgb_to_hls(*(part / 255 for part in _parts(colour)))
    return _hex(*(part * 255 for part in hls_to_rgb(hue, lightness + (1 - lightness) * share, saturation)))


def _mix(one: str, other: str, share: float) -> str:
    """Two colours, with so much of the other one."""
    parts = zip(_parts(one), _parts(other), strict=True)
    return _hex(*(mine + (theirs - mine) * share for mine, theirs in parts))


def _luminance(colour: str) -> float:
    red, green, blue = (
        part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4
        for part in (value / 255 for value in _parts(colour))
    )
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def _parts(colour: str) -> tuple[int, int, int]:
    return int(colour[1:3], 16), int(colour[3:5], 16), int(colour[5:7], 16)


def _hex(*parts: float) -> str:
    return "#" + "".join(f"{round(part):02x}" for part in parts)
