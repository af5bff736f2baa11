"""What mail servers and providers report: not part of the API, for they say it in their own ways.

An address whose key is not set does not exist. Whatever is proven to come from them is answered 204, also where it
changes nothing: they would send it again for days.
"""

from __future__ import annotations

import hmac
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Annotated, TypeVar

from fastapi import APIRouter, Depends, Request, Response

from api.dependencies import NowDep, ProcessDep
from api.middleware.rates import client_network
from webinars.errors import NotFound, ReportUnproven
from webinars.gateways import provider_reports
from webinars.gateways.provider_reports import ProviderEvent, Unproven
from webinars.services import bounces, calendar_replies, rates
from webinars.services.rates import WRONG_REPORT, by_block
from webinars.work import Process

Proven = TypeVar("Proven")
router = APIRouter(prefix="/inbound", include_in_schema=False)


async def read_raw(request: Request) -> bytes:
    """The very bytes that came, which is what is signed."""
    return await request.body()


RawDep = Annotated[bytes, Depends(read_raw)]


@router.post("/dsn", status_code=204)
def take_notification(request: Request, raw: RawDep, process: ProcessDep, now: NowDep) -> Response:
    """A mail that came to a return path, as our own mail server hands it over: whole, with `X-Inbound-Secret`."""
    _check_server(request, process, now)
    with process.work() as work:
        bounces.take_notification(work, raw, now)
    return Response(status_code=204)


@router.post("/calendar", status_code=204)
def take_calendar_reply(request: Request, raw: RawDep, process: ProcessDep, now: NowDep) -> Response:
    """A mail that came to the organizer's address, handed over in the same way."""
    _check_server(request, process, now)
    with process.work() as work:
        calendar_replies.take_reply(work, raw, now)
    return Response(status_code=204)


@router.post("/postmark", status_code=204)
def take_postmark(request: Request, raw: RawDep, process: ProcessDep, now: NowDep) -> Response:
    secret = process.settings.postmark_report_secret
    key = secret.get_secret_value() if secret else ""
    said = request.headers.get("authorization", "")
    return _take(request, process, now, "postmark", key, lambda: provider_reports.postmark_events(raw, said, key))


@router.post("/sendgrid", status_code=204)
def take_sendgrid(request: Request, raw: RawDep, process: ProcessDep, now: NowDep) -> Response:
    key = process.settings.sendgrid_report_key
    headers = request.headers
    return _take(
        request, process, now, "sendgrid", key, lambda: provider_reports.sendgrid_events(raw, headers, key, now)
    )


@router.post("/mailgun", status_code=204)
def take_mailgun(request: Request, raw: RawDep, process: ProcessDep, now: NowDep) -> Response:
    secret = process.settings.mailgun_report_key
    key = secret.get_secret_value() if secret else ""
    return _take(request, process, now, "mailgun", key, lambda: provider_reports.mailgun_events(raw, key, now))


@router.post("/ses", status_code=204)
def take_ses(request: Request, raw: RawDep, process: ProcessDep, now: NowDep) -> Response:
    topic, sns = process.settings.ses_report_topic, process.sns
    return _take(request, process, now, "ses", topic, lambda: provider_reports.ses_events(raw, topic, sns, now))


def _check_server(request: Request, process: Process, now: datetime) -> None:
    """Raises:
    NotFound, ReportUnproven, TooManyRequests: unless it is our own mail server that hands a mail over.
    """
    secret = process.settings.inbound_secret
    expected = secret.get_secret_value() if secret else ""

    def prove() -> None:
        if not hmac.compare_digest(request.headers.get("x-inbound-secret", "").encode(), expected.encode()):
            raise Unproven

    _proven(request, process, now, expected, prove)


def _take(
    request: Request,
    process: Process,
    now: datetime,
    provider: str,
    key: str,
    read: Callable[[], Sequence[ProviderEvent]],
) -> Response:
    events = _proven(request, process, now, key, read)
    with process.work() as work:
        bounces.take_events(work, provider, events, now)
    return Response(status_code=204)


def _proven(request: Request, process: Process, now: datetime, key: str, prove: Callable[[], Proven]) -> Proven:
    """What `prove` finds.

    Raises:
        NotFound: if there is no key, and so no such address.
        ReportUnproven: if it finds that the sender is another.
        TooManyRequests: if that has happened too often from this network.
    """
    if not key:
        raise NotFound
    by = [by_block(client_network(request))]
    rates.check(process, WRONG_REPORT, by, now)
    try:
        return prove()
    except Unproven:
        rates.take_one(process, WRONG_REPORT, by, now)
        raise ReportUnproven from None
