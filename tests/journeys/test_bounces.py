"""A mistyped address from the server that refuses it to the mail that arrives, over real HTTP and real SMTP."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import httpx
import pytest

from scheduler.loop import Scheduler
from tests.conftest import NOW, make_settings
from tests.factories import PASSWORD, Factory
from tests.support.bounces import notification
from tests.support.smtp import SmtpSink
from webinars.terms import Role
from webinars.testing import SetClock
from webinars.work import Process

DOMAIN, SECRET = "bounces.clinic.example", "only our own mail server knows"
WRONG, RIGHT = "ana@mial.example", "ana@mail.example"
HOUR = timedelta(hours=1)


@pytest.fixture
def process(database_url: str, tmp_path: Path, clock: SetClock, sink: SmtpSink) -> Iterator[Process]:
    """One that sends by SMTP and hears of what comes back."""
    settings = make_settings(database_url, tmp_path, mail_url=sink.url, bounce_domain=DOMAIN, inbound_secret=SECRET)
    process = Process(settings, clock=clock)
    yield process
    process.close()


@pytest.fixture
def scheduler(process: Process) -> Iterator[Scheduler]:
    scheduler = Scheduler(process)
    yield scheduler
    scheduler.stop()


@pytest.fixture
def console(factory: Factory, address: str) -> Iterator[httpx.Client]:
    """The browser of a host who has signed in."""
    factory.host("host@clinic.example", Role.host)
    with httpx.Client(base_url=address, headers={"Sec-Fetch-Site": "same-origin"}, timeout=30) as client:
        client.post("/console/sign-in", data={"email": "host@clinic.example", "password": PASSWORD})
        yield client


def registered(http: httpx.Client, factory: Factory) -> str:
    """Somebody registers with a mistyped address. Gives the session's id."""
    session_id = factory.session().session.id
    answer = http.post(
        f"/api/v1/sessions/{session_id}/registrations",
        json={"email": WRONG, "name": "Ana Núñez", "timezone": "America/Denver"},
    )
    assert answer.status_code == 201
    return str(session_id)


def correct(http: httpx.Client, factory: Factory, console: httpx.Client, session_id: str) -> None:
    """The host sees the banner, finds the person and puts the address right."""
    assert "1 address does not take our mail." in console.get("/console").text
    listed = console.get(f"/console/sessions/{session_id}/registrants").text
    assert listed.count(">Mail comes back<") == 1
    headers = {"Authorization": f"Bearer {factory.token()}"}
    (person,) = http.get(f"/api/v1/sessions/{session_id}/registrations", headers=headers).json()["items"]
    assert person["mail_problem"] == "bounced"
    page = f"/console/registrations/{person['id']}"
    assert "Mail to this address comes back" in console.get(page).text
    assert console.post(f"{page}/correct", data={"email": RIGHT}).status_code == 303
    assert http.get(f"/api/v1/registrations/{person['id']}", headers=headers).json()["mail_problem"] is None


def test_what_comes_back_is_seen_put_right_and_arrives(
    http: httpx.Client,
    factory: Factory,
    console: httpx.Client,
    sink: SmtpSink,
    scheduler: Scheduler,
    clock: SetClock,
) -> None:
    session_id = registered(http, factory)
    scheduler.tick(NOW)
    (lost,) = sink.to(WRONG)
    assert lost.sender.endswith(f"@{DOMAIN}")
    answer = http.post("/inbound/dsn", content=notification(lost.sender), headers={"X-Inbound-Secret": SECRET})
    assert answer.status_code == 204
    clock.advance(HOUR)
    correct(http, factory, console, session_id)
    scheduler.tick(clock.now())
    (found,) = sink.to(RIGHT)
    assert found.subject.startswith("Confirmed")
    assert "METHOD:REQUEST" in found.calendar
    assert f"mailto:{RIGHT}" in found.calendar.replace("\n ", "")
    assert len(sink.to(WRONG)) == 1
    assert "not take our mail" not in console.get("/console").text


def test_a_server_that_refuses_the_recipient_is_heard_at_once(
    http: httpx.Client,
    factory: Factory,
    console: httpx.Client,
    sink: SmtpSink,
    scheduler: Scheduler,
    clock: SetClock,
) -> None:
    sink.answers["RCPT"] = ["550 5.1.1 no such user here"]
    session_id = registered(http, factory)
    scheduler.tick(NOW)
    assert sink.mails == []
    clock.advance(HOUR)
    correct(http, factory, console, session_id)
    scheduler.tick(clock.now())
    assert [mail.subject.partition(":")[0] for mail in sink.to(RIGHT)] == ["Confirmed"]


def test_control_a_refusal_that_is_our_fault_warns_nobody(
    http: httpx.Client, factory: Factory, console: httpx.Client, sink: SmtpSink, scheduler: Scheduler
) -> None:
    sink.answers["RCPT"] = ["550 5.7.515 Access denied, sending domain does not meet the required level"]
    registered(http, factory)
    scheduler.tick(NOW)
    assert "not take our mail" not in console.get("/console").text
