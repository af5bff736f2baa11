"""What all patients' pages share: how they are rendered, and how personal links are tried."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, TypeVar

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse

from api.middleware.rates import check_links
from api.pages.languages import VARY, switches, visitor_language
from api.pages.patients.source import carried, visit_source
from api.pages.patients.zones import carried_zone, chosen_zone, zone_choices
from api.pages.rendering import page
from webinars.translations import PARAMETER

HOME_ZONE = "America/Denver"
"""What the select stands at before anybody has chosen."""
Route = TypeVar("Route", bound=Callable[..., Any])


def show(
    request: Request,
    template: str,
    *,
    usual: str = "",
    status: int = 200,
    headers: Mapping[str, str] | None = None,
    **facts: Any,
) -> HTMLResponse:
    """A patients' page. Templates find the zone that was asked for, and what to put on links: the visitor's source and
    that zone; and what to put on links from somebody's own page to public ones (`spoken`).

    Args:
        request: what asks for it.
        template: below `templates/patients`.
        usual: the locale of whoever the page belongs to, if it belongs to anybody.
        status: of the answer.
        headers: of the answer, beside the usual ones.
        facts: for the template.
    """
    language = visitor_language(request, usual)
    timezone = chosen_zone(request)
    source = visit_source(request)
    return page(
        request,
        f"patients/{template}",
        language=language,
        status=status,
        headers={"Cache-Control": "no-cache", "Content-Language": language, "Vary": VARY, **(headers or {})},
        **{
            "switches": switches(request, language, source),
            "timezone": timezone,
            "zone_groups": zone_choices(timezone or HOME_ZONE, language),
            "source": source,
            "carried": carried(source | carried_zone(request)),
            "spoken": carried(spoken(request, usual)),
        }
        | facts,
    )


def spoken(request: Request, usual: str) -> dict[str, str]:
    """What an address carries that leads on from somebody's own page: its language, if the browser would be answered in
    another there.

    Args:
        request: what asks for the own page.
        usual: the locale of whoever it belongs to.
    """
    language = visitor_language(request, usual)
    return {PARAMETER: language} if usual and language != visitor_language(request) else {}


def readable(router: APIRouter, path: str) -> Callable[[Route], Route]:
    """A page that answers GET and, as scanners of mail ask, HEAD."""
    return router.api_route(path, methods=["GET", "HEAD"])


@contextmanager
def guarded_link(request: Request) -> Iterator[None]:
    """Around everything that looks a personal link up. Wrong ones are counted where they are answered.

    Raises:
        TooManyRequests: when the visitor's network has tried too many wrong ones.
    """
    check_links(request)
    yield
