"""What is kept of a registrant, in their own hands: to take along as a file, and to have deleted."""

from __future__ import annotations

from datetime import datetime
from http import HTTPStatus
from uuid import UUID

from fastapi import APIRouter, Request
from fastapi.responses import RedirectResponse, Response

from api.dependencies import NowDep, ProcessDep, ReadDep
from api.pages.patients.form import FieldsDep
from api.pages.patients.my_registration import PATH, by_mail, closed
from api.pages.patients.my_seat import do
from api.pages.patients.source import carried
from api.pages.patients.view import readable, show, spoken
from api.pages.rendering import PRIVATE
from webinars.rules.sessions import is_to_come
from webinars.services import erasure, personal_data, registrations
from webinars.terms import ACTIVE
from webinars.work import ReadWork, Work

router = APIRouter(prefix=PATH)
FILE_NAME = "my-data.json"
"""Neutral: it may lie on a computer that a family shares."""


@readable(router, "/data")
def data_page(request: Request, work: ReadDep, now: NowDep) -> Response:
    """What is kept, in short, with the ways to have it and to have it deleted."""
    registration_id = by_mail(request, work, now)
    if registration_id is None:
        return closed(request)
    registration, _ = registrations.get_registration(work, registration_id)
    return show(
        request,
        "my_data.html",
        usual=registration.locale,
        headers=PRIVATE,
        registration=registration,
        phone=registrations.phone_of(work.vault, registration),
        name=registrations.name_of(work.vault, registration),
        told=personal_data.tell_of_person(work, registration.id, now),
    )


@router.post("/export")
def export(request: Request, fields: FieldsDep, process: ProcessDep, now: NowDep) -> Response:
    """One file with everything. A POST, for it is noted that it was taken."""

    def deed(work: Work, registration_id: UUID) -> Response:
        file = personal_data.export_person(work, registration_id, now)
        headers = PRIVATE | {"Content-Disposition": f'attachment; filename="{FILE_NAME}"'}
        return Response(file, headers=headers, media_type="application/json")

    return do(request, fields, process, now, deed, with_own_data=True)


@readable(router, "/delete")
def delete_page(request: Request, work: ReadDep, now: NowDep) -> Response:
    """Says what would be deleted, and asks."""
    registration_id = by_mail(request, work, now)
    if registration_id is None:
        return closed(request)
    return _delete_page(request, work, registration_id, now)


@router.post("/delete")
def delete(request: Request, fields: FieldsDep, process: ProcessDep, now: NowDep) -> Response:
    """Delete this registration's data, or all that there is of the person. From then on the link says that it is done;
    pressed twice it is pressed once."""
    deeds = {"this": erasure.erase, "everything": erasure.erase_person}

    def deed(work: Work, registration_id: UUID) -> Response:
        erase = deeds.get(fields.get("what", ""))
        if erase is None:
            return _delete_page(request, work, registration_id, now, is_unsaid=True)
        # Nobody knows afterwards what they read.
        then = carried(spoken(request, registrations.get_registration(work, registration_id)[0].locale))
        erase(work, registration_id, actor=personal_data.ACTOR, now=now)
        return RedirectResponse(PATH + then, HTTPStatus.SEE_OTHER, PRIVATE)

    return do(request, fields, process, now, deed, with_own_data=True)


def _delete_page(
    request: Request, work: ReadWork, registration_id: UUID, now: datetime, *, is_unsaid: bool = False
) -> Response:
    registration, item = registrations.get_registration(work, registration_id)
    session = item.session
    told = personal_data.tell_of_person(work, registration_id, now)
    is_coming = registration.status in ACTIVE and is_to_come(session.status, session.starts_at, now)
    return show(
        request,
        "my_data_delete.html",
        usual=registration.locale,
        status=HTTPStatus.UNPROCESSABLE_ENTITY if is_unsaid else HTTPStatus.OK,
        headers=PRIVATE,
        registration=registration,
        session=session,
        webinar=item.webinar,
        is_coming=is_coming,
        is_in_calendar=is_coming and registration.has_invite,
        number=len(told["registrations"]),
        topics=[each["topic"] for each in told["topics"] if each["email"]],
        is_unsaid=is_unsaid,
    )
