"""Mails say what is true when they are sent."""

from __future__ import annotations

from datetime import datetime, timedelta
from uuid import UUID

from tests.conftest import NOW
from tests.factories import ACTOR, Factory
from webinars.rules.sessions import wall_time
from webinars.services import attendance, follow_ups, registrations, sessions
from webinars.services.delivery import Sender
from webinars.terms import AttendanceState
from webinars.testing import MemoryMailer, SetClock
from webinars.work import Process

MINUTE = timedelta(minutes=1)


def move(process: Process, session_id: UUID, starts_at: datetime) -> None:
    with process.work() as work:
        wall = wall_time(starts_at, "America/Denver")
        sessions.update_session(work, session_id, {"wall": wall}, version=None, actor=ACTOR, now=process.clock.now())


def test_people_who_wait_are_told_of_a_move_too(
    process: Process, factory: Factory, sender: Sender, mailer: MemoryMailer
) -> None:
    session = factory.session(capacity=1).session
    for email in ("seat@mail.example", "line@mail.example"):
        factory.registration(session.id, email)
    move(process, session.id, session.starts_at + timedelta(hours=1))
    sender.send_due(NOW)
    subjects = {mail.subject.partition(":")[0] for mail in mailer.to("line@mail.example")}
    assert subjects == {"On the waitlist", "New time"}


def test_who_lost_a_seat_by_a_hosts_hand_loses_the_calendar_entry(
    process: Process, factory: Factory, sender: Sender, mailer: MemoryMailer, clock: SetClock
) -> None:
    registration_id = factory.registration(factory.session().session.id, "ana@mail.example").registration.id
    sender.send_due(NOW)
    clock.advance(MINUTE)
    with process.work() as work:
        registrations.decline(work, registration_id, clock.now())
    sender.send_due(clock.now())
    _, declined = mailer.to("ana@mail.example")
    assert b"method=CANCEL" in declined.raw


def test_a_follow_up_speaks_of_what_is_known_when_it_is_sent(
    process: Process, factory: Factory, sender: Sender, mailer: MemoryMailer, clock: SetClock
) -> None:
    session = factory.session().session
    registration_id = factory.registration(session.id, "ana@mail.example").registration.id
    sender.send_due(NOW)
    clock.set(session.ends_at + 30 * MINUTE)
    with process.work() as work:
        follow_ups.settle_due(work, clock.now())  # nobody has reported anything: a no-show
    report = attendance.Report(registration_id, None, session.starts_at, session.ends_at)
    with process.work() as work:
        attendance.record(work, session.id, [report], clock.now())
    sender.send_due(clock.now())
    assert mailer.to("ana@mail.example")[-1].subject == "Thank you for joining us"
    with process.read() as work:
        (item,) = follow_ups.list_follow_ups(work, session.id, cursor=None, limit=1).items
    assert item.follow_up.segment is AttendanceState.attended
