"""The ledger of a session's reminders."""

from __future__ import annotations

from fastapi import APIRouter

from api.dependencies import MessagesReader, NowDep, ReadDep
from api.openapi import refusals
from api.parameters import CursorQuery, LimitQuery, SessionPath
from api.schemas.reminders import LedgerPage
from api.shapes import ledger_item_public
from webinars.services import reminder_ledger

router = APIRouter(prefix="/sessions/{session_id}/reminders", tags=["reminders"])


@router.get("", responses=refusals(404, 422))
def list_reminders(
    session_id: SessionPath,
    _: MessagesReader,
    work: ReadDep,
    now: NowDep,
    cursor: CursorQuery = None,
    limit: LimitQuery = 50,
) -> LedgerPage:
    """Every reminder of every registrant: sent, still to come, or why not. `limit` counts registrants."""
    page = reminder_ledger.ledger(work, session_id, now, cursor=cursor, limit=limit)
    return LedgerPage(items=[ledger_item_public(item) for item in page.items], next=page.next, limit=page.limit)


@router.post("/preview", responses=refusals(404, 422))
def preview_reminders(
    session_id: SessionPath,
    _: MessagesReader,
    work: ReadDep,
    now: NowDep,
    cursor: CursorQuery = None,
    limit: LimitQuery = 50,
) -> LedgerPage:
    """A dry run: who would get which reminder from now on. It changes nothing, so it needs no Idempotency-Key."""
    page = reminder_ledger.preview(work, session_id, now, cursor=cursor, limit=limit)
    return LedgerPage(items=[ledger_item_public(item) for item in page.items], next=page.next, limit=page.limit)
