"""Alive, ready, figures."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import httpx
import pytest
import sqlalchemy as sa
from prometheus_client.parser import text_string_to_metric_families

from scheduler.loop import Scheduler
from tests.conftest import NOW, make_settings
from tests.factories import Factory
from webinars.gateways.mail import MailTransportDown
from webinars.testing import MemoryMailer, SetClock
from webinars.work import Process


def test_alive_looks_at_nothing(http: httpx.Client, process: Process) -> None:
    process.engines.dispose()
    assert http.get("/livez").text == "ok"


def test_ready_until_a_scheduler_falls_silent(http: httpx.Client, process: Process, clock: SetClock) -> None:
    assert http.get("/readyz").status_code == 200  # nobody has started one yet
    scheduler = Scheduler(process)
    scheduler.tick(clock.now())
    scheduler.stop()
    answer = http.get("/readyz")
    assert (answer.status_code, answer.json()) == (
        200,
        {"database": "ok", "schema": "ok", "disk": "ok", "scheduler": "ok", "messages": "ok"},
    )
    clock.advance(timedelta(minutes=2))
    silent = http.get("/readyz")
    assert (silent.status_code, silent.json()["scheduler"]) == (503, "failed")


def test_figures_are_for_whoever_has_the_token(
    sqlite_url: str, tmp_path: Path, clock: SetClock, serve: Callable[[Process], str]
) -> None:
    settings = make_settings(sqlite_url, tmp_path, metrics_token="a token for the metrics")
    process = Process(settings, clock=clock, mail=MemoryMailer())
    factory = Factory(process)
    factory.registration(factory.session().session.id)
    clock.set(NOW + timedelta(seconds=90))
    address = serve(process)
    assert httpx.get(f"{address}/metrics").status_code == 401
    text = httpx.get(f"{address}/metrics", headers={"Authorization": "Bearer a token for the metrics"}).text
    assert "webinars_message_lag_seconds 90.0" in text
    assert 'webinars_messages{state="planned"} 1.0' in text
    assert "webinars_planner_lag_seconds 0.0" in text
    process.close()


def test_in_production_there_are_no_figures_without_a_token(
    sqlite_url: str, tmp_path: Path, serve: Callable[[Process], str]
) -> None:
    production = {"environment": "production", "base_url": "https://webinars.clinic.example", "mail_url": "dir:///mail"}
    process = Process(make_settings(sqlite_url, tmp_path, **production), mail=MemoryMailer())
    assert httpx.get(f"{serve(process)}/metrics").status_code == 404
    process.close()


def test_a_mail_outage_leaves_the_web_in_service_and_is_told(
    http: httpx.Client, process: Process, factory: Factory, clock: SetClock
) -> None:
    factory.registration(factory.session().session.id)
    clock.advance(timedelta(minutes=6))
    answer = http.get("/readyz")
    assert (answer.status_code, answer.json()["messages"]) == (200, "degraded")


def test_figures_of_ways_and_workers(
    http: httpx.Client, process: Process, factory: Factory, clock: SetClock, mailer: MemoryMailer
) -> None:
    session_id = factory.session().session.id
    factory.registration(session_id)
    scheduler = Scheduler(process)
    scheduler.tick(clock.now())
    mailer.failures = [MailTransportDown("away")]
    factory.registration(session_id)
    clock.advance(timedelta(seconds=20))
    scheduler.tick(clock.now())
    scheduler.stop()
    scheduler._beat(clock.now())
    figures = {
        (sample.name, sample.labels.get("transport") or sample.labels.get("le")): sample.value
        for family in text_string_to_metric_families(http.get("/metrics").text)
        for sample in family.samples
    }
    assert figures["webinars_transport_paused", "memory"] == 1
    assert figures["webinars_transport_failures", "memory"] == 1
    assert figures["webinars_message_delay_seconds_bucket", "0.1"] == 1
    assert figures["webinars_message_delay_seconds_bucket", "+Inf"] == 1
    assert figures["webinars_message_delay_seconds_count", None] == 1
    assert figures["webinars_messages_sent_total", None] == 1
    assert figures["webinars_scheduler_tick_age_seconds", None] == 0
    assert {name for name, _ in figures} >= {
        f"webinars_messages_{name}_total" for name in ("failed", "missed", "late", "doubles", "unplanned")
    }


def test_who_waits_for_a_lock_too_long_is_told_when_to_come_back(
    postgres_url: str, tmp_path: Path, clock: SetClock, serve: Callable[[Process], str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("webinars.db.LOCK_TIMEOUT_S", 1)
    process = Process(make_settings(postgres_url, tmp_path), clock=clock, mail=MemoryMailer())
    session_id = Factory(process).session().session.id
    address = serve(process)
    person = {"email": "ana@mail.example", "name": "Ana", "timezone": "America/Denver"}
    with process.work() as work:
        work.db.execute(sa.text("UPDATE sessions SET version = version"))
        answer = httpx.post(f"{address}/api/v1/sessions/{session_id}/registrations", json=person, timeout=20)
    assert (answer.status_code, answer.json()["code"], answer.headers["retry-after"]) == (503, "took_too_long", "5")
    again = httpx.post(f"{address}/api/v1/sessions/{session_id}/registrations", json=person, timeout=20)
    assert again.status_code == 201
    process.close()
