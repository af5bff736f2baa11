"""From a rule to the ledger: planned once, looked up when due, healed every minute."""

from __future__ import annotations

from collections import defaultdict
from datetime import UTC, date, datetime, time, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest
import sqlalchemy as sa
from sqlmodel import col

from scheduler.jobs import reminders as job
from tests.conftest import NOW
from tests.factories import ACTOR, Factory
from tests.webinars.rules.test_reminders import TWENTY_ZONES, UNCHANGING
from webinars.errors import NotFound
from webinars.rules.sessions import wall_time
from webinars.services import registering, reminder_ledger, reminder_rules, reminders, sessions
from webinars.services.delivery import Sender
from webinars.tables import Message, Registration, Reminder, ReminderRule, WebinarSession
from webinars.terms import MessageKind, MessageState, ReminderState
from webinars.testing import MemoryMailer, SetClock
from webinars.work import Process

DAY, HOUR, SECOND = timedelta(days=1), timedelta(hours=1), timedelta(seconds=1)
Said = list[tuple[str, str, str | None]]
NOT_THERE = "5 min after the start, if not there"
TO_COME: Said = [(rule, "planned", None) for rule in ("24 h before", "1 h before", "10 min before", NOT_THERE)]


def ledger(process: Process, session_id: UUID) -> Said:
    with process.read() as work:
        page = reminder_ledger.ledger(work, session_id, process.clock.now(), cursor=None, limit=50)
    return [(item.rule, item.state.value, item.reason) for item in page.items]


def preview(process: Process, session_id: UUID) -> Said:
    with process.read() as work:
        page = reminder_ledger.preview(work, session_id, process.clock.now(), cursor=None, limit=50)
    return [(item.rule, item.state.value, item.reason) for item in page.items]


def planner_rows(process: Process, session_id: UUID) -> list[tuple[int, str]]:
    """`(schedule version, state)` by version and time."""
    with process.read() as work:
        query = sa.select(Reminder).where(col(Reminder.session_id) == session_id)
        rows = work.db.scalars(query.order_by(col(Reminder.schedule_version), col(Reminder.due_at)))
        return [(row.schedule_version, row.state.value) for row in rows]


def reminded(process: Process) -> list[UUID]:
    with process.read() as work:
        query = sa.select(col(Message.registration_id)).where(col(Message.kind) == MessageKind.reminder)
        return list(work.db.scalars(query.order_by(col(Message.registration_id))))


def move(process: Process, session_id: UUID, by: timedelta) -> WebinarSession:
    with process.work() as work:
        session = work.db.get_one(WebinarSession, session_id)
        wall = wall_time(session.starts_at + by, session.timezone)
        item = sessions.update_session(
            work, session_id, {"wall": wall}, version=None, actor=ACTOR, now=process.clock.now()
        )
        return item.session


def test_a_new_session_is_planned_with_its_rules(process: Process, factory: Factory) -> None:
    session_id = factory.session().session.id
    assert planner_rows(process, session_id) == [(0, "planned")] * 4


def test_what_has_passed_when_a_session_is_made_is_not_planned(process: Process, factory: Factory) -> None:
    session_id = factory.session(starts_in=timedelta(minutes=30)).session.id
    assert planner_rows(process, session_id) == [(0, "superseded")] * 2 + [(0, "planned")] * 2


def test_before_anything_is_due_all_is_to_come(process: Process, factory: Factory) -> None:
    session_id = factory.session().session.id
    factory.registration(session_id)
    assert ledger(process, session_id) == preview(process, session_id) == TO_COME


def test_a_reminder_is_made_at_its_second_for_all_who_have_a_seat(
    process: Process, factory: Factory, clock: SetClock
) -> None:
    session = factory.session(capacity=2).session
    seated = [factory.registration(session.id).registration.id for _ in range(2)]
    factory.registration(session.id)  # waits
    clock.set(session.starts_at - DAY)
    job.run(process, clock.now() - SECOND)
    assert reminded(process) == []
    assert job.run(process, clock.now()) == 1
    assert job.run(process, clock.now()) == 0
    assert reminded(process) == seated


