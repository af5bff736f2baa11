"""The catalogues say all that the templates and the code say, with every variable, and nothing else."""

from __future__ import annotations

import re
from io import BytesIO
from pathlib import Path

import pytest
from babel.messages.catalog import Catalog
from babel.messages.extract import extract
from babel.messages.pofile import read_po

import api
import webinars
from webinars.phrases import Phrase
from webinars.translations import ENGLISH, LANGUAGES, catalogue_path, in_language, language_of, locale_of, words_of

PACKAGE = Path(webinars.__file__).parent
PAGES = Path(api.__file__).parent
METHODS = {".jinja": "jinja2.ext:babel_extract", ".html": "jinja2.ext:babel_extract", ".py": "python"}
KEYWORDS = {"_": None, "gettext": None, "ngettext": (1, 2), "Phrase": None}
VARIABLE = re.compile(r"%\(\w+\)s")
Said = str | tuple[str, ...]
OTHERS = pytest.mark.parametrize("language", [language for language in LANGUAGES if language != ENGLISH])


def said(*folders: Path) -> set[Said]:
    """Every message that a template or a module asks for."""
    files = [path for folder in folders for path in folder.rglob("*") if path.suffix in METHODS]
    return {
        message
        for path in files
        for _, message, _, _ in extract(METHODS[path.suffix], BytesIO(path.read_bytes()), keywords=KEYWORDS)
    }


def catalogue(language: str) -> Catalog:
    with catalogue_path(language).open("rb") as file:
        return read_po(file, locale=language, abort_invalid=True)


def faults(messages: set[Said], known: Catalog) -> list[str]:
    """What is missing, not finished, has lost a variable, or is said no more."""
    found = [f"missing: {message}" for message in messages if message not in known]
    for message in known:
        if not message.id:
            continue
        ids, strings = ((each,) if isinstance(each, str) else tuple(each) for each in (message.id, message.string))
        if message.id not in messages:
            found.append(f"said no more: {message.id}")
        if message.fuzzy or not all(strings):
            found.append(f"not finished: {message.id}")
        wanted = set(VARIABLE.findall(ids[-1]))
        if any(set(VARIABLE.findall(string)) != wanted for string in strings):
            found.append(f"variables differ: {message.id}")
        if any(set('<>&"') & set(each) or each.count("%") != len(VARIABLE.findall(each)) for each in (*ids, *strings)):
            found.append(f"markup: {message.id}")  # what is translated is printed as it stands, in HTML too
    return found


@OTHERS
def test_a_catalogue_says_what_is_said_and_nothing_else(language: str) -> None:
    messages = said(PACKAGE, PAGES)
    assert len(messages) > 600
    assert faults(messages, catalogue(language)) == []


def test_control_every_fault_is_seen() -> None:
    known = Catalog(locale="es")
    known.add("Hello %(name)s,", "Hola:")
    known.add("Old", "Viejo")
    known.add("Bold", "<b>Negrita</b>")
    known.add("Half", "Mitad", flags=["fuzzy"])
    known.add("Empty", "")
    found = faults({"Hello %(name)s,", "Bold", "Half", "Empty", "New"}, known)
    assert sorted(found) == [
        "markup: Bold",
        "missing: New",
        "not finished: Empty",
        "not finished: Half",
        "said no more: Old",
        "variables differ: Hello %(name)s,",
    ]


@pytest.mark.parametrize("folder", ["kinds", "html", "plain"])
def test_templates_say_no_word_that_cannot_be_translated(folder: str) -> None:
    for path in (PACKAGE / "documents" / "templates" / folder).glob("*.jinja"):
        assert untranslated(path.read_text(encoding="utf-8")) == [], path


def test_control_a_bare_word_is_seen() -> None:
    assert untranslated("<p>{{ name }} Hello</p>") == ["Hello"]
    assert untranslated('{{ p("Hello you") }}') == ["Hello you"]
    assert untranslated('{{ p(_("Hello you")) }}{{ button(_("Go"), url) }}') == []


def untranslated(template: str) -> list[str]:
    """Words outside of tags and expressions, and sentences inside of these that are not handed to `_`."""
    rest = re.sub(r"\{#.*?#\}|<style>.*?</style>|<[^>]*>|_\(\"[^\"]*\"", " ", template, flags=re.DOTALL)
    text = re.sub(r"\{\{.*?\}\}|\{%.*?%\}", " ", rest, flags=re.DOTALL)
    inside = [word for word in re.findall(r'"([^"\n]*)"', rest) if re.search(r"[A-Z]|\w \w", word)]
    return re.findall(r"[A-Za-z]\w+", text) + inside


@pytest.mark.parametrize(
    ("locale", "language", "tag"),
    [
        ("en-US", "en", "en_US"),
        ("es-US", "es", "es_US"),
        ("ES_mx", "es", "es_MX"),
        ("es", "es", "es_US"),
        ("es-419", "es", "es_US"),
        ("de-DE", "en", "en_DE"),
        ("est", "en", "en_US"),
        ("", "en", "en_US"),
        ("../../etc", "en", "en_US"),
    ],
)
def test_the_language_is_the_readers_if_there_are_words_for_it(locale: str, language: str, tag: str) -> None:
    assert language_of(locale) == language
    assert str(locale_of(locale)) == tag


def test_a_phrase_is_said_in_every_language_and_somebodys_own_text_in_none() -> None:
    own = "tomorrow"
    phrase = Phrase("Answer “%(label)s” with at most %(most)s characters.", label=own, most=200)
    assert phrase == "Answer “tomorrow” with at most 200 characters."
    assert words_of("en").say(phrase) == phrase
    assert words_of("es").say(phrase) == "Responda a “tomorrow” con un máximo de 200 caracteres."
    assert words_of("es").say(own) == own
    assert words_of("es").say(Phrase(own)) == "mañana"
    assert words_of("es").say(Phrase("Your webinar %(when)s", when=Phrase(own))) == "Your webinar mañana"


def test_words_and_their_forms() -> None:
    spanish, english = words_of("es"), words_of("en")
    assert spanish.gettext("tomorrow") == "mañana"
    assert spanish.gettext("Nobody has translated this.") == "Nobody has translated this."
    hours = ("in %(num)s hour", "in %(num)s hours")
    assert [spanish.ngettext(*hours, count) % {"num": count} for count in (1, 3)] == ["en 1 hora", "en 3 horas"]
    assert [english.ngettext(*hours, count) % {"num": count} for count in (1, 3)] == ["in 1 hour", "in 3 hours"]
    assert spanish.ngettext("%(num)s mile", "%(num)s miles", 2) == "%(num)s miles"


def test_a_public_page_is_known_by_one_address_in_each_language() -> None:
    assert [in_language("/topics/knee", language) for language in LANGUAGES] == ["/topics/knee", "/topics/knee?lang=es"]
