"""The console's first page: what comes, what runs, what was."""

from __future__ import annotations

from datetime import timedelta

from fastapi import APIRouter, Request
from fastapi.responses import Response

from api.dependencies import NowDep, ReadDep
from api.pages.console.access import Viewer
from api.pages.console.answers import PAGE_SIZE, console_page
from webinars.services import health, sessions, suppressions

router = APIRouter()
_LOOK_BACK = timedelta(days=30)
_MOST_RECENT = 200


@router.get("")
def agenda(request: Request, host: Viewer, work: ReadDep, now: NowDep, cursor: str | None = None) -> Response:
    begun = sessions.list_sessions(
        work, starts_from=now - _LOOK_BACK, starts_until=now, public_only=False, limit=_MOST_RECENT
    ).items
    coming = sessions.list_sessions(work, starts_from=now, public_only=False, cursor=cursor, limit=PAGE_SIZE)
    return console_page(
        request,
        "agenda.html",
        host,
        now=now,
        alarms=health.alarms(work, now),
        troubled=suppressions.list_troubled(work, now),
        is_first=cursor is None,
        running=[item for item in begun if item.session.ends_at > now],
        coming=coming,
        recent=[item for item in reversed(begun) if item.session.ends_at <= now],
    )
