"""Reports of who was there: matched, merged, corrected later."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

import pytest
import sqlalchemy as sa
from sqlmodel import col

from tests.conftest import NOW
from tests.factories import Factory
from webinars.errors import InvalidField, NotFound
from webinars.rules.messages import USEFUL_AFTER_SESSION
from webinars.services import attendance, follow_ups, registrations
from webinars.services.attendance import Recorded, Report
from webinars.tables import Attendance, FollowUp, Message, WebinarSession
from webinars.terms import AttendanceSource
from webinars.testing import SetClock
from webinars.work import Process

MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)


def record(process: Process, session_id: UUID, *reports: Report) -> Recorded:
    with process.work() as work:
        return attendance.record(work, session_id, reports, process.clock.now())


def settle(process: Process) -> UUID | None:
    with process.work() as work:
        return follow_ups.settle_due(work, process.clock.now())


def found(process: Process, session_id: UUID) -> dict[UUID, tuple[str, int, str]]:
    with process.read() as work:
        items = attendance.list_attendance(work, session_id, cursor=None, limit=50).items
    return {
        item.registration.id: (item.attendance.state.value, item.attendance.minutes, item.attendance.evidence.value)
        for item in items
        if item.attendance
    }


@pytest.fixture
def session(factory: Factory, clock: SetClock) -> WebinarSession:
    """One that has just ended."""
    return factory.session(minutes=60).session


def by_email(session: WebinarSession, email: str, joined: int, left: int | None) -> Report:
    end = None if left is None else session.starts_at + left * MINUTE
    return Report(None, email, session.starts_at + joined * MINUTE, end)


def test_a_report_finds_its_registration_by_id_or_address(
    process: Process, factory: Factory, clock: SetClock, session: WebinarSession
) -> None:
    ana = factory.registration(session.id, "ana@mail.example").registration.id
    ben = factory.registration(session.id, "ben@mail.example").registration.id
    clock.set(session.ends_at)
    said = record(
        process,
        session.id,
        by_email(session, " ANA@Mail.example ", 0, 60),
        Report(ben, None, session.starts_at, session.starts_at + 10 * MINUTE),
        by_email(session, "stranger@mail.example", 0, 60),
    )
    assert said == Recorded(matched=2, unmatched=1)
    clock.set(session.ends_at + 120 * MINUTE)
    assert settle(process) == session.id
    assert found(process, session.id) == {ana: ("attended", 60, "interval"), ben: ("left_early", 10, "interval")}
    with process.read() as work:
        assert attendance.count_unmatched(work, session.id) == 1  # somebody came: they wait for a host


def test_the_same_report_twice_is_one_and_a_leave_may_follow(
    process: Process, factory: Factory, clock: SetClock, session: WebinarSession
) -> None:
    ana = factory.registration(session.id, "ana@mail.example").registration.id
    clock.set(session.ends_at)
    record(process, session.id, by_email(session, "ana@mail.example", 0, None))
    for _ in range(2):
        record(process, session.id, by_email(session, "ana@mail.example", 0, 20))
    record(process, session.id, by_email(session, "ana@mail.example", 0, None))  # takes nothing back
    clock.set(session.ends_at + 120 * MINUTE)
    settle(process)
    assert found(process, session.id) == {ana: ("left_early", 20, "interval")}


def test_a_report_that_comes_late_corrects_what_had_settled(
    process: Process, factory: Factory, clock: SetClock, session: WebinarSession
) -> None:
    ana = factory.registration(session.id, "ana@mail.example").registration.id
    clock.set(session.ends_at + 120 * MINUTE)
    settle(process)
    assert found(process, session.id) == {ana: ("no_show", 0, "none")}
    record(process, session.id, by_email(session, "ana@mail.example", 0, 60))
    assert found(process, session.id) == {ana: ("attended", 60, "interval")}


def test_of_whom_nothing_was_known_gets_a_follow_up_when_it_is(
    process: Process, factory: Factory, clock: SetClock, session: WebinarSession
) -> None:
    ids = [factory.registration(session.id, f"{name}@mail.example").registration.id for name in ("ana", "ben", "cy")]
    clock.set(session.starts_at)
    for registration_id in ids:
        press(process, registration_id)
    clock.set(session.ends_at + 2 * HOUR)
    settle(process)
    assert follow_up_mails(process) == []
    for _ in range(2):  # twice is once
        record(process, session.id, by_email(session, "ana@mail.example", 0, 60))
    assert follow_up_mails(process) == [(ids[0], "attended")]
    clock.set(session.ends_at + USEFUL_AFTER_SESSION + MINUTE)  # nobody wants to hear of it by now
    record(process, session.id, by_email(session, "ben@mail.example", 0, 60))
    assert follow_up_mails(process) == [(ids[0], "attended")]


def follow_up_mails(process: Process) -> list[tuple[UUID, str]]:
    with process.read() as work:
        rows = work.db.execute(sa.select(FollowUp, Message).join(Message, col(Message.id) == col(FollowUp.message_id)))
        return [(row.registration_id, mail.facts["segment"]) for row, mail in rows]


@pytest.mark.parametrize(
    "report",
    [
        Report(None, None, NOW, None),
        Report(UUID(int=1), "ana@mail.example", NOW, None),
        Report(UUID(int=1), None, NOW, None),
        Report(None, "no address", NOW, None),
        Report(None, "ana@mail.example", NOW, NOW - MINUTE),
        Report(None, "ana@mail.example", NOW + timedelta(days=365), None),
    ],
)
def test_a_report_that_cannot_be_is_refused_and_none_of_the_others_is_kept(
    process: Process, factory: Factory, clock: SetClock, session: WebinarSession, report: Report
) -> None:
    factory.registration(session.id, "ana@mail.example")
    clock.set(session.ends_at)
    with pytest.raises(InvalidField):
        record(process, session.id, by_email(session, "ana@mail.example", 0, 60), report)
    settle_at = session.ends_at + 2 * HOUR
    clock.set(settle_at)
    settle(process)
    assert [state for state, _, _ in found(process, session.id).values()] == ["no_show"]


def test_a_registration_of_another_session_is_refused(
    process: Process, factory: Factory, clock: SetClock, session: WebinarSession
) -> None:
    other = factory.registration(factory.session().session.id).registration.id
    clock.set(session.ends_at)
    with pytest.raises(InvalidField, match="Report 1: this session has no such registration"):
        record(process, session.id, Report(other, None, session.starts_at, None))


def test_attendance_of_no_session_is_not_found(process: Process) -> None:
    with pytest.raises(NotFound):
        record(process, UUID(int=1))


def press(process: Process, registration_id: UUID) -> None:
    with process.work() as work:
        registration, _ = registrations.get_registration(work, registration_id)
        attendance.note_click(work, registration, process.clock.now())


def test_a_click_proves_only_the_click(
    process: Process, factory: Factory, clock: SetClock, session: WebinarSession
) -> None:
    ana = factory.registration(session.id).registration.id
    clock.set(session.starts_at)
    press(process, ana)
    clock.set(session.ends_at + 120 * MINUTE)
    settle(process)
    assert found(process, session.id) == {ana: ("unknown", 0, "clicked")}


def test_who_is_there_is_known_while_it_goes_on(
    process: Process, factory: Factory, clock: SetClock, session: WebinarSession
) -> None:
    ana, ben, _ = (factory.registration(session.id).registration.id for _ in range(3))
    clock.set(session.starts_at)
    press(process, ana)
    press(process, ben)
    record(process, session.id, Report(ben, None, session.starts_at, None, AttendanceSource.provider))
    with process.read() as work:
        present = attendance.present_evidence(work, session.id)
        assert work.db.get(Attendance, ana) is None
    assert {each: evidence.value for each, evidence in present.items()} == {ana: "clicked", ben: "joined"}
