"""What registrants ask for after a session: the list of people to call."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Path, Query, Response

from api.answers import answer
from api.dependencies import AnswersWorkDep, AttendanceReader, AttendanceWriter, NowDep, SeenVersionDep, WorkDep
from api.openapi import refusals
from api.parameters import CursorQuery, LimitQuery
from api.schemas.requests import RequestPage, RequestPublic, RequestUpdate
from api.shapes import request_public
from webinars.services import requests
from webinars.services.requests import RequestItem
from webinars.services.tokens import Bearer
from webinars.terms import RequestKind, Scope, TaskState
from webinars.work import ReadWork, Work

router = APIRouter(prefix="/requests", tags=["requests"])
RequestPath = Annotated[UUID, Path(description="Id of the request.", examples=["0192f0c1-7b5e-7c3a-9a43-5a7f9d2f8e61"])]


@router.get("", responses=refusals(422))
def list_requests(
    bearer: AttendanceReader,
    work: AnswersWorkDep,
    now: NowDep,
    state: Annotated[TaskState | None, Query(description="Only those in this state.")] = None,
    kind: Annotated[RequestKind | None, Query(description="Only those of this kind.")] = None,
    cursor: CursorQuery = None,
    limit: LimitQuery = 50,
) -> RequestPage:
    """What registrants of all sessions ask for, the oldest first."""
    page = requests.list_requests(work, state=state, kind=kind, cursor=cursor, limit=limit)
    items = [request_public(item) for item in _opened(work, page.items, bearer, now)]
    return RequestPage(items=items, next=page.next, limit=page.limit)


@router.patch("/{request_id}", response_model=RequestPublic, responses=refusals(404, 410, 412, 422, 428))
def update_request(
    request_id: RequestPath,
    body: RequestUpdate,
    bearer: AttendanceWriter,
    work: WorkDep,
    version: SeenVersionDep,
    now: NowDep,
) -> Response:
    """Change the host's task or note."""
    item = requests.update_request(work, request_id, body.changes(), version=version, actor=bearer.actor, now=now)
    (item,) = _opened(work, [item], bearer, now)
    return answer(request_public(item), version=item.request.version)


def _opened(work: ReadWork, items: Sequence[RequestItem], bearer: Bearer, now: datetime) -> Sequence[RequestItem]:
    """With what they told about their health: only with the scope, and where it can be noted that it was read."""
    if Scope.health_read in bearer.scopes and isinstance(work, Work):
        return requests.with_wishes(work, items, actor=bearer.actor, now=now)
    return items
