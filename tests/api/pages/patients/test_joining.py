"""The way into the room."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
import sqlalchemy as sa

from tests.api.pages.patients.conftest import Visitor
from tests.api.pages.patients.test_registering import rows
from tests.conftest import make_settings
from tests.factories import Factory
from webinars.rules.sessions import wall_time
from webinars.services import attendance, registrations, sessions, waitlist
from webinars.services.registering import Registered
from webinars.tables import AttendanceInterval
from webinars.terms import LinkPurpose
from webinars.testing import MemoryMailer, SetClock
from webinars.work import Process

PathOf = Callable[[LinkPurpose, Registered], str]
BEFORE = timedelta(days=7)
ROOM = "https://rooms.example/r/1"


@pytest.fixture
def session_id(make: Factory) -> UUID:
    make.webinar("knee-options")
    return make.session("knee-options", capacity=2).session.id


@pytest.fixture
def ana(make: Factory, session_id: UUID) -> Registered:
    return make.registration(session_id, "ana@mail.example")


@pytest.fixture
def door(ana: Registered, path_of: PathOf) -> str:
    return path_of(LinkPurpose.enter, ana)


def test_early_it_says_when_it_opens_and_lets_nobody_in(visitor: Visitor, door: str, sqlite_process: Process) -> None:
    for page in (visitor.get(door), visitor.post(door)):
        assert page.status_code == 200
        assert "The room opens in 7 days" in page.text
        assert "8:45 AM Mountain Time" in page.text
        assert 'data-until="2026-03-09T14:45:00Z"' in page.text
        assert ROOM not in page.text
        assert page.headers["cache-control"] == "no-store"
        assert page.headers["x-robots-tag"] == "noindex"
    assert rows(sqlite_process, AttendanceInterval) == []


@pytest.mark.parametrize("wait", [BEFORE - timedelta(minutes=15), BEFORE + timedelta(minutes=59)])
def test_the_button_leads_to_the_room_and_is_noted(
    visitor: Visitor, door: str, clock: SetClock, sqlite_process: Process, wait: timedelta
) -> None:
    clock.advance(wait)
    for method in ("GET", "HEAD", "GET"):
        page = visitor.request(method, door)
        assert page.status_code == 200
    assert "Join now" in page.text
    assert ("Your webinar has started" if wait >= BEFORE else "Your webinar is ready") in page.text
    assert ROOM not in page.text
    assert "form-action 'self' https://rooms.example;" in page.headers["content-security-policy"]
    assert rows(sqlite_process, AttendanceInterval) == []
    answer = visitor.post(door)
    assert (answer.status_code, answer.headers["location"]) == (303, ROOM)
    assert answer.headers["cache-control"] == "no-store"
    (interval,) = rows(sqlite_process, AttendanceInterval)
    assert (interval.source, interval.joined_at) == ("click", clock.now())


def test_the_policy_lets_in_the_hosts_that_the_operator_allows(
    sqlite_url: str, tmp_path: Any, clock: SetClock, serve: Callable[[Process], str]
) -> None:
    settings = make_settings(sqlite_url, tmp_path, room_hosts="rooms.example, zoom.example")
    process = Process(settings, clock=clock, mail=MemoryMailer())
    make = Factory(process)
    registered = make.registration(make.session().session.id)
    clock.advance(BEFORE)
    token = process.vault.link_token(LinkPurpose.enter, registered.registration.id, 0)
    with Visitor(serve(process), clock) as visitor:
        policy = visitor.get(f"/j/{token}").headers["content-security-policy"]
    process.close()
    assert "https://*.zoom.example https://rooms.example https://zoom.example;" in policy


@pytest.mark.parametrize("room", ["https://rooms.example;script-src *", "https://rooms example/"])
def test_a_strange_room_cannot_loosen_the_policy(
    visitor: Visitor, door: str, clock: SetClock, sqlite_process: Process, session_id: UUID, room: str
) -> None:
    set_room(sqlite_process, session_id, room)
    clock.advance(BEFORE)
    policy = visitor.get(door).headers["content-security-policy"]
    assert "form-action 'self' https:;" in policy
    assert policy.count("script-src") == 1


def test_trouble_with_noting_keeps_nobody_out(
    visitor: Visitor, door: str, clock: SetClock, sqlite_process: Process, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> str:
        raise sa.exc.OperationalError("insert", {}, Exception("disk full"))

    clock.advance(BEFORE)
    monkeypatch.setattr(attendance, "note_click", fail)
    answer = visitor.post(door)
    assert (answer.status_code, answer.headers["location"]) == (303, ROOM)


def test_a_database_that_is_busy_writing_keeps_nobody_out(
    visitor: Visitor, door: str, clock: SetClock, sqlite_process: Process
) -> None:
    clock.advance(BEFORE)
    with sqlite_process.work() as work:
        work.db.execute(sa.text("SELECT 1"))  # BEGIN IMMEDIATE: from here on nobody else can write
        answer = visitor.post(door, timeout=10)
    assert (answer.status_code, answer.headers["location"]) == (303, ROOM)


def test_a_missing_room_is_said_kindly(
    visitor: Visitor, door: str, clock: SetClock, sqlite_process: Process, session_id: UUID
) -> None:
    set_room(sqlite_process, session_id, "")
    clock.advance(BEFORE)
    for page in (visitor.get(door), visitor.post(door)):
        assert page.status_code == 200
        assert "We are getting the room ready" in page.text
        assert "+1 303 555 0100" in page.text


def test_after_the_end_it_leads_to_what_comes_then(visitor: Visitor, door: str, clock: SetClock) -> None:
    clock.advance(BEFORE + timedelta(hours=1))
    for answer in (visitor.get(door), visitor.post(door)):
        assert (answer.status_code, answer.headers["location"]) == (303, door.replace("/j/", "/after/"))


def test_who_has_no_seat_is_told_why(
    visitor: Visitor, make: Factory, clock: SetClock, session_id: UUID, ana: Registered, path_of: PathOf
) -> None:
    make.registration(session_id)
    waiting = make.registration(session_id)
    make.webinar("asks", needs_approval=True)
    pending = make.registration(make.session("asks").session.id)
    declined = make.registration(make.session("asks").session.id)
    with make.process.work() as work:
        registrations.decline(work, declined.registration.id, make.now)
    with make.process.work() as work:
        registrations.withdraw(work, waiting.registration.id, make.now)
    again = make.registration(session_id)
    clock.advance(BEFORE)
    for registered, words in (
        (waiting, "Your registration is cancelled"),
        (again, "You are on the waitlist"),
        (pending, "We have your request"),
        (declined, "You have no seat for this date"),
    ):
        for page in (
            visitor.get(path_of(LinkPurpose.enter, registered)),
            visitor.post(path_of(LinkPurpose.enter, registered)),
        ):
            assert page.status_code == 200
            assert words in page.text
            assert "Join now" not in page.text


def test_who_is_offered_a_seat_is_told_until_when(
    visitor: Visitor, make: Factory, clock: SetClock, session_id: UUID, ana: Registered, path_of: PathOf
) -> None:
    make.registration(session_id)
    waiting = make.registration(session_id, timezone="America/New_York")
    with make.process.work() as work:
        registrations.withdraw(work, ana.registration.id, make.now)
    door = path_of(LinkPurpose.enter, waiting)
    for page in (visitor.get(door), visitor.post(door)):
        assert "A seat is free for you" in page.text
        assert "Tuesday, March 3, 2026, 10:00 AM Eastern Time (America/New_York)" in page.text
    clock.advance(timedelta(days=1))
    waitlist.end_offers(make.process, clock.now())
    page = visitor.get(door).text
    assert "The time to answer has passed" in page
    assert "Join now" not in page


def test_a_moved_and_a_cancelled_session_say_so(visitor: Visitor, door: str, make: Factory, session_id: UUID) -> None:
    wall = wall_time(make.now + timedelta(days=8), "America/Denver")
    with make.process.work() as work:
        sessions.update_session(work, session_id, {"wall": wall}, version=None, actor="test", now=make.now)
    moved = visitor.get(door).text
    assert "Something was changed" in moved
    assert "Tuesday, March 10, 2026" in moved
    with make.process.work() as work:
        sessions.cancel_session(work, session_id, version=None, actor="test", now=make.now)
    assert "This webinar was cancelled" in visitor.get(door).text
    assert "This webinar was cancelled" in visitor.post(door).text


def test_links_for_managing_do_not_open_the_room(visitor: Visitor, ana: Registered, path_of: PathOf) -> None:
    manage = path_of(LinkPurpose.manage, ana).replace("/m/", "/j/")
    assert visitor.get(manage).status_code == 404
    assert visitor.post(manage).status_code == 404


def set_room(process: Process, session_id: UUID, url: str) -> None:
    with process.work() as work:
        work.db.execute(sa.text("UPDATE sessions SET room_url = :url"), {"url": url})
