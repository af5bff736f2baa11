"""Where visitors come from: words in a link, the page that embeds ours, the page they were on before. Never who they
are."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

Touch = dict[str, str]
"""One arrival: what is known of it, by the keys below. Empty for somebody who typed the address."""

KEYS = ("utm_source", "utm_medium", "utm_campaign", "utm_term", "utm_content", "src", "page", "referrer")
_COUNTED = ("utm_source", "utm_medium", "utm_campaign", "src", "page")
_ADDRESSES = frozenset({"page", "referrer"})
_SITE = re.compile(r"(?:[^:/]+://)?[^/]+")
_SCHEMES = frozenset({"http", "https", "android-app"})
LONGEST = 200
OTHER: Touch = {"src": "other"}
"""Stands for all sources beyond those that are counted apart."""


def clean_touch(values: Mapping[str, Any]) -> Touch:
    """The known keys that say something: printable, cut to 200 characters, addresses without their query.

    What looks like a mail address is left out, for some mail tools put the recipient's into their links.
    """
    found = {key: value for key in KEYS if isinstance(value := values.get(key), str)}
    cleaned = {key: _clean_address(value) if key in _ADDRESSES else _clean_word(value) for key, value in found.items()}
    return {key: value for key, value in cleaned.items() if value}


def journey(last: Touch, first: Touch | None = None) -> dict[str, Touch]:
    """What a registration keeps: the newest arrival and the first one; nothing if nothing is known."""
    return {"first": first or last, "last": last or first or {}} if last or first else {}


def last_touch(kept: Mapping[str, Touch]) -> Touch:
    """The newest arrival of what a registration keeps."""
    return kept.get("last", {})


def first_touch(kept: Mapping[str, Touch]) -> Touch:
    return kept.get("first", {})


def counted_source(touch: Touch) -> Touch:
    """What an arrival counts as. A link that says where it stands says more than the page it was on; of a page before
    only the site counts."""
    named = {key: touch[key] for key in _COUNTED if key in touch}
    if named or "referrer" not in touch:
        return named
    site = _SITE.match(touch["referrer"])
    return {"referrer": site[0]} if site else {}


def _clean_word(text: str) -> str:
    printable = "".join(character for character in text if character.isprintable()).strip()
    return "" if "@" in printable else printable[:LONGEST].strip()


def _clean_address(text: str) -> str:
    """Scheme, host and path. A path that may hold a mail address is left out, as is what is no address of a page."""
    printable = "".join(character for character in text if character.isprintable()).strip()
    try:
        parts = urlsplit(printable)
    except ValueError:
        return ""
    if not parts.scheme and not parts.netloc:
        return _clean_word(parts.path)
    if parts.scheme not in _SCHEMES or not parts.netloc:
        return ""
    host = parts.netloc.rpartition("@")[2].lower()
    path = "" if "@" in parts.path or "%40" in parts.path else parts.path.rstrip("/")
    return f"{parts.scheme}://{host}{path}"[:LONGEST]
