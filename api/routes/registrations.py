"""What tokens do with registrations; registering itself is registering.py."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query, Response

from api.answers import OnceDep, answer
from api.dependencies import (
    NowDep,
    ReadDep,
    RegistrationsReader,
    RegistrationsWriter,
    SeenVersionDep,
    WorkDep,
)
from api.openapi import refusals
from api.parameters import CursorQuery, LimitQuery, RegistrationPath, SessionPath
from api.schemas.base import Moment
from api.schemas.registrations import (
    RegistrationPage,
    RegistrationPublic,
    RegistrationUpdate,
    Resent,
)
from api.shapes import registration_public
from webinars.services import corrections, registrants, registrations
from webinars.terms import RegistrationStatus

router = APIRouter(tags=["registrations"])


@router.get("/sessions/{session_id}/registrations", responses=refusals(404, 422))
def list_registrations(
    session_id: SessionPath,
    _: RegistrationsReader,
    work: ReadDep,
    status: Annotated[
        list[RegistrationStatus] | None, Query(description="Only those in this state; may be given several times.")
    ] = None,
    modified_since: Annotated[Moment | None, Query(description="Only those that changed then or later.")] = None,
    cursor: CursorQuery = None,
    limit: LimitQuery = 50,
) -> RegistrationPage:
    """A session's registrations in the order they were made."""
    page = registrations.list_registrations(
        work, session_id, statuses=status, modified_since=modified_since, cursor=cursor, limit=limit
    )
    items = [registration_public(work.vault, registration) for registration in page.items]
    return RegistrationPage(items=items, next=page.next, limit=page.limit)


@router.get("/registrations/{registration_id}", response_model=RegistrationPublic, responses=refusals(404, 422))
def get_registration(registration_id: RegistrationPath, _: RegistrationsReader, work: ReadDep) -> Response:
    """One registration."""
    registration, _session = registrations.get_registration(work, registration_id)
    return _one(registration_public(work.vault, registration))


@router.patch(
    "/registrations/{registration_id}",
    response_model=RegistrationPublic,
    responses=refusals(404, 412, 422, 428, e409="Another registration of the session has this address."),
)
def update_registration(
    registration_id: RegistrationPath,
    body: RegistrationUpdate,
    bearer: RegistrationsWriter,
    work: WorkDep,
    version: SeenVersionDep,
    now: NowDep,
) -> Response:
    """Put a registrant's facts right. A new address gets the invite; links that were sent to the old one end."""
    registration = corrections.update_registration(
        work, registration_id, body.changes(), version=version, actor=bearer.actor, now=now
    )
    return _one(registration_public(work.vault, registration))


@router.post(
    "/registrations/{registration_id}/cancel", response_model=RegistrationPublic, responses=refusals(404, 409, 422)
)
def cancel_registration(
    registration_id: RegistrationPath, bearer: RegistrationsWriter, work: WorkDep, once: OnceDep, now: NowDep
) -> Response:
    """Give a registration up in the registrant's name; the seat goes to whoever is next in line. Twice is once."""

    def make() -> Response:
        registration = corrections.cancel(work, registration_id, actor=bearer.actor, now=now)
        return _one(registration_public(work.vault, registration))

    return once(make)


@router.post(
    "/registrations/{registration_id}/approve", response_model=RegistrationPublic, responses=refusals(404, 409, 422)
)
def approve_registration(
    registration_id: RegistrationPath, bearer: RegistrationsWriter, work: WorkDep, once: OnceDep, now: NowDep
) -> Response:
    """Say yes to a registration that is pending: it gets a seat, or a place in the line."""

    def make() -> Response:
        registration = registrants.approve(work, registration_id, actor=bearer.actor, now=now)
        return _one(registration_public(work.vault, registration))

    return once(make)


@router.post(
    "/registrations/{registration_id}/decline", response_model=RegistrationPublic, responses=refusals(404, 409, 422)
)
def decline_registration(
    registration_id: RegistrationPath, bearer: RegistrationsWriter, work: WorkDep, once: OnceDep, now: NowDep
) -> Response:
    """Say no to a registration, or take its seat back."""

    def make() -> Response:
        registration = registrants.decline(work, registration_id, actor=bearer.actor, now=now)
        return _one(registration_public(work.vault, registration))

    return once(make)


@router.post(
    "/registrations/{registration_id}/resend",
    status_code=202,
    response_model=Resent,
    responses=refusals(404, 409, 422),
)
def resend(
    registration_id: RegistrationPath, bearer: RegistrationsWriter, work: WorkDep, once: OnceDep, now: NowDep
) -> Response:
    """Send a registrant their own mail again, at most once an hour."""
    return once(
        lambda: answer(Resent(planned=registrants.resend(work, registration_id, actor=bearer.actor, now=now)), 202)
    )


def _one(registration: RegistrationPublic) -> Response:
    return answer(registration, version=registration.version)
