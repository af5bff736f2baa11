"""For whoever keeps the program running: alive, ready, figures."""

from __future__ import annotations

import hmac
from collections.abc import Iterator, Sequence
from itertools import accumulate

import structlog
from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse, PlainTextResponse, Response
from prometheus_client import CollectorRegistry, Gauge, Metric, generate_latest
from prometheus_client.core import CounterMetricFamily, HistogramMetricFamily
from prometheus_client.registry import Collector

from api.dependencies import NowDep, ProcessDep
from webinars.errors import NotFound, TokenInvalid
from webinars.services import health
from webinars.settings import Environment
from webinars.tally import DELAYS_S

_COUNTED = {
    "sent": "Messages that left.",
    "failed": "Messages that were given up.",
    "missed": "Messages that became useless before they left.",
    "late": "Messages that another worker had taken over when they were done.",
    "doubles": "Messages that were planned again, and kept once.",
    "unplanned": "Times that the messages of a reminder could not be made.",
}
router = APIRouter(include_in_schema=False)
_log = structlog.get_logger()
_UNWELL = {True: "failed", False: "degraded"}


@router.get("/livez")
async def livez() -> PlainTextResponse:
    """Alive: it answers. It looks at nothing, so that a database that is away does not restart the web process."""
    return PlainTextResponse("ok")


@router.get("/readyz")
def readyz(process: ProcessDep, now: NowDep) -> JSONResponse:
    findings = health.is_ready(process, now)
    well = all(finding.is_well or not finding.is_vital for finding in findings)
    # What exactly is wrong names hosts and users: that is for the log, and for `webinars check`.
    body = {finding.name: "ok" if finding.is_well else _UNWELL[finding.is_vital] for finding in findings}
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
    planner = Gauge("webinars_planner_lag_seconds", "How long the oldest due reminder has waited.", registry=registry)
    planner.set(figures.planner_lag_seconds)
    messages = Gauge("webinars_messages", "Ledger rows by state.", ["state"], registry=registry)
    for state, count in figures.messages.items():
        messages.labels(state).set(count)
    if figures.last_beat_age_seconds is not None:
        beat = Gauge("webinars_scheduler_beat_age_seconds", "Since a scheduler was last heard of.", registry=registry)
        beat.set(figures.last_beat_age_seconds)
    if figures.last_tick_age_seconds is not None:
        tick = Gauge(
            "webinars_scheduler_tick_age_seconds", "Since a scheduler last did all it had to.", registry=registry
        )
        tick.set(figures.last_tick_age_seconds)
    _add_ways(registry, figures.ways)
    registry.register(_Workers(figures.workers))
    return generate_latest(registry)


def _add_ways(registry: CollectorRegistry, ways: Sequence[health.WayFigures]) -> None:
    paused = Gauge("webinars_transport_paused", "1 while nothing is sent this way.", ["transport"], registry=registry)
    failures = Gauge("webinars_transport_failures", "Failures in a row.", ["transport"], registry=registry)
    tokens = Gauge("webinars_transport_tokens", "Messages that may leave now.", ["transport"], registry=registry)
    for way in ways:
        paused.labels(way.name).set(way.is_paused)
        failures.labels(way.name).set(way.failures)
        if way.tokens is not None:
            tokens.labels(way.name).set(way.tokens)


class _Workers(Collector):
    """What each scheduler process has counted since its start: read from the database, for it has no address."""

    def __init__(self, workers: Sequence[health.WorkerFigures]) -> None:
        self._workers = workers

    def collect(self) -> Iterator[Metric]:
        delay = HistogramMetricFamily(
            "webinars_message_delay_seconds", "From when a message was due until it left.", labels=["worker"]
        )
        counted = {
            name: CounterMetricFamily(f"webinars_messages_{name}", words, labels=["worker"])
            for name, words in _COUNTED.items()
        }
        bounds = [*map(str, DELAYS_S), "+Inf"]
        for worker in self._workers:
            buckets = list(zip(bounds, map(float, accumulate(worker.delays)), strict=True))
            delay.add_metric([worker.place], buckets, worker.delay_sum)
            for name, counter in counted.items():
                counter.add_metric([worker.place], worker.counts[name])
        yield delay
        yield from counted.values()
