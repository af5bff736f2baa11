"""Who is there, and once the session has settled, who was."""

from __future__ import annotations

from uuid import UUID

from fastapi import APIRouter, Request
from fastapi.responses import Response

from api.dependencies import NowDep, ReadDep
from api.pages.console.access import Viewer
from api.pages.console.answers import PAGE_SIZE, console_page
from webinars.services import attendance, registrants, sessions

router = APIRouter()


@router.get("/sessions/{session_id}/attendance")
def list_attendance(
    request: Request, session_id: UUID, host: Viewer, work: ReadDep, now: NowDep, cursor: str | None = None
) -> Response:
    item = sessions.get_session(work, session_id, public_only=False)
    people = attendance.list_attendance(work, session_id, cursor=cursor, limit=PAGE_SIZE)
    return console_page(
        request,
        "attendance.html",
        host,
        tab="attendance",
        item=item,
        now=now,
        is_first=cursor is None,
        people=people,
        names=registrants.names_of(work, [row.registration.id for row in people.items]),
        present={} if item.session.settled_at else attendance.present_evidence(work, session_id),
        unmatched=attendance.count_unmatched(work, session_id),
    )
