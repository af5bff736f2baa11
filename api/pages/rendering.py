"""How pages are made: a Jinja environment for each language, hashed static files, times a person can read."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from datetime import UTC, datetime
from functools import cache, lru_cache, partial
from pathlib import Path
from typing import Any

import nh3
from babel.dates import format_date
from fastapi import Request
from fastapi.responses import HTMLResponse
from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape
from markdown_it import MarkdownIt
from markupsafe import Markup

from api.pages.branding import logo_url, stylesheet_url
from webinars.documents.times import ShownTime, shown_time, zone_name
from webinars.rules.branding import Brand
from webinars.rules.sessions import zone
from webinars.services.branding import brand_of
from webinars.translations import ENGLISH, LANGUAGES, in_language, locale_of, words_of
from webinars.work import Process

_HERE = Path(__file__).parent
STATIC = _HERE / "static"
PRIVATE = {"Cache-Control": "no-store", "X-Robots-Tag": "noindex"}
"""For pages about a person."""
SECRET_ADDRESS = {**PRIVATE, "Referrer-Policy": "no-referrer"}
"""For pages whose very address opens something."""

_markdown = MarkdownIt("commonmark", {"html": False})
_TAGS = {"p", "ul", "ol", "li", "strong", "em", "a", "h3", "h4", "br", "blockquote"}


def page(
    request: Request,
    template: str,
    *,
    language: str = ENGLISH,
    status: int = 200,
    headers: Mapping[str, str] | None = None,
    brand: Brand | None = None,
    **facts: Any,
) -> HTMLResponse:
    """A page from a template and facts, in one of LANGUAGES. `settings` and `brand` are always there."""
    process: Process = request.app.state.process
    if brand is None:
        with process.read() as work:
            brand = brand_of(work)
    made = environment(language).get_template(template)
    html = made.render(request=request, settings=process.settings, brand=brand, **facts)
    return HTMLResponse(html, status, dict(headers or {}))


@cache
def environment(language: str) -> Environment:
    """For one language, so that no page looks its language up word by word."""
    environment = Environment(
        loader=FileSystemLoader(_HERE / "templates"),
        autoescape=select_autoescape(default=True, default_for_string=True),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        extensions=["jinja2.ext.i18n"],
    )
    words = words_of(language)
    environment.install_gettext_callables(  # type: ignore[attr-defined]  # what the extension adds
        words.gettext, words.ngettext, newstyle=True
    )
    environment.globals |= {
        "static": static_url,
        "stylesheet_of": stylesheet_url,
        "logo_url": logo_url,
        "language": language,
        "languages": LANGUAGES,
        "strong": strong,
        "link": link,
    }
    environment.filters["markdown"] = markdown
    environment.filters["said"] = words.say
    environment.filters["leaf"] = partial(leaf, language=language)
    environment.filters["shown"] = partial(shown, language=language)
    environment.filters["iso"] = iso
    environment.filters["in_language"] = in_language
    environment.filters["zone_words"] = partial(zone_words, language=language)
    return environment


def strong(words: str) -> Markup:
    """Words with weight, to stand in a sentence that is translated as a whole: catalogues hold no markup."""
    return Markup("<strong>{}</strong>").format(words)


def link(words: str, address: str) -> Markup:
    """The same for words that lead somewhere."""
    return Markup('<a href="{}">{}</a>').format(address, words)


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


@lru_cache(maxsize=1024)
def leaf(moment: datetime, timezone: str, language: str) -> tuple[str, str, str]:
    """Weekday, day and month, as the leaf of a calendar shows them."""
    day = moment.astimezone(zone(timezone))
    weekday, month = (format_date(day, part, locale=locale_of(language)) for part in ("EEE", "MMM"))
    return weekday, str(day.day), month


def shown(moment: datetime, timezone: str, language: str = ENGLISH) -> ShownTime:
    """A moment in words, as people in `timezone` say it; the zone is part of them."""
    return shown_time(moment, timezone, language)


def iso(moment: datetime) -> str:
    """A moment for the `datetime` attribute of `<time>`, in UTC."""
    return moment.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")


@lru_cache(maxsize=1024)
def zone_words(timezone: str, language: str = ENGLISH) -> str:
    """What people call a zone, and its name: `Mountain Time (America/Denver)`."""
    return zone_name(timezone, locale_of(language))
