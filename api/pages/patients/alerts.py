"""Hearing of new webinars on a topic: the form that asks, and the page that a mail's link opens.

Scanners press links: only buttons change anything. Mail programs end alerts by themselves (RFC 8058): one POST without
cookies, answered at once.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from http import HTTPStatus

from fastapi import APIRouter, Request
from fastapi.responses import RedirectResponse, Response

from api.dependencies import NowDep, ProcessDep, ReadDep, WorkDep
from api.middleware.rates import client_network
from api.pages.languages import carried_language, switches, visitor_language, visitor_locale
from api.pages.patients.form import (
    AGAIN,
    MAIL_DOMAINS,
    TRAP,
    FieldsDep,
    Form,
    blank_form,
    consent_field,
    filled_form,
    too_many,
)
from api.pages.patients.source import carried, visit_source
from api.pages.patients.view import HOME_ZONE, guarded_link, readable, show
from api.pages.patients.zones import chosen_zone, zone_choices
from api.pages.rendering import SECRET_ADDRESS
from webinars.errors import InvalidField, TooManyRequests
from webinars.phrases import Phrase
from webinars.rules.registrations import clean_email
from webinars.services import programme, subscriptions
from webinars.services.catalogue import Area
from webinars.services.consents import TOPIC_ALERTS
from webinars.services.subscriptions import Wanted
from webinars.work import ReadWork

router = APIRouter()
_FORM = "/topics/{slug}/alerts"
_PAGE = "/t/{token}"
_CONSENT = consent_field(TOPIC_ALERTS)
_SAID = frozenset({"confirmed", "undone"})


@readable(router, _FORM)
def ask_form(request: Request, slug: str, work: ReadDep, now: NowDep) -> Response:
    """A condition's address leads to its area, as its listing does."""
    area = programme.get_topic_page(work, slug, now).area
    if area.topic.slug != slug:
        return RedirectResponse(f"/topics/{area.topic.slug}/alerts", HTTPStatus.PERMANENT_REDIRECT)
    return _form_page(request, area, blank_form(chosen_zone(request) or HOME_ZONE, (), now))


@router.post(_FORM)
def ask(request: Request, slug: str, fields: FieldsDep, process: ProcessDep, now: NowDep) -> Response:
    with process.read() as work:
        area = programme.get_topic_page(work, slug, now).area
    form = filled_form(fields, HOME_ZONE, ())
    query = carried(carried_language(request.query_params))
    done = RedirectResponse(f"/topics/{area.topic.slug}/alerts/asked{query}", HTTPStatus.SEE_OTHER)
    if form.is_trapped:
        return done
    if mistakes := _mistakes(form, now):
        return _form_page(request, area, form, mistakes)
    email = clean_email(form.email)
    try:
        subscriptions.take_try(process, email, client_network(request), now)
    except TooManyRequests as refusal:
        return _too_often(request, area, form, refusal)
    locale = visitor_locale(request)
    wanted = Wanted(email, form.timezone, locale, TOPIC_ALERTS.version, TOPIC_ALERTS.digest_in(locale))
    with process.work() as work:
        subscriptions.subscribe(work, area.topic.slug, wanted, now)
    return done


@readable(router, f"{_FORM}/asked")
def asked(request: Request, slug: str, work: ReadDep, now: NowDep) -> Response:
    """The same page whoever asked: what is true of them goes by mail."""
    area = programme.get_topic_page(work, slug, now).area
    return show(request, "alerts_asked.html", headers={"X-Robots-Tag": "noindex"}, area=area)


@readable(router, _PAGE)
def own_page(request: Request, token: str, work: ReadDep, now: NowDep, said: str = "") -> Response:
    return _own_page(request, token, work, now, said if said in _SAID else "")


@readable(router, f"{_PAGE}/end")
def end_page(request: Request, token: str, work: ReadDep, now: NowDep) -> Response:
    """What mail programs show that open the address instead of posting to it."""
    return _own_page(request, token, work, now, "")


@router.post(f"{_PAGE}/confirm")
async def confirm(request: Request, token: str, work: WorkDep, now: NowDep) -> Response:
    topics = (await request.form(max_files=0)).getlist("topic")
    with guarded_link(request):
        subscriptions.confirm(work, token, {slug for slug in topics if isinstance(slug, str)}, now)
    return _back(token, "confirmed")


@router.post(f"{_PAGE}/end")
def end(request: Request, token: str, work: WorkDep, now: NowDep) -> Response:
    with guarded_link(request):
        subscriptions.end(work, token, now)
    return _own_page(request, token, work, now, "ended")  # no redirect: mail programs follow none


@router.post(f"{_PAGE}/undo")
def undo(request: Request, token: str, work: WorkDep, now: NowDep) -> Response:
    with guarded_link(request):
        is_undone = subscriptions.undo(work, token, now)
    return _back(token, "undone" if is_undone else "")


@router.post(f"{_PAGE}/forget")
def forget(request: Request, token: str, work: WorkDep, now: NowDep) -> Response:
    with guarded_link(request):
        locale = subscriptions.open_page(work, token, now).own.locale
        subscriptions.forget(work, token, now)
    ways = switches(request, visitor_language(request, locale), {}, to="/")
    return show(request, "alerts_forgotten.html", usual=locale, headers=SECRET_ADDRESS, switches=ways)


def _back(token: str, said: str) -> Response:
    return RedirectResponse(f"/t/{token}{f'?said={said}' if said else ''}", HTTPStatus.SEE_OTHER, SECRET_ADDRESS)


def _own_page(request: Request, token: str, work: ReadWork, now: datetime, said: str) -> Response:
    with guarded_link(request):
        chosen = subscriptions.open_page(work, token, now)
    own = chosen.own.locale
    return show(request, "alerts.html", usual=own, headers=SECRET_ADDRESS, chosen=chosen, path=f"/t/{token}", said=said)


def _mistakes(form: Form, now: datetime) -> dict[str, str]:
    """What has to be put right, by field, in the order of the page."""
    found: dict[str, str] = {}
    try:
        clean_email(form.email)
    except InvalidField as error:
        found["email"] = error.detail
    if _CONSENT not in form.consents:
        found[_CONSENT] = Phrase("Tick the box if we may write to you.")
    if not found and form.is_hasty(now):
        found["send"] = AGAIN
    return found


def _too_often(request: Request, area: Area, form: Form, refusal: TooManyRequests) -> Response:
    seconds = int(str(refusal.facts["retry_after"]))
    mistakes = {"send": too_many(seconds)}
    page = _form_page(request, area, form, mistakes, status=HTTPStatus.TOO_MANY_REQUESTS)
    page.headers["Retry-After"] = str(seconds)
    return page


def _form_page(
    request: Request,
    area: Area,
    form: Form,
    mistakes: Mapping[str, str] | None = None,
    *,
    status: HTTPStatus = HTTPStatus.UNPROCESSABLE_ENTITY,
) -> Response:
    return show(
        request,
        "alerts_form.html",
        status=status if mistakes else HTTPStatus.OK,
        headers={"Cache-Control": "no-store", "X-Robots-Tag": "noindex"},
        area=area,
        form=form,
        mistakes=mistakes or {},
        consent=TOPIC_ALERTS,
        consent_field=_CONSENT,
        trap=TRAP,
        mail_domains=MAIL_DOMAINS,
        zone_groups=zone_choices(form.timezone, visitor_language(request)),
        carried=carried(visit_source(request)),
    )
