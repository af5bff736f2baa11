"""Changes of a session that registrants know of: they are told, their calendars follow, reminders are planned anew."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
import sqlalchemy as sa
from sqlmodel import col

from tests.conftest import NOW
from tests.factories import ACTOR, Factory
from tests.support.zones import Decree, new_zone_data
from tests.webinars.services.looks import seats, withdraw
from webinars.errors import SessionStarted, VersionMismatch
from webinars.services import rescheduling, sessions, webinars
from webinars.services.rescheduling import Retimed
from webinars.tables import Message, Reminder, WebinarSession
from webinars.terms import MessageKind, MessageState, ReminderState, SessionStatus, WallTime
from webinars.testing import SetClock
from webinars.work import Process


def update(process: Process, session_id: UUID, **changes: Any) -> None:
    with process.work() as work:
        sessions.update_session(work, session_id, changes, version=None, actor=ACTOR, now=process.clock.now())


def rename(process: Process, slug: str, **changes: Any) -> None:
    with process.work() as work:
        webinars.update_webinar(
            work, slug, changes, topics=None, presenters=None, version=None, actor=ACTOR, now=process.clock.now()
        )


def cancel(process: Process, session_id: UUID) -> None:
    with process.work() as work:
        sessions.cancel_session(work, session_id, version=None, actor=ACTOR, now=process.clock.now())


def reinstate(process: Process, session_id: UUID, version: int | None = None) -> WebinarSession:
    with process.work() as work:
        return rescheduling.reinstate_session(
            work, session_id, version=version, actor=ACTOR, now=process.clock.now()
        ).session


def told(process: Process, kind: MessageKind) -> list[tuple[UUID | None, int, MessageState]]:
    """To whom, with which SEQUENCE, and whether it is still to be sent."""
    with process.read() as work:
        rows = work.db.scalars(sa.select(Message).where(col(Message.kind) == kind).order_by(col(Message.id)))
        return [(row.registration_id, row.sequence, row.state) for row in rows]


def kept(process: Process, session_id: UUID) -> WebinarSession:
    with process.read() as work:
        return work.db.get_one(WebinarSession, session_id)


def live_reminders(process: Process, session_id: UUID) -> set[int]:
    """The versions of the schedule that reminders are planned for."""
    with process.read() as work:
        query = sa.select(col(Reminder.schedule_version)).where(
            col(Reminder.session_id) == session_id, col(Reminder.state) == ReminderState.planned
        )
        return set(work.db.scalars(query))


def test_a_new_title_is_told_to_those_with_a_seat_in_sessions_to_come(process: Process, factory: Factory) -> None:
    slug = factory.webinar(public_title="Your webinar")
    one, two = (factory.session(slug, starts_in=timedelta(days=days), capacity=1) for days in (3, 4))
    off = factory.session(slug, starts_in=timedelta(days=5))
    people = [factory.registration(item.session.id).registration.id for item in (one, two, off)]
    factory.registration(one.session.id)  # on the waitlist
    cancel(process, off.session.id)
    rename(process, slug, public_title="Your evening with us")
    assert told(process, MessageKind.updated) == [(who, 1, MessageState.planned) for who in people[:2]]
    assert [kept(process, item.session.id).details_version for item in (one, two, off)] == [1, 1, 0]
    assert live_reminders(process, one.session.id) == {0}, "the time is the same: so are the reminders"


def test_what_no_calendar_shows_is_told_to_nobody(process: Process, factory: Factory) -> None:
    slug = factory.webinar()
    item = factory.session(slug)
    factory.registration(item.session.id)
    rename(process, slug, title="Knees", public_title="Your webinar")
    update(process, item.session.id, capacity=20, room_url=item.session.room_url)
    assert told(process, MessageKind.updated) == []


def test_another_room_is_told_and_a_first_one_is_not(process: Process, factory: Factory) -> None:
    item = factory.session(room_url="")
    who = factory.registration(item.session.id).registration.id
    update(process, item.session.id, room_url="https://rooms.example/r/1")
    assert told(process, MessageKind.updated) == []
    update(process, item.session.id, room_url="https://rooms.example/r/2")
    update(process, item.session.id, room_url="https://rooms.example/r/3")
    assert told(process, MessageKind.updated) == [
        (who, 1, MessageState.skipped),
        (who, 2, MessageState.planned),
    ], "the newer news make the older ones void"


def test_a_move_with_a_new_room_is_one_mail(process: Process, factory: Factory) -> None:
    item = factory.session()
    who = factory.registration(item.session.id).registration.id
    update(process, item.session.id, room_url="https://rooms.example/r/2", duration_minutes=45)
    assert told(process, MessageKind.moved) == [(who, 1, MessageState.planned)]
    assert told(process, MessageKind.updated) == []


def test_the_sequence_only_grows_whatever_happens_in_which_order(process: Process, factory: Factory) -> None:
    item = factory.session()
    session_id = item.session.id
    who = factory.registration(session_id, "ana@mail.example").registration.id
    update(process, session_id, room_url="https://rooms.example/r/2")
    update(process, session_id, duration_minutes=45)
    cancel(process, session_id)
    reinstate(process, session_id)
    withdraw(process, who)
    factory.registration(session_id, "ana@mail.example")
    update(process, session_id, room_url="https://rooms.example/r/3")
    with process.read() as work:
        calendar = sa.select(Message).where(col(Message.kind).in_([*rescheduling_kinds()])).order_by(col(Message.id))
        sequences = [row.sequence for row in work.db.scalars(calendar)]
    assert sequences == sorted(set(sequences)) == list(range(len(sequences)))


def rescheduling_kinds() -> set[MessageKind]:
    return {
        MessageKind.confirmation,
        MessageKind.moved,
        MessageKind.updated,
        MessageKind.session_cancelled,
        MessageKind.reinstated,
        MessageKind.withdrawn,
    }


def test_a_reinstated_session_is_as_it_was(process: Process, factory: Factory) -> None:
    item = factory.session(capacity=1)
    session_id = item.session.id
    seated, waiting = (factory.registration(session_id).registration.id for _ in range(2))
    cancel(process, session_id)
    assert live_reminders(process, session_id) == set()
    session = reinstate(process, session_id)
    assert (session.status, session.schedule_version, session.starts_at) == (
        SessionStatus.scheduled,
        2,
        item.session.starts_at,
    )
    assert told(process, MessageKind.reinstated) == [
        (seated, 2, MessageState.planned),
        (waiting, 2, MessageState.planned),
    ]
    assert live_reminders(process, session_id) == {2}
    assert seats(process, session_id) == (1, 1)
    reinstate(process, session_id)
    assert len(told(process, MessageKind.reinstated)) == 2, "twice is once"


def test_seats_that_came_free_while_it_was_off_go_to_those_who_wait(process: Process, factory: Factory) -> None:
    session_id = factory.session(capacity=1).session.id
    seated, waiting = (factory.registration(session_id).registration.id for _ in range(2))
    cancel(process, session_id)
    withdraw(process, seated)
    assert told(process, MessageKind.offered) == []
    reinstate(process, session_id)
    assert [who for who, _, _ in told(process, MessageKind.offered)] == [waiting]
    assert seats(process, session_id) == (1, 0)


def test_what_is_over_or_was_changed_is_not_reinstated(process: Process, factory: Factory, clock: SetClock) -> None:
    item = factory.session()
    cancel(process, item.session.id)
    with pytest.raises(VersionMismatch):
        reinstate(process, item.session.id, version=1)
    with process.read() as work:
        assert rescheduling.preview_reinstatement(work, item.session.id, NOW) == 0
    clock.set(item.session.starts_at)
    with pytest.raises(SessionStarted):
        reinstate(process, item.session.id)


@pytest.fixture
def decree(tmp_path: Path) -> Iterator[Decree]:
    with new_zone_data(tmp_path / "zones") as decree:
        yield decree


def test_new_zone_data_keeps_the_wall_time_and_moves_the_moment(
    process: Process, factory: Factory, decree: Decree
) -> None:
    item = factory.session(starts_in=timedelta(days=30))
    elsewhere = factory.session(starts_in=timedelta(days=30), timezone="America/New_York")
    off = factory.session(starts_in=timedelta(days=30))
    who = factory.registration(item.session.id).registration.id
    factory.registration(elsewhere.session.id)
    cancel(process, off.session.id)
    assert rescheduling.retime_sessions(process, NOW) == Retimed(0, [])
    decree("America/Denver", "America/Chicago")
    assert rescheduling.retime_sessions(process, NOW) == Retimed(1, [])
    session = kept(process, item.session.id)
    hour = timedelta(hours=1)
    assert session.starts_at_local == item.session.starts_at_local
    assert (session.starts_at, session.ends_at) == (item.session.starts_at - hour, item.session.ends_at - hour)
    assert session.schedule_version == 1
    assert told(process, MessageKind.moved) == [(who, 1, MessageState.planned)]
    assert live_reminders(process, item.session.id) == {1}
    assert rescheduling.retime_sessions(process, NOW) == Retimed(0, []), "twice is once"
    assert reinstate(process, off.session.id).starts_at == off.session.starts_at - hour


def test_a_wall_time_that_new_rules_skip_is_left_for_a_host(process: Process, factory: Factory, decree: Decree) -> None:
    """Denver's clocks go forward on 8 March; on 29 March those of Berlin do, over what was a plain time in Denver."""
    factory.webinar()
    local = datetime(2026, 3, 29, 2, 30)  # noqa: DTZ001 - wall time
    with process.work() as work:
        session = sessions.create_session(
            work,
            webinar="knee-options",
            wall=WallTime(local, "America/Denver"),
            duration_minutes=60,
            capacity=5,
            actor=ACTOR,
            now=NOW,
        ).session
    decree("America/Denver", "Europe/Berlin")
    assert rescheduling.retime_sessions(process, NOW) == Retimed(0, [session.id])
    assert kept(process, session.id).starts_at == session.starts_at
