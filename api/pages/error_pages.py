"""Refusals and surprises as pages for people: what happened, and what to do now."""

from __future__ import annotations

from http import HTTPStatus
from urllib.parse import quote

from fastapi import Request
from fastapi.responses import RedirectResponse, Response

from api.pages.rendering import page
from webinars.errors import LinkInvalid, TooManyRequests, WebinarsError

_NOT_FOUND = ("We cannot find this page", "The address may be mistyped, or the page has moved.")
_LINK = (
    "This link does not work any more",
    "Links are good until 30 days after the webinar. Please use the link in the newest e-mail you have from us.",
)
_WORDS = {
    HTTPStatus.NOT_FOUND: _NOT_FOUND,
    HTTPStatus.METHOD_NOT_ALLOWED: ("This does not work here", "Please go back and use the button on the page."),
    HTTPStatus.BAD_REQUEST: ("This did not arrive whole", "Please go back and send the form again."),
    HTTPStatus.FORBIDDEN: (
        "This form was not sent from our own page",
        "Open the page again, please, and send the form from there.",
    ),
    HTTPStatus.REQUEST_ENTITY_TOO_LARGE: ("That is more than we can take", "Please shorten what you wrote."),
    HTTPStatus.INTERNAL_SERVER_ERROR: (
        "Sorry, something went wrong",
        "It is our fault, not yours. Nothing was half done. Please try again in a moment.",
    ),
}
_HEADINGS: dict[type[WebinarsError], str] = {
    TooManyRequests: "Please wait a moment",
}


def refusal_page(request: Request, error: WebinarsError, status: HTTPStatus) -> Response:
    """What was refused, in its own words, with a way on."""
    headers = {"Retry-After": str(error.facts["retry_after"])} if "retry_after" in error.facts else {}
    if isinstance(error, LinkInvalid):
        return _error_page(request, status, *_LINK, headers, is_link=True)
    if status is HTTPStatus.NOT_FOUND:
        return _error_page(request, status, *_NOT_FOUND, headers)
    return _error_page(
        request, status, _HEADINGS.get(type(error), "Sorry, this is not possible"), error.detail, headers
    )


def status_page(request: Request, status: HTTPStatus) -> Response:
    heading, words = _WORDS.get(status, (status.phrase, "Please go back and try again."))
    return _error_page(request, status, heading, words, {})


def without_slash(request: Request) -> Response | None:
    """Over to the same address without slashes at its end, for some programs add one to links; None if it has none."""
    path, query = request.scope["path"], request.scope["query_string"].decode("latin-1")
    if request.method not in {"GET", "HEAD"} or not path.endswith("/"):
        return None
    # One slash in front: two would lead to another host.
    tidy = quote("/" + path.strip("/")) + (f"?{query}" if query else "")
    return RedirectResponse(tidy, HTTPStatus.PERMANENT_REDIRECT)


def _error_page(
    request: Request, status: HTTPStatus, heading: str, words: str, headers: dict[str, str], *, is_link: bool = False
) -> Response:
    return page(
        request,
        "error.html",
        status=status,
        headers={"Cache-Control": "no-store", "X-Robots-Tag": "noindex", **headers},
        heading=heading,
        words=words,
        is_link=is_link,
    )
