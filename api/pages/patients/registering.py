"""Registering for a session: the form, what it answers, and the calendar entry to take along."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from http import HTTPStatus
from uuid import UUID

from fastapi import APIRouter, Request
from fastapi.responses import RedirectResponse, Response

from api.dependencies import DeskDep, NowDep, ProcessDep, ReadDep
from api.pages.patients.calendar_links import calendar_links
from api.pages.patients.form import CONSENTS, MAIL_DOMAINS, TRAP, FieldsDep, Form, blank_form, filled_form, request_of
from api.pages.patients.source import carried, read_source, visit_source
from api.pages.patients.view import readable, show
from api.pages.patients.zones import chosen_zone, zone_choices
from webinars.errors import Busy, NotFound, SessionCancelled, SessionFull, SessionNotOpen, SessionStarted
from webinars.services import programme
from webinars.services.programme import ListedSession
from webinars.services.registrations import ACTIVE
from webinars.terms import RegistrationStatus
from webinars.work import ReadWork

router = APIRouter()
LONGEST_WAIT_S = 30
_PUBLIC = {status.value for status in ACTIVE}
_CLOSED = (SessionFull, SessionStarted, SessionCancelled, SessionNotOpen)
_PERSONAL = {"Cache-Control": "no-store"}
_AGAIN = "Please press the button once more. We check that a person is filling in this form."


@readable(router, "/sessions/{session_id}/register")
def register_form(request: Request, session_id: UUID, work: ReadDep, now: NowDep) -> Response:
    listed = programme.get_listed(work, session_id, now)
    if not listed.availability.takes_registrations:
        return _closed_page(request, work, listed, now, HTTPStatus.OK)
    form = blank_form(chosen_zone(request) or listed.session.timezone, now)
    return _form_page(request, listed, form, source=visit_source(request))


@router.post("/sessions/{session_id}/register")
def register(
    request: Request, session_id: UUID, fields: FieldsDep, process: ProcessDep, desk: DeskDep, now: NowDep
) -> Response:
    with process.read() as work:  # closed before the desk is asked: nobody holds a connection while waiting in line
        listed = programme.get_listed(work, session_id, now)
    form = filled_form(fields, listed.session.timezone)
    if form.is_trapped:
        return _thanks(session_id, RegistrationStatus.confirmed)
    if mistakes := form.mistakes():
        return _form_page(request, listed, form, mistakes, source=read_source(fields))
    if form.is_hasty(now):
        waited = form if form.opened_at.isdecimal() else _opened_now(form, now)
        return _form_page(request, listed, waited, {"send": _AGAIN}, source=read_source(fields))
    wanted = request_of(form, fields, session_id, request, asks_question=listed.offer.webinar.asks_question)
    try:
        answered = desk.submit(wanted).result(timeout=LONGEST_WAIT_S)
    except _CLOSED:
        with process.read() as work:
            return _closed_page(request, work, programme.get_listed(work, session_id, now), now, HTTPStatus.CONFLICT)
    except (Busy, TimeoutError):
        mistakes = {"send": Busy.words}
        return _form_page(
            request, listed, form, mistakes, source=read_source(fields), status=HTTPStatus.SERVICE_UNAVAILABLE
        )
    return _thanks(session_id, answered.public_status)


@readable(router, "/sessions/{session_id}/registered")
def registered(request: Request, session_id: UUID, work: ReadDep, now: NowDep, status: str = "") -> Response:
    """The same page whether somebody is new or was registered before: what is true of them goes by mail."""
    if status not in _PUBLIC:
        raise NotFound
    listed = programme.get_listed(work, session_id, now)
    return show(
        request,
        "registered.html",
        headers={"X-Robots-Tag": "noindex"},
        listed=listed,
        standing=status,
        calendars=calendar_links(request.app.state.process.settings, listed),
    )


@readable(router, "/sessions/{session_id}/calendar.ics")
def calendar(session_id: UUID, process: ProcessDep, work: ReadDep, now: NowDep) -> Response:
    file = programme.calendar_file(process.settings, programme.get_listed(work, session_id, now))
    headers = {"Content-Disposition": 'attachment; filename="webinar.ics"', "X-Robots-Tag": "noindex"}
    return Response(file, headers=headers, media_type="text/calendar; charset=utf-8; method=PUBLISH")


def _opened_now(form: Form, now: datetime) -> Form:
    return replace(form, opened_at=blank_form(form.timezone, now).opened_at)


def _thanks(session_id: UUID, status: RegistrationStatus) -> Response:
    return RedirectResponse(f"/sessions/{session_id}/registered?status={status.value}", HTTPStatus.SEE_OTHER)


def _form_page(
    request: Request,
    listed: ListedSession,
    form: Form,
    mistakes: dict[str, str] | None = None,
    *,
    source: dict[str, str],
    status: HTTPStatus = HTTPStatus.UNPROCESSABLE_ENTITY,
) -> Response:
    return show(
        request,
        "register.html",
        status=status if mistakes else HTTPStatus.OK,
        headers=_PERSONAL if mistakes else None,
        listed=listed,
        form=form,
        mistakes=mistakes or {},
        consents=CONSENTS,
        trap=TRAP,
        mail_domains=MAIL_DOMAINS,
        zone_groups=zone_choices(form.timezone),
        source=source,
        carried=carried(source),
    )


def _closed_page(
    request: Request, work: ReadWork, listed: ListedSession, now: datetime, status: HTTPStatus
) -> Response:
    """Why nobody can register any more, and where else."""
    others = programme.list_other_sessions(work, listed, now)
    return show(request, "closed.html", status=status, listed=listed, others=others)
