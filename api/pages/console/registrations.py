"""A session's registrants, one registrant's history, and what a host does for them."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Form, Request
from fastapi.responses import Response

from api.dependencies import NowDep, ProcessDep, ReadDep
from api.pages.console.access import HOME, Changer, Viewer, local_path
from api.pages.console.answers import PAGE_SIZE, act, console_page
from webinars.services import registrants, sessions
from webinars.terms import RegistrationStatus

router = APIRouter()
Back = Annotated[str, Form()]
"""The page the button stood on."""


@router.get("/sessions/{session_id}/registrants")
def list_registrants(
    request: Request,
    session_id: UUID,
    host: Viewer,
    work: ReadDep,
    now: NowDep,
    status: RegistrationStatus | None = None,
    cursor: str | None = None,
) -> Response:
    counts = registrants.count_by_status(work, session_id)
    return console_page(
        request,
        "registrants.html",
        host,
        tab="registrants",
        item=sessions.get_session(work, session_id, public_only=False),
        counts=counts,
        now=now,
        chosen=status,
        is_first=cursor is None,
        shown_until=registrants.shown_until(work, session_id, actor=host.actor, now=now),
        people=registrants.list_registrants(
            work, session_id, status=status, cursor=cursor, limit=PAGE_SIZE, actor=host.actor, now=now
        ),
    )


@router.post("/sessions/{session_id}/reveal")
def reveal(session_id: UUID, host: Changer, process: ProcessDep, now: NowDep, back: Back = HOME) -> Response:
    """Show addresses for a while; it is noted who asked."""
    return act(
        process,
        local_path(back),
        "revealed",
        lambda work: registrants.reveal(work, session_id, actor=host.actor, now=now),
    )


@router.get("/registrations/{registration_id}")
def timeline(request: Request, registration_id: UUID, host: Viewer, work: ReadDep, now: NowDep) -> Response:
    known = registrants.timeline(work, registration_id, actor=host.actor, now=now)
    return console_page(request, "registration.html", host, known=known, item=known.scheduled, now=now)


@router.post("/registrations/{registration_id}/approve")
def approve(registration_id: UUID, host: Changer, process: ProcessDep, now: NowDep, back: Back = HOME) -> Response:
    return act(
        process,
        local_path(back),
        "approved",
        lambda work: registrants.approve(work, registration_id, actor=host.actor, now=now),
    )


@router.post("/registrations/{registration_id}/decline")
def decline(registration_id: UUID, host: Changer, process: ProcessDep, now: NowDep, back: Back = HOME) -> Response:
    """Say no, or take a seat back."""
    return act(
        process,
        local_path(back),
        "declined",
        lambda work: registrants.decline(work, registration_id, actor=host.actor, now=now),
    )


@router.post("/registrations/{registration_id}/resend")
def resend(registration_id: UUID, host: Changer, process: ProcessDep, now: NowDep, back: Back = HOME) -> Response:
    return act(
        process,
        local_path(back),
        "resent",
        lambda work: registrants.resend(work, registration_id, actor=host.actor, now=now),
    )
