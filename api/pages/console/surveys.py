"""What registrants thought of a session."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Form, Request
from fastapi.responses import Response

from api.dependencies import NowDep, ProcessDep, ReadDep
from api.pages.console.access import HOME, Changer, Viewer, local_path
from api.pages.console.answers import act, console_page
from webinars.services import sessions, surveys

router = APIRouter(prefix="/sessions/{session_id}/survey")


@router.get("")
def survey(request: Request, session_id: UUID, host: Viewer, work: ReadDep, now: NowDep) -> Response:
    return console_page(
        request,
        "survey.html",
        host,
        tab="survey",
        item=sessions.get_session(work, session_id, public_only=False),
        now=now,
        results=surveys.results(work, session_id),
        shown_until=surveys.shown_until(work, session_id, actor=host.actor, now=now),
        comments=surveys.shown_comments(work, session_id, actor=host.actor, now=now),
    )


@router.post("/reveal")
def reveal(
    session_id: UUID, host: Changer, process: ProcessDep, now: NowDep, back: Annotated[str, Form()] = HOME
) -> Response:
    """Show for a while what registrants wrote; it is noted who asked."""
    return act(
        process,
        local_path(back),
        "comments_revealed",
        lambda work: surveys.reveal(work, session_id, actor=host.actor, now=now),
    )
