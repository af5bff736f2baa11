"""No more reminders, no more follow-ups: the link in these mails. Scanners press links, so only a button changes it.

Mail programs press it by themselves (RFC 8058): one POST without cookies, answered at once.
"""

from __future__ import annotations

from fastapi import APIRouter, Request
from fastapi.responses import Response

from api.dependencies import NowDep, ReadDep, WorkDep
from api.middleware.rates import client_network
from api.pages.languages import visitor_language
from api.pages.patients.form import FieldsDep
from api.pages.patients.view import guarded_link, readable, show
from api.pages.rendering import SECRET_ADDRESS
from webinars.services import unsubscribing
from webinars.services.unsubscribing import Choice

router = APIRouter()
PATH = "/u/{token}"


@readable(router, PATH)
def unsubscribe_page(request: Request, token: str, work: ReadDep) -> Response:
    with guarded_link(request):
        choice = unsubscribing.find_choice(work, token)
    return _page(request, choice, is_wanted=choice.is_wanted, is_changed=False)


@router.post(PATH)
def unsubscribe(request: Request, token: str, fields: FieldsDep, work: WorkDep, now: NowDep) -> Response:
    with guarded_link(request):
        choice = unsubscribing.find_choice(work, token)
    is_wanted = choice.is_wanted
    if fields.get("List-Unsubscribe") == "One-Click":
        is_wanted = False
    elif fields.get("again") == "yes":
        is_wanted = True
    is_changed = unsubscribing.choose(
        work,
        choice,
        is_wanted=is_wanted,
        method="unsubscribe",
        language=visitor_language(request, choice.registration.locale),
        address_block=client_network(request),
        now=now,
    )
    return _page(request, choice, is_wanted=is_wanted, is_changed=is_changed)


def _page(request: Request, choice: Choice, *, is_wanted: bool, is_changed: bool) -> Response:
    return show(
        request,
        "unsubscribing.html",
        usual=choice.registration.locale,
        headers=SECRET_ADDRESS,
        purpose=choice.purpose,
        is_wanted=is_wanted,
        is_changed=is_changed,
    )
