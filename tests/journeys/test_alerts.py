"""From “tell me about new webinars” to the last mail: over real HTTP and real SMTP, on both databases."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import datetime, timedelta
from email import policy
from email.parser import BytesParser
from pathlib import Path

import httpx
import pytest

from scheduler.loop import Scheduler
from tests.conftest import make_settings
from tests.factories import Factory
from tests.journeys.test_patient import FROM_OUR_PAGE, Clinic, World, link_in
from tests.support.smtp import ReceivedMail, SmtpSink
from tests.webinars.documents.test_neutral import TELLING
from webinars.testing import SetClock
from webinars.work import Process

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
ANA = "ana@mail.example"
EVENING = datetime.fromisoformat("2026-03-03T02:30:00Z")
"""19:30 on Monday in Denver."""


@pytest.fixture
def process(database_url: str, tmp_path: Path, clock: SetClock, sink: SmtpSink) -> Iterator[Process]:
    process = Process(make_settings(database_url, tmp_path, mail_url=sink.url), clock=clock)
    yield process
    process.close()


@pytest.fixture
def world(process: Process, http: httpx.Client, sink: SmtpSink, clock: SetClock) -> Iterator[World]:
    scheduler = Scheduler(process)
    yield World(http, sink, clock, scheduler)
    scheduler.stop()


@pytest.fixture
def clinic(world: World, factory: Factory) -> Clinic:
    return Clinic(world, {"Authorization": f"Bearer {factory.token()}"})


def ask(world: World, clock: SetClock) -> None:
    """Fill in the form of the area's page, without a script."""
    form = world.http.get("/topics/knee/alerts").text
    hidden = dict(re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)">', form))
    clock.advance(timedelta(seconds=10))
    typed = {"email": ANA, "timezone": "America/Denver", "consent_topic_alerts": "yes"}
    told = world.http.post("/topics/knee/alerts", data=hidden | typed, headers=FROM_OUR_PAGE)
    assert (told.status_code, told.headers["location"]) == (303, "/topics/knee/alerts/asked")


def begin(world: World, clock: SetClock) -> str:
    """Ask, and say yes from the mailbox. Gives the page of the address."""
    ask(world, clock)
    (check,) = world.reach(clock.now())
    page = link_in(check, "t")
    world.http.post(f"{page}/confirm", data={"topic": "knee"}, headers=FROM_OUR_PAGE)
    return page


def tells_nothing(mail: ReceivedMail) -> bool:
    shown = re.sub(
        r"https?://\S+|Example Joint & Spine Clinics", "", f"{mail.subject} {mail.message['From']} {mail.text}"
    )
    return TELLING.search(shown) is None


def test_who_waits_hears_and_can_stop(world: World, clinic: Clinic, clock: SetClock) -> None:
    clinic.offer()
    clinic.schedule("2026-04-01T12:00")  # to be seen in the listing
    world.reach(clock.now())

    # Somebody asks; the mailbox is asked whether it was them, once, however often the form is sent.
    ask(world, clock)
    ask(world, clock)
    (check,) = world.reach(clock.now())
    assert (check.recipient, check.subject) == (ANA, "Please confirm: may we write to you?")
    assert tells_nothing(check)
    assert check.message["List-Unsubscribe"] is None

    # A scanner opens every link in it: nothing begins.
    page = link_in(check, "t")
    for url in set(re.findall(r"https?://\S+", check.text)):
        world.http.get(httpx.URL(url).path)
    clinic.schedule("2026-04-02T12:00")
    assert world.reach(clock.now() + HOUR) == []

    # The button counts.
    assert "Knee" in world.http.get(page).text
    world.http.post(f"{page}/confirm", data={"topic": "knee"}, headers=FROM_OUR_PAGE)
    assert world.reach(clock.now() + HOUR) == []  # what is in the listing already is no news

    # In the evening the host plans three more dates: they come together, in the morning.
    world.reach(EVENING)
    ids = [clinic.schedule(f"2026-04-{day:02}T18:00") for day in (9, 10, 11)]
    assert world.reach(EVENING + HOUR) == []
    clinic.call("POST", f"/sessions/{ids[1]}/cancel")  # at night one is called off
    assert world.reach(datetime.fromisoformat("2026-03-03T15:59:59Z")) == []
    (alert,) = world.reach(datetime.fromisoformat("2026-03-03T16:00:00Z"))
    assert (alert.recipient, alert.subject) == (ANA, "New webinar dates")
    assert tells_nothing(alert)
    assert re.findall(r"/sessions/([0-9a-f-]{36})/register", alert.text) == [ids[0], ids[2]]
    assert "Thursday, April 9, 2026, 6:00 PM Mountain Time" in alert.text
    assert world.http.get(f"/sessions/{ids[0]}/register").status_code == 200

    # What comes within the week waits for its end.
    clinic.schedule("2026-04-20T18:00")
    assert world.reach(clock.now() + 6 * DAY) == []

    # The mailbox has had enough: one click of the mail program, and nothing comes any more.
    raw = BytesParser(policy=policy.default).parsebytes(alert.raw)
    one_click = httpx.URL(str(raw["List-Unsubscribe"]).strip("<>")).path
    assert raw["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert world.http.post(one_click, data={"List-Unsubscribe": "One-Click"}).status_code == 200
    for _ in range(10):
        assert [mail for mail in world.reach(clock.now() + DAY) if mail.recipient == ANA] == []


def test_coming_back_takes_another_yes(world: World, clinic: Clinic, clock: SetClock) -> None:
    clinic.offer()
    page = begin(world, clock)
    world.http.post(f"{page}/end", data={"List-Unsubscribe": "One-Click"})
    ask(world, clock)
    (check,) = world.reach(clock.now())
    clinic.schedule("2026-05-05T18:00")
    assert world.reach(datetime.fromisoformat("2026-03-02T17:00:00Z")) == []
    world.http.post(f"{link_in(check, 't')}/confirm", data={"topic": "knee"}, headers=FROM_OUR_PAGE)
    clock.advance(HOUR)
    new = clinic.schedule("2026-05-06T18:00")
    (alert,) = world.reach(clock.now() + HOUR)
    assert re.findall(r"/sessions/([0-9a-f-]{36})/register", alert.text) == [new]


def test_control_without_the_click_the_next_week_brings_the_next_mail(
    world: World, clinic: Clinic, clock: SetClock
) -> None:
    clinic.offer()
    begin(world, clock)
    world.reach(datetime.fromisoformat("2026-03-02T17:00:00Z"))
    first = clinic.schedule("2026-04-09T18:00")
    (alert,) = world.reach(clock.now() + HOUR)
    second = clinic.schedule("2026-04-20T18:00")
    assert world.reach(clock.now() + 6 * DAY) == []
    (again,) = world.reach(clock.now() + DAY)
    assert [re.findall(r"/sessions/([0-9a-f-]{36})/", mail.text) for mail in (alert, again)] == [[first], [second]]
