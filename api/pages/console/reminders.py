"""Who gets which reminder of a session: what went out, what is to come, and why not."""

from __future__ import annotations

from uuid import UUID

from fastapi import APIRouter, Request
from fastapi.responses import Response

from api.dependencies import NowDep, ReadDep
from api.pages.console.access import Viewer
from api.pages.console.answers import PAGE_SIZE, console_page
from webinars.services import registrants, reminder_ledger, reminder_rules, sessions

router = APIRouter()


@router.get("/sessions/{session_id}/reminders")
def ledger(
    request: Request,
    session_id: UUID,
    host: Viewer,
    work: ReadDep,
    now: NowDep,
    only_coming: bool = False,
    cursor: str | None = None,
) -> Response:
    page = (
        reminder_ledger.preview(work, session_id, now, cursor=cursor, limit=PAGE_SIZE)
        if only_coming
        else reminder_ledger.ledger(work, session_id, now, cursor=cursor, limit=PAGE_SIZE)
    )
    return console_page(
        request,
        "reminders.html",
        host,
        tab="reminders",
        item=sessions.get_session(work, session_id, public_only=False),
        rules=reminder_rules.list_session_rules(work, session_id),
        only_coming=only_coming,
        is_first=cursor is None,
        ledger=page,
        names=registrants.names_of(work, [row.registration_id for row in page.items]),
    )
