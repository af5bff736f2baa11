"""Who may call what. A route that is missing here fails: whoever adds one says whom it is for."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from uuid import UUID

import httpx
import pytest
from fastapi.routing import iter_route_contexts

from api.main import create_app
from api.openapi import scope_of
from tests.factories import Factory
from webinars.terms import Scope
from webinars.work import Process

PUBLIC = None
MATRIX: dict[str, Scope | None] = {
    "GET /openapi.json": PUBLIC,
    "GET /topics": PUBLIC,
    "GET /topics/{slug}": PUBLIC,
    "POST /topics": Scope.catalogue_write,
    "PATCH /topics/{slug}": Scope.catalogue_write,
    "DELETE /topics/{slug}": Scope.catalogue_write,
    "POST /topics/{slug}/alerts": PUBLIC,
    "GET /subscriptions": Scope.registrations_read,
    "GET /presenters": PUBLIC,
    "GET /presenters/{slug}": PUBLIC,
    "POST /presenters": Scope.catalogue_write,
    "PATCH /presenters/{slug}": Scope.catalogue_write,
    "DELETE /presenters/{slug}": Scope.catalogue_write,
    "GET /webinars": PUBLIC,
    "GET /webinars/{slug}": PUBLIC,
    "GET /webinars/{slug}/sources": Scope.registrations_read,
    "POST /webinars": Scope.catalogue_write,
    "PATCH /webinars/{slug}": Scope.catalogue_write,
    "DELETE /webinars/{slug}": Scope.catalogue_write,
    "GET /webinars/{slug}/questions": PUBLIC,
    "POST /webinars/{slug}/questions": Scope.catalogue_write,
    "PATCH /webinars/{slug}/questions/{question_id}": Scope.catalogue_write,
    "DELETE /webinars/{slug}/questions/{question_id}": Scope.catalogue_write,
    "GET /sessions": PUBLIC,
    "GET /sessions/{session_id}": PUBLIC,
    "POST /sessions": Scope.catalogue_write,
    "PATCH /sessions/{session_id}": Scope.catalogue_write,
    "DELETE /sessions/{session_id}": Scope.catalogue_write,
    "POST /sessions/{session_id}/cancel": Scope.catalogue_write,
    "POST /sessions/{session_id}/reinstate": Scope.catalogue_write,
    "POST /webinars/{slug}/series": Scope.catalogue_write,
    "GET /series/{series_id}": Scope.catalogue_write,
    "PATCH /series/{series_id}": Scope.catalogue_write,
    "POST /series/{series_id}/cancel": Scope.catalogue_write,
    "POST /sessions/{session_id}/registrations": PUBLIC,
    "POST /webinars/{slug}/registrations": PUBLIC,
    "GET /sessions/{session_id}/registrations": Scope.registrations_read,
    "POST /sessions/{session_id}/registrations/batch": Scope.registrations_write,
    "POST /sessions/{session_id}/registrations/import": Scope.registrations_write,
    "GET /registrations/{registration_id}": Scope.registrations_read,
    "PATCH /registrations/{registration_id}": Scope.registrations_write,
    "POST /registrations/{registration_id}/cancel": Scope.registrations_write,
    "POST /registrations/{registration_id}/approve": Scope.registrations_write,
    "POST /registrations/{registration_id}/decline": Scope.registrations_write,
    "POST /registrations/{registration_id}/accept": Scope.registrations_write,
    "POST /registrations/{registration_id}/move": Scope.registrations_write,
    "POST /registrations/{registration_id}/undo": Scope.registrations_write,
    "POST /registrations/{registration_id}/readmit": Scope.registrations_write,
    "POST /registrations/{registration_id}/erase": Scope.registrations_write,
    "POST /registrations/{registration_id}/resend": Scope.registrations_write,
    "DELETE /registrations/{registration_id}/mail-problem": Scope.registrations_write,
    "POST /registrations/{registration_id}/consents": Scope.registrations_write,
    "GET /messages": Scope.messages_read,
    "POST /messages/retry": Scope.messages_write,
    "POST /messages/{message_id}/retry": Scope.messages_write,
    "GET /message-texts": Scope.messages_write,
    "GET /message-texts/{kind}/{locale}": Scope.messages_write,
    "PUT /message-texts/{kind}/{locale}": Scope.messages_write,
    "DELETE /message-texts/{kind}/{locale}": Scope.messages_write,
    "POST /message-texts/preview": Scope.messages_write,
    "GET /webinars/{slug}/reminder-rules": Scope.messages_read,
    "POST /webinars/{slug}/reminder-rules": Scope.messages_write,
    "GET /sessions/{session_id}/reminder-rules": Scope.messages_read,
    "POST /sessions/{session_id}/reminder-rules": Scope.messages_write,
    "DELETE /sessions/{session_id}/reminder-rules": Scope.messages_write,
    "PATCH /reminder-rules/{rule_id}": Scope.messages_write,
    "DELETE /reminder-rules/{rule_id}": Scope.messages_write,
    "GET /sessions/{session_id}/reminders": Scope.messages_read,
    "POST /sessions/{session_id}/reminders/preview": Scope.messages_read,
    "POST /sessions/{session_id}/attendance": Scope.attendance_write,
    "GET /sessions/{session_id}/attendance": Scope.attendance_read,
    "GET /sessions/{session_id}/follow-ups": Scope.attendance_read,
    "PATCH /follow-ups/{follow_up_id}": Scope.attendance_write,
    "GET /requests": Scope.attendance_read,
    "PATCH /requests/{request_id}": Scope.attendance_write,
    "GET /sessions/{session_id}/survey": Scope.attendance_read,
    "GET /branding": Scope.catalogue_write,
    "PUT /branding": Scope.catalogue_write,
}
_PREFIX = "/api/v1"
_IDS = (
    "{session_id}",
    "{rule_id}",
    "{question_id}",
    "{series_id}",
    "{registration_id}",
    "{message_id}",
    "{follow_up_id}",
    "{request_id}",
)


def test_every_route_of_the_api_has_its_place_in_the_matrix(sqlite_process: Process) -> None:
    found = {
        f"{method} {(context.path or '').removeprefix(_PREFIX)}": scope_of(context)
        for context in iter_route_contexts(create_app(sqlite_process).routes)
        if (context.path or "").startswith(_PREFIX)
        for method in (context.methods or set()) - {"HEAD"}
    }
    assert found == {route: scope.value if scope else None for route, scope in MATRIX.items()}


@pytest.fixture
def call(
    sqlite_process: Process, sqlite_factory: Factory, serve: Callable[[Process], str]
) -> Iterator[Callable[..., tuple[int, str]]]:
    """Calls a route of the matrix with a token of these scopes, or without one; gives status and code."""
    tokens: dict[tuple[Scope, ...], str] = {}

    def send(route: str, *scopes: Scope) -> tuple[int, str]:
        method, path = route.split(" ")
        for name in _IDS:
            path = path.replace(name, str(UUID(int=1)))
        if scopes and scopes not in tokens:
            tokens[scopes] = sqlite_factory.token(*scopes)
        headers = {"Authorization": f"Bearer {tokens[scopes]}"} if scopes else {}
        response = client.request(method, path.replace("{slug}", "nothing"), headers=headers)
        return response.status_code, "" if response.is_success else response.json()["code"]

    with httpx.Client(base_url=serve(sqlite_process) + _PREFIX, timeout=30) as client:
        yield send


def test_the_matrix_is_what_callers_meet(call: Callable[..., tuple[int, str]]) -> None:
    for route, scope in MATRIX.items():
        if scope is PUBLIC:
            assert call(route)[0] not in {401, 403}, route
            continue
        others = tuple(other for other in Scope if other is not scope)
        assert call(route) == (401, "token_invalid"), route
        assert call(route, *others) == (403, "not_allowed"), route
        assert call(route, scope)[0] not in {401, 403}, route


def test_a_token_that_is_none_is_refused_even_where_none_is_needed(
    sqlite_process: Process, serve: Callable[[Process], str]
) -> None:
    with httpx.Client(base_url=serve(sqlite_process) + _PREFIX) as client:
        for given in ("Bearer web_wrong", "Basic YTpi", "Bearer"):
            refused = client.get("/webinars", headers={"Authorization": given})
            assert (refused.status_code, refused.headers["www-authenticate"]) == (401, "Bearer")
        assert client.get("/webinars").status_code == 200
