"""What a registrant finds after their session: the replay, a short survey, and ways to go on.

Scanners of mail press links, so reading changes nothing; each wish is one press of a button, and a press twice is one.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from http import HTTPStatus

from fastapi import APIRouter, Request
from fastapi.responses import RedirectResponse, Response

from api.dependencies import NowDep, ProcessDep, ReadDep
from api.pages.patients.form import FieldsDep
from api.pages.patients.view import guarded_link, readable, show
from api.pages.rendering import SECRET_ADDRESS
from webinars.rules.requests import LONGEST_PHONE, LONGEST_WORDS, read_wish
from webinars.rules.surveys import LONGEST_COMMENT, RATINGS, read_opinion
from webinars.services import attendance, programme, replays, requests, surveys
from webinars.services.joining import Door, DoorState, find_door
from webinars.terms import CallTime, RequestKind
from webinars.work import Process, ReadWork, Work

router = APIRouter()
_PAGE = "/after/{token}"
_SAID = frozenset({"thanks", "asked", "sent", "sent_before", "noted", "no_replay"})
_MOST_DATES = 4
_EMPTY: Mapping[str, Mapping[str, str]] = {
    "survey": {"rating": "", "comment": ""},
    "evaluation": {"recent_mri": "", "call_time": CallTime.any_time, "phone": "", "words": ""},
}
"""The forms as they are found, by whoever was here before, too. The link stands in calendars, which families share: it
says that something was sent, and never what."""
Deed = Callable[[Work, Door], Response]


@readable(router, _PAGE)
def after_page(request: Request, token: str, work: ReadDep, now: NowDep, said: str = "") -> Response:
    door = _door(request, work, token, now)
    if door.state is not DoorState.ended:
        return _to_door(token)
    return _page(request, work, token, door, now, said=said if said in _SAID else "")


@readable(router, f"{_PAGE}/{{form}}")
def after_form(request: Request, token: str, form: str) -> Response:  # noqa: ARG001 - part of the address
    """Where a form was sent that had to be put right, read again: the page it stands on."""
    return RedirectResponse(f"/after/{token}", HTTPStatus.SEE_OTHER, SECRET_ADDRESS)


@router.post(f"{_PAGE}/replay")
def watch(request: Request, token: str, process: ProcessDep, now: NowDep) -> Response:
    """To the replay, and noted. A page leads there, not a redirect: Chromium holds each step that a form's answer
    redirects to against the policy, and a link shortener goes on to where nobody can know beforehand.
    """

    def deed(work: Work, door: Door) -> Response:
        address = replays.watch(work, door.registration.id, now)
        if not address:
            return _back(token, "no_replay", "replay")
        return show(request, "to_replay.html", usual=door.registration.locale, headers=SECRET_ADDRESS, address=address)

    return _do(request, token, process, now, deed)


@router.post(f"{_PAGE}/survey")
def answer_survey(request: Request, token: str, fields: FieldsDep, process: ProcessDep, now: NowDep) -> Response:
    """Answered again, the new answer takes the place of the old one."""
    opinion, mistakes = read_opinion(fields)
    if opinion is None:
        return _wrong(request, token, process, now, fields, mistakes, "survey")

    def deed(work: Work, door: Door) -> Response:
        surveys.answer(work, door.registration.id, opinion, now)
        return _back(token, "thanks", "survey")

    return _do(request, token, process, now, deed)


@router.post(f"{_PAGE}/evaluation")
def ask_evaluation(request: Request, token: str, fields: FieldsDep, process: ProcessDep, now: NowDep) -> Response:
    wish, mistakes = read_wish(fields)
    if wish is None:
        return _wrong(request, token, process, now, fields, mistakes, "evaluation")

    def deed(work: Work, door: Door) -> Response:
        requests.ask_evaluation(work, door.registration.id, wish, now)
        return _back(token, "asked", "evaluation")

    return _do(request, token, process, now, deed)


@router.post(f"{_PAGE}/packet")
def ask_packet(request: Request, token: str, process: ProcessDep, now: NowDep) -> Response:
    def deed(work: Work, door: Door) -> Response:
        is_planned = requests.ask_packet(work, door.registration.id, now)
        return _back(token, "sent" if is_planned else "sent_before" if door.webinar.packet_url else "noted", "packet")

    return _do(request, token, process, now, deed)


def _door(request: Request, work: ReadWork, token: str, now: datetime) -> Door:
    with guarded_link(request):
        return find_door(work, token, now)


def _do(request: Request, token: str, process: Process, now: datetime, deed: Deed) -> Response:
    """Do something for whoever had a seat, once the session is over; else the door says how matters stand."""
    with process.work() as work:
        door = _door(request, work, token, now)
        return deed(work, door) if door.state is DoorState.ended else _to_door(token)


def _wrong(
    request: Request,
    token: str,
    process: Process,
    now: datetime,
    fields: Mapping[str, str],
    mistakes: Mapping[str, str],
    form: str,
) -> Response:
    """The page once more, with what was typed and what is wrong with it."""
    with process.read() as work:
        door = _door(request, work, token, now)
        if door.state is not DoorState.ended:
            return _to_door(token)
        return _page(request, work, token, door, now, mistakes=mistakes, typed={form: fields})


def _page(
    request: Request,
    work: ReadWork,
    token: str,
    door: Door,
    now: datetime,
    *,
    said: str = "",
    mistakes: Mapping[str, str] | None = None,
    typed: Mapping[str, Mapping[str, str]] | None = None,
) -> Response:
    registration, webinar = door.registration, door.webinar
    asked, areas = requests.requests_of(work, registration.id), programme.areas_of(work, webinar)
    return show(
        request,
        "after.html",
        usual=registration.locale,
        status=HTTPStatus.UNPROCESSABLE_ENTITY if mistakes else HTTPStatus.OK,
        headers=SECRET_ADDRESS,
        path=f"/after/{token}",
        registration=registration,
        session=door.session,
        webinar=webinar,
        attendance=attendance.attendance_of(work, registration.id),
        evaluation=asked.get(RequestKind.candidacy),
        packet=asked.get(RequestKind.packet),
        replied_at=surveys.replied_at(work, registration.id),
        survey={**_EMPTY["survey"], **(typed or {}).get("survey", {})},
        wish={**_EMPTY["evaluation"], **(typed or {}).get("evaluation", {})},
        mistakes=mistakes or {},
        said=said,
        ratings=RATINGS,
        call_times=list(CallTime),
        longest={"comment": LONGEST_COMMENT, "phone": LONGEST_PHONE, "words": LONGEST_WORDS},
        coming=programme.list_related(work, webinar, areas, now, most=_MOST_DATES),
        areas=[area.topic for area in areas],
    )


def _to_door(token: str) -> Response:
    return RedirectResponse(f"/j/{token}", HTTPStatus.SEE_OTHER, SECRET_ADDRESS)


def _back(token: str, said: str, section: str) -> Response:
    return RedirectResponse(f"/after/{token}?said={said}#{section}", HTTPStatus.SEE_OTHER, SECRET_ADDRESS)
