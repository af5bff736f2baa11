"""The dated occurrences of webinars."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query, Response

from api.answers import OnceDep, answer
from api.dependencies import CatalogueWriter, NowDep, ReadDep, SeenVersionDep, SeesDraftsDep, WorkDep
from api.openapi import refusals
from api.parameters import CursorQuery, LimitQuery, SessionPath, SlugQuery
from api.scheduling import wall_of
from api.schemas.base import Moment
from api.schemas.sessions import (
    SessionCreate,
    SessionDetail,
    SessionDetailPage,
    SessionPage,
    SessionPublic,
    SessionUpdate,
)
from api.shapes import session_detail, session_public
from webinars.services import rescheduling, sessions

router = APIRouter(prefix="/sessions", tags=["sessions"])


@router.get("", response_model=SessionPage | SessionDetailPage, responses=refusals(404, 422))
def list_sessions(
    work: ReadDep,
    now: NowDep,
    sees_drafts: SeesDraftsDep,
    topic: Annotated[SlugQuery, Query(description="Only those about this topic, or a condition under it.")] = None,
    webinar: Annotated[SlugQuery, Query(description="Only those of this webinar.")] = None,
    starts_from: Annotated[
        Moment | None, Query(alias="from", description="Only those that start then or later; now if left out.")
    ] = None,
    starts_until: Annotated[Moment | None, Query(alias="to", description="Only those that start before.")] = None,
    cursor: CursorQuery = None,
    limit: LimitQuery = 50,
) -> Response:
    """Sessions by start: those the public may see; with a token of scope `catalogue:write`, all in full."""
    page = sessions.list_sessions(
        work,
        topic=topic,
        webinar=webinar,
        starts_from=starts_from or now,
        starts_until=starts_until,
        public_only=not sees_drafts,
        cursor=cursor,
        limit=limit,
    )
    if sees_drafts:
        details = [session_detail(item) for item in page.items]
        return answer(SessionDetailPage(items=details, next=page.next, limit=page.limit))
    return answer(SessionPage(items=[session_public(item) for item in page.items], next=page.next, limit=page.limit))


@router.get("/{session_id}", response_model=SessionPublic | SessionDetail, responses=refusals(404, 422))
def get_session(session_id: SessionPath, work: ReadDep, sees_drafts: SeesDraftsDep) -> Response:
    """One session, if the public may see it; with a token of scope `catalogue:write`, whatever it is and in full."""
    item = sessions.get_session(work, session_id, public_only=not sees_drafts)
    shape = session_detail if sees_drafts else session_public
    return answer(shape(item), version=item.session.version)


@router.post("", status_code=201, response_model=SessionDetail, responses=refusals(404, 409, 422))
def create_session(body: SessionCreate, bearer: CatalogueWriter, work: WorkDep, once: OnceDep, now: NowDep) -> Response:
    """Schedule a session of a webinar, with its reminders.

    A wall time that the clocks skip or repeat is refused: choose one an hour earlier or later.
    """

    def make() -> Response:
        item = sessions.create_session(
            work,
            webinar=body.webinar,
            wall=wall_of(body),
            duration_minutes=body.duration_minutes,
            capacity=body.capacity,
            room_url=body.room_url,
            waitlist_open=body.waitlist_open,
            registration_opens_at=body.registration_opens_at,
            registration_closes_at=body.registration_closes_at,
            status=body.status,
            actor=bearer.actor,
            now=now,
        )
        return answer(session_detail(item), 201, version=item.session.version)

    return once(make)


@router.patch("/{session_id}", response_model=SessionDetail, responses=refusals(404, 409, 412, 422, 428))
def update_session(
    session_id: SessionPath,
    body: SessionUpdate,
    bearer: CatalogueWriter,
    work: WorkDep,
    version: SeenVersionDep,
    now: NowDep,
) -> Response:
    """Change a session. A new time, zone or length moves it: registrants are told, calendars and reminders follow.

    Seats that are added are offered to those who have waited longest. Fewer seats than are taken throw nobody out.
    """
    item = sessions.update_session(work, session_id, body.changes(), version=version, actor=bearer.actor, now=now)
    return answer(session_detail(item), version=item.session.version)


@router.post("/{session_id}/cancel", response_model=SessionDetail, responses=refusals(404, 409, 422))
def cancel_session(
    session_id: SessionPath, bearer: CatalogueWriter, work: WorkDep, once: OnceDep, now: NowDep
) -> Response:
    """Cancel a session: everybody is told, calendars lose the entry, reminders end. Twice is once."""

    def make() -> Response:
        item = sessions.cancel_session(work, session_id, version=None, actor=bearer.actor, now=now)
        return answer(session_detail(item), version=item.session.version)

    return once(make)


@router.post("/{session_id}/reinstate", response_model=SessionDetail, responses=refusals(404, 409, 422))
def reinstate_session(
    session_id: SessionPath, bearer: CatalogueWriter, work: WorkDep, once: OnceDep, now: NowDep
) -> Response:
    """Take back a cancellation: everybody is told, calendars enter it again, reminders are planned anew.

    Twice is once.
    """

    def make() -> Response:
        item = rescheduling.reinstate_session(work, session_id, version=None, actor=bearer.actor, now=now)
        return answer(session_detail(item), version=item.session.version)

    return once(make)


@router.delete("/{session_id}", status_code=204, responses=refusals(404, 422))
def delete_session(session_id: SessionPath, bearer: CatalogueWriter, work: WorkDep, now: NowDep) -> None:
    """Delete a session nobody ever registered for; cancel one somebody did."""
    sessions.delete_session(work, session_id, actor=bearer.actor, now=now)
