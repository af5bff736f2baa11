"""Registering for several dates of a webinar at once: one form, and for each date its own answer and its own mail."""

from __future__ import annotations

from collections.abc import Sequence
from http import HTTPStatus
from typing import Annotated
from urllib.parse import urlencode

from fastapi import APIRouter, Query, Request
from fastapi.responses import RedirectResponse, Response

from api.dependencies import DeskDep, NowDep, ProcessDep, ReadDep
from api.pages.languages import carried_language
from api.pages.patients.form import FieldsDep, blank_form, filled_form, request_of
from api.pages.patients.listing import onward, webinar_page
from api.pages.patients.registering import again_page, form_page, looked_over
from api.pages.patients.source import read_source, visit_source
from api.pages.patients.view import readable, show
from api.pages.patients.zones import carried_zone, chosen_zone
from api.registering import submit_together
from webinars.errors import Busy, IdempotencyMismatch, InvalidField, NotFound, TooManyRequests
from webinars.services import programme, questions
from webinars.services.programme import ListedSession
from webinars.services.registering import Registered
from webinars.terms import RegistrationStatus

router = APIRouter()
_NOT_TAKEN = "refused"
_STANDINGS = {
    RegistrationStatus.confirmed.value,
    RegistrationStatus.waitlisted.value,
    RegistrationStatus.pending.value,
    _NOT_TAKEN,
}
Dates = Annotated[list[str] | None, Query()]
"""Ids of sessions. They stand in the address: it is the same for the form and for what it sends."""


@readable(router, "/webinars/{slug}/register-several")
def register_form(
    request: Request,
    slug: str,
    work: ReadDep,
    now: NowDep,
    session: Dates = None,
    takes_all: Annotated[bool, Query(alias="all")] = False,
) -> Response:
    """The form for the dates that were ticked; for one alone its own form, for none the dates once more."""
    offer, coming = programme.list_sessions_of(work, slug, now)
    open_dates = [listed for listed in coming if listed.availability.takes_registrations]
    chosen = open_dates if takes_all else _among(open_dates, session)
    if not chosen:
        return webinar_page(request, slug, work, now, unchosen="several")
    if len(chosen) == 1:
        return RedirectResponse(f"/sessions/{chosen[0].session.id}/register{onward(request)}", HTTPStatus.SEE_OTHER)
    if takes_all:
        dates = urlencode([("session", listed.session.id) for listed in chosen])
        tail = onward(request).replace("?", "&", 1)
        return RedirectResponse(f"/webinars/{slug}/register-several?{dates}{tail}", HTTPStatus.SEE_OTHER)
    timezone = chosen_zone(request) or chosen[0].session.timezone
    form = blank_form(timezone, questions.asked_of(work, offer.webinar), now)
    return form_page(request, chosen, form, source=visit_source(request))


@router.post("/webinars/{slug}/register-several")
def register(
    request: Request,
    slug: str,
    fields: FieldsDep,
    process: ProcessDep,
    desk: DeskDep,
    now: NowDep,
    session: Dates = None,
) -> Response:
    """Each date answers for itself: one that has become full stops none of the others."""
    with process.read() as work:  # closed before the desk is asked: nobody holds a connection while waiting in line
        offer, coming = programme.list_sessions_of(work, slug, now)
        chosen = _among(coming, session)
        if not chosen:
            return webinar_page(request, slug, work, now, unchosen="several")
        asked = questions.asked_of(work, offer.webinar)
    form = filled_form(fields, chosen[0].session.timezone, asked)
    if form.is_trapped:
        return _thanks(request, slug, chosen, [RegistrationStatus.confirmed.value] * len(chosen))
    source = read_source(fields)
    form, mistakes = looked_over(form, now)
    if mistakes:
        return form_page(request, chosen, form, mistakes, source=source)
    asks_question = offer.webinar.asks_question
    requests = [request_of(form, fields, date.session.id, request, asks_question=asks_question) for date in chosen]
    try:
        outcomes = submit_together(desk, requests)
    except (Busy, TooManyRequests) as refusal:
        return again_page(request, chosen, form, refusal, source=source)
    for outcome in outcomes:
        if isinstance(
            outcome, (Busy, IdempotencyMismatch, InvalidField)
        ):  # sent again, what was taken already is answered as before
            return again_page(request, chosen, form, outcome, source=source)
    standings = [item.public_status.value if isinstance(item, Registered) else _NOT_TAKEN for item in outcomes]
    return _thanks(request, slug, chosen, standings)


@readable(router, "/webinars/{slug}/registered")
def registered(request: Request, slug: str, work: ReadDep, now: NowDep) -> Response:
    """How it stands with each date, whether somebody is new or was registered before: the truth goes by mail."""
    offer, coming = programme.list_sessions_of(work, slug, now)
    said = {date: standing for standing, date in request.query_params.multi_items() if standing in _STANDINGS}
    dates = [(listed, said[str(listed.session.id)]) for listed in coming if str(listed.session.id) in said]
    if not dates:
        raise NotFound
    return show(request, "registered_several.html", headers={"X-Robots-Tag": "noindex"}, offer=offer, dates=dates)


def _among(listed: Sequence[ListedSession], wanted: Sequence[str] | None) -> list[ListedSession]:
    return [item for item in listed if str(item.session.id) in set(wanted or ())]


def _thanks(request: Request, slug: str, chosen: Sequence[ListedSession], standings: Sequence[str]) -> Response:
    """What happened stands in the address, without a word about the person: a reload registers nobody again."""
    said = [(standing, str(listed.session.id)) for listed, standing in zip(chosen, standings, strict=True)]
    said += (carried_language(request.query_params) | carried_zone(request)).items()
    return RedirectResponse(f"/webinars/{slug}/registered?{urlencode(said)}", HTTPStatus.SEE_OTHER)