def test_who_comes_after_its_moment_is_too_late_for_a_reminder(
    process: Process, factory: Factory, clock: SetClock
) -> None:
    session = factory.session().session
    clock.set(session.starts_at - DAY - HOUR)
    in_time = factory.registration(session.id).registration.id
    clock.advance(HOUR + SECOND)
    late = factory.registration(session.id).registration.id
    job.run(process, clock.now())  # a second after it fell due
    assert reminded(process) == [in_time]
    with process.read() as work:
        items = reminder_ledger.ledger(work, session.id, clock.now(), cursor=None, limit=50).items
    assert [(item.state.value, item.reason) for item in items if item.registration_id == late] == [
        ("skipped", "late"),
        ("planned", None),
        ("planned", None),
        ("planned", None),
    ]


def test_a_dry_run_tells_what_is_still_to_come(process: Process, factory: Factory, clock: SetClock) -> None:
    session = factory.session().session
    factory.registration(session.id)
    clock.set(session.starts_at - HOUR + SECOND)
    job.run(process, clock.now())
    before = ledger(process, session.id)
    assert preview(process, session.id) == TO_COME[1:]
    assert ledger(process, session.id) == before  # it changed nothing


def test_moving_a_session_voids_what_was_planned_and_plans_anew(
    process: Process, factory: Factory, clock: SetClock
) -> None:
    session = factory.session().session
    factory.registration(session.id)
    clock.set(session.starts_at - DAY)
    job.run(process, clock.now())
    move(process, session.id, 3 * DAY)
    assert planner_rows(process, session.id) == [
        (0, "done"),
        *[(0, "superseded")] * 3,
        *[(1, "planned")] * 4,
    ]
    assert ledger(process, session.id) == [("24 h before", "skipped", "superseded"), *TO_COME]
    assert job.run(process, session.starts_at) == 0


def test_the_notice_of_a_move_takes_the_place_of_a_reminder_that_would_have_passed(
    process: Process, factory: Factory, clock: SetClock
) -> None:
    session = factory.session().session
    factory.registration(session.id)
    clock.set(session.starts_at - 3 * DAY)
    move(process, session.id, -3 * DAY + 2 * HOUR)
    assert ledger(process, session.id) == [("24 h before", "skipped", "superseded"), *TO_COME[1:]]


def test_a_cancelled_session_reminds_nobody(process: Process, factory: Factory, clock: SetClock) -> None:
    session = factory.session().session
    factory.registration(session.id)
    with process.work() as work:
        sessions.cancel_session(work, session.id, version=None, actor=ACTOR, now=NOW)
    assert planner_rows(process, session.id) == [(0, "superseded")] * 4
    assert job.run(process, session.starts_at) == 0
    assert reminded(process) == []


def test_many_are_made_in_chunks_that_go_on_where_the_last_ended(
    process: Process, factory: Factory, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reminders, "_CHUNK", 4)
    session = factory.session(capacity=100).session
    with process.work() as work:
        registering.register(work, [factory.request(session.id) for _ in range(10)], NOW)
    due = session.starts_at - DAY
    job.run(process, due - SECOND)  # the evening before, which is nobody's
    with process.work() as work:
        assert reminders.plan_due(work, due)
    assert len(reminded(process)) == 4  # and here the process dies
    assert job.run(process, due) == 2
    assert len(reminded(process)) == len(set(reminded(process))) == 10
    with process.read() as work:
        states = set(work.db.scalars(sa.select(col(Reminder.state)).where(col(Reminder.due_at) == due)))
    assert states == {ReminderState.done}


def test_planning_the_same_twice_plans_it_once(process: Process, factory: Factory) -> None:
    session = factory.session().session
    factory.registration(session.id)
    due = session.starts_at - DAY
    job.run(process, due)
    with process.work() as work:
        work.db.execute(sa.update(Reminder).values(state=ReminderState.planned, cursor=None))
    job.run(process, due)
    assert len(reminded(process)) == 1


def test_what_a_forgotten_hook_or_a_restored_backup_left_out_is_healed(process: Process, factory: Factory) -> None:
    session = factory.session().session
    with process.work() as work:
        work.db.execute(sa.delete(Reminder))
    assert job.reconcile(process, NOW) == 1
    assert planner_rows(process, session.id) == [(0, "planned")] * 4
    assert job.reconcile(process, NOW) == 0


def test_a_rule_added_by_hand_is_planned(process: Process, factory: Factory) -> None:
    session = factory.session().session
    with process.work() as work:
        rule = ReminderRule(
            id=UUID(int=1), webinar_id=session.webinar_id, name="3 h before", offset_minutes=-180, created_at=NOW
        )
        work.db.add(rule)
    job.reconcile(process, NOW)
    factory.registration(session.id)
    assert [said[0] for said in ledger(process, session.id)] == [
        "24 h before",
        "3 h before",
        "1 h before",
        "10 min before",
        NOT_THERE,
    ]


