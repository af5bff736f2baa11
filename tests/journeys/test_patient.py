"""A patient's way through the whole program: over real HTTP and real SMTP, on both databases, with the time moved."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest

from scheduler.loop import Scheduler
from tests.conftest import make_settings
from tests.factories import Factory
from tests.support.calendars import PersonalCalendar, read_entry
from tests.support.smtp import ReceivedMail, SmtpSink
from webinars.testing import SetClock
from webinars.work import Process

SECOND, MINUTE, HOUR = timedelta(seconds=1), timedelta(minutes=1), timedelta(hours=1)
REMINDED_BEFORE = (24 * HOUR, HOUR, 10 * MINUTE)
ROOM = "https://rooms.example/r/knee"
STARTS_AT = datetime(2026, 3, 11, 1, 0, tzinfo=UTC)
"""Tuesday, 10 March 2026, 7 PM in Denver and 9 PM in New York, two days after the clocks went forward in both."""
FROM_OUR_PAGE = {"Sec-Fetch-Site": "same-origin"}
"""What a browser says of a form that was sent from our own page."""


def moment(text: str) -> datetime:
    return datetime.fromisoformat(text)


@dataclass
class World:
    """The program as its users meet it: an address, a mail server, and time that passes."""

    http: httpx.Client
    sink: SmtpSink
    clock: SetClock
    scheduler: Scheduler

    def reach(self, then: datetime) -> list[ReceivedMail]:
        """Let it be `then`, and give the mails that were sent at that moment."""
        before = len(self.sink.mails)
        self.clock.set(then)
        self.scheduler.tick(then)
        return self.sink.mails[before:]


@dataclass
class Clinic:
    """A host's program, with a token."""

    world: World
    headers: dict[str, str]

    def call(self, method: str, path: str, **body: Any) -> Any:
        matching = {"If-Match": "*"} if method == "PATCH" else {}
        answer = self.world.http.request(
            method, f"/api/v1{path}", headers=self.headers | matching, json=body if method != "GET" else None
        )
        assert answer.is_success, answer.text
        return answer.json()

    def offer(self, **facts: Any) -> None:
        """Publish a webinar about knees."""
        self.call("POST", "/topics", slug="knee", name="Knee")
        self.call("POST", "/webinars", slug="knee-options", title="Knee pain: options", topics=["knee"], **facts)
        self.call("PATCH", "/webinars/knee-options", status="published")

    def schedule(self, local: str, *, capacity: int = 25) -> str:
        """A session at a wall time in Denver. Gives its id."""
        session = self.call(
            "POST",
            "/sessions",
            webinar="knee-options",
            starts_at_local=local,
            timezone="America/Denver",
            duration_minutes=60,
            capacity=capacity,
            room_url=ROOM,
        )
        return str(session["id"])

    def reminders_of(self, session_id: str) -> list[tuple[str, str, str | None]]:
        items = self.call("GET", f"/sessions/{session_id}/reminders")["items"]
        return [(item["rule"], item["state"], item["reason"]) for item in items]

    def attendance_of(self, session_id: str) -> list[tuple[str | None, int | None, str | None]]:
        items = self.call("GET", f"/sessions/{session_id}/attendance")["items"]
        return [(item["state"], item["minutes"], item["evidence"]) for item in items]

    def follow_ups_of(self, session_id: str) -> list[tuple[str, str | None]]:
        items = self.call("GET", f"/sessions/{session_id}/follow-ups")["items"]
        return [(item["segment"], item["message_state"]) for item in items]

    def report(self, session_id: str, email: str, joined_at: datetime, left_at: datetime) -> None:
        """What the meeting's report says of one stay."""
        interval = {
            "email": email,
            "joined_at": joined_at.isoformat(),
            "left_at": left_at.isoformat(),
            "source": "report",
        }
        recorded = self.call("POST", f"/sessions/{session_id}/attendance", intervals=[interval])
        assert recorded == {"matched": 1, "unmatched": 0}


