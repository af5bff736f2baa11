"""Series: a rule that sessions are made from."""

from __future__ import annotations

from fastapi import APIRouter, Response

from api.answers import OnceDep, answer
from api.dependencies import CatalogueWriter, NowDep, ReadDep, SeenVersionDep, WorkDep
from api.openapi import refusals
from api.parameters import SeriesPath, SlugPath
from api.schemas.series import SeriesCreate, SeriesDetail, SeriesUpdate
from api.shapes import series_detail
from webinars.services import series
from webinars.services.series import SeriesItem
from webinars.terms import WallTime

router = APIRouter(tags=["series"])


@router.post("/webinars/{slug}/series", status_code=201, response_model=SeriesDetail, responses=refusals(404, 409, 422))
def create_series(
    slug: SlugPath, body: SeriesCreate, bearer: CatalogueWriter, work: WorkDep, once: OnceDep, now: NowDep
) -> Response:
    """Schedule all sessions of a recurrence rule: all or none. Each is a session like any other.

    The wall time stays the same when the clocks change. A date on which they skip or repeat it is named and refused:
    choose another time of day.
    """

    def make() -> Response:
        item = series.create_series(
            work,
            webinar=slug,
            rrule=body.rrule,
            wall=WallTime(body.starts_at_local, body.timezone),
            duration_minutes=body.duration_minutes,
            capacity=body.capacity,
            room_url=body.room_url,
            waitlist_open=body.waitlist_open,
            actor=bearer.actor,
            now=now,
        )
        return _answer(item, 201)

    return once(make)


@router.get("/series/{series_id}", response_model=SeriesDetail, responses=refusals(404, 422))
def get_series(series_id: SeriesPath, _: CatalogueWriter, work: ReadDep) -> Response:
    """A series with all its sessions."""
    return _answer(series.get_series(work, series_id))


@router.patch("/series/{series_id}", response_model=SeriesDetail, responses=refusals(404, 409, 412, 422, 428))
def update_series(
    series_id: SeriesPath,
    body: SeriesUpdate,
    bearer: CatalogueWriter,
    work: WorkDep,
    version: SeenVersionDep,
    now: NowDep,
) -> Response:
    """Change a series, and the sessions to come that follow it: those that move tell their registrants.

    A new time of day moves each session within its day; other days move them in their order; a rule that shares dates
    with the former keeps the sessions of those. Dates that are dropped are cancelled, or vanish if nobody registered;
    new ones become sessions. Sessions that have started, were cancelled or were changed by themselves stay as they are.
    """
    item = series.update_series(work, series_id, body.changes(), version=version, actor=bearer.actor, now=now)
    return _answer(item)


@router.post("/series/{series_id}/cancel", response_model=SeriesDetail, responses=refusals(404, 409, 422))
def cancel_series(
    series_id: SeriesPath, bearer: CatalogueWriter, work: WorkDep, once: OnceDep, now: NowDep
) -> Response:
    """Cancel all sessions of a series that are to come: everybody registered for one is told. Twice is once."""
    return once(lambda: _answer(series.cancel_series(work, series_id, version=None, actor=bearer.actor, now=now)))


def _answer(item: SeriesItem, status: int = 200) -> Response:
    return answer(series_detail(item), status, version=item.series.version)
