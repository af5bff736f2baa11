"""Pages that count themselves: their script sends one word home, and nothing about the visitor."""

from __future__ import annotations

from fastapi import APIRouter, Request
from fastapi.responses import Response

from api.dependencies import NowDep, ProcessDep
from api.middleware.headers import POLICY
from api.middleware.rates import client_network
from api.pages.patients.form import FieldsDep
from webinars.errors import TooManyRequests
from webinars.rules.visits import clean_touch
from webinars.services import rates, visits
from webinars.services.rates import VISIT, by_block

router = APIRouter()
PATH = "/visits"
COUNTED = {"Content-Security-Policy": f"{POLICY}; connect-src 'self'"}
"""For pages whose script may send something home; the others may connect to nothing at all."""


@router.post(PATH, status_code=204)
def count_visit(request: Request, fields: FieldsDep, process: ProcessDep, now: NowDep) -> Response:
    """Reading a page changes nothing, so the page says by itself that it was read."""
    by = [by_block(client_network(request))]
    rates.check(process, VISIT, by, now)
    with process.work() as work:
        (wait,) = rates.take(work, VISIT, [by], now)
        if not wait:
            is_form = fields.get("kind") == "form"
            visits.count_visit(work, fields.get("webinar", ""), clean_touch(fields), is_form=is_form, now=now)
    if wait:
        raise TooManyRequests(retry_after=wait)
    return Response(status_code=204)