@dataclass
class Patient:
    """Somebody with a browser, a mailbox and a calendar."""

    world: World
    email: str
    name: str = "Ana Núñez"
    timezone: str = "America/New_York"
    calendar: PersonalCalendar = field(default_factory=PersonalCalendar)

    def find(self, topic: str) -> list[dict[str, Any]]:
        """What is offered to anyone."""
        items: list[dict[str, Any]] = self.world.http.get("/api/v1/sessions", params={"topic": topic}).json()["items"]
        return items

    def register(self, session_id: str) -> str:
        """Register as anyone may; gives what one is told."""
        person = {"email": self.email, "name": self.name, "timezone": self.timezone}
        answer = self.world.http.post(f"/api/v1/sessions/{session_id}/registrations", json=person)
        assert answer.status_code == 201, answer.text
        assert set(answer.json()) == {"status", "session"}  # a stranger gets no link
        return str(answer.json()["status"])

    def mails(self) -> list[ReceivedMail]:
        return self.world.sink.to(self.email)

    def newest(self) -> ReceivedMail:
        """The newest mail; what it says to calendars is entered."""
        mail = self.mails()[-1]
        if mail.calendar:
            self.calendar.take(mail.calendar)
        return mail

    def press_join(self, mail: ReceivedMail) -> httpx.Response:
        """Open the link in a mail, and press the button of the page behind it."""
        path = link_in(mail, "j")
        assert self.world.http.get(path).status_code == 200
        return self.world.http.post(path, headers=FROM_OUR_PAGE)

    def cancel(self, mail: ReceivedMail) -> None:
        self._press(mail, "cancel")

    def take_the_seat(self, mail: ReceivedMail) -> None:
        self._press(mail, "accept")

    def _press(self, mail: ReceivedMail, button: str) -> None:
        """By the link in a mail and the button on one's own page."""
        with httpx.Client(base_url=str(self.world.http.base_url), follow_redirects=True) as browser:
            own_page = browser.get(link_in(mail, "m"))
            (registration,) = set(re.findall(r'name="registration" value="([0-9a-f-]{36})"', own_page.text))
            answer = browser.post(
                f"/my-registration/{button}", data={"registration": registration}, headers=FROM_OUR_PAGE
            )
        assert answer.status_code == 200


def link_in(mail: ReceivedMail, letter: str) -> str:
    """The path of a personal link."""
    found = {urlsplit(url).path for url in re.findall(r"https?://\S+", mail.text)}
    (path,) = (str(path) for path in found if path.startswith(f"/{letter}/"))
    return path


@pytest.fixture
def process(database_url: str, tmp_path: Path, clock: SetClock, sink: SmtpSink) -> Iterator[Process]:
    """On the real mail transport."""
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


@pytest.fixture
def patient(world: World) -> Patient:
    return Patient(world, "ana@mail.example")


@pytest.fixture
def session_id(clinic: Clinic) -> str:
    """A published session that starts at STARTS_AT."""
    clinic.offer()
    return clinic.schedule("2026-03-10T19:00")


def subjects(mails: list[ReceivedMail]) -> list[str]:
    return [mail.subject for mail in mails]


def assert_reminded(world: World, starts_at: datetime, of_what: str) -> None:
    """Three reminders, each at its very second and only once."""
    for before, lead in zip(REMINDED_BEFORE, ("Tomorrow", "In 1 hour", "In 10 minutes"), strict=True):
        assert world.reach(starts_at - before - SECOND) == []
        assert subjects(world.reach(starts_at - before)) == [f"{lead}: {of_what}"]
        assert world.reach(starts_at - before + SECOND) == []


