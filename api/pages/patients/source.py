"""Where a visitor comes from: carried along in links and in the form, never in a cookie."""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import urlencode, urlsplit

from fastapi import Request

KEYS = ("utm_source", "utm_medium", "utm_campaign", "utm_term", "utm_content", "src", "page", "referrer")
_LONGEST = 300


def read_source(values: Mapping[str, str]) -> dict[str, str]:
    """The known keys that say something, cut to a sensible length."""
    return {key: values[key][:_LONGEST] for key in KEYS if values.get(key)}


def visit_source(request: Request) -> dict[str, str]:
    """What the address says; a site that sent the visitor here counts by its host alone."""
    source = read_source(request.query_params)
    host = urlsplit(request.headers.get("referer", "")).hostname
    if host and host != request.url.hostname:
        source.setdefault("referrer", host[:_LONGEST])
    return source


def carried(source: Mapping[str, str]) -> str:
    """The source as the end of a link: empty, or `?…`."""
    return f"?{urlencode(source)}" if source else ""
