"""A route that is documented like any other, and reads its requests by itself."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Coroutine
from functools import partial
from typing import Any
from uuid import UUID

from fastapi import Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.routing import APIRoute
from pydantic import ValidationError

from api.schemas.registrations import RegistrationCreate

_LONGEST_KEY = 200
_Register = Callable[[Request, UUID, RegistrationCreate, str | None], Awaitable[Response]]


class HotRoute(APIRoute):
    """The route of registering for one session. The endpoint's signature makes the document; finding out from it, for
    each request anew, what to read from where cost 230 of the 336 µs that a request took in this process.
    """

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        return partial(_handle, self.endpoint)


async def _handle(register: _Register, request: Request) -> Response:
    raw = await request.body()
    return await register(request, _session_id(request), _body(request, raw), _key(request))


def _session_id(request: Request) -> UUID:
    try:
        return UUID(request.path_params["session_id"])
    except ValueError:
        raise _invalid("path", "session_id", "Input should be a valid UUID") from None


def _body(request: Request, raw: bytes) -> RegistrationCreate:
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind != "application/json" and not (kind.startswith("application/") and kind.endswith("+json")):
        raise _invalid("header", "Content-Type", "Send JSON, and say so: application/json")
    try:
        return RegistrationCreate.model_validate_json(raw)
    except ValidationError as error:
        found = [{**item, "loc": ("body", *item["loc"])} for item in error.errors(include_input=False)]
        raise RequestValidationError(found) from None


def _key(request: Request) -> str | None:
    key = request.headers.get("idempotency-key")
    if key is not None and len(key) > _LONGEST_KEY:
        raise _invalid("header", "Idempotency-Key", f"String should have at most {_LONGEST_KEY} characters")
    return key


def _invalid(place: str, name: str, words: str) -> RequestValidationError:
    return RequestValidationError([{"loc": (place, name), "msg": words}])