def test_a_patient_who_comes(world: World, clinic: Clinic, patient: Patient, clock: SetClock) -> None:
    # The host offers a webinar; the public sees it once it is published.
    clinic.call("POST", "/topics", slug="knee", name="Knee")
    clinic.call("POST", "/webinars", slug="knee-options", title="Knee pain: options", topics=["knee"])
    session_id = clinic.schedule("2026-03-07T12:00")
    assert patient.find("knee") == []
    clinic.call("PATCH", "/webinars/knee-options", status="published")

    # A patient in another zone finds it and registers.
    (found,) = patient.find("knee")
    assert (found["id"], found["starts_at"], found["seats_left"]) == (session_id, "2026-03-07T19:00:00Z", 25)
    assert patient.register(found["id"]) == "confirmed"
    world.reach(clock.now())
    assert subjects(patient.mails()) == ["Confirmed: Your webinar on Sat, Mar 7, 2:00 PM"]

    # The mail's invite says the same to two independent readers.
    invite = read_entry(patient.newest().calendar)
    assert (invite.method, invite.starts_at, invite.ends_at) == (
        "REQUEST",
        moment("2026-03-07T19:00:00Z"),
        moment("2026-03-07T20:00:00Z"),
    )
    assert (invite.summary, invite.status, invite.sequence) == ("Your webinar", "CONFIRMED", 0)
    assert patient.calendar.shown == [invite]

    # The host moves the session by a day and an hour. In between, the clocks go forward in both zones.
    clinic.call("PATCH", f"/sessions/{session_id}", starts_at_local="2026-03-08T13:00")
    world.reach(clock.now())
    assert subjects(patient.mails())[1:] == ["New time: Your webinar on Sun, Mar 8, 3:00 PM"]
    assert "Sunday, March 8, 2026, 3:00 PM Eastern Time (America/New_York)" in patient.newest().text
    (moved,) = patient.calendar.shown
    assert (moved.uid, moved.sequence) == (invite.uid, 1)
    assert moved.starts_at == moment("2026-03-08T19:00:00Z")

    # Reminders come at their very second, for the new time alone.
    starts_at = moved.starts_at
    for before in REMINDED_BEFORE:
        assert world.reach(invite.starts_at - before) == []
    assert_reminded(world, starts_at, "Your webinar on Sun, Mar 8, 3:00 PM")
    assert "Sunday, March 8, 2026, 3:00 PM Eastern Time (America/New_York)" in patient.newest().text
    assert "Sunday, March 8, 2026, 1:00 PM Mountain Time (America/Denver)" in patient.newest().text

    # The link of the first mail still leads into the room; opening the page alone does not.
    clock.set(starts_at - 5 * MINUTE)
    entered = patient.press_join(patient.mails()[0])
    assert (entered.status_code, entered.headers["Location"]) == (303, ROOM)

    # The meeting's report comes in; half an hour after the end all is settled.
    ends_at = starts_at + HOUR
    clock.set(ends_at + 5 * MINUTE)
    clinic.report(session_id, patient.email.upper(), starts_at - 4 * MINUTE, ends_at - 2 * MINUTE)
    assert world.reach(ends_at + 30 * MINUTE - SECOND) == []
    assert clinic.attendance_of(session_id) == [(None, None, None)]
    assert subjects(world.reach(ends_at + 30 * MINUTE)) == ["Thank you for joining us"]
    assert clinic.attendance_of(session_id) == [("attended", 58, "interval")]
    assert clinic.follow_ups_of(session_id) == [("attended", "sent")]
    assert clinic.reminders_of(session_id) == [
        ("24 h before", "sent", None),
        ("1 h before", "sent", None),
        ("10 min before", "sent", None),
        ("5 min after the start, if not there", "missed", "expired"),  # nobody looked while it helped
    ]
    assert world.reach(ends_at + timedelta(days=3)) == []
    assert len(patient.mails()) == 6


def test_a_patient_who_does_not_come(world: World, clinic: Clinic, session_id: str, patient: Patient) -> None:
    patient.register(session_id)
    following = clinic.schedule("2026-04-14T19:00")
    world.reach(STARTS_AT - 10 * MINUTE)
    before = len(patient.mails())
    world.reach(STARTS_AT + 60 * MINUTE + 2 * HOUR - SECOND)  # a report may come yet
    assert subjects(patient.mails())[before:] == []
    world.reach(STARTS_AT + 60 * MINUTE + 2 * HOUR)
    assert subjects(patient.mails())[before:] == ["Sorry we missed you"]
    assert f"/sessions/{following}/register" in patient.newest().text
    assert clinic.attendance_of(session_id) == [("no_show", 0, "none")]
    assert clinic.follow_ups_of(session_id) == [("no_show", "sent")]


def test_a_patient_who_leaves_early(
    world: World, clinic: Clinic, session_id: str, patient: Patient, clock: SetClock
) -> None:
    clinic.call("PATCH", "/webinars/knee-options", replay_url="https://video.example/knee")
    patient.register(session_id)
    (confirmation,) = world.reach(clock.now())
    clock.set(STARTS_AT + 2 * MINUTE)
    assert patient.press_join(confirmation).status_code == 303
    clock.set(STARTS_AT + 70 * MINUTE)
    clinic.report(session_id, patient.email, STARTS_AT + 2 * MINUTE, STARTS_AT + 20 * MINUTE)
    assert subjects(world.reach(STARTS_AT + 90 * MINUTE)) == ["The rest of your webinar"]
    assert "#replay" in patient.newest().text
    assert "https://video.example" not in patient.newest().text  # it might say what it is about
    assert clinic.attendance_of(session_id) == [("left_early", 18, "interval")]


def test_a_patient_of_whom_only_the_click_is_known_gets_no_wrong_mail(
    world: World, clinic: Clinic, session_id: str, patient: Patient, clock: SetClock
) -> None:
    patient.register(session_id)
    (confirmation,) = world.reach(clock.now())
    clock.set(STARTS_AT - 12 * MINUTE)
    assert patient.press_join(confirmation).status_code == 303
    assert world.reach(STARTS_AT - 10 * MINUTE) == []  # who is there already needs no reminder
    assert world.reach(STARTS_AT + 60 * MINUTE + 2 * HOUR) == []
    assert clinic.attendance_of(session_id) == [("unknown", 0, "clicked")]
    assert clinic.follow_ups_of(session_id) == [("unknown", None)]


