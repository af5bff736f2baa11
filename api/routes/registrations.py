"""What tokens do with registrations; registering itself is registering.py."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Annotated, TypeGuard
from uuid import UUID

from fastapi import APIRouter, Query, Response

from api.answers import Once, OnceDep, answer
from api.dependencies import (
    AnswersWorkDep,
    NowDep,
    RegistrationsReader,
    RegistrationsWriter,
    SeenVersionDep,
    WorkDep,
)
from api.openapi import refusals
from api.parameters import CursorQuery, LimitQuery, RegistrationPath, SessionPath
from api.schemas.base import Moment
from api.schemas.registrations import (
    RegistrationMove,
    RegistrationMoved,
    RegistrationPage,
    RegistrationPublic,
    RegistrationUpdate,
    Resent,
)
from api.shapes import registrations_public
from webinars.services import corrections, erasure, questions, registrants, registrations, suppressions
from webinars.services.questions import GivenAnswer
from webinars.services.tokens import Bearer
from webinars.terms import RegistrationStatus, Scope
from webinars.work import ReadWork, Work

router = APIRouter(tags=["registrations"])


@router.get("/sessions/{session_id}/registrations", responses=refusals(404, 422))
def list_registrations(
    session_id: SessionPath,
    bearer: RegistrationsReader,
    work: AnswersWorkDep,
    now: NowDep,
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
    answers = _answers(work, [row.id for row in page.items], bearer, session_id, now)
    items = registrations_public(work, page.items, answers, shows_question=_sees_health(work, bearer))
    return RegistrationPage(items=items, next=page.next, limit=page.limit)


@router.get("/registrations/{registration_id}", response_model=RegistrationPublic, responses=refusals(404, 422))
def get_registration(
    registration_id: RegistrationPath, bearer: RegistrationsReader, work: AnswersWorkDep, now: NowDep
) -> Response:
    """One registration."""
    registration, _session = registrations.get_registration(work, registration_id)
    answers = _answers(work, [registration_id], bearer, registration_id, now)
    return _one(*registrations_public(work, [registration], answers, shows_question=_sees_health(work, bearer)))


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
    corrections.update_registration(work, registration_id, body.changes(), version=version, actor=bearer.actor, now=now)
    return _one(_changed(work, registration_id))


@router.post(
    "/registrations/{registration_id}/cancel", response_model=RegistrationPublic, responses=refusals(404, 409, 422)
)
def cancel_registration(
    registration_id: RegistrationPath, bearer: RegistrationsWriter, work: WorkDep, once: OnceDep, now: NowDep
) -> Response:
    """Give a registration up in the registrant's name; the seat goes to whoever is next in line. Twice is once."""
    return _once(once, registration_id, lambda: corrections.cancel(work, registration_id, actor=bearer.actor, now=now))


@router.post(
    "/registrations/{registration_id}/approve", response_model=RegistrationPublic, responses=refusals(404, 409, 422)
)
def approve_registration(
    registration_id: RegistrationPath, bearer: RegistrationsWriter, work: WorkDep, once: OnceDep, now: NowDep
) -> Response:
    """Say yes to a registration that is pending: it gets a seat, or a place in the line."""
    return _once(once, registration_id, lambda: registrants.approve(work, registration_id, actor=bearer.actor, now=now))


@router.post(
    "/registrations/{registration_id}/decline", response_model=RegistrationPublic, responses=refusals(404, 409, 422)
)
def decline_registration(
    registration_id: RegistrationPath, bearer: RegistrationsWriter, work: WorkDep, once: OnceDep, now: NowDep
) -> Response:
    """Say no to a registration, or take its seat back."""
    return _once(once, registration_id, lambda: registrants.decline(work, registration_id, actor=bearer.actor, now=now))


@router.post(
    "/registrations/{registration_id}/accept", response_model=RegistrationPublic, responses=refusals(404, 409, 422)
)
def accept_offer(
    registration_id: RegistrationPath, bearer: RegistrationsWriter, work: WorkDep, once: OnceDep, now: NowDep
) -> Response:
    """Take the seat that is offered to somebody, in their name. Twice is once.

    In the last hours before the start, when a free seat is for the first to take it, this works for who waits as well.
    """
    return _once(once, registration_id, lambda: registrants.accept(work, registration_id, actor=bearer.actor, now=now))


