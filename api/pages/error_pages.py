"""Refusals and surprises as pages for people."""

from __future__ import annotations

from http import HTTPStatus

from fastapi import Request
from fastapi.responses import Response

from api.pages.rendering import page
from webinars.errors import WebinarsError

_WORDS = {
    HTTPStatus.NOT_FOUND: ("Page not found", "The address may be mistyped, or the page has moved."),
    HTTPStatus.METHOD_NOT_ALLOWED: ("This does not work here", "Please go back and use the button on the page."),
    HTTPStatus.INTERNAL_SERVER_ERROR: (
        "Sorry, something went wrong",
        "Nothing was half done. Please try again in a moment.",
    ),
}


def refusal_page(request: Request, error: WebinarsError, status: HTTPStatus) -> Response:
    """What was refused, in its own words, with a way on."""
    headers = {"Retry-After": str(error.facts["retry_after"])} if "retry_after" in error.facts else {}
    return page(request, "error.html", status=status, headers=headers, heading="Sorry", words=error.detail)


def status_page(request: Request, status: HTTPStatus) -> Response:
    heading, words = _WORDS.get(status, (status.phrase, "Please go back and try again."))
    return page(request, "error.html", status=status, heading=heading, words=words)
