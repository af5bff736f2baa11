"""In which language a page is: the one that its address names, or that the visitor has chosen before, or that suits
whoever a personal page belongs to, or that the browser asks for. Decision 13 says why.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from urllib.parse import quote, urlencode

from fastapi import Request

from webinars.translations import ENGLISH, LANGUAGES, PARAMETER, language_of

COOKIE = "language"
NAMES = {"en": "English", "es": "Español"}
"""Each as its own speakers call it."""
VARY = "Accept-Language, Cookie"
_USUAL_REGION = "US"
_LONGEST_HEADER = 300
_CHOSEN = re.compile(rf"(?:^|; ?){COOKIE}=([a-z]+)(?:;|$)".encode())
_WISH = re.compile(r"([A-Za-z]{2,3})(?:-[A-Za-z]{4})?(?:-([A-Za-z]{2}|[0-9]{3}))?(?:\s*;\s*q=([01](?:\.[0-9]{0,3})?))?")


@dataclass(frozen=True, slots=True)
class Switch:
    """The way to the same page in another language."""

    language: str
    name: str
    address: str


def named_language(values: Mapping[str, str]) -> str | None:
    """The language that an address or a form names; None if it names none that there are words for."""
    name = values.get(PARAMETER, "")
    return name if name in LANGUAGES else None


def carried_language(values: Mapping[str, str]) -> dict[str, str]:
    """What links and forms of a page carry on: a language that its own address names, for not everybody keeps cookies.
    In frames on other sites nobody does, nor do search engines."""
    language = named_language(values)
    return {PARAMETER: language} if language else {}


def visitor_language(request: Request, usual: str = "") -> str:
    """The language of a page.

    Args:
        request: what asks for it.
        usual: the locale of whoever the page belongs to, if it belongs to anybody: the language of their mails.
    """
    if request.scope["query_string"] and (named := named_language(request.query_params)):
        return named
    accepted = b""
    for name, value in request.scope["headers"]:  # once over them, for kept pages take hardly longer than that
        if name == b"accept-language":
            accepted = value
        elif name == b"cookie" and (found := _CHOSEN.search(value)) and (chosen := found[1].decode()) in LANGUAGES:
            return chosen
    return language_of(usual) if usual else _accepted_language(accepted)


def visitor_locale(request: Request) -> str:
    """The language of the page that was read, in the region that the browser names: for mails, and their dates."""
    language = visitor_language(request)
    wishes = _wishes(request.headers.get("accept-language", ""))
    regions = [region for wish, region in sorted(wishes, key=lambda wish: wish[0] != language) if region.isalpha()]
    return f"{language}-{regions[0].upper() if regions else _USUAL_REGION}"


def switches(request: Request, language: str, source: Mapping[str, str], *, to: str = "") -> Iterator[Switch]:
    """The ways from a page to the same in the other languages, with all that its address says and the source.

    Args:
        request: what asks for the page.
        language: of the page.
        source: where the visitor comes from.
        to: where the ways lead, if the page cannot be opened by its own address.
    """
    asked = [] if to else request.query_params.multi_items()
    said = [item for item in asked if item[0] != PARAMETER and item[0] not in source]
    said += [item for item in source.items() if item[0] != PARAMETER]
    here = quote("/" + request.scope["path"].lstrip("/"))  # one slash in front: two would lead to another host
    for other in LANGUAGES:
        if other != language:
            query = urlencode([*said, (PARAMETER, other)], safe="/:")
            yield Switch(other, NAMES[other], f"{to or here}?{query}")


@lru_cache(maxsize=1024)
def _accepted_language(accepted: bytes) -> str:
    return next((language for language, _ in _wishes(accepted.decode("latin-1")) if language in LANGUAGES), ENGLISH)


def _wishes(accepted: str) -> tuple[tuple[str, str], ...]:
    """The languages that a browser asks for, best first, each with its region or an empty text (RFC 9110, 12.5.4)."""
    items = (_WISH.fullmatch(item.strip()) for item in accepted[:_LONGEST_HEADER].split(","))
    found = [(float(item[3] or 1), item[1].lower(), item[2] or "") for item in items if item]
    found.sort(key=lambda item: -item[0])
    return tuple((language, region) for weight, language, region in found if weight)
