"""What a registrant does on their own page. Each is one press of a button; pressed twice is pressed once."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from http import HTTPStatus
from uuid import UUID

from fastapi import APIRouter, Request
from fastapi.responses import RedirectResponse, Response

from api.dependencies import NowDep, ProcessDep
from api.middleware.rates import client_network
from api.pages.languages import visitor_language
from api.pages.patients.form import FieldsDep
from api.pages.patients.my_registration import COOKIE, PATH, closed, keep_open
from api.pages.patients.view import guarded_link
from api.pages.rendering import PRIVATE
from webinars.errors import (
    AlreadyRegistered,
    InvalidField,
    NotFound,
    OfferGone,
    RegistrationClosed,
    RegistrationNotActive,
    SessionCancelled,
    SessionFull,
    SessionNotOpen,
    SessionStarted,
    UndoTooLate,
)
from webinars.services import moves, registrations, unsubscribing, waitlist
from webinars.services.links import open_own
from webinars.services.unsubscribing import REMINDERS, Choice
from webinars.terms import LinkPurpose
from webinars.work import Process, Work

router = APIRouter(prefix=PATH)
Deed = Callable[[Work, UUID], Response]
_SAID = {
    OfferGone: "gone",
    UndoTooLate: "too_late",
    AlreadyRegistered: "already",
    SessionFull: "full",
    RegistrationClosed: "full",
    SessionNotOpen: "full",
    SessionStarted: "late",
    SessionCancelled: "late",
    RegistrationNotActive: "late",
    InvalidField: "late",
    NotFound: "late",
}
"""What the page says to a refusal, by the code in `?said=`."""


@router.post("/accept")
def accept(request: Request, fields: FieldsDep, process: ProcessDep, now: NowDep) -> Response:
    """Take the seat that is offered, or, in the last hours, a free one."""

    def deed(work: Work, registration_id: UUID) -> Response:
        waitlist.accept(work, registration_id, now)
        return back("taken")

    return do(request, fields, process, now, deed)


@router.post("/cancel")
def cancel(request: Request, fields: FieldsDep, process: ProcessDep, now: NowDep) -> Response:
    """Give the registration up; an offer that is let go is given up too."""

    def deed(work: Work, registration_id: UUID) -> Response:
        registrations.withdraw(work, registration_id, now)
        return back()

    return do(request, fields, process, now, deed)


@router.post("/undo")
def undo(request: Request, fields: FieldsDep, process: ProcessDep, now: NowDep) -> Response:
    """Take back that it was given up."""

    def deed(work: Work, registration_id: UUID) -> Response:
        registrations.undo(work, registration_id, now)
        return back("undone")

    return do(request, fields, process, now, deed)


@router.post("/move")
def move(request: Request, fields: FieldsDep, process: ProcessDep, now: NowDep) -> Response:
    """Change to another date. With a seat there the page goes on with the new registration, else with this one."""

    def deed(work: Work, registration_id: UUID) -> Response:
        purpose = open_own(work, request.cookies.get(COOKIE, ""), now)[2]
        try:
            session_id = UUID(fields.get("session", ""))
        except ValueError:
            raise NotFound from None
        moved = moves.move(work, registration_id, session_id, by_host=False, now=now)
        if moved.is_old_kept:
            return back("kept")
        new, _ = registrations.get_registration(work, moved.registration_id)
        response = back("moved")
        keep_open(response, work.settings, work.vault.link_token(purpose, new.id, new.link_version))
        return response

    return do(request, fields, process, now, deed)


@router.post("/seats")
def change_seats(request: Request, fields: FieldsDep, process: ProcessDep, now: NowDep) -> Response:
    """Come as one or as two."""
    wanted = 2 if fields.get("wanted") == "2" else 1

    def deed(work: Work, registration_id: UUID) -> Response:
        try:
            registrations.change_seats(work, registration_id, wanted, now)
        except SessionFull:  # nothing was changed
            return back("no_second")
        return back("seats")

    return do(request, fields, process, now, deed)


@router.post("/resend")
def resend(request: Request, fields: FieldsDep, process: ProcessDep, now: NowDep) -> Response:
    def deed(work: Work, registration_id: UUID) -> Response:
        registrations.resend(work, registration_id, now)
        return back("resent")

    return do(request, fields, process, now, deed)


@router.post("/reminders")
def remind(request: Request, fields: FieldsDep, process: ProcessDep, now: NowDep) -> Response:
    """Reminders by e-mail on or off, for all webinars that they have registered for."""
    is_wanted = fields.get("wanted") == "yes"

    def deed(work: Work, registration_id: UUID) -> Response:
        registration, _ = registrations.get_registration(work, registration_id)
        choice = Choice(registration, REMINDERS, unsubscribing.wants(work, registration, REMINDERS))
        unsubscribing.choose(
            work,
            choice,
            is_wanted=is_wanted,
            method="page",
            language=visitor_language(request, registration.locale),
            address_block=client_network(request),
            now=now,
        )
        return back("reminded" if is_wanted else "not_reminded")

    return do(request, fields, process, now, deed)


def do(
    request: Request,
    fields: Mapping[str, str],
    process: Process,
    now: datetime,
    deed: Deed,
    *,
    with_own_data: bool = False,
) -> Response:
    """Do something to the registration that the page shows, if the button stood on its page.

    In a transaction of its own: what is refused half-way leaves nothing behind.

    Args:
        with_own_data: whether it is about what is kept of the person: then only a mail's link opens it.
    """
    try:
        with process.work() as work:
            with guarded_link(request):
                registration, _, purpose = open_own(work, request.cookies.get(COOKIE, ""), now)
            if with_own_data and purpose is not LinkPurpose.manage:
                return closed(request)
            if fields.get("registration") != str(registration.id):
                return back("other")
            return deed(work, registration.id)
    except tuple(_SAID) as refusal:
        return back(_SAID[type(refusal)])


def back(said: str = "") -> Response:
    return RedirectResponse(f"{PATH}?said={said}" if said else PATH, HTTPStatus.SEE_OTHER, PRIVATE)
