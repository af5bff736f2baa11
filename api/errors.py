"""One table from refusals to HTTP statuses, and the shape that errors have (RFC 9457)."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any

import structlog
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, Response
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect

from api.middleware.rates import count_wrong_link
from api.pages import error_pages
from webinars import errors
from webinars.errors import LinkInvalid, WebinarsError

PROBLEM = "application/problem+json"
FOR_PROGRAMS = ("/api/", "/inbound/")
"""Where errors are problems, not pages."""
_log = structlog.get_logger()

STATUS_BY_ERROR: dict[type[WebinarsError], HTTPStatus] = {
    errors.NotFound: HTTPStatus.NOT_FOUND,
    errors.SlugTaken: HTTPStatus.CONFLICT,
    errors.InvalidField: HTTPStatus.UNPROCESSABLE_ENTITY,
    errors.TimeDoesNotExist: HTTPStatus.UNPROCESSABLE_ENTITY,
    errors.TimeIsAmbiguous: HTTPStatus.UNPROCESSABLE_ENTITY,
    errors.UnknownTimezone: HTTPStatus.UNPROCESSABLE_ENTITY,
    errors.SessionNotOpen: HTTPStatus.CONFLICT,
    errors.RegistrationClosed: HTTPStatus.CONFLICT,
    errors.SessionStarted: HTTPStatus.CONFLICT,
    errors.SessionNotOver: HTTPStatus.CONFLICT,
    errors.SessionCancelled: HTTPStatus.CONFLICT,
    errors.SeriesOver: HTTPStatus.CONFLICT,
    errors.SessionFull: HTTPStatus.CONFLICT,
    errors.CapacityTooSmall: HTTPStatus.UNPROCESSABLE_ENTITY,
    errors.RegistrationNotActive: HTTPStatus.CONFLICT,
    errors.AlreadyRegistered: HTTPStatus.CONFLICT,
    errors.OfferGone: HTTPStatus.CONFLICT,
    errors.UndoTooLate: HTTPStatus.CONFLICT,
    errors.RowsRefused: HTTPStatus.UNPROCESSABLE_ENTITY,
    errors.AddressTaken: HTTPStatus.CONFLICT,
    errors.IdempotencyMismatch: HTTPStatus.UNPROCESSABLE_ENTITY,
    errors.VersionMismatch: HTTPStatus.PRECONDITION_FAILED,
    errors.VersionMissing: HTTPStatus.PRECONDITION_REQUIRED,
    errors.LinkInvalid: HTTPStatus.NOT_FOUND,
    errors.RegistrationErased: HTTPStatus.GONE,
    errors.SignInFailed: HTTPStatus.UNAUTHORIZED,
    errors.SignInRequired: HTTPStatus.UNAUTHORIZED,
    errors.TokenInvalid: HTTPStatus.UNAUTHORIZED,
    errors.ReportUnproven: HTTPStatus.UNAUTHORIZED,
    errors.NotAllowed: HTTPStatus.FORBIDDEN,
    errors.TooManyRequests: HTTPStatus.TOO_MANY_REQUESTS,
    errors.Busy: HTTPStatus.SERVICE_UNAVAILABLE,
    errors.TookTooLong: HTTPStatus.SERVICE_UNAVAILABLE,
    errors.MessageNotRetriable: HTTPStatus.CONFLICT,
    errors.HostExists: HTTPStatus.CONFLICT,
    errors.ConditionBroken: HTTPStatus.CONFLICT,
    errors.CannotStart: HTTPStatus.INTERNAL_SERVER_ERROR,
}
"""A test sees to it that every refusal has a row."""

_CODE_BY_STATUS = {404: "not_found", 405: "method_not_allowed", 413: "body_too_large", 403: "not_allowed"}


def problem(status: int, code: str, detail: str, **facts: Any) -> JSONResponse:
    """An error as the API says it: `code` is stable, `detail` tells a person what to do."""
    return _problem_response(_body(status, code, detail) | facts)


def refusal_body(error: WebinarsError) -> dict[str, Any]:
    """A refusal as the API says it."""
    facts = {name: value for name, value in error.facts.items() if isinstance(value, (str, int, list))}
    return _body(STATUS_BY_ERROR[type(error)], error.code, error.detail) | facts


def invalid_body(places: list[tuple[str, str]]) -> dict[str, Any]:
    """What is said about a request that cannot be understood.

    Args:
        places: what is wrong by where it is, never the value itself: it may be personal.
    """
    words = "Some values are not usable: see `errors`, correct them and send the request again."
    wrong = [{"field": field, "detail": detail} for field, detail in places]
    return _body(HTTPStatus.UNPROCESSABLE_ENTITY, "invalid_request", words) | {"errors": wrong}


def _problem_response(body: dict[str, Any]) -> JSONResponse:
    headers = {"Retry-After": str(body["retry_after"])} if "retry_after" in body else {}
    if body["status"] == HTTPStatus.UNAUTHORIZED:
        headers["WWW-Authenticate"] = "Bearer"
    return JSONResponse(body, body["status"], headers, media_type=PROBLEM)


def _body(status: int, code: str, detail: str) -> dict[str, Any]:
    title = HTTPStatus(status).phrase
    return {"type": "about:blank", "title": title, "status": int(status), "code": code, "detail": detail}


def add_error_handlers(app: FastAPI) -> None:
    """Make every refusal and every surprise an answer: a problem for programs, a page for people."""
    app.add_exception_handler(WebinarsError, _refusal)
    app.add_exception_handler(RequestValidationError, _invalid)
    app.add_exception_handler(HTTPException, _http)
    app.add_exception_handler(ClientDisconnect, _unreadable)
    app.add_exception_handler(Exception, _surprise)


def _is_api(request: Request) -> bool:
    return request.url.path.startswith(FOR_PROGRAMS)


def _refusal(request: Request, error: Exception) -> Response:
    assert isinstance(error, WebinarsError)  # noqa: S101 - what the handler is registered for
    if isinstance(error, LinkInvalid):
        error = count_wrong_link(request, error)
    status = STATUS_BY_ERROR[type(error)]
    if _is_api(request):
        return _problem_response(refusal_body(error))
    return error_pages.refusal_page(request, error, status)


def _invalid(request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)  # noqa: S101
    if not _is_api(request):
        return error_pages.status_page(request, HTTPStatus.NOT_FOUND)
    return _problem_response(invalid_body([(_field(item), item["msg"]) for item in error.errors()]))


def _field(wrong: dict[str, Any]) -> str:
    """Where it is; of a body that is no JSON the framework would name the position as if it were a field."""
    place = wrong["loc"][:1] if wrong.get("type") == "json_invalid" else wrong["loc"]
    return ".".join(map(str, place[1:])) or str(place[0])


def _http(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)  # noqa: S101
    if error.status_code == HTTPStatus.BAD_REQUEST:  # how the framework says that it cannot read a body
        return _unreadable(request, error)
    if not _is_api(request):
        tidy = error_pages.without_slash(request) if error.status_code == HTTPStatus.NOT_FOUND else None
        return tidy or error_pages.status_page(request, HTTPStatus(error.status_code))
    code = _CODE_BY_STATUS.get(error.status_code, "http_error")
    response = problem(error.status_code, code, str(error.detail))
    response.headers.update(error.headers or {})
    return response


def _unreadable(request: Request, _: Exception) -> Response:
    """A body that broke off, or is not of the kind that it says."""
    if not _is_api(request):
        return error_pages.status_page(request, HTTPStatus.BAD_REQUEST)
    return _problem_response(invalid_body([("body", "This cannot be read. Send the whole of it, in UTF-8.")]))


def _surprise(request: Request, error: Exception) -> Response:
    route = request.scope.get("route")
    _log.error("request.failed", route=getattr(route, "path", "?"), error=type(error).__name__)
    if not _is_api(request):
        return error_pages.status_page(request, HTTPStatus.INTERNAL_SERVER_ERROR)
    words = "Something went wrong here. Nothing was half done; please try again."
    return problem(HTTPStatus.INTERNAL_SERVER_ERROR, "internal_error", words)
