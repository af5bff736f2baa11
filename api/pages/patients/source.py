"""Where a visitor comes from: carried along in our own links and in the form, never in a cookie or the browser's store.
Beside it goes the language, where the address names one.

The newest arrival stands in plain words (`utm_source=blog`), as whoever made the link wrote it. The first one stands
beside it, folded into one, only where it is another.
"""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import parse_qsl, urlencode, urlsplit

from fastapi import Request

from api.pages.languages import carried_language
from webinars.rules.visits import KEYS, Touch, clean_touch, journey

_FIRST = "first"
_LONGEST_FIRST = 1000
_PLAIN = "/:"
"""May stand in a query as they are: an address stays legible."""
SOURCE_KEYS = frozenset({*KEYS, _FIRST})
"""Query parameters that say where somebody comes from."""


def visit_source(request: Request) -> dict[str, str]:
    """What links and forms of this page carry on."""
    return _arrival(request) | carried_language(request.query_params)


def _arrival(request: Request) -> dict[str, str]:
    named, first = clean_touch(request.query_params), _unfold(request.query_params)
    came_from = _other_site(request)
    if not came_from or came_from == named.get("referrer"):
        return _carry(named, first)
    if first or "referrer" in named:  # an address of ours with an earlier arrival in it, found on another site
        return _carry({"referrer": came_from}, first or named)
    return _carry(named | {"referrer": came_from}, {})


def read_source(fields: Mapping[str, str]) -> dict[str, str]:
    """What a form carried, made clean."""
    return _carry(clean_touch(fields), _unfold(fields)) | carried_language(fields)


def kept_source(fields: Mapping[str, str]) -> dict[str, Touch]:
    """What a registration keeps of what its form carried."""
    return journey(clean_touch(fields), _unfold(fields))


def carried(source: Mapping[str, str]) -> str:
    """The source as the end of a link: empty, or `?…`."""
    return f"?{urlencode(source, safe=_PLAIN)}" if source else ""


def _carry(last: Touch, first: Touch) -> dict[str, str]:
    return last | ({_FIRST: urlencode(first, safe=_PLAIN)} if first and first != last else {})


def _unfold(values: Mapping[str, str]) -> Touch:
    return clean_touch(dict(parse_qsl(values.get(_FIRST, "")[:_LONGEST_FIRST])))


def _other_site(request: Request) -> str:
    """The page of another site whose link was followed, as far as the browser says."""
    referrer = request.headers.get("referer", "")
    try:
        is_ours = urlsplit(referrer).netloc == request.headers.get("host")
    except ValueError:
        return ""
    return "" if is_ours else clean_touch({"referrer": referrer}).get("referrer", "")
