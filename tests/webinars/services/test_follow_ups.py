"""After a session: everybody gets what fits, once, after the data has settled."""

from __future__ import annotations

from datetime import datetime, timedelta
from uuid import UUID

import pytest
import sqlalchemy as sa

from tests.conftest import NOW
from tests.factories import ACTOR, Factory
from webinars.errors import NotFound, RegistrationErased, VersionMismatch
from webinars.services import attendance, erasure, follow_ups, registrations, sessions
from webinars.services.attendance import Report
from webinars.tables import FollowUp, WebinarSession
from webinars.testing import SetClock
from webinars.work import Process

MINUTE = timedelta(minutes=1)


def settle(process: Process, now: datetime) -> UUID | None:
    with process.work() as work:
        return follow_ups.settle_due(work, now)


def listed(process: Process, session_id: UUID) -> list[tuple[str, str | None, str]]:
    with process.read() as work:
        items = follow_ups.list_follow_ups(work, session_id, cursor=None, limit=50).items
    return [
        (item.follow_up.segment.value, item.message.state.value if item.message else None, item.follow_up.task.value)
        for item in items
    ]


@pytest.mark.parametrize(("is_reported", "waited"), [(True, 30 * MINUTE), (False, 120 * MINUTE)])
def test_a_session_settles_once_when_it_is_known_who_came(
    process: Process, factory: Factory, is_reported: bool, waited: timedelta
) -> None:
    """A click is no report: without one, whoever came would be told that they were missed."""
    session = factory.session().session
    factory.registration(session.id)
    clicked = factory.registration(session.id).registration
    with process.work() as work:
        attendance.note_click(work, clicked, session.starts_at)
    if is_reported:
        with process.work() as work:
            report = Report(clicked.id, None, session.starts_at, session.ends_at)
            attendance.record(work, session.id, [report], session.ends_at)
    assert settle(process, session.ends_at + waited - timedelta(seconds=1)) is None
    assert settle(process, session.ends_at + waited) == session.id
    assert settle(process, session.ends_at + waited + MINUTE) is None
    with process.read() as work:
        assert work.db.get_one(WebinarSession, session.id).settled_at == session.ends_at + waited


def test_everybody_gets_what_fits_and_of_whom_nothing_is_known_gets_no_mail(
    process: Process, factory: Factory, clock: SetClock
) -> None:
    session = factory.session(capacity=4).session
    came, left, clicked, _absent, waiting = (factory.registration(session.id).registration.id for _ in range(5))
    gone = factory.registration(session.id).registration.id
    with process.work() as work:
        registrations.withdraw(work, gone, NOW)
    clock.set(session.starts_at)
    with process.work() as work:
        registration, _ = registrations.get_registration(work, clicked)
        attendance.note_click(work, registration, clock.now())
    clock.set(session.ends_at)
    with process.work() as work:
        reports = [
            Report(came, None, session.starts_at, session.ends_at),
            Report(left, None, session.starts_at, session.starts_at + 5 * MINUTE),
        ]
        attendance.record(work, session.id, reports, clock.now())
    settle(process, session.ends_at + 30 * MINUTE)
    assert listed(process, session.id) == [
        ("attended", "planned", "none"),
        ("left_early", "planned", "none"),
        ("unknown", None, "open"),
        ("no_show", "planned", "none"),
    ]
    with process.read() as work:
        rows = list(work.db.scalars(sa.select(FollowUp)))
    assert {waiting, gone}.isdisjoint(row.registration_id for row in rows)


def test_a_cancelled_session_has_no_shows_and_no_no_shows(process: Process, factory: Factory) -> None:
    session = factory.session().session
    factory.registration(session.id)
    with process.work() as work:
        sessions.cancel_session(work, session.id, version=None, actor=ACTOR, now=NOW)
    assert settle(process, session.ends_at + timedelta(days=1)) is None
    assert listed(process, session.id) == []


def test_sessions_settle_one_by_one_the_oldest_first(process: Process, factory: Factory) -> None:
    ids = [factory.session(starts_in=timedelta(days=day)).session.id for day in (3, 1, 2)]
    later = NOW + timedelta(days=10)
    assert [settle(process, later) for _ in range(4)] == [ids[1], ids[2], ids[0], None]


def test_nothing_is_written_of_who_has_been_erased(process: Process, factory: Factory) -> None:
    session = factory.session().session
    ana = factory.registration(session.id).registration.id
    settle(process, session.ends_at + 120 * MINUTE)
    with process.work() as work:
        erasure.erase(work, ana, actor=ACTOR, now=session.ends_at + 31 * MINUTE)
    with process.read() as work:
        (item,) = follow_ups.list_follow_ups(work, session.id, cursor=None, limit=5).items
    with pytest.raises(RegistrationErased), process.work() as work:
        follow_ups.update_follow_up(work, item.follow_up.id, {"note": "Ana"}, version=None, actor=ACTOR, now=NOW)
    with process.read() as work:
        assert work.db.get_one(FollowUp, item.follow_up.id).note is None


def test_a_host_works_off_a_task_and_keeps_a_sealed_note(process: Process, factory: Factory) -> None:
    session = factory.session().session
    factory.registration(session.id)
    settle(process, session.ends_at + 120 * MINUTE)
    with process.read() as work:
        (item,) = follow_ups.list_follow_ups(work, session.id, cursor=None, limit=5).items
    changes = {"task": "done", "note": "Called back, comes in May."}
    with process.work() as work:
        changed = follow_ups.update_follow_up(
            work, item.follow_up.id, changes, version=1, actor=ACTOR, now=session.ends_at
        ).follow_up
    assert (changed.task.value, changed.version) == ("done", 2)
    assert follow_ups.note_of(process.vault, changed) == "Called back, comes in May."
    assert changed.note is not None
    assert b"May" not in bytes(changed.note)
    with pytest.raises(VersionMismatch), process.work() as work:
        follow_ups.update_follow_up(work, item.follow_up.id, {"note": ""}, version=1, actor=ACTOR, now=NOW)
    with pytest.raises(NotFound), process.work() as work:
        follow_ups.update_follow_up(work, UUID(int=1), {}, version=None, actor=ACTOR, now=NOW)