def test_a_session_far_off_is_healed_in_time(process: Process, factory: Factory) -> None:
    session = factory.session(starts_in=timedelta(days=90)).session
    with process.work() as work:
        work.db.execute(sa.delete(Reminder))
    assert job.reconcile(process, NOW) == 0
    assert job.reconcile(process, session.starts_at - 61 * DAY) == 1  # a rule may lie 60 days before


def test_who_was_confirmed_in_the_very_instant_of_planning_is_swept_up(process: Process, factory: Factory) -> None:
    """Their transaction began before the reminder fell due and was committed after it had been made."""
    session = factory.session().session
    early = factory.registration(session.id).registration.id
    due = session.starts_at - DAY
    job.run(process, due)
    straggler = factory.registration(session.id).registration.id
    with process.work() as work:
        work.db.execute(sa.update(Registration).where(col(Registration.id) == straggler).values(confirmed_at=due))
    assert job.run(process, due + SECOND) == 0  # the control: without the sweep nobody looks again
    job.reconcile(process, due + timedelta(minutes=1))
    job.run(process, due + timedelta(minutes=1))
    assert reminded(process) == [early, straggler]


def test_the_ledger_is_paged_by_registrant(process: Process, factory: Factory) -> None:
    session_id = factory.session().session.id
    people = [factory.registration(session_id).registration.id for _ in range(5)]
    seen, cursor = [], None
    while True:
        with process.read() as work:
            page = reminder_ledger.ledger(work, session_id, NOW, cursor=cursor, limit=2)
        seen += [item.registration_id for item in page.items]
        cursor = page.next
        if cursor is None:
            break
    assert sorted(seen) == sorted(people * 4)


def test_the_ledger_of_no_session_is_not_found(process: Process) -> None:
    with pytest.raises(NotFound), process.read() as work:
        reminder_ledger.ledger(work, UUID(int=1), NOW, cursor=None, limit=2)


def test_a_message_under_way_is_still_planned_in_the_ledger(process: Process, factory: Factory) -> None:
    session = factory.session().session
    factory.registration(session.id)
    job.run(process, session.starts_at - DAY)
    with process.work() as work:
        work.db.execute(sa.update(Message).values(state=MessageState.sending))
    assert ledger(process, session.id)[0] == ("24 h before", "planned", None)


def change_day(zone: ZoneInfo) -> date:
    """The first day after NOW on whose noon the clocks say something else than a day before; some day if there is
    none."""
    for number in range(2, 200):
        noon = datetime(2026, 3, 3, 12, tzinfo=zone) + timedelta(days=number)
        if noon.utcoffset() != (noon - DAY).utcoffset():
            return noon.date()
    return date(2026, 3, 8)


def test_on_the_day_the_clocks_change_each_reminder_comes_at_its_instant_in_twenty_zones(
    process: Process, factory: Factory, clock: SetClock, sender: Sender, mailer: MemoryMailer
) -> None:
    """Hours and minutes are exact; a day keeps the wall time. Nothing comes a second earlier."""
    webinar = factory.webinar()
    with process.work() as work:
        reminder_rules.create_rule(work, webinar, {"offset_days": -1}, actor=ACTOR, now=NOW)
    expected: dict[datetime, list[str]] = defaultdict(list)
    for name in TWENTY_ZONES:
        zone, address = ZoneInfo(name), f"{name.partition('/')[2].lower()}@mail.example"
        noon = datetime.combine(change_day(zone), time(12), zone)
        start, day_before = noon.astimezone(UTC), (noon - DAY).astimezone(UTC)
        assert (start - day_before == DAY) is (name in UNCHANGING)
        session = factory.session(webinar, starts_in=start - NOW, timezone=name).session
        assert session.starts_at == start
        factory.registration(session.id, address, timezone=name)
        for moment in (day_before, start - DAY, start - HOUR, start - timedelta(minutes=10)):
            expected[moment].append(address)
    sender.send_due(NOW)
    mailer.mails.clear()
    for moment in sorted(expected):
        for now, addresses in ((moment - SECOND, []), (moment, expected[moment])):
            clock.set(now)
            job.run(process, now)
            sender.send_due(now)
            assert sorted(mail.recipient for mail in mailer.mails) == sorted(addresses), now
            mailer.mails.clear()
