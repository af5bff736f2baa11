"""A session's messages as the ledger has them."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Form, Request
from fastapi.responses import Response

from api.dependencies import NowDep, ProcessDep, ReadDep
from api.pages.console.access import HOME, Changer, Viewer, local_path
from api.pages.console.answers import PAGE_SIZE, act, console_page
from webinars.services import audit, health, messages, registrants, reminders, sessions, transports
from webinars.terms import MessageState
from webinars.work import Work

router = APIRouter()


@router.get("/sessions/{session_id}/messages")
def list_messages(
    request: Request,
    session_id: UUID,
    host: Viewer,
    work: ReadDep,
    state: MessageState | None = None,
    cursor: str | None = None,
) -> Response:
    page = messages.list_messages(
        work, states=[state] if state else None, session_id=session_id, cursor=cursor, limit=PAGE_SIZE
    )
    return console_page(
        request,
        "messages.html",
        host,
        tab="messages",
        item=sessions.get_session(work, session_id, public_only=False),
        counts=messages.count_by_state(work, session_id),
        chosen=state,
        is_first=cursor is None,
        ledger=page,
        names=registrants.names_of(work, [row.registration_id for row in page.items if row.registration_id]),
        rules=reminders.rule_names(work, [row.rule_id for row in page.items if row.rule_id]),
    )


@router.get("/messages")
def list_failed(request: Request, host: Viewer, work: ReadDep, now: NowDep, cursor: str | None = None) -> Response:
    """How the ways of sending fare, and what could not be sent by them."""
    page = messages.list_messages(work, states=[MessageState.failed], cursor=cursor, limit=PAGE_SIZE)
    return console_page(
        request,
        "failed_messages.html",
        host,
        now=now,
        ways=transports.list_transports(work),
        alarms=health.alarms(work, now),
        is_first=cursor is None,
        ledger=page,
        names=registrants.names_of(work, [row.registration_id for row in page.items if row.registration_id]),
    )


@router.post("/messages/retry")
def retry_all(
    host: Changer,
    process: ProcessDep,
    now: NowDep,
    session_id: Annotated[UUID | None, Form()] = None,
    back: Annotated[str, Form()] = f"{HOME}/messages",
) -> Response:
    def deed(work: Work) -> None:
        if messages.retry_all(work, now, session_id=session_id):
            audit.note(work, host.actor, "message.retry_all", now, subject_id=session_id)

    return act(process, local_path(back), "retried_all", deed)


@router.post("/messages/{message_id}/retry")
def retry(
    message_id: UUID, host: Changer, process: ProcessDep, now: NowDep, back: Annotated[str, Form()] = HOME
) -> Response:
    def deed(work: Work) -> None:
        messages.retry(work, message_id, now)
        audit.note(work, host.actor, "message.retry", now, subject_id=message_id)

    return act(process, local_path(back), "retried", deed)
