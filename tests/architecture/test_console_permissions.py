"""Who may do what at the console, route by route. A route that is not in the matrix fails, as does a row too many."""

from __future__ import annotations

from collections.abc import Iterator

from fastapi import APIRouter, FastAPI
from fastapi.dependencies.models import Dependant
from fastapi.routing import APIRoute, iter_route_contexts

from api.main import create_app
from api.pages.console.access import NeedsRole
from webinars.terms import Role
from webinars.work import Process

ANYBODY = None
MATRIX: dict[str, Role | None] = {
    "GET /console/sign-in": ANYBODY,
    "POST /console/sign-in": ANYBODY,
    "POST /console/sign-out": ANYBODY,
    "GET /console": Role.viewer,
    "GET /console/calendar": Role.viewer,
    "POST /console/calendar/renew": Role.viewer,
    "GET /console/webinars": Role.viewer,
    "GET /console/embed": Role.viewer,
    "GET /console/branding": Role.manager,
    "POST /console/branding": Role.manager,
    "POST /console/branding/logo": Role.manager,
    "POST /console/branding/logo/remove": Role.manager,
    "GET /console/webinars/new": Role.manager,
    "POST /console/webinars/new": Role.manager,
    "GET /console/webinars/{slug}": Role.viewer,
    "GET /console/webinars/{slug}/edit": Role.host,
    "POST /console/webinars/{slug}/edit": Role.host,
    "POST /console/webinars/{slug}/status": Role.manager,
    "GET /console/webinars/{slug}/sessions/new": Role.host,
    "POST /console/webinars/{slug}/sessions/new": Role.host,
    "GET /console/webinars/{slug}/series/new": Role.host,
    "POST /console/webinars/{slug}/series/new": Role.host,
    "GET /console/series/{series_id}": Role.viewer,
    "GET /console/series/{series_id}/edit": Role.host,
    "POST /console/series/{series_id}/edit": Role.host,
    "GET /console/series/{series_id}/cancel": Role.host,
    "POST /console/series/{series_id}/cancel": Role.host,
    "GET /console/webinars/{slug}/questions/new": Role.host,
    "POST /console/webinars/{slug}/questions/new": Role.host,
    "GET /console/webinars/{slug}/questions/{question_id}/edit": Role.host,
    "POST /console/webinars/{slug}/questions/{question_id}/edit": Role.host,
    "POST /console/webinars/{slug}/questions/{question_id}/move": Role.host,
    "POST /console/webinars/{slug}/questions/{question_id}/retire": Role.host,
    "GET /console/presenters": Role.viewer,
    "POST /console/presenters": Role.manager,
    "GET /console/topics": Role.viewer,
    "POST /console/topics": Role.manager,
    "GET /console/sessions/{session_id}": Role.viewer,
    "GET /console/sessions/{session_id}/room": Role.host,
    "POST /console/sessions/{session_id}/room": Role.host,
    "GET /console/sessions/{session_id}/move": Role.host,
    "POST /console/sessions/{session_id}/move": Role.host,
    "POST /console/sessions/{session_id}/publish": Role.host,
    "GET /console/sessions/{session_id}/cancel": Role.host,
    "POST /console/sessions/{session_id}/cancel": Role.host,
    "GET /console/sessions/{session_id}/reinstate": Role.host,
    "POST /console/sessions/{session_id}/reinstate": Role.host,
    "GET /console/sessions/{session_id}/registrants": Role.viewer,
    "GET /console/sessions/{session_id}/registrants/new": Role.host,
    "POST /console/sessions/{session_id}/registrants/new": Role.host,
    "GET /console/sessions/{session_id}/registrants/import": Role.host,
    "POST /console/sessions/{session_id}/registrants/import": Role.host,
    "POST /console/sessions/{session_id}/registrants/export": Role.host,
    "POST /console/sessions/{session_id}/reveal": Role.host,
    "GET /console/registrations/{registration_id}": Role.viewer,
    "POST /console/registrations/{registration_id}/reveal": Role.host,
    "POST /console/registrations/{registration_id}/approve": Role.host,
    "POST /console/registrations/{registration_id}/decline": Role.host,
    "POST /console/registrations/{registration_id}/accept": Role.host,
    "POST /console/registrations/{registration_id}/readmit": Role.host,
    "POST /console/registrations/{registration_id}/move": Role.host,
    "POST /console/registrations/{registration_id}/erase": Role.manager,
    "GET /console/registrations/{registration_id}/correct": Role.host,
    "POST /console/registrations/{registration_id}/correct": Role.host,
    "POST /console/registrations/{registration_id}/lift": Role.host,
    "POST /console/registrations/{registration_id}/resend": Role.host,
    "GET /console/sessions/{session_id}/messages": Role.viewer,
    "GET /console/messages": Role.viewer,
    "POST /console/messages/retry": Role.host,
    "POST /console/messages/{message_id}/retry": Role.host,
    "GET /console/texts": Role.viewer,
    "GET /console/texts/{kind}/{locale}": Role.viewer,
    "POST /console/texts/{kind}/{locale}": Role.host,
    "GET /console/texts/{kind}/{locale}/look": Role.viewer,
    "POST /console/texts/{kind}/{locale}/look/{form_of}": Role.host,
    "POST /console/texts/{kind}/{locale}/test": Role.host,
    "POST /console/texts/{kind}/{locale}/reset": Role.host,
    "GET /console/webinars/{slug}/reminder-rules/new": Role.host,
    "POST /console/webinars/{slug}/reminder-rules/new": Role.host,
    "POST /console/webinars/{slug}/reminder-rules/look/{locale}": Role.host,
    "GET /console/sessions/{session_id}/reminder-rules/new": Role.host,
    "POST /console/sessions/{session_id}/reminder-rules/new": Role.host,
    "POST /console/sessions/{session_id}/reminder-rules/follow": Role.host,
    "GET /console/reminder-rules/{rule_id}/edit": Role.host,
    "POST /console/reminder-rules/{rule_id}/edit": Role.host,
    "POST /console/reminder-rules/{rule_id}/delete": Role.host,
    "GET /console/sessions/{session_id}/reminders": Role.viewer,
    "GET /console/sessions/{session_id}/attendance": Role.viewer,
    "GET /console/sessions/{session_id}/follow-ups": Role.viewer,
    "POST /console/follow-ups/{follow_up_id}": Role.host,
    "GET /console/calls": Role.viewer,
    "POST /console/calls/reveal": Role.host,
    "POST /console/requests/{request_id}": Role.host,
    "GET /console/sessions/{session_id}/survey": Role.viewer,
    "POST /console/sessions/{session_id}/survey/reveal": Role.host,
}


def test_every_route_of_the_console_stands_in_the_matrix(sqlite_process: Process) -> None:
    assert _needed(create_app(sqlite_process)) == MATRIX


def test_control_a_role_left_out_would_be_seen(sqlite_process: Process) -> None:
    bare = APIRouter()

    @bare.post("/console/bare")
    def open_to_all() -> None: ...

    app = create_app(sqlite_process)
    app.include_router(bare)
    assert _needed(app)["POST /console/bare"] is ANYBODY


def _needed(app: FastAPI) -> dict[str, Role | None]:
    """Every route below /console with the role it asks for."""
    needed: dict[str, Role | None] = {}
    for context in iter_route_contexts(app.routes):
        path, route = context.path or "", context.original_route
        if path.startswith("/console"):
            assert isinstance(route, APIRoute), path
            roles = {need.role for need in _needs(route.dependant)}
            assert len(roles) <= 1, path
            needed |= {f"{method} {path}": next(iter(roles), ANYBODY) for method in route.methods or ()}
    return needed


def _needs(dependant: Dependant) -> Iterator[NeedsRole]:
    if isinstance(dependant.call, NeedsRole):
        yield dependant.call
    for inner in dependant.dependencies:
        yield from _needs(inner)
