"""Refusals and surprises as pages for people: what happened, and what to do now."""

from __future__ import annotations

from http import HTTPStatus
from math import ceil
from urllib.parse import quote

from fastapi import Request
from fastapi.responses import RedirectResponse, Response

from api.pages.languages import VARY, switches, visitor_language
from api.pages.rendering import page
from webinars.errors import Busy, LinkInvalid, RegistrationErased, TookTooLong, TooManyRequests, WebinarsError
from webinars.phrases import Phrase
from webinars.services.branding import known_brand
from webinars.translations import ENGLISH, words_of

_CONSOLE = "/console"
_NOT_FOUND = (Phrase("We cannot find this page"), Phrase("The address may be mistyped, or the page has moved."))
_LINK = (
    Phrase("This link does not work any more"),
    Phrase(
        "Links are good until 30 days after the webinar. Please use the link in the newest e-mail you have from us."
    ),
)
_LINK_TO_STOP = (
    _LINK[0],
    Phrase(
        "Links are good until 30 days after the webinar, or until you have your address deleted. "
        "If e-mails still come, use the link at the end of the newest one."
    ),
)
"""For who wants no more mails: they are not told to register again."""
_TO_STOP = ("/u/", "/t/")
_NOT_POSSIBLE = Phrase("Sorry, this is not possible")
_WORDS = {
    HTTPStatus.NOT_FOUND: _NOT_FOUND,
    HTTPStatus.METHOD_NOT_ALLOWED: (
        Phrase("This does not work here"),
        Phrase("Please go back and use the button on the page."),
    ),
    HTTPStatus.BAD_REQUEST: (Phrase("This did not arrive whole"), Phrase("Please go back and send the form again.")),
    HTTPStatus.FORBIDDEN: (
        Phrase("This form was not sent from our own page"),
        Phrase("Open the page again, please, and send the form from there."),
    ),
    HTTPStatus.REQUEST_ENTITY_TOO_LARGE: (
        Phrase("That is more than we can take"),
        Phrase("Please shorten what you wrote."),
    ),
    HTTPStatus.INTERNAL_SERVER_ERROR: (
        Phrase("Sorry, something went wrong"),
        Phrase("It is our fault, not yours. Nothing was half done. Please try again in a moment."),
    ),
}
_WAIT = Phrase("Please wait a moment")
_HEADINGS: dict[type[WebinarsError], Phrase] = {
    RegistrationErased: Phrase("Your data is deleted"),
    TooManyRequests: _WAIT,
    Busy: _WAIT,
    TookTooLong: _WAIT,
}
_PASSING = {
    HTTPStatus.TOO_MANY_REQUESTS,
    HTTPStatus.INTERNAL_SERVER_ERROR,
    HTTPStatus.SERVICE_UNAVAILABLE,
}
"""What may be over in a moment: the page has a button to look again."""


def refusal_page(request: Request, error: WebinarsError, status: HTTPStatus) -> Response:
    """What was refused, in its own words, with a way on."""
    headers = {"Retry-After": str(error.facts["retry_after"])} if "retry_after" in error.facts else {}
    if isinstance(error, LinkInvalid):
        is_to_stop = request.url.path.startswith(_TO_STOP)
        return _error_page(request, status, *(_LINK_TO_STOP if is_to_stop else _LINK), headers, is_link=not is_to_stop)
    if status is HTTPStatus.NOT_FOUND:
        return _error_page(request, status, *_NOT_FOUND, headers)
    words = _wait_words(error) if isinstance(error, TooManyRequests) else error.detail
    return _error_page(request, status, _HEADINGS.get(type(error), _NOT_POSSIBLE), words, headers)


def _wait_words(error: TooManyRequests) -> Phrase:
    minutes = ceil(int(str(error.facts.get("retry_after", 60))) / 60)
    if minutes <= 1:
        return Phrase("Very much came from your network just now. Nothing is lost: wait a minute, then try again.")
    return Phrase(
        "Very much came from your network just now. Nothing is lost: wait %(minutes)s minutes, then try again.",
        minutes=minutes,
    )


def status_page(request: Request, status: HTTPStatus) -> Response:
    heading, words = _WORDS.get(status, (_NOT_POSSIBLE, Phrase("Please go back and try again.")))
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
    is_console = request.url.path.startswith(_CONSOLE)
    language = ENGLISH if is_console else visitor_language(request)
    say = words_of(language).say
    to = "" if request.method in {"GET", "HEAD"} else "/"  # what a form was sent to can hardly be opened
    return page(
        request,
        "error.html",
        brand=known_brand(request.app.state.process),
        language=language,
        status=status,
        headers={"Cache-Control": "no-store", "X-Robots-Tag": "noindex", "Vary": VARY, **headers},
        switches=() if is_console else switches(request, language, {}, to=to),
        heading=say(heading),
        words=say(words),
        is_link=is_link,
        again=request.url.path if status in _PASSING and request.method == "GET" else None,
        is_done=status is HTTPStatus.GONE,
    )
