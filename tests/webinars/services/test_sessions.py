"""Sessions made, moved, resized and cancelled: whoever is registered learns of it, and nothing else changes."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
import sqlalchemy as sa
from sqlmodel import col

from tests.conftest import NOW
from tests.factories import ACTOR, Factory
from webinars.errors import (
    CapacityTooSmall,
    InvalidField,
    NotFound,
    SessionCancelled,
    SessionStarted,
    TimeDoesNotExist,
    TimeIsAmbiguous,
    UnknownTimezone,
    VersionMismatch,
    WebinarsError,
)
from webinars.queries import registrations as registrations_queries
from webinars.services import registrations, sessions
from webinars.tables import AuditEntry, Message, Registration, WebinarSession
from webinars.terms import MessageKind, RegistrationStatus, SessionStatus, WallTime
from webinars.testing import SetClock
from webinars.work import Process

HOUR = timedelta(hours=1)


def update(process: Process, session_id: UUID, version: int | None = None, **changes: Any) -> WebinarSession:
    with process.work() as work:
        item = sessions.update_session(work, session_id, changes, version=version, actor=ACTOR, now=process.clock.now())
        return item.session


def cancel(process: Process, session_id: UUID) -> WebinarSession:
    with process.work() as work:
        return sessions.cancel_session(work, session_id, version=None, actor=ACTOR, now=process.clock.now()).session


def told(process: Process, kind: MessageKind) -> list[UUID]:
    with process.read() as work:
        query = sa.select(col(Message.registration_id)).where(col(Message.kind) == kind)
        return list(work.db.scalars(query.order_by(col(Message.registration_id))))


def wall(text: str, timezone: str = "America/Denver") -> WallTime:
    return WallTime(datetime.fromisoformat(text), timezone)


def test_wall_time_and_zone_are_the_truth_of_a_session(process: Process, factory: Factory) -> None:
    factory.webinar()
    with process.work() as work:
        session = sessions.create_session(
            work,
            webinar="knee-options",
            wall=wall("2026-03-08T18:00"),
            duration_minutes=90,
            capacity=5,
            actor=ACTOR,
            now=NOW,
        ).session
    assert session.starts_at == datetime.fromisoformat("2026-03-09T00:00Z")
    assert session.ends_at - session.starts_at == timedelta(minutes=90)
    with process.read() as work:
        kept = work.db.get_one(WebinarSession, session.id)
    assert (kept.starts_at_local, kept.timezone) == wall("2026-03-08T18:00")


@pytest.mark.parametrize(
    ("facts", "refusal"),
    [
        ({"webinar": "nothing"}, NotFound),
        ({"wall": wall("2026-03-08T02:30")}, TimeDoesNotExist),
        ({"wall": wall("2026-11-01T01:30")}, TimeIsAmbiguous),
        ({"wall": wall("2026-03-08T18:00", "Mars/Phobos")}, UnknownTimezone),
        ({"wall": wall("2026-03-01T18:00")}, SessionStarted),
        ({"capacity": 0}, CapacityTooSmall),
        ({"duration_minutes": 4}, InvalidField),
        ({"duration_minutes": 601}, InvalidField),
        ({"room_url": "http://rooms.example/r"}, InvalidField),
        ({"room_url": "https://user:pass@rooms.example/r"}, InvalidField),
        ({"room_url": "javascript:alert(1)"}, InvalidField),
    ],
)
def test_what_makes_no_session_is_refused(
    process: Process, factory: Factory, facts: dict[str, Any], refusal: type[WebinarsError]
) -> None:
    factory.webinar()
    usual: dict[str, Any] = {
        "webinar": "knee-options",
        "wall": wall("2026-03-09T18:00"),
        "duration_minutes": 60,
        "capacity": 5,
    }
    with pytest.raises(refusal), process.work() as work:
        sessions.create_session(work, **(usual | facts), actor=ACTOR, now=NOW)


def test_moving_tells_whoever_has_a_seat_or_waits_and_grows_the_version(process: Process, factory: Factory) -> None:
    session_id = factory.session(capacity=1).session.id
    seated, waiting, left = (factory.registration(session_id).registration.id for _ in range(3))
    with process.work() as work:
        registrations.withdraw(work, left, NOW)
    moved = update(process, session_id, wall=wall("2026-03-20T18:00"))
    assert (moved.schedule_version, moved.version) == (1, 2)
    assert moved.starts_at == datetime.fromisoformat("2026-03-21T00:00Z")
    assert told(process, MessageKind.moved) == [seated, waiting]
    with process.read() as work:
        notice = work.db.scalars(sa.select(Message).where(col(Message.kind) == MessageKind.moved)).first()
    assert notice is not None
    assert notice.facts == {"former_starts_at": "2026-03-09T15:00:00+00:00", "former_timezone": "America/Denver"}
    assert notice.sequence == 1


def test_moving_twice_before_anybody_was_told_tells_once(process: Process, factory: Factory) -> None:
    session_id = factory.session().session.id
    factory.registration(session_id)
    update(process, session_id, wall=wall("2026-03-20T18:00"))
    update(process, session_id, wall=wall("2026-03-21T18:00"))
    with process.read() as work:
        query = sa.select(col(Message.state), col(Message.reason)).where(col(Message.kind) == MessageKind.moved)
        said = [(state.value, reason) for state, reason in work.db.execute(query.order_by(col(Message.id)))]
    assert said == [("skipped", "superseded"), ("planned", None)]


@pytest.mark.parametrize(
    "changes", [{"capacity": 20}, {"room_url": "https://rooms.example/r/2"}, {"waitlist_open": False}]
)
def test_what_is_no_move_tells_nobody(process: Process, factory: Factory, changes: dict[str, Any]) -> None:
    session_id = factory.session().session.id
    factory.registration(session_id)
    changed = update(process, session_id, **changes)
    assert (changed.schedule_version, changed.version) == (0, 2)
    assert told(process, MessageKind.moved) == []


def test_another_length_or_zone_is_a_move(process: Process, factory: Factory) -> None:
    session_id = factory.session().session.id
    assert update(process, session_id, duration_minutes=90).schedule_version == 1
    there = update(process, session_id, wall=wall("2026-03-09T09:00", "America/Phoenix"))
    assert (there.schedule_version, there.starts_at) == (2, datetime.fromisoformat("2026-03-09T16:00Z"))


def test_more_seats_go_to_the_head_of_the_line(process: Process, factory: Factory) -> None:
    session_id = factory.session(capacity=1).session.id
    people = [factory.registration(session_id).registration.id for _ in range(4)]
    update(process, session_id, capacity=3)
    with process.read() as work:
        found = [work.db.get_one(Registration, each).status for each in people]
        session = work.db.get_one(WebinarSession, session_id)
        recount = registrations_queries.recount_seats(work.db, session_id)
    assert found == [
        RegistrationStatus.confirmed,
        *[RegistrationStatus.offered] * 2,
        RegistrationStatus.waitlisted,
    ]
    assert (session.seats_taken, session.waitlisted) == recount == (3, 1)
    assert told(process, MessageKind.offered) == people[1:3]


def test_fewer_seats_throw_nobody_out(process: Process, factory: Factory) -> None:
    session_id = factory.session(capacity=3).session.id
    for _ in range(3):
        factory.registration(session_id)
    smaller = update(process, session_id, capacity=1)
    assert (smaller.capacity, smaller.seats_taken) == (1, 3)
    assert factory.registration(session_id).public_status is RegistrationStatus.waitlisted


def test_a_change_to_what_somebody_else_changed_is_refused(process: Process, factory: Factory) -> None:
    session_id = factory.session().session.id
    update(process, session_id, version=1, capacity=20)
    with pytest.raises(VersionMismatch):
        update(process, session_id, version=1, capacity=30)


def test_what_has_begun_or_is_cancelled_does_not_move(process: Process, factory: Factory, clock: SetClock) -> None:
    session = factory.session().session
    clock.set(session.starts_at)
    with pytest.raises(SessionStarted):
        update(process, session.id, wall=wall("2026-03-20T18:00"))
    with pytest.raises(SessionStarted):
        cancel(process, session.id)
    clock.set(NOW)
    cancel(process, session.id)
    with pytest.raises(SessionCancelled):
        update(process, session.id, capacity=5)


def test_cancelling_tells_all_who_had_hope_and_twice_is_once(process: Process, factory: Factory) -> None:
    session_id = factory.session(capacity=1).session.id
    seated, waiting, left = (factory.registration(session_id).registration.id for _ in range(3))
    with process.work() as work:
        registrations.withdraw(work, left, NOW)
    for _ in range(2):
        cancelled = cancel(process, session_id)
        assert (cancelled.status, cancelled.schedule_version) == (SessionStatus.cancelled, 1)
    assert told(process, MessageKind.session_cancelled) == [seated, waiting]
    with process.read() as work:
        query = sa.select(col(Message.kind), col(Message.state), col(Message.reason)).order_by(col(Message.id))
        said = [(kind.value, state.value, reason) for kind, state, reason in work.db.execute(query)]
    assert said == [
        ("confirmation", "skipped", "cancelled"),
        ("waitlisted", "skipped", "cancelled"),
        ("waitlisted", "skipped", "cancelled"),
        ("withdrawn", "planned", None),  # still true
        ("session_cancelled", "planned", None),
        ("session_cancelled", "planned", None),
    ]


def test_a_draft_is_told_to_nobody_and_promoted_by_scheduling_it(process: Process, factory: Factory) -> None:
    session_id = factory.session().session.id
    update(process, session_id, status=SessionStatus.draft)
    with pytest.raises(NotFound), process.read() as work:
        sessions.get_session(work, session_id)
    update(process, session_id, status=SessionStatus.scheduled)
    with process.read() as work:
        assert sessions.get_session(work, session_id).is_public


def test_a_session_with_registrations_becomes_no_draft_and_is_not_deleted(process: Process, factory: Factory) -> None:
    session_id = factory.session().session.id
    factory.registration(session_id)
    with pytest.raises(InvalidField, match="draft"):
        update(process, session_id, status=SessionStatus.draft)
    with pytest.raises(InvalidField, match="Cancel it"), process.work() as work:
        sessions.delete_session(work, session_id, actor=ACTOR, now=NOW)


def test_a_session_nobody_registered_for_can_be_deleted(process: Process, factory: Factory) -> None:
    session_id = factory.session().session.id
    with process.work() as work:
        sessions.delete_session(work, session_id, actor=ACTOR, now=NOW)
    with pytest.raises(NotFound), process.read() as work:
        sessions.get_session(work, session_id, public_only=False)


def test_sessions_are_listed_by_start_in_pages(process: Process, factory: Factory) -> None:
    factory.topic("knee")
    factory.topic("meniscus", "Meniscus", "knee")
    factory.topic("hip", "Hip")
    knee, other = factory.webinar("of-knees", topics=("meniscus",)), factory.webinar("of-hips", topics=("hip",))
    days = [3, 1, 2, 2, 5]
    ids = [factory.session(knee, starts_in=timedelta(days=day)).session.id for day in days]
    factory.session(other)
    seen: list[UUID] = []
    cursor = None
    while True:
        with process.read() as work:
            page = sessions.list_sessions(work, topic="knee", cursor=cursor, limit=2)
        seen += [item.session.id for item in page.items]
        cursor = page.next
        if cursor is None:
            break
    assert seen == [ids[1], ids[2], ids[3], ids[0], ids[4]]


def test_the_next_session_of_a_webinar_is_offered(process: Process, factory: Factory) -> None:
    webinar = factory.webinar()
    first = factory.session(webinar)
    assert_offered(process, first.session.id, None)
    later = factory.session(webinar, starts_in=timedelta(days=20)).session.id
    sooner = factory.session(webinar, starts_in=timedelta(days=10)).session.id
    assert_offered(process, first.session.id, sooner)
    cancel(process, sooner)
    assert_offered(process, first.session.id, later)


def assert_offered(process: Process, session_id: UUID, expected: UUID | None) -> None:
    with process.read() as work:
        item = sessions.get_session(work, session_id)
        offered = sessions.next_session_of(work, item.webinar, item.session, NOW)
    assert (offered.id if offered else None) == expected


def test_who_did_what_is_noted_without_values(process: Process, factory: Factory) -> None:
    session_id = factory.session().session.id
    update(process, session_id, capacity=20, room_url="https://rooms.example/secret")
    cancel(process, session_id)
    with process.read() as work:
        query = sa.select(AuditEntry).where(col(AuditEntry.subject_id) == session_id).order_by(col(AuditEntry.id))
        notes = [(note.action, note.fields) for note in work.db.scalars(query)]
    assert notes == [
        ("session.create", []),
        ("session.update", ["capacity", "room_url"]),
        ("session.cancel", []),
    ]
