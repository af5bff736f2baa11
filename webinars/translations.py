"""The languages that people are addressed in. English stands in the code; the others are in `locales`, one file each.

A catalogue is read as it is edited, at its first use (some 10 ms): nothing has to be built first, and nothing built can
be out of date. [Decision 10](../docs/decisions/0010-catalogues.md) says why.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from gettext import c2py
from pathlib import Path

from babel import Locale, UnknownLocaleError
from babel.messages.pofile import read_po

from webinars.phrases import Phrase

ENGLISH = "en"
LANGUAGES = (ENGLISH, "es")
PARAMETER = "lang"
"""With which the address of a page names its language."""
_USUAL_REGION = "US"
_LOCALES = Path(__file__).parent / "locales"


@dataclass(frozen=True, slots=True)
class Words:
    """The words of one language, by what they are in English. What is missing stays English."""

    language: str
    _forms: Mapping[str, tuple[str, ...]]
    _form_for: Callable[[int], int]

    def gettext(self, message: str) -> str:
        """`message` in this language."""
        return self._forms.get(message, (message,))[0]

    def ngettext(self, one: str, many: str, number: int) -> str:
        """One of two messages in this language, in the form that goes with `number`."""
        return self._forms.get(one, (one, many))[self._form_for(number)]

    def say(self, text: str) -> str:
        """A phrase in this language; any other text as it stands, for it is somebody's own."""
        if not isinstance(text, Phrase):
            return text
        words = self.gettext(text.message)
        return words % {name: _said(self, value) for name, value in text.values.items()} if text.values else words


def language_of(locale: str) -> str:
    """The language to address somebody in whose browser asked for `locale`: English unless there are words for it."""
    language = locale.replace("_", "-").partition("-")[0].lower()
    return language if language in LANGUAGES else ENGLISH


def in_language(path: str, language: str) -> str:
    """The address by which a public page is known in a language. Without a name it is the English one to everybody who
    does not say what they read, as search engines do not."""
    return path if language == ENGLISH else f"{path}?{PARAMETER}={language}"


def locale_of(locale: str) -> Locale:
    """`locale` as CLDR has it, in a language there are words for: its region orders a date and splits the day."""
    language = language_of(locale)
    for tag in locale.replace("_", "-").split("-")[1:]:
        if len(tag) == 2 and tag.isalpha():
            try:
                return Locale(language, tag.upper())
            except UnknownLocaleError:
                break
    return Locale(language, _USUAL_REGION)


@cache
def words_of(language: str) -> Words:
    """The words of one of LANGUAGES."""
    if language == ENGLISH:
        return Words(ENGLISH, {}, lambda number: int(number != 1))
    with catalogue_path(language).open("rb") as file:
        catalogue = read_po(file, locale=language, abort_invalid=True)
    forms = {}
    for message in catalogue:
        ids, strings = _each(message.id), _each(message.string)
        if all(ids) and all(strings) and not message.fuzzy:
            forms[ids[0]] = strings
    return Words(language, forms, c2py(catalogue.plural_expr))


def catalogue_path(language: str) -> Path:
    """The file with the words of a language other than English."""
    return _LOCALES / language / "LC_MESSAGES" / "webinars.po"


def _said(words: Words, value: object) -> object:
    return words.say(value) if isinstance(value, str) else value


def _each(said: str | Sequence[str] | None) -> tuple[str, ...]:
    """One form, or the singular and the plural."""
    return (said or "",) if isinstance(said, str | None) else tuple(said)
