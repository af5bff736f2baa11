"""The way in and out."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from math import ceil
from threading import Lock
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Form, Request
from fastapi.responses import Response
from pydantic import BaseModel

from api.dependencies import NowDep, ProcessDep
from api.middleware.rates import client_network
from api.pages.console.access import HOME, cookie_name, local_path, set_cookie
from api.pages.console.answers import console_page, go
from api.pages.console.forms import UNUSABLE
from webinars.errors import Busy, SignInFailed, TooManyRequests
from webinars.rules.registrations import same_person
from webinars.services import hosts, rates
from webinars.services.rates import SIGN_IN, by_block, by_person
from webinars.work import Process

router = APIRouter()
_LONGEST_WAIT = 3.0
_one_by_one = Lock()
"""One password at a time: Argon2's memory is needed only once."""


class SignInForm(BaseModel):
    email: str = ""
    password: str = ""
    next: str = HOME


@router.get("/sign-in")
def show_sign_in(request: Request, next: str = HOME) -> Response:  # noqa: A002 - its name in the address
    return _form(request, SignInForm(next=local_path(next)))


@router.post("/sign-in")
def sign_in(request: Request, form: Annotated[SignInForm, Form()], process: ProcessDep, now: NowDep) -> Response:
    form.next = local_path(form.next)
    tries = (by_block(client_network(request)), by_person(same_person(form.email.strip())))
    try:
        host_id = _checked(process, form, tries, now)
    except (SignInFailed, TooManyRequests) as refusal:
        return _form(request, form, refusal)
    with process.work() as work:
        rates.give_back(work, SIGN_IN, tries)
        secret = hosts.sign_in(work, host_id, now)
    response = go(form.next)
    set_cookie(response, process.settings, secret)
    return response


@router.post("/sign-out")
def sign_out(request: Request, process: ProcessDep) -> Response:
    name = cookie_name(process.settings)
    if secret := request.cookies.get(name):
        with process.work() as work:
            hosts.sign_out(work, secret)
    response = go(f"{HOME}/sign-in", done="signed_out")
    response.delete_cookie(name, path="/", httponly=True, samesite="lax", secure=process.settings.is_secure)
    return response


def _checked(process: Process, form: SignInForm, tries: Sequence[str], now: datetime) -> UUID:
    """The host with this password. A try counts before it is made, so that many at once cannot be more than many in
    turn; signing in well takes it back.

    Raises:
        SignInFailed: if there is no such host, or it is another password.
        TooManyRequests: after five failures, whatever the password.
    """
    if not _one_by_one.acquire(timeout=_LONGEST_WAIT):
        raise Busy("Very many sign-ins at this moment. Try again in a few seconds.", retry_after=5)
    try:
        rates.take_one(process, SIGN_IN, tries, now)
        with process.read() as work:
            return hosts.check_password(work, form.email, form.password).id
    finally:
        _one_by_one.release()


def _form(request: Request, form: SignInForm, refusal: SignInFailed | TooManyRequests | None = None) -> Response:
    status, words, minutes = 200, "", 0
    if isinstance(refusal, TooManyRequests):
        seconds = int(str(refusal.facts["retry_after"]))
        status, minutes = 429, ceil(seconds / 60)
        words = f"Too many tries. Wait {minutes} minutes and try again." if minutes > 1 else refusal.words
    elif refusal is not None:
        status, words = UNUSABLE, refusal.detail
    response = console_page(
        request, "sign_in.html", None, status=status, form=form, errors={"": words} if words else {}
    )
    if isinstance(refusal, TooManyRequests):
        response.headers["Retry-After"] = str(refusal.facts["retry_after"])
    return response
