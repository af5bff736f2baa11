"""A session's registrations as a file for spreadsheets."""

from __future__ import annotations

from uuid import UUID

from fastapi import APIRouter
from fastapi.responses import Response

from api.dependencies import NowDep, ProcessDep
from api.pages.console.access import Changer
from api.pages.rendering import PRIVATE
from webinars.services import exports

router = APIRouter()


@router.post("/sessions/{session_id}/registrants/export")
def export_registrants(session_id: UUID, host: Changer, process: ProcessDep, now: NowDep) -> Response:
    """All registrations with their addresses. It is noted who took them, and so it is no GET."""
    content = exports.export_registrations(process, session_id, actor=host.actor, now=now)
    headers = PRIVATE | {"Content-Disposition": f'attachment; filename="registrations-{session_id}.csv"'}
    return Response(content, headers=headers, media_type="text/csv; charset=utf-8")
