"""What the OpenAPI document says beyond what the routes say by themselves: who may call, and how errors look."""

from __future__ import annotations

from collections.abc import Iterator
from http import HTTPStatus
from typing import Any

from fastapi import FastAPI
from fastapi.dependencies.models import Dependant
from fastapi.routing import RouteContext, iter_route_contexts

from api.dependencies import Needs, get_bearer
from api.errors import PROBLEM
from api.schemas.base import InvalidProblem, Problem

_TOKEN = "token"  # noqa: S105 - the name of a scheme
_SCHEME = {
    "type": "http",
    "scheme": "bearer",
    "description": "A key made with `webinars token create`; `security` names the scope that a call needs.",
}
OPTIONAL_TOKEN: dict[str, Any] = {"security": [{}, {_TOKEN: []}]}
"""For routes that look for a token without needing one."""
_WORDS = {
    HTTPStatus.UNAUTHORIZED: "There is no valid token.",
    HTTPStatus.FORBIDDEN: "The token lacks the scope.",
    HTTPStatus.NOT_FOUND: "There is nothing by that name.",
    HTTPStatus.CONFLICT: "The present state does not allow it.",
    HTTPStatus.GONE: "The person has been erased.",
    HTTPStatus.REQUEST_ENTITY_TOO_LARGE: "The body is too large.",
    HTTPStatus.PRECONDITION_FAILED: "Somebody changed it in the meantime.",
    HTTPStatus.UNPROCESSABLE_ENTITY: "A value is not usable.",
    HTTPStatus.PRECONDITION_REQUIRED: "If-Match is missing.",
    HTTPStatus.TOO_MANY_REQUESTS: "Too often: `Retry-After` says how many seconds to wait.",
    HTTPStatus.SERVICE_UNAVAILABLE: "Too many at once: try again.",
}
_FIRST_ERROR = 400


def refusals(*statuses: int, **words: str) -> dict[int | str, dict[str, Any]]:
    """Errors that a route may answer with, for its `responses`; `e409="…"` says more than the usual words."""
    special = {int(name[1:]): text for name, text in words.items()}
    return {
        status: {
            "model": InvalidProblem if status == HTTPStatus.UNPROCESSABLE_ENTITY else Problem,
            "description": special.get(status, _WORDS[HTTPStatus(status)]),
        }
        for status in sorted({*statuses, *special})
    }


class DescribedApi(FastAPI):
    """FastAPI with scopes, optional tokens and problem documents in its OpenAPI document."""

    def openapi(self) -> dict[str, Any]:
        if self.openapi_schema is None:
            document = super().openapi()
            document["components"]["securitySchemes"] = {_TOKEN: _SCHEME}
            for path, method, context in _operations(self):
                _complete(document["paths"][path][method], context)
        return super().openapi()


def scope_of(context: RouteContext) -> str | None:
    """The scope that a route needs; None where it needs none."""
    dependant = getattr(context, "dependant", None)  # the document's own route has none
    needed = _dependants(dependant) if dependant else ()
    scopes = [item.call.scope.value for item in needed if isinstance(item.call, Needs)]
    return scopes[0] if scopes else None


def _operations(app: FastAPI) -> Iterator[tuple[str, str, RouteContext]]:
    for context in iter_route_contexts(app.routes):
        if getattr(context, "include_in_schema", False) and hasattr(context, "dependant"):
            for method in context.methods or ():
                yield context.path_format or "", method.lower(), context


def _complete(operation: dict[str, Any], context: RouteContext) -> None:
    scope = scope_of(context)
    if scope is not None:
        operation["security"] = [{_TOKEN: [scope]}]
        operation["description"] += f"\n\nNeeds a token of scope `{scope}`."
        _refuse(operation, HTTPStatus.UNAUTHORIZED)
        _refuse(operation, HTTPStatus.FORBIDDEN)
    elif any(item.call is get_bearer for item in _dependants(context.dependant)):
        operation |= OPTIONAL_TOKEN
        _refuse(operation, HTTPStatus.UNAUTHORIZED)
    for status_text, response in operation["responses"].items():
        if int(status_text) >= _FIRST_ERROR:
            response["content"] = {PROBLEM: response["content"].pop("application/json")}


def _refuse(operation: dict[str, Any], status: HTTPStatus) -> None:
    content = {"application/json": {"schema": {"$ref": "#/components/schemas/Problem"}}}
    operation["responses"].setdefault(str(status.value), {"description": _WORDS[status], "content": content})


def _dependants(dependant: Dependant) -> Iterator[Dependant]:
    yield dependant
    for below in dependant.dependencies:
        yield from _dependants(below)
