"""A registrant's own page, without an account. The mail's link is swapped for a cookie: the address stays clean."""

from __future__ import annotations

from http import HTTPStatus

from fastapi import APIRouter, Request
from fastapi.responses import RedirectResponse, Response

from api.dependencies import NowDep, ProcessDep, ReadDep, WorkDep
from api.pages.patients.form import FieldsDep
from api.pages.patients.view import guarded_link, readable, show
from api.pages.rendering import PRIVATE, SECRET_ADDRESS
from webinars.errors import RegistrationNotActive, SessionStarted
from webinars.rules.sessions import is_live
from webinars.services import programme, registrations
from webinars.services.links import link, open_link
from webinars.terms import LinkPurpose, SessionStatus

router = APIRouter()
PATH = "/my-registration"
COOKIE = "my_registration"
COOKIE_SECONDS = 30 * 60


@readable(router, "/m/{token}")
def open_by_link(request: Request, token: str, process: ProcessDep, work: ReadDep, now: NowDep) -> Response:
    with guarded_link(request):
        open_link(work, LinkPurpose.manage, token, now)
    response = RedirectResponse(PATH, HTTPStatus.SEE_OTHER, SECRET_ADDRESS)
    response.set_cookie(
        COOKIE,
        token,
        max_age=COOKIE_SECONDS,
        path=PATH,
        httponly=True,
        samesite="lax",  # the link is pressed in a mail program: strict would lose it there
        secure=process.settings.is_secure,
    )
    return response


@readable(router, PATH)
def my_registration(request: Request, work: ReadDep, now: NowDep, said: str = "") -> Response:
    token = request.cookies.get(COOKIE)
    if token is None:
        return show(request, "my_registration_closed.html", status=HTTPStatus.NOT_FOUND, headers=PRIVATE)
    with guarded_link(request):
        registration, item = open_link(work, LinkPurpose.manage, token, now)
    session, settings = item.session, work.settings
    opens_at = settings.join_opens_at(session.starts_at)
    is_held = registration.status in registrations.ACTIVE and session.status is not SessionStatus.cancelled
    listed = programme.get_listed(work, session.id, now) if item.is_public else None
    return show(
        request,
        "my_registration.html",
        headers=PRIVATE,
        registration=registration,
        session=session,
        webinar=item.webinar,
        name=registrations.name_of(work.vault, registration),
        email=registrations.email_of(work.vault, registration),
        opens_at=opens_at,
        is_open=is_live(session.starts_at, session.ends_at, session.starts_at - opens_at, now),
        is_over=now >= session.ends_at,
        can_leave=is_held and now < session.starts_at,
        can_return=listed is not None and listed.availability.takes_registrations,
        others=programme.list_other_sessions(work, listed, now) if listed else [],
        join_url=link(settings, work.vault, LinkPurpose.enter, registration),
        said=said,
    )


@router.post(f"{PATH}/cancel")
def cancel(request: Request, fields: FieldsDep, work: WorkDep, now: NowDep) -> Response:
    said = ""
    with guarded_link(request):
        registration, _ = open_link(work, LinkPurpose.manage, request.cookies.get(COOKIE, ""), now)
    if fields.get("registration") != str(registration.id):
        said = "other"
    else:
        try:
            registrations.withdraw(work, registration.id, now)
        except (SessionStarted, RegistrationNotActive):
            said = "late"
    return _back(said)


@router.post(f"{PATH}/resend")
def resend(request: Request, fields: FieldsDep, work: WorkDep, now: NowDep) -> Response:
    with guarded_link(request):
        registration, _ = open_link(work, LinkPurpose.manage, request.cookies.get(COOKIE, ""), now)
    if fields.get("registration") != str(registration.id):
        return _back("other")
    try:
        registrations.resend(work, registration.id, now)
    except RegistrationNotActive:
        return _back("late")
    return _back("resent")


def _back(said: str) -> Response:
    return RedirectResponse(f"{PATH}?said={said}" if said else PATH, HTTPStatus.SEE_OTHER, PRIVATE)