def test_a_patient_who_cancels_makes_room_for_the_next(
    world: World, clinic: Clinic, patient: Patient, clock: SetClock
) -> None:
    clinic.offer()
    session_id = clinic.schedule("2026-03-10T19:00", capacity=1)
    next_in_line, last_in_line = Patient(world, "ben@mail.example"), Patient(world, "cleo@mail.example")
    assert [person.register(session_id) for person in (patient, next_in_line, last_in_line)] == [
        "confirmed",
        "waitlisted",
        "waitlisted",
    ]
    world.reach(clock.now())
    invite = read_entry(patient.newest().calendar)
    patient.cancel(patient.mails()[0])
    world.reach(clock.now())

    assert subjects(patient.mails())[1:] == ["Registration cancelled: Your webinar on Tue, Mar 10, 9:00 PM"]
    cancellation = read_entry(patient.newest().calendar)
    assert (cancellation.method, cancellation.status) == ("CANCEL", None)  # a STATUS would be off for everybody
    assert (cancellation.uid, cancellation.sequence) == (invite.uid, 1)
    assert patient.calendar.shown == []

    assert subjects(next_in_line.mails())[1:] == ["A place for you: Your webinar on Tue, Mar 10, 9:00 PM"]
    next_in_line.take_the_seat(next_in_line.mails()[1])
    world.reach(clock.now())
    assert subjects(next_in_line.mails())[2:] == ["Confirmed: Your webinar on Tue, Mar 10, 9:00 PM"]
    next_in_line.newest()
    assert [entry.starts_at for entry in next_in_line.calendar.shown] == [STARTS_AT]
    assert subjects(last_in_line.mails()) == ["On the waitlist: Your webinar on Tue, Mar 10, 9:00 PM"]

    for before in REMINDED_BEFORE:
        assert [mail.recipient for mail in world.reach(STARTS_AT - before)] == [next_in_line.email]
    clock.set(STARTS_AT - 5 * MINUTE)
    assert patient.press_join(patient.mails()[0]).status_code == 200  # a page that says why not
    assert next_in_line.press_join(next_in_line.mails()[2]).status_code == 303


def test_a_patient_who_registers_half_an_hour_before(
    world: World, clinic: Clinic, session_id: str, patient: Patient, clock: SetClock
) -> None:
    world.reach(STARTS_AT - 30 * MINUTE)
    patient.register(session_id)
    assert subjects(world.reach(clock.now())) == ["Confirmed: Your webinar on Tue, Mar 10, 9:00 PM"]
    assert clinic.reminders_of(session_id) == [
        ("24 h before", "skipped", "late"),
        ("1 h before", "skipped", "late"),
        ("10 min before", "planned", None),
        ("5 min after the start, if not there", "planned", None),
    ]
    assert world.reach(STARTS_AT - 10 * MINUTE - SECOND) == []
    assert subjects(world.reach(STARTS_AT - 10 * MINUTE)) == ["In 10 minutes: Your webinar on Tue, Mar 10, 9:00 PM"]
    assert clinic.reminders_of(session_id) == [
        ("24 h before", "skipped", "late"),
        ("1 h before", "skipped", "late"),
        ("10 min before", "sent", None),
        ("5 min after the start, if not there", "planned", None),
    ]


def test_a_session_that_is_cancelled(
    world: World, clinic: Clinic, session_id: str, patient: Patient, clock: SetClock
) -> None:
    patient.register(session_id)
    world.reach(clock.now())
    world.reach(STARTS_AT - 24 * HOUR)
    invite = read_entry(patient.mails()[0].calendar)
    clinic.call("POST", f"/sessions/{session_id}/cancel")
    assert subjects(world.reach(clock.now())) == ["Cancelled: Your webinar on Tue, Mar 10, 9:00 PM"]
    cancellation = read_entry(patient.newest().calendar)
    assert (cancellation.method, cancellation.status) == ("CANCEL", "CANCELLED")
    assert (cancellation.uid, cancellation.sequence) == (invite.uid, 1)
    assert patient.calendar.shown == []
    for then in (STARTS_AT - HOUR, STARTS_AT - 10 * MINUTE, STARTS_AT, STARTS_AT + 90 * MINUTE):
        assert world.reach(then) == []
    clock.set(STARTS_AT)
    assert patient.press_join(patient.mails()[0]).status_code == 200  # a page that says why not
    assert clinic.follow_ups_of(session_id) == []
