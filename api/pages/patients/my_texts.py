"""Reminders by text message, for who wants them: a page of its own, since a number may have to be put right."""

from __future__ import annotations

from http import HTTPStatus
from uuid import UUID

from fastapi import APIRouter, Request
from fastapi.responses import Response

from api.dependencies import NowDep, ProcessDep, ReadDep
from api.middleware.rates import client_network
from api.pages.languages import visitor_language
from api.pages.patients.form import FieldsDep
from api.pages.patients.my_registration import PATH, by_mail, closed
from api.pages.patients.my_seat import back, do
from api.pages.patients.view import readable, show
from api.pages.rendering import PRIVATE
from webinars.errors import InvalidField, NotFound
from webinars.services import registrations, short_texts
from webinars.work import ReadWork, Work

router = APIRouter(prefix=PATH)
_LONGEST = 40


@readable(router, "/texts")
def texts_page(request: Request, work: ReadDep, now: NowDep) -> Response:
    registration_id = by_mail(request, work, now)
    if registration_id is None:
        return closed(request)
    return _page(request, work, registration_id)


@router.post("/texts")
def choose_texts(request: Request, fields: FieldsDep, process: ProcessDep, now: NowDep) -> Response:
    """On, with a number; off; or off, and without the number."""
    wish = fields.get("wanted", "")
    phone = {"yes": fields.get("phone", "")[:_LONGEST], "forget": ""}.get(wish)

    def deed(work: Work, registration_id: UUID) -> Response:
        if work.process.texts is None:
            raise NotFound
        registration, _ = registrations.get_registration(work, registration_id)
        try:
            short_texts.choose(
                work,
                registration_id,
                is_wanted=wish == "yes",
                phone=phone,
                language=visitor_language(request, registration.locale),
                address_block=client_network(request),
                now=now,
            )
        except InvalidField as error:  # nothing was changed
            return _page(request, work, registration_id, phone=phone, wrong_phone=error.detail)
        return back("texted" if wish == "yes" else "not_texted")

    return do(request, fields, process, now, deed, with_own_data=True)


def _page(
    request: Request, work: ReadWork, registration_id: UUID, *, phone: str | None = None, wrong_phone: str = ""
) -> Response:
    if work.process.texts is None:
        raise NotFound
    registration, _ = registrations.get_registration(work, registration_id)
    kept = registrations.phone_of(work.vault, registration) or ""
    return show(
        request,
        "my_texts.html",
        usual=registration.locale,
        status=HTTPStatus.UNPROCESSABLE_ENTITY if wrong_phone else HTTPStatus.OK,
        headers=PRIVATE,
        registration=registration,
        words=short_texts.AGREEMENT,
        kept=kept,
        typed=kept if phone is None else phone,
        is_on=short_texts.is_agreed(work, registration),
        wrong_phone=wrong_phone,
    )