@router.post(
    "/registrations/{registration_id}/move", response_model=RegistrationMoved, responses=refusals(404, 409, 422)
)
def move_registration(
    registration_id: RegistrationPath,
    body: RegistrationMove,
    bearer: RegistrationsWriter,
    work: WorkDep,
    once: OnceDep,
    now: NowDep,
) -> Response:
    """Move somebody to another session of the same webinar, in one step.

    With a free seat there, the old one is given up. Without, they wait there and keep the old one until there is.
    """

    def make() -> Response:
        moved = registrants.move(work, registration_id, body.session_id, actor=bearer.actor, now=now)
        shape = _changed(work, moved.registration_id)
        return answer(RegistrationMoved(registration=shape, kept=moved.is_old_kept), version=shape.version)

    return once(make)


@router.post(
    "/registrations/{registration_id}/undo", response_model=RegistrationPublic, responses=refusals(404, 409, 422)
)
def undo_cancellation(
    registration_id: RegistrationPath, bearer: RegistrationsWriter, work: WorkDep, once: OnceDep, now: NowDep
) -> Response:
    """Take back within ten minutes that a registration was given up. Twice is once.

    A seat that has gone to somebody else by then is not taken from them: the registrant waits ahead of all who came
    later.
    """
    return _once(once, registration_id, lambda: registrants.undo(work, registration_id, actor=bearer.actor, now=now))


@router.post(
    "/registrations/{registration_id}/readmit", response_model=RegistrationPublic, responses=refusals(404, 409, 422)
)
def readmit(
    registration_id: RegistrationPath, bearer: RegistrationsWriter, work: WorkDep, once: OnceDep, now: NowDep
) -> Response:
    """Let somebody back in who gave up, was declined or did not answer an offer: a seat, or the end of the line."""
    return _once(once, registration_id, lambda: registrants.readmit(work, registration_id, actor=bearer.actor, now=now))


@router.post("/registrations/{registration_id}/erase", response_model=RegistrationPublic, responses=refusals(404, 422))
def erase(
    registration_id: RegistrationPath,
    bearer: RegistrationsWriter,
    work: WorkDep,
    once: OnceDep,
    now: NowDep,
    everywhere: Annotated[
        bool, Query(description="Also from their other registrations, the topics they wanted to hear of, and marks.")
    ] = False,
) -> Response:
    """Take out of a registration all that tells of the person, and give up its place. Nothing is sent; twice is once.

    What is left counts in statistics and leads to nobody. It cannot be undone.
    """
    deed = erasure.erase_person if everywhere else erasure.erase
    return _once(once, registration_id, lambda: deed(work, registration_id, actor=bearer.actor, now=now))


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


@router.delete("/registrations/{registration_id}/mail-problem", status_code=204, responses=refusals(404, 422))
def lift_mail_problem(
    registration_id: RegistrationPath, bearer: RegistrationsWriter, work: WorkDep, now: NowDep
) -> None:
    """Send to a registrant's address again, because they say that it is right and works. Twice is once.

    It holds for all registrations with that address. What this one missed and is of use still is sent.
    """
    suppressions.lift(work, registration_id, actor=bearer.actor, now=now)


def _sees_health(work: ReadWork, bearer: Bearer) -> TypeGuard[Work]:
    """Only with the scope, and where it can be noted that it was read: see `AnswersWorkDep`."""
    return Scope.health_read in bearer.scopes and isinstance(work, Work)


def _answers(
    work: ReadWork, registration_ids: Sequence[UUID], bearer: Bearer, subject_id: UUID, now: datetime
) -> dict[UUID, list[GivenAnswer]]:
    """What was answered, about health only to who sees that."""
    if _sees_health(work, bearer):
        return questions.read_health(work, registration_ids, subject_id=subject_id, actor=bearer.actor, now=now)
    return questions.answers_of(work, registration_ids, with_health=False)


def _once(once: Once, registration_id: UUID, deed: Callable[[], object]) -> Response:
    """Do something to a registration once per key, and answer how it stands then."""

    def make() -> Response:
        deed()
        return _one(_changed(once.work, registration_id))

    return once(make)


def _changed(work: ReadWork, registration_id: UUID) -> RegistrationPublic:
    """A registration as it stands after a deed; such answers are kept for replays, so nothing about health is there."""
    registration, _session = registrations.get_registration(work, registration_id)
    answers = questions.answers_of(work, [registration_id], with_health=False)
    return registrations_public(work, [registration], answers)[0]


def _one(registration: RegistrationPublic) -> Response:
    return answer(registration, version=registration.version)
