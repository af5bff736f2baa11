"""A session's registrants, one registrant's history, and what a host does for them."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Form, Request
from fastapi.responses import Response
from pydantic import BaseModel

from api.dependencies import NowDep, ProcessDep, ReadDep
from api.pages.console import words
from api.pages.console.access import HOME, Changer, Manager, Viewer, local_path
from api.pages.console.answers import PAGE_SIZE, act, attempt, console_page, go
from api.pages.console.forms import UNUSABLE, Checks
from api.pages.console.sessions import USUAL_ZONES, other_zones
from webinars.rules.registrations import clean_email, clean_name
from webinars.services import erasure, moves, registrants, requests, sessions, suppressions
from webinars.services.hosts import SignedIn
from webinars.services.registering import RegistrationRequest
from webinars.terms import RegistrationStatus, SessionStatus
from webinars.work import Process, Work

router = APIRouter()
Back = Annotated[str, Form()]
"""The page the button stood on."""
_MOST_SESSIONS = 50


class RegistrantForm(BaseModel):
    """Somebody whom a host registers."""

    name: str = ""
    email: str = ""
    seats: str = "1"
    timezone: str = ""
    locale: str = next(iter(words.LANGUAGES))

    def request(self, checks: Checks, session_id: UUID) -> RegistrationRequest:
        if self.locale not in words.LANGUAGES:
            checks.errors["locale"] = "Choose a language."
        return RegistrationRequest(
            session_id=session_id,
            name=checks.clean(clean_name, self.name),
            email=checks.clean(clean_email, self.email),
            seats=checks.number("seats", self.seats, "Seats", least=1, most=2),
            timezone=checks.timezone(self.timezone, "Choose the time zone they read times in."),
            locale=self.locale,
        )


@router.get("/sessions/{session_id}/registrants")
def list_registrants(
    request: Request,
    session_id: UUID,
    host: Viewer,
    work: ReadDep,
    now: NowDep,
    status: RegistrationStatus | None = None,
    cursor: str | None = None,
) -> Response:
    counts = registrants.count_by_status(work, session_id)
    return console_page(
        request,
        "registrants.html",
        host,
        tab="registrants",
        item=sessions.get_session(work, session_id, public_only=False),
        counts=counts,
        now=now,
        chosen=status,
        marked=suppressions.count_marked(work, session_id),
        is_first=cursor is None,
        shown_until=registrants.shown_until(work, session_id, actor=host.actor, now=now),
        people=registrants.list_registrants(
            work, session_id, status=status, cursor=cursor, limit=PAGE_SIZE, actor=host.actor, now=now
        ),
    )


@router.get("/sessions/{session_id}/registrants/new")
def new_registrant(request: Request, session_id: UUID, host: Changer, process: ProcessDep, work: ReadDep) -> Response:
    session = sessions.get_session(work, session_id, public_only=False).session
    return _new_page(request, session_id, host, process, RegistrantForm(timezone=session.timezone), Checks())


@router.post("/sessions/{session_id}/registrants/new")
def add_registrant(
    request: Request,
    session_id: UUID,
    form: Annotated[RegistrantForm, Form()],
    host: Changer,
    process: ProcessDep,
    now: NowDep,
) -> Response:
    """Register somebody by hand: a seat if there is one, else the waitlist."""
    with Checks() as checks:
        wanted = form.request(checks, session_id)
        checks.done()
        with process.work() as work:
            is_repeat = registrants.add(work, wanted, actor=host.actor, now=now).is_repeat
        return go(f"{HOME}/sessions/{session_id}/registrants", done="registered_before" if is_repeat else "registered")
    return _new_page(request, session_id, host, process, form, checks)


@router.post("/sessions/{session_id}/reveal")
def reveal(session_id: UUID, host: Changer, process: ProcessDep, now: NowDep, back: Back = HOME) -> Response:
    """Show addresses for a while; it is noted who asked."""
    return act(
        process,
        local_path(back),
        "revealed",
        lambda work: registrants.reveal(work, session_id, actor=host.actor, now=now),
    )


@router.get("/registrations/{registration_id}")
def timeline(request: Request, registration_id: UUID, host: Viewer, work: ReadDep, now: NowDep) -> Response:
    known = registrants.timeline(work, registration_id, actor=host.actor, now=now)
    here = known.scheduled
    coming = sessions.list_sessions(
        work, webinar=here.webinar.slug, public_only=False, starts_from=now, limit=_MOST_SESSIONS
    )
    return console_page(
        request,
        "registration.html",
        host,
        known=known,
        asked=requests.requests_of(work, registration_id),
        item=here,
        now=now,
        has_moved=moves.has_moved(known.registrant.registration),
        others=[
            other
            for other in coming.items
            if other.is_public
            and other.session.status is SessionStatus.scheduled
            and other.session.id != here.session.id
        ],
    )


@router.post("/registrations/{registration_id}/reveal")
def reveal_health(
    registration_id: UUID, host: Changer, process: ProcessDep, now: NowDep, back: Back = HOME
) -> Response:
    """Show health answers for a while; it is noted who asked."""
    return act(
        process,
        local_path(back),
        "health_revealed",
        lambda work: registrants.reveal_health(work, registration_id, actor=host.actor, now=now),
    )


@router.post("/registrations/{registration_id}/approve")
def approve(registration_id: UUID, host: Changer, process: ProcessDep, now: NowDep, back: Back = HOME) -> Response:
    return act(
        process,
        local_path(back),
        "approved",
        lambda work: registrants.approve(work, registration_id, actor=host.actor, now=now),
    )


@router.post("/registrations/{registration_id}/decline")
def decline(registration_id: UUID, host: Changer, process: ProcessDep, now: NowDep, back: Back = HOME) -> Response:
    """Say no, or take a seat back."""
    return act(
        process,
        local_path(back),
        "declined",
        lambda work: registrants.decline(work, registration_id, actor=host.actor, now=now),
    )


@router.post("/registrations/{registration_id}/accept")
def accept(registration_id: UUID, host: Changer, process: ProcessDep, now: NowDep, back: Back = HOME) -> Response:
    """Take the seat that is offered, for somebody who says so by telephone."""
    return act(
        process,
        local_path(back),
        "accepted",
        lambda work: registrants.accept(work, registration_id, actor=host.actor, now=now),
    )


@router.post("/registrations/{registration_id}/readmit")
def readmit(registration_id: UUID, host: Changer, process: ProcessDep, now: NowDep, back: Back = HOME) -> Response:
    """Let somebody in again who left, was declined or did not answer."""
    return act(
        process,
        local_path(back),
        "readmitted",
        lambda work: registrants.readmit(work, registration_id, actor=host.actor, now=now),
    )


@router.post("/registrations/{registration_id}/move")
def move(
    registration_id: UUID, session_id: Annotated[UUID, Form()], host: Changer, process: ProcessDep, now: NowDep
) -> Response:
    """Over to another session; the page is then that of wherever they have a place."""

    def deed(work: Work) -> Response:
        moved = registrants.move(work, registration_id, session_id, actor=host.actor, now=now)
        if moved.is_old_kept:
            return go(_page_of(registration_id), done="transferred_waiting")
        return go(_page_of(moved.registration_id), done="transferred")

    return attempt(process, _page_of(registration_id), deed)


@router.post("/registrations/{registration_id}/erase")
def erase(registration_id: UUID, host: Manager, process: ProcessDep, now: NowDep) -> Response:
    """Take out of it all that tells of the person."""
    return act(
        process,
        _page_of(registration_id),
        "erased",
        lambda work: erasure.erase(work, registration_id, actor=host.actor, now=now),
    )


@router.post("/registrations/{registration_id}/resend")
def resend(registration_id: UUID, host: Changer, process: ProcessDep, now: NowDep, back: Back = HOME) -> Response:
    return act(
        process,
        local_path(back),
        "resent",
        lambda work: registrants.resend(work, registration_id, actor=host.actor, now=now),
    )


def _page_of(registration_id: UUID) -> str:
    return f"{HOME}/registrations/{registration_id}"


def _new_page(
    request: Request, session_id: UUID, host: SignedIn, process: Process, form: RegistrantForm, checks: Checks
) -> Response:
    with process.read() as work:
        item = sessions.get_session(work, session_id, public_only=False)
    return console_page(
        request,
        "registrant_new.html",
        host,
        status=UNUSABLE if checks.errors else 200,
        item=item,
        form=form,
        errors=checks.errors,
        usual_zones=USUAL_ZONES,
        other_zones=other_zones(),
    )
