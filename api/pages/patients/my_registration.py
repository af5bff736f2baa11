"""A registrant's own page, without an account. The mail's link is swapped for a cookie: the address stays clean."""

from __future__ import annotations

from datetime import datetime
from http import HTTPStatus
from uuid import UUID

from fastapi import APIRouter, Request
from fastapi.responses import RedirectResponse, Response

from api.dependencies import NowDep, ProcessDep, ReadDep
from api.pages.languages import visitor_language
from api.pages.patients.calendar_links import calendar_links
from api.pages.patients.view import guarded_link, readable, show
from api.pages.rendering import PRIVATE, SECRET_ADDRESS
from api.pages.subscribing import subscribe_links
from webinars.rules.sessions import is_live, is_to_come
from webinars.services import feeds, moves, programme, registrations, short_texts, unsubscribing, waitlist
from webinars.services.links import link, open_own
from webinars.services.registrations import UNDO_TIME
from webinars.services.unsubscribing import REMINDERS
from webinars.settings import Settings
from webinars.terms import ACTIVE, LinkPurpose, SessionStatus
from webinars.work import ReadWork

router = APIRouter()
PATH = "/my-registration"
COOKIE = "my_registration"
COOKIE_SECONDS = 30 * 60
MOST_DATES = 12
"""How many other dates can be changed to."""


@readable(router, "/m/{token}")
def open_by_link(request: Request, token: str, process: ProcessDep, work: ReadDep, now: NowDep) -> Response:
    with guarded_link(request):
        open_own(work, token, now)
    response = RedirectResponse(PATH, HTTPStatus.SEE_OTHER, SECRET_ADDRESS)
    keep_open(response, process.settings, token)
    return response


def keep_open(response: Response, settings: Settings, token: str) -> None:
    """Let the page show this registration for a while."""
    response.set_cookie(
        COOKIE,
        token,
        max_age=COOKIE_SECONDS,
        path=PATH,
        httponly=True,
        samesite="lax",  # the link is pressed in a mail program: strict would lose it there
        secure=settings.is_secure,
    )


def closed(request: Request) -> Response:
    """Asks for the link in the mail."""
    return show(request, "my_registration_closed.html", status=HTTPStatus.NOT_FOUND, headers=PRIVATE)


def by_mail(request: Request, work: ReadWork, now: datetime) -> UUID | None:
    """The registration whose page was opened from a mail; None if none was, or by a calendar's link, which has other
    readers."""
    token = request.cookies.get(COOKIE)
    if token is None:
        return None
    with guarded_link(request):
        registration, _, purpose = open_own(work, token, now)
    return registration.id if purpose is LinkPurpose.manage else None


@readable(router, PATH)
def my_registration(request: Request, work: ReadDep, now: NowDep, said: str = "") -> Response:
    token = request.cookies.get(COOKIE)
    if token is None:
        return closed(request)
    with guarded_link(request):
        registration, item, purpose = open_own(work, token, now)
    session, settings = item.session, work.settings
    opens_at = settings.join_opens_at(session.starts_at)
    is_coming = is_to_come(session.status, session.starts_at, now)
    is_held = registration.status in ACTIVE and session.status is not SessionStatus.cancelled
    can_undo = is_coming and registrations.can_undo(registration, now)
    listed = programme.get_listed(work, session.id, now) if item.is_public else None
    elsewhere = moves.list_elsewhere(work, registration, now)
    taken = {there.id for _, there in elsewhere}
    others = programme.list_other_sessions(work, listed, now) if listed else []
    return show(
        request,
        "my_registration.html",
        usual=registration.locale,
        headers=PRIVATE,
        registration=registration,
        session=session,
        webinar=item.webinar,
        name=registrations.name_of(work.vault, registration),
        email=registrations.email_of(work.vault, registration),
        opens_at=opens_at,
        is_open=is_live(session.starts_at, session.ends_at, session.starts_at - opens_at, now),
        is_over=now >= session.ends_at,
        can_take=waitlist.can_take(registration, session, now),
        can_leave=is_held and now < session.starts_at,
        can_return=listed is not None and listed.availability.takes_registrations,
        undo_until=registration.withdrawn_at + UNDO_TIME if can_undo and registration.withdrawn_at else None,
        has_moved=moves.has_moved(registration),
        elsewhere=elsewhere,
        others=[other for other in others if other.session.id not in taken][:MOST_DATES],
        join_url=link(settings, work.vault, LinkPurpose.enter, registration),
        is_reminded=unsubscribing.wants(work, registration, REMINDERS),
        has_texts=work.process.texts is not None,
        is_texted=short_texts.is_agreed(work, registration),
        calendars=calendar_links(settings, listed, visitor_language(request, registration.locale))
        if listed and is_coming
        else [],
        is_from_mail=purpose is LinkPurpose.manage,
        subscription=subscribe_links(feeds.own_address(work, registration)),
        said=said,
    )
