"""For whoever keeps the program running: alive, ready, figures."""

from __future__ import annotations

import hmac

import structlog
from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse, PlainTextResponse, Response
from prometheus_client import CollectorRegistry, Gauge, generate_latest

from api.dependencies import NowDep, ProcessDep
from webinars.errors import NotFound, TokenInvalid
from webinars.services import health
from webinars.settings import Environment

router = APIRouter(include_in_schema=False)
_log = structlog.get_logger()


@router.get("/livez")
async def livez() -> PlainTextResponse:
    """Alive: it answers. It looks at nothing, so that a database that is away does not restart the web process."""
    return PlainTextResponse("ok")


@router.get("/readyz")
def readyz(process: ProcessDep, now: NowDep) -> JSONResponse:
    findings = health.is_ready(process, now)
    well = all(finding.is_well for finding in findings)
    # What exactly is wrong names hosts and users: that is for the log, and for `webinars check`.
    body = {finding.name: "ok" if finding.is_well else "failed" for finding in findings}
    for finding in findings:
        if not finding.is_well:
            _log.warning("not_ready", part=finding.name, reason=finding.words)
    return JSONResponse(body, 200 if well else 503, {"Cache-Control": "no-store"})


@router.get("/metrics")
def metrics(request: Request, process: ProcessDep, now: NowDep) -> Response:
    expected = process.settings.metrics_token
    if expected is None and process.settings.environment is Environment.production:
        raise NotFound  # figures are not for everybody, and nobody has said for whom
    given = request.headers.get("authorization", "").removeprefix("Bearer ")
    if expected is not None and not hmac.compare_digest(given.encode(), expected.get_secret_value().encode()):
        raise TokenInvalid
    return Response(_exposition(health.figures(process, now)), media_type="text/plain; version=0.0.4")


def _exposition(figures: health.Figures) -> bytes:
    registry = CollectorRegistry()
    lag = Gauge("webinars_message_lag_seconds", "How long the oldest due message has waited.", registry=registry)
    lag.set(figures.lag_seconds)
    messages = Gauge("webinars_messages", "Ledger rows by state.", ["state"], registry=registry)
    for state, count in figures.messages.items():
        messages.labels(state).set(count)
    if figures.last_beat_age_seconds is not None:
        beat = Gauge("webinars_scheduler_beat_age_seconds", "Since a scheduler was last heard of.", registry=registry)
        beat.set(figures.last_beat_age_seconds)
    return generate_latest(registry)
