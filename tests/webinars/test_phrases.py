"""A phrase is text, and knows what it was before its values were put in."""

from __future__ import annotations

import json

from webinars.phrases import Phrase


def test_a_phrase_is_the_text_it_says() -> None:
    phrase = Phrase("At most %(most)s characters.", most=60)
    assert phrase == "At most 60 characters."
    assert (phrase.message, phrase.values) == ("At most %(most)s characters.", {"most": 60})
    assert json.dumps({"detail": phrase}) == '{"detail": "At most 60 characters."}'
    assert type(str(phrase)) is str


def test_nothing_in_a_value_is_taken_for_a_place_to_fill() -> None:
    assert Phrase("Answer “%(label)s”.", label="100 % or %(most)s?") == "Answer “100 % or %(most)s?”."
    assert Phrase("Is 100 % all right?") == "Is 100 % all right?"
