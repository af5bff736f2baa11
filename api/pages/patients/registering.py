"""Registering for a session: the form, what it answers, and the calendar entry to take along."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from http import HTTPStatus
from urllib.parse import urlencode
from uuid import UUID

from fastapi import APIRouter, Request
from fastapi.responses import RedirectResponse, Response

from api.dependencies import DeskDep, NowDep, ProcessDep, ReadDep
from api.pages.languages import VARY, carried_language, visitor_language
from api.pages.patients.calendar_links import calendar_links
from api.pages.patients.form import (
    AGAIN,
    CONSENTS,
    MAIL_DOMAINS,
    TRAP,
    FieldsDep,
    Form,
    blank_form,
    filled_form,
    new_key,
    request_of,
    too_many,
)
from api.pages.patients.questions import question_fields
from api.pages.patients.source import carried, read_source, visit_source
from api.pages.patients.view import readable, show
from api.pages.patients.visits import COUNTED
from api.pages.patients.zones import carried_zone, chosen_zone, zone_choices
from webinars.errors import (
    Busy,
    IdempotencyMismatch,
    InvalidField,
    NotFound,
    RegistrationClosed,
    SessionCancelled,
    SessionFull,
    SessionNotOpen,
    SessionStarted,
    TooManyRequests,
)
from webinars.rules.availability import Availability
from webinars.services import programme, questions
from webinars.services.programme import ListedSession
from webinars.terms import RegistrationStatus
from webinars.work import ReadWork

router = APIRouter()
LONGEST_WAIT_S = 30
_PUBLIC = {
    status.value for status in (RegistrationStatus.confirmed, RegistrationStatus.waitlisted, RegistrationStatus.pending)
}
_CLOSED = (SessionFull, RegistrationClosed, SessionStarted, SessionCancelled, SessionNotOpen)
_PERSONAL = {"Cache-Control": "no-store"}


@readable(router, "/sessions/{session_id}/register")
def register_form(request: Request, session_id: UUID, work: ReadDep, now: NowDep) -> Response:
    listed = programme.get_listed(work, session_id, now)
    if not listed.availability.takes_registrations:
        return _closed_page(request, work, listed, now, HTTPStatus.OK)
    asked = questions.asked_of(work, listed.offer.webinar)
    form = blank_form(chosen_zone(request) or listed.session.timezone, asked, now)
    return form_page(request, [listed], form, source=visit_source(request))


@router.post("/sessions/{session_id}/register")
def register(
    request: Request, session_id: UUID, fields: FieldsDep, process: ProcessDep, desk: DeskDep, now: NowDep
) -> Response:
    with process.read() as work:  # closed before the desk is asked: nobody holds a connection while waiting in line
        listed = programme.get_listed(work, session_id, now)
        asked = questions.asked_of(work, listed.offer.webinar)
    form = filled_form(fields, listed.session.timezone, asked)
    if form.is_trapped:
        return _thanks(request, session_id, RegistrationStatus.confirmed)
    form, mistakes = looked_over(form, now)
    if mistakes:
        return form_page(request, [listed], form, mistakes, source=read_source(fields))
    wanted = request_of(form, fields, session_id, request, asks_question=listed.offer.webinar.asks_question)
    try:
        answered = desk.submit(wanted).result(timeout=LONGEST_WAIT_S)
    except _CLOSED:
        with process.read() as work:
            return _closed_page(request, work, programme.get_listed(work, session_id, now), now, HTTPStatus.CONFLICT)
    except (InvalidField, IdempotencyMismatch, TooManyRequests, Busy, TimeoutError) as refusal:
        return again_page(request, [listed], form, refusal, source=read_source(fields))
    return _thanks(request, session_id, answered.public_status)


@readable(router, "/sessions/{session_id}/registered")
def registered(request: Request, session_id: UUID, work: ReadDep, now: NowDep, status: str = "") -> Response:
    """The same page whether somebody is new or was registered before: what is true of them goes by mail."""
    if status not in _PUBLIC:
        raise NotFound
    listed = programme.get_listed(work, session_id, now)
    is_waiting = status == RegistrationStatus.waitlisted
    return show(
        request,
        "registered.html",
        headers={"X-Robots-Tag": "noindex"},
        listed=listed,
        standing=status,
        others=programme.list_other_sessions(work, listed, now, with_seats=True) if is_waiting else [],
        calendars=calendar_links(request.app.state.process.settings, listed, visitor_language(request)),
    )


@readable(router, "/sessions/{session_id}/calendar.ics")
def calendar(request: Request, session_id: UUID, process: ProcessDep, work: ReadDep, now: NowDep) -> Response:
    listed = programme.get_listed(work, session_id, now)
    file = programme.calendar_file(process.settings, listed, visitor_language(request))
    headers = {"Content-Disposition": 'attachment; filename="webinar.ics"', "X-Robots-Tag": "noindex", "Vary": VARY}
    return Response(file, headers=headers, media_type="text/calendar; charset=utf-8; method=PUBLISH")


def looked_over(form: Form, now: datetime) -> tuple[Form, dict[str, str]]:
    """A form as it is shown again, and what has to be put right before it can be sent on; nothing if it can."""
    if mistakes := form.mistakes():
        return form, mistakes
    if not form.is_hasty(now):
        return form, {}
    if not form.opened_at.isdecimal():
        form = replace(form, opened_at=blank_form(form.timezone, form.asked, now).opened_at)
    return form, {"send": AGAIN}


def _thanks(request: Request, session_id: UUID, status: RegistrationStatus) -> Response:
    query = urlencode({"status": status.value} | carried_language(request.query_params) | carried_zone(request))
    return RedirectResponse(f"/sessions/{session_id}/registered?{query}", HTTPStatus.SEE_OTHER)


def form_page(
    request: Request,
    chosen: Sequence[ListedSession],
    form: Form,
    mistakes: dict[str, str] | None = None,
    *,
    source: dict[str, str],
    status: HTTPStatus = HTTPStatus.UNPROCESSABLE_ENTITY,
) -> Response:
    """The form for one session, or for several of the same webinar."""
    return show(
        request,
        "register.html" if len(chosen) == 1 else "register_several.html",
        status=status if mistakes else HTTPStatus.OK,
        headers=_PERSONAL if mistakes else COUNTED,
        # The page speaks of the waitlist only where no date has a seat.
        listed=next((date for date in chosen if date.availability is not Availability.waitlist), chosen[0]),
        chosen=chosen,
        form=form,
        asked=list(question_fields(form.asked, form.answers)),
        mistakes=mistakes or {},
        consents=CONSENTS,
        trap=TRAP,
        mail_domains=MAIL_DOMAINS,
        zone_groups=zone_choices(form.timezone, visitor_language(request)),
        source=source,
        carried=carried(source | carried_zone(request)),
    )


def again_page(
    request: Request, chosen: Sequence[ListedSession], form: Form, refusal: Exception, *, source: dict[str, str]
) -> Response:
    """After a refusal that says nothing about anybody: what was typed stays, to be put right or simply sent again."""
    if isinstance(refusal, InvalidField):  # what is asked has changed a moment ago
        mistakes = {str(refusal.facts["field"]): refusal.detail}
        return form_page(request, chosen, form, mistakes, source=source)
    if isinstance(refusal, IdempotencyMismatch):  # whoever sent it before has had all deleted, and went back to it
        form = replace(form, form_key=new_key())
        return form_page(request, chosen, form, {"send": AGAIN}, source=source)
    if not isinstance(refusal, TooManyRequests):
        mistakes = {"send": Busy.words}
        return form_page(request, chosen, form, mistakes, source=source, status=HTTPStatus.SERVICE_UNAVAILABLE)
    seconds = int(str(refusal.facts["retry_after"]))
    mistakes = {"send": too_many(seconds)}
    page = form_page(request, chosen, form, mistakes, source=source, status=HTTPStatus.TOO_MANY_REQUESTS)
    page.headers["Retry-After"] = str(seconds)
    return page


def _closed_page(
    request: Request, work: ReadWork, listed: ListedSession, now: datetime, status: HTTPStatus
) -> Response:
    """Why nobody can register any more, and where else."""
    others = programme.list_other_sessions(work, listed, now)
    return show(request, "closed.html", status=status, listed=listed, others=others)
