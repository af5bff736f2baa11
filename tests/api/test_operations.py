"""Alive, ready, figures."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import httpx

from scheduler.loop import Scheduler
from tests.conftest import NOW, make_settings
from tests.factories import Factory
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
        {"database": "ok", "schema": "ok", "disk": "ok", "scheduler": "ok"},
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
    process.close()


def test_in_production_there_are_no_figures_without_a_token(
    sqlite_url: str, tmp_path: Path, serve: Callable[[Process], str]
) -> None:
    production = {"environment": "production", "base_url": "https://webinars.clinic.example", "mail_url": "dir:///mail"}
    process = Process(make_settings(sqlite_url, tmp_path, **production), mail=MemoryMailer())
    assert httpx.get(f"{serve(process)}/metrics").status_code == 404
    process.close()
