"""How pages are made: one Jinja environment, hashed static files, times a person can read."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from datetime import UTC, datetime
from functools import lru_cache
from pathlib import Path
from typing import Any

import nh3
from babel import Locale
from fastapi import Request
from fastapi.responses import HTMLResponse
from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape
from markdown_it import MarkdownIt
from markupsafe import Markup

from webinars.documents.times import ShownTime, shown_time, zone_name
from webinars.rules.sessions import zone

_HERE = Path(__file__).parent
STATIC = _HERE / "static"
PRIVATE = {"Cache-Control": "no-store", "X-Robots-Tag": "noindex"}
"""For pages about a person."""
SECRET_ADDRESS = {**PRIVATE, "Referrer-Policy": "no-referrer"}
"""For pages whose very address opens something."""

_markdown = MarkdownIt("commonmark", {"html": False})
_TAGS = {"p", "ul", "ol", "li", "strong", "em", "a", "h3", "h4", "br", "blockquote"}


def page(
    request: Request, template: str, *, status: int = 200, headers: Mapping[str, str] | None = None, **facts: Any
) -> HTMLResponse:
    """A page from a template and facts. `settings` is always there."""
    settings = request.app.state.process.settings
    html = environment().get_template(template).render(request=request, settings=settings, **facts)
    return HTMLResponse(html, status, dict(headers or {}))


@lru_cache(maxsize=1)
def environment() -> Environment:
    environment = Environment(
        loader=FileSystemLoader(_HERE / "templates"),
        autoescape=select_autoescape(default=True, default_for_string=True),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.globals["static"] = static_url
    environment.filters["markdown"] = markdown
    environment.filters["in_zone"] = in_zone
    environment.filters["shown"] = shown
    environment.filters["iso"] = iso
    environment.filters["zone_words"] = zone_words
    return environment


@lru_cache(maxsize=64)
def static_url(name: str) -> str:
    """The address of a static file; it changes with the content, so that browsers may keep it for ever."""
    digest = hashlib.sha256((STATIC / name).read_bytes()).hexdigest()[:12]
    return f"/static/{digest}/{name}"


def markdown(text: str) -> Markup:
    """Host-written text as safe HTML: no raw HTML, few tags, links that open nothing but https and mailto."""
    html = nh3.clean(
        _markdown.render(text),
        tags=_TAGS,
        attributes={"a": {"href"}},
        url_schemes={"https", "mailto"},
        link_rel="noopener nofollow",
    )
    return Markup(html)  # noqa: S704 - cleaned in the line above


def in_zone(moment: datetime, timezone: str) -> datetime:
    """A moment as the clock on a wall in `timezone` shows it."""
    return moment.astimezone(zone(timezone))


def shown(moment: datetime, timezone: str) -> ShownTime:
    """A moment in words, as people in `timezone` say it; the zone is part of them."""
    return shown_time(moment, timezone, "en-US")


def iso(moment: datetime) -> str:
    """A moment for the `datetime` attribute of `<time>`, in UTC."""
    return moment.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")


def zone_words(timezone: str) -> str:
    """What people call a zone, and its name: `Mountain Time (America/Denver)`."""
    return zone_name(timezone, Locale("en", "US"))
