"""What happens after a session."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Path, Response

from api.answers import answer
from api.dependencies import AttendanceReader, AttendanceWriter, NowDep, ReadDep, SeenVersionDep, WorkDep
from api.openapi import refusals
from api.parameters import CursorQuery, LimitQuery, SessionPath
from api.schemas.follow_ups import FollowUpPage, FollowUpPublic, FollowUpUpdate
from api.shapes import follow_up_public
from webinars.services import follow_ups

router = APIRouter(tags=["follow-ups"])
FollowUpPath = Annotated[
    UUID, Path(description="Id of the follow-up.", examples=["0192f0c1-7b5e-7c3a-9a43-5a7f9d2f8e61"])
]


@router.get("/sessions/{session_id}/follow-ups", responses=refusals(404, 422))
def list_follow_ups(
    session_id: SessionPath, _: AttendanceReader, work: ReadDep, cursor: CursorQuery = None, limit: LimitQuery = 50
) -> FollowUpPage:
    """A session's follow-ups: none until it has settled."""
    page = follow_ups.list_follow_ups(work, session_id, cursor=cursor, limit=limit)
    items = [follow_up_public(work.vault, item) for item in page.items]
    return FollowUpPage(items=items, next=page.next, limit=page.limit)


@router.patch("/follow-ups/{follow_up_id}", response_model=FollowUpPublic, responses=refusals(404, 410, 412, 422, 428))
def update_follow_up(
    follow_up_id: FollowUpPath,
    body: FollowUpUpdate,
    bearer: AttendanceWriter,
    work: WorkDep,
    version: SeenVersionDep,
    now: NowDep,
) -> Response:
    """Change the host's task or note."""
    item = follow_ups.update_follow_up(work, follow_up_id, body.changes(), version=version, actor=bearer.actor, now=now)
    return answer(follow_up_public(work.vault, item), version=item.follow_up.version)
