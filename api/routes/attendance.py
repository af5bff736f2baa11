"""Who came."""

from __future__ import annotations

from fastapi import APIRouter, Response

from api.answers import OnceDep, answer
from api.dependencies import AttendanceReader, AttendanceWriter, NowDep, ReadDep, WorkDep
from api.openapi import refusals
from api.parameters import CursorQuery, LimitQuery, SessionPath
from api.schemas.attendance import AttendanceCreate, AttendancePage, AttendanceRecorded
from api.shapes import attendance_public
from webinars.services import attendance
from webinars.services.attendance import Report

router = APIRouter(prefix="/sessions/{session_id}/attendance", tags=["attendance"])


@router.post("", response_model=AttendanceRecorded, responses=refusals(404, 422))
def record_attendance(
    session_id: SessionPath, body: AttendanceCreate, _: AttendanceWriter, work: WorkDep, once: OnceDep, now: NowDep
) -> Response:
    """Report who was in the room and when. The same report again changes nothing; a leave may be added later.

    A report that comes after the session has settled works its attendance out again; follow-ups that went out stay.
    """
    reports = [Report(**dict(interval)) for interval in body.intervals]

    def make() -> Response:
        recorded = attendance.record(work, session_id, reports, now)
        return answer(AttendanceRecorded(matched=recorded.matched, unmatched=recorded.unmatched))

    return once(make)


@router.get("", responses=refusals(404, 422))
def list_attendance(
    session_id: SessionPath, _: AttendanceReader, work: ReadDep, cursor: CursorQuery = None, limit: LimitQuery = 50
) -> AttendancePage:
    """What became of each confirmed registration."""
    page = attendance.list_attendance(work, session_id, cursor=cursor, limit=limit)
    return AttendancePage(items=[attendance_public(item) for item in page.items], next=page.next, limit=page.limit)
