"""Words for a person, in English, that can be said in another language later on."""

from __future__ import annotations


class Phrase(str):
    """English words with their values in them, which still know what they were before: `translations.py` looks them
    up by that. Whatever takes text takes a phrase; texts that are none, such as a host's own, are never translated.
    """

    __slots__ = ("message", "values")
    message: str
    """As it stands in the catalogues, with `%(name)s` for each value."""
    values: dict[str, object]

    def __new__(cls, message: str, **values: object) -> Phrase:
        phrase = super().__new__(cls, message % values if values else message)
        phrase.message, phrase.values = message, values
        return phrase
