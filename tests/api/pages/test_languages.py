"""Which language a page is in, and what the browser's wishes say about it."""

from __future__ import annotations

from urllib.parse import urlencode

import pytest
from fastapi import Request

from api.pages.languages import (
    NAMES,
    carried_language,
    named_language,
    switches,
    visitor_language,
    visitor_locale,
)
from webinars.translations import LANGUAGES


def asked(query: dict[str, str] | None = None, path: str = "/here", **headers: str) -> Request:
    raw = [(name.replace("_", "-").encode(), value.encode("latin-1")) for name, value in headers.items()]
    return Request(
        {
            "type": "http",
            "method": "GET",
            "scheme": "http",
            "server": ("clinic.example", 80),
            "path": path,
            "query_string": urlencode(query or {}).encode(),
            "headers": raw,
        }
    )


@pytest.mark.parametrize(
    ("accepted", "language", "locale"),
    [
        ("", "en", "en-US"),
        ("es", "es", "es-US"),
        ("es-MX,es;q=0.9,en;q=0.8", "es", "es-MX"),
        ("es-419,es;q=0.9", "es", "es-US"),  # a region without a country orders no date
        ("en-GB,es;q=0.9", "en", "en-GB"),
        ("de-DE,de;q=0.9", "en", "en-DE"),
        ("de-DE,es;q=0.5,en;q=0.4", "es", "es-DE"),
        ("en;q=0.2, es-AR ; q=0.7", "es", "es-AR"),
        ("es;q=0, en-US", "en", "en-US"),
        ("zh-Hans-CN,es-CO;q=0.1", "es", "es-CO"),
        ("*", "en", "en-US"),
        ("es-MX;q=2;q=1,,;;=,é", "en", "en-US"),
        ("es-" + "M" * 400, "en", "en-US"),
    ],
)
def test_the_browsers_best_language_that_there_are_words_for(accepted: str, language: str, locale: str) -> None:
    request = asked(accept_language=accepted)
    assert (visitor_language(request), visitor_locale(request)) == (language, locale)


def test_the_address_wins_over_the_choice_over_the_mails_over_the_browser() -> None:
    wish, choice = {"accept_language": "es-MX"}, {"cookie": "a=b; language=es; c=d"}
    assert visitor_language(asked({"lang": "en"}, **choice, **wish), "es-US") == "en"
    assert visitor_language(asked(cookie="language=en", **wish), "es-US") == "en"
    assert visitor_language(asked(**choice), "en-US") == "es"
    assert visitor_language(asked(**wish), "en-US") == "en"
    assert visitor_language(asked(), "es-US") == "es"
    assert visitor_language(asked(**wish)) == "es"
    assert visitor_locale(asked({"lang": "en"}, **wish)) == "en-MX"


@pytest.mark.parametrize("cookie", ["language=fr", "language=", "mylanguage=es", "language=esx", "x=language=es"])
def test_what_names_no_language_is_no_choice(cookie: str) -> None:
    assert visitor_language(asked({"lang": "ES"}, cookie=cookie)) == "en"
    assert named_language({"lang": "es-MX"}) is None
    assert carried_language({"lang": "../x"}) == {}


def test_the_way_to_the_other_language_keeps_what_the_address_says() -> None:
    request = asked({"session": "1", "lang": "en", "src": "blog", "note": '"><b>'})
    (way,) = switches(request, "en", {"src": "blog", "first": "src=a", "lang": "en"})
    assert (way.language, way.name) == ("es", "Español")
    assert way.address == "/here?session=1&note=%22%3E%3Cb%3E&src=blog&first=src%3Da&lang=es"
    assert [way.address for way in switches(request, "es", {"src": "blog"}, to="/")] == ["/?src=blog&lang=en"]
    assert set(NAMES) == set(LANGUAGES)


@pytest.mark.parametrize(
    ("path", "address"),
    [
        ("//evil.example/x", "/evil.example/x?lang=es"),
        ("/\\evil.example", "/%5Cevil.example?lang=es"),
        ("/a?b#c", "/a%3Fb%23c?lang=es"),
        ('/"><b>', "/%22%3E%3Cb%3E?lang=es"),
    ],
)
def test_the_way_to_the_other_language_leads_nowhere_else(path: str, address: str) -> None:
    assert [way.address for way in switches(asked(path=path), "en", {})] == [address]
