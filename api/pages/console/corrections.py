"""Putting a registrant's address right, and opening the way to one that did not take mail."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Form, Request
from fastapi.responses import Response
from pydantic import BaseModel

from api.dependencies import NowDep, ProcessDep
from api.pages.console.access import HOME, Changer, local_path
from api.pages.console.answers import act, console_page, go
from api.pages.console.forms import UNUSABLE, Checks
from webinars.rules.registrations import clean_email
from webinars.services import corrections, registrants, suppressions
from webinars.services.hosts import SignedIn
from webinars.work import Process

router = APIRouter(prefix="/registrations/{registration_id}")


class AddressForm(BaseModel):
    """The right address."""

    email: str = ""


@router.get("/correct")
def address_form(request: Request, registration_id: UUID, host: Changer, process: ProcessDep, now: NowDep) -> Response:
    return _form_page(request, registration_id, host, process, AddressForm(), Checks(), now)


@router.post("/correct")
def correct_address(
    request: Request,
    registration_id: UUID,
    form: Annotated[AddressForm, Form()],
    host: Changer,
    process: ProcessDep,
    now: NowDep,
) -> Response:
    """A new address: it gets the invite and what did not arrive; links sent to the old one end."""
    with Checks() as checks:
        email = checks.clean(clean_email, form.email)
        checks.done()
        with process.work() as work:
            corrections.update_registration(
                work, registration_id, {"email": email}, version=None, actor=host.actor, now=now
            )
        return go(f"{HOME}/registrations/{registration_id}", done="corrected")
    return _form_page(request, registration_id, host, process, form, checks, now)


@router.post("/lift")
def lift_mark(
    registration_id: UUID, host: Changer, process: ProcessDep, now: NowDep, back: Annotated[str, Form()] = HOME
) -> Response:
    """Send to the address again; it is noted who opened it."""
    return act(
        process,
        local_path(back),
        "mark_lifted",
        lambda work: suppressions.lift(work, registration_id, actor=host.actor, now=now),
    )


def _form_page(
    request: Request,
    registration_id: UUID,
    host: SignedIn,
    process: Process,
    form: AddressForm,
    checks: Checks,
    now: datetime,
) -> Response:
    with process.read() as work:
        known = registrants.timeline(work, registration_id, actor=host.actor, now=now)
    return console_page(
        request,
        "registrant_correct.html",
        host,
        status=UNUSABLE if checks.errors else 200,
        known=known,
        item=known.scheduled,
        form=form,
        errors=checks.errors,
    )
