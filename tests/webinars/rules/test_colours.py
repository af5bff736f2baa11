"""Whatever colour is let in: words in it and on it can be read on every ground, by day and in the dark."""

from __future__ import annotations

import re
from itertools import product
from pathlib import Path

import pytest

from webinars.errors import InvalidField
from webinars.rules.colours import (
    DARK_CARD,
    DARK_PAPER,
    HOUSE,
    LIGHT_CARD,
    LIGHT_PAPER,
    NEEDED,
    WHITE,
    _mix,
    clean_accent,
    colours_of,
    contrast,
    darker,
    read_colour,
    reads,
    trouble_of,
)

SITE = Path(__file__).parents[3] / "api" / "pages" / "static" / "site.css"
EVERY = [f"#{red:02x}{green:02x}{blue:02x}" for red, green, blue in product(range(0, 256, 51), repeat=3)]
SUN, LARGE = "#f4b860", 3.0
"""A glow on wide grounds, and the contrast of large words on it."""
INKS = {"light": ("#1b2a2d", "#47585c"), "dark": ("#eef3f3", "#b9c8cb")}


def site_tokens() -> list[dict[str, str]]:
    """Of site.css, by day and in the dark, each colour written out."""
    blocks = re.findall(r":root {(.*?)\n *}", SITE.read_text(encoding="utf-8"), re.DOTALL)[:2]
    tokens = [dict(re.findall(r"--([a-z-]+): (#[0-9a-f]{3,6});", block)) for block in blocks]
    return [{name: read_colour(value) or "" for name, value in each.items()} for each in tokens]


@pytest.mark.parametrize(
    ("one", "other", "ratio"),
    [
        ("#ffffff", "#000000", 21.0),
        ("#777777", "#ffffff", 4.48),
        ("#0000ff", "#ffffff", 8.59),
        ("#123456", "#123456", 1),
    ],
)
def test_contrast_is_that_of_wcag(one: str, other: str, ratio: float) -> None:
    assert contrast(one, other) == contrast(other, one) == pytest.approx(ratio, abs=0.01)


def test_a_yellow_is_refused_with_its_nearest_darker_shade_that_passes() -> None:
    with pytest.raises(InvalidField) as refusal:
        clean_accent("#F5C518")
    assert refusal.value.facts == {"field": "accent"}
    assert refusal.value.detail == (
        "White text on this colour reads 1.6:1; 4.5:1 is needed. A darker one: " + darker("#f5c518")
    )
    assert clean_accent(darker("#f5c518")) == darker("#f5c518")


def test_what_reads_on_white_alone_does_not_pass() -> None:
    """The control: white is not the only ground that links stand on."""
    assert contrast("#757575", WHITE) > NEEDED
    assert trouble_of("#757575").startswith("A link of this colour on our pages reads 4.2:1; 4.5:1 is needed.")
    assert not reads("#757575")


def test_a_ratio_is_never_rounded_up_to_what_is_needed() -> None:
    assert contrast("#777777", WHITE) == pytest.approx(4.48, abs=0.01)
    assert "reads 4.4:1" in trouble_of("#777777")


def test_a_colour_may_be_typed_as_people_do() -> None:
    assert [clean_accent(text) for text in (" #7A1F1F ", "7a1f1f", "#712", "")] == ["#7a1f1f", "#7a1f1f", "#771122", ""]
    for text in ("red", "#12345", "rgb(1,2,3)", "#7a1f1f;}", "#١٢٣٤٥٦"):
        with pytest.raises(InvalidField, match="Write the colour as #"):
            clean_accent(text)


def test_the_shade_offered_is_the_nearest_that_passes() -> None:
    for colour in EVERY:
        shade = darker(colour)
        assert reads(shade)
        assert (shade == colour) == reads(colour) == (trouble_of(colour) == "")


def test_whatever_passes_reads_everywhere_on_the_pages() -> None:
    grounds = {"light": (LIGHT_PAPER, LIGHT_CARD), "dark": (DARK_PAPER, DARK_CARD)}
    for accent in {darker(colour) for colour in EVERY}:
        colours = colours_of(accent)
        for mode, palette in (("light", colours.light), ("dark", colours.dark)):
            for ground in (*grounds[mode], palette.wash):
                assert contrast(palette.accent, ground) >= NEEDED, (accent, mode)
                assert contrast(palette.strong, ground) >= NEEDED, (accent, mode)
            assert min(contrast(palette.on_accent, shade) for shade in (palette.accent, palette.strong)) >= NEEDED
            assert min(contrast(ink, palette.wash) for ink in INKS[mode]) >= NEEDED, (accent, mode)
        assert contrast(colours.ground, colours.ground_quiet) >= NEEDED, accent
        glow, ring = (_mix(colours.ground, SUN, share) for share in (0.32, 0.14))
        assert contrast(glow, WHITE) >= LARGE, accent
        assert contrast(ring, colours.ground_quiet) >= NEEDED, accent


def test_the_grounds_and_the_house_colour_are_those_of_the_stylesheet() -> None:
    light, dark = site_tokens()
    assert (light["paper"], light["card"], dark["paper"], dark["card"]) == (
        LIGHT_PAPER,
        LIGHT_CARD,
        DARK_PAPER,
        DARK_CARD,
    )
    assert light["brand"] == light["ground"] == HOUSE
    assert (light["ink"], light["quiet"], dark["ink"], dark["quiet"]) == (*INKS["light"], *INKS["dark"])
    assert clean_accent(HOUSE) == HOUSE
