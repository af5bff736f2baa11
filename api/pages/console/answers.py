"""What console routes answer with: a page, or a way back that says what happened."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

from fastapi import Request
from fastapi.responses import RedirectResponse, Response

from api.pages.console import words
from api.pages.console.access import may
from api.pages.rendering import PRIVATE, page, shown, zone_words
from webinars.errors import NotFound, WebinarsError
from webinars.services.hosts import SignedIn
from webinars.terms import Role
from webinars.work import Process, Work

PAGE_SIZE = 50


def console_page(
    request: Request, template: str, host: SignedIn | None, *, status: int = 200, **facts: Any
) -> Response:
    """A page of the console: never cached, never indexed."""
    query = request.query_params
    return page(
        request,
        f"console/{template}",
        status=status,
        headers=PRIVATE,
        host=host,
        can_change=host is not None and may(host, Role.host),
        can_manage=host is not None and may(host, Role.manager),
        done=words.DONE.get(query.get("done", "")),
        refused=words.refusal(query.get("refused", "")),
        here=here(request),
        to_call=getattr(request.state, "to_call", 0),
        when=shown,
        zone_label=zone_words,
        words=words,
        **facts,
    )


def here(request: Request) -> str:
    """This page's path, without what the last deed left in it."""
    return _with(request.url.path + (f"?{request.url.query}" if request.url.query else ""))


def go(path: str, **said: str) -> Response:
    """Over to another page (303), so that a reload repeats nothing.

    Args:
        path: of the page.
        said: `done` or `refused` with a code that the page turns into words.
    """
    return RedirectResponse(_with(path, **said), 303, PRIVATE)


def act(process: Process, back: str, done: str, deed: Callable[[Work], object]) -> Response:
    """Do something in a transaction of its own, and go back with what came of it."""

    def then(work: Work) -> Response:
        deed(work)
        return go(back, done=done)

    return attempt(process, back, then)


def attempt(process: Process, back: str, deed: Callable[[Work], Response]) -> Response:
    """Do something in a transaction of its own that knows where to go on; what is refused leads back."""
    try:
        with process.work() as work:
            return deed(work)
    except NotFound:
        raise
    except WebinarsError as refusal:
        return go(back, refused=refusal.code)


def _with(path: str, **said: str) -> str:
    parts = urlsplit(path)
    kept = [(name, value) for name, value in parse_qsl(parts.query) if name not in {"done", "refused"}]
    query = urlencode([*kept, *said.items()])
    return f"{parts.path}?{query}" if query else parts.path
