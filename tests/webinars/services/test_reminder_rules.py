"""Rules change while their reminders are under way: nothing is sent twice, nothing is lost."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest
import sqlalchemy as sa
from sqlmodel import col

from scheduler.jobs import reminders as job
from tests.factories import ACTOR, Factory
from tests.webinars.rules.test_reminders import TWENTY_ZONES
from webinars.errors import InvalidField, NotFound, VersionMismatch
from webinars.rules.sessions import start_of
from webinars.rules.texts import LONGEST_BODY
from webinars.services import reminder_ledger, reminder_rules, reminders
from webinars.services.delivery import Sender
from webinars.services.reminder_rules import MOST_RULES
from webinars.tables import AuditEntry, Message, Reminder, ReminderRule, WebinarSession
from webinars.tables.base import core
from webinars.terms import REMINDER_KINDS, Anchor, Audience, MessageState, ReminderState, WallTime
from webinars.testing import SetClock
from webinars.work import Process

DAY, HOUR, MINUTE, SECOND = timedelta(days=1), timedelta(hours=1), timedelta(minutes=1), timedelta(seconds=1)
DUE = {ReminderState.planned, ReminderState.running}


@pytest.fixture
def webinar(factory: Factory) -> str:
    return factory.webinar("knee")


@pytest.fixture
def session(factory: Factory, webinar: str) -> WebinarSession:
    return factory.session(webinar).session


def add(process: Process, slug: str, minutes: int, **facts: object) -> ReminderRule:
    with process.work() as work:
        given = {"offset_minutes": minutes, **facts}
        return reminder_rules.create_rule(work, slug, given, actor=ACTOR, now=process.clock.now())


def change(process: Process, rule_id: UUID, for_session: UUID | None = None, **changes: Any) -> ReminderRule:
    with process.work() as work:
        now = process.clock.now()
        return reminder_rules.update_rule(
            work, rule_id, changes, for_session=for_session, version=None, actor=ACTOR, now=now
        )


def delete(process: Process, rule_id: UUID, for_session: UUID | None = None) -> None:
    with process.work() as work:
        now = process.clock.now()
        reminder_rules.delete_rule(work, rule_id, for_session=for_session, version=None, actor=ACTOR, now=now)


def rules_of(process: Process, slug: str) -> list[ReminderRule]:
    with process.read() as work:
        return reminder_rules.list_rules(work, slug).rules


def named(process: Process, slug: str, name: str) -> ReminderRule:
    return next(rule for rule in rules_of(process, slug) if rule.name == name)


def own_rules(process: Process, session_id: UUID) -> list[ReminderRule]:
    with process.read() as work:
        found = reminder_rules.list_session_rules(work, session_id)
        return found.rules if found.is_own else []


def dues(process: Process, session_id: UUID) -> list[timedelta]:
    """How long from the start what is still to come of a session falls due."""
    with process.read() as work:
        starts_at = work.db.get_one(WebinarSession, session_id).starts_at
        query = sa.select(col(Reminder.due_at)).where(
            col(Reminder.session_id) == session_id, col(Reminder.state).in_(DUE)
        )
        return sorted(due - starts_at for due in work.db.scalars(query))


def made(process: Process, session_id: UUID) -> int:
    """How many reminders were made for a session, and not skipped."""
    with process.read() as work:
        query = sa.select(sa.func.count()).where(
            col(Message.session_id) == session_id,
            col(Message.kind).in_(REMINDER_KINDS),
            col(Message.state) != MessageState.skipped,
        )
        return work.db.scalar(query) or 0


USUAL = [-DAY, -HOUR, -10 * MINUTE, 5 * MINUTE]


def test_a_new_rule_is_planned_for_all_sessions_to_come(
    process: Process, factory: Factory, webinar: str, session: WebinarSession
) -> None:
    other, elsewhere = factory.session(webinar, starts_in=9 * DAY).session, factory.session().session
    rule = add(process, webinar, -180)
    assert rule.name == "3 h before"
    assert dues(process, session.id) == dues(process, other.id) == sorted([*USUAL, -3 * HOUR])
    assert dues(process, elsewhere.id) == USUAL


def test_a_new_rule_whose_moment_has_passed_is_superseded(
    process: Process, factory: Factory, webinar: str, session: WebinarSession, clock: SetClock
) -> None:
    factory.registration(session.id)
    clock.set(session.starts_at - 2 * HOUR)
    add(process, webinar, -180)
    job.run(process, clock.now())
    with process.read() as work:
        page = reminder_ledger.ledger(work, session.id, clock.now(), cursor=None, limit=10)
    said = {item.rule: (item.state.value, item.reason) for item in page.items}
    assert said["3 h before"] == ("skipped", "superseded")


def test_an_edit_moves_what_is_planned(process: Process, webinar: str, session: WebinarSession) -> None:
    change(process, named(process, webinar, "1 h before").id, offset_minutes=-120)
    assert dues(process, session.id) == [-DAY, -2 * HOUR, -10 * MINUTE, 5 * MINUTE]
    assert named(process, webinar, "2 h before")  # the name said the time, and does so still


def test_a_name_that_a_host_gave_stays(process: Process, webinar: str, session: WebinarSession) -> None:
    rule = add(process, webinar, -180, name="  The long   one ")
    assert change(process, rule.id, offset_minutes=-240).name == "The long one"


def test_editing_the_list_after_one_was_sent_neither_skips_nor_repeats_discourse(
    process: Process, factory: Factory, webinar: str, session: WebinarSession, clock: SetClock
) -> None:
    """Discourse counts how many reminders of the list were sent, and drops so many of whatever the list is now."""
    factory.registration(session.id)
    clock.set(session.starts_at - DAY)
    job.run(process, clock.now())
    assert made(process, session.id) == 1
    add(process, webinar, -7 * 24 * 60)  # before the one that was sent: every place in the list is another now
    delete(process, named(process, webinar, "1 h before").id)
    add(process, webinar, -180)
    for before, so_far in ((3 * HOUR, 2), (HOUR, 2), (10 * MINUTE, 3)):
        clock.set(session.starts_at - before)
        job.run(process, clock.now())
        assert made(process, session.id) == so_far


def test_what_was_sent_is_not_sent_again_at_another_time(
    process: Process, factory: Factory, webinar: str, session: WebinarSession, clock: SetClock
) -> None:
    factory.registration(session.id)
    clock.set(session.starts_at - DAY)
    job.run(process, clock.now())
    change(process, named(process, webinar, "24 h before").id, offset_minutes=-12 * 60)
    assert dues(process, session.id) == USUAL[1:]
    clock.set(session.starts_at - 12 * HOUR)
    job.run(process, clock.now())
    assert made(process, session.id) == 1


def test_what_is_deleted_or_switched_off_is_not_sent_and_can_be_switched_on_again(
    process: Process, webinar: str, session: WebinarSession
) -> None:
    delete(process, named(process, webinar, "24 h before").id)
    hour = named(process, webinar, "1 h before")
    change(process, hour.id, is_enabled=False)
    assert dues(process, session.id) == [-10 * MINUTE, 5 * MINUTE]
    change(process, hour.id, is_enabled=True)
    assert dues(process, session.id) == [-HOUR, -10 * MINUTE, 5 * MINUTE]


@pytest.fixture
def put_off(process: Process, factory: Factory, webinar: str, clock: SetClock, sender: Sender) -> WebinarSession:
    """A session one of whose reminders fell due at two at night, and waits for the morning."""
    clock.set(start_of(WallTime(datetime.fromisoformat("2026-03-03T23:00"), "America/Denver")))
    session = factory.session(webinar, starts_in=27 * HOUR).session
    factory.registration(session.id)
    sender.send_due(clock.now())  # the confirmation
    clock.set(session.starts_at - DAY)
    job.run(process, clock.now())
    assert held(process, session.id) == [("planned", None)]
    clock.advance(HOUR)
    return session


def held(process: Process, session_id: UUID) -> list[tuple[str, str | None]]:
    """What the ledger holds of a session's reminders."""
    message = core(Message).c
    with process.read() as work:
        query = sa.select(message.state, message.reason).where(
            message.session_id == session_id, message.kind.in_(REMINDER_KINDS)
        )
        return [(state.value, reason) for state, reason in work.db.execute(query)]


VOID = [("skipped", "superseded")]


@pytest.mark.parametrize("is_own", [False, True])
def test_what_a_deleted_rule_had_put_off_to_the_morning_is_not_sent(
    process: Process, webinar: str, put_off: WebinarSession, clock: SetClock, sender: Sender, is_own: bool
) -> None:
    delete(process, named(process, webinar, "24 h before").id, put_off.id if is_own else None)
    assert held(process, put_off.id) == VOID
    clock.set(put_off.starts_at - 18 * HOUR)
    job.run(process, clock.now())
    sender.send_due(clock.now())
    assert held(process, put_off.id) == VOID


@pytest.mark.parametrize("deed", ["nothing", "another", "own", "own and back"])
def test_control_what_a_rule_that_holds_has_put_off_is_sent(
    process: Process, webinar: str, put_off: WebinarSession, clock: SetClock, sender: Sender, deed: str
) -> None:
    """Under the copy of it, too."""
    if deed == "another":
        delete(process, named(process, webinar, "1 h before").id)
    elif deed != "nothing":
        delete(process, named(process, webinar, "1 h before").id, put_off.id)
    if deed == "own":
        delete(process, named(process, webinar, "24 h before").id)  # the others' one
    elif deed == "own and back":
        with process.work() as work:
            reminder_rules.follow_webinar(work, put_off.id, actor=ACTOR, now=clock.now())
    clock.set(put_off.starts_at - 18 * HOUR)
    sender.send_due(clock.now())
    assert held(process, put_off.id) == [("sent", None)]


def test_what_only_a_session_s_own_rule_had_put_off_is_not_sent_once_it_follows_its_webinar_again(
    process: Process, webinar: str, put_off: WebinarSession, clock: SetClock
) -> None:
    change(process, named(process, webinar, "1 h before").id, put_off.id, offset_minutes=-120)
    delete(process, named(process, webinar, "24 h before").id)
    assert held(process, put_off.id) == [("planned", None)]
    with process.work() as work:
        reminder_rules.follow_webinar(work, put_off.id, actor=ACTOR, now=clock.now())
    assert held(process, put_off.id) == VOID


def test_what_was_switched_off_by_mistake_comes_in_the_morning_after_all(
    process: Process, webinar: str, put_off: WebinarSession, clock: SetClock, sender: Sender
) -> None:
    day = named(process, webinar, "24 h before")
    change(process, day.id, is_enabled=False)
    assert held(process, put_off.id) == VOID
    change(process, day.id, is_enabled=True)
    sender.send_due(clock.now())
    assert held(process, put_off.id) == [("planned", None)]
    clock.set(put_off.starts_at - 18 * HOUR)
    sender.send_due(clock.now())
    assert held(process, put_off.id) == [("sent", None)]


def test_what_was_not_sent_and_put_off_while_its_rule_was_off_comes_at_its_new_moment_and_nobody_gets_it_twice(
    process: Process, factory: Factory, webinar: str, session: WebinarSession, clock: SetClock, sender: Sender
) -> None:
    delete(process, named(process, webinar, "1 h before").id)
    for _ in range(2):
        factory.registration(session.id)
    sender.send_due(clock.now())  # the confirmations
    clock.set(session.starts_at - DAY)
    job.run(process, clock.now())
    message = core(Message)
    with process.work() as work:  # one went out, one was deferred
        last = work.db.scalar(sa.select(sa.func.max(message.c.due_at)))
        one = work.db.scalar(sa.select(message.c.id).where(message.c.due_at == last).limit(1))
        work.db.execute(sa.update(message).where(message.c.id == one).values(state="sent", sent_at=clock.now()))
    day = named(process, webinar, "24 h before")
    change(process, day.id, is_enabled=False)
    clock.advance(30 * MINUTE)
    change(process, day.id, offset_minutes=-60)
    change(process, day.id, is_enabled=True)
    assert held(process, session.id) == [("sent", None)]
    assert dues(process, session.id) == USUAL[1:]
    for before, so_far in ((HOUR + MINUTE, 1), (HOUR, 2)):
        clock.set(session.starts_at - before)
        job.run(process, clock.now())
        sender.send_due(clock.now())
        assert held(process, session.id) == [("sent", None)] * so_far


def test_control_what_is_of_no_use_any_more_is_not_taken_up_again(
    process: Process, webinar: str, put_off: WebinarSession, clock: SetClock
) -> None:
    day = named(process, webinar, "24 h before")
    change(process, day.id, is_enabled=False)
    clock.set(put_off.starts_at - HOUR)
    change(process, day.id, is_enabled=True)
    assert held(process, put_off.id) == VOID


def test_control_a_rule_switched_off_by_hand_in_the_database_is_not_sent_either(
    process: Process, factory: Factory, session: WebinarSession
) -> None:
    factory.registration(session.id)
    with process.work() as work:
        work.db.execute(sa.update(ReminderRule).values(is_enabled=False))
    assert dues(process, session.id) == USUAL
    job.run(process, session.starts_at)
    assert made(process, session.id) == 0


def test_the_ledger_still_names_a_rule_that_was_deleted(
    process: Process, factory: Factory, webinar: str, session: WebinarSession, clock: SetClock
) -> None:
    factory.registration(session.id)
    clock.set(session.starts_at - DAY)
    job.run(process, clock.now())
    delete(process, named(process, webinar, "24 h before").id)
    with process.read() as work:
        items = reminder_ledger.ledger(work, session.id, clock.now(), cursor=None, limit=10).items
    assert items[0].rule == "24 h before"
    with pytest.raises(NotFound):
        change(process, rules_of(process, webinar)[0].origin_id or UUID(int=1), name="gone")


# --- Of one session


def test_a_session_goes_its_own_way_once_its_reminders_are_changed(
    process: Process, factory: Factory, webinar: str, session: WebinarSession
) -> None:
    other = factory.session(webinar, starts_in=9 * DAY).session
    hour = named(process, webinar, "1 h before")
    own = change(process, hour.id, session.id, offset_minutes=-120)
    assert (own.origin_id, own.session_id) == (hour.id, session.id)
    assert dues(process, session.id) == [-DAY, -2 * HOUR, -10 * MINUTE, 5 * MINUTE]
    assert dues(process, other.id) == USUAL
    add(process, webinar, -180)
    assert -3 * HOUR in dues(process, other.id)
    assert -3 * HOUR not in dues(process, session.id)


def test_a_copy_has_its_own_words_in_every_language(
    process: Process, factory: Factory, webinar: str, session: WebinarSession
) -> None:
    both = {"en": "See you soon.", "es": "Hasta pronto."}
    rule = add(process, webinar, -180, texts={"en": "\r\n See you soon. ", "es": "Hasta pronto."})
    assert rule.texts == both
    own = change(process, rule.id, session.id, offset_minutes=-120)
    assert (own.origin_id, own.texts) == (rule.id, both)
    assert change(process, own.id, texts={"en": "Soon.", "es": " "}).texts == {"en": "Soon."}
    assert named(process, webinar, "3 h before").texts == both


def test_a_copy_does_not_send_again_what_the_webinar_s_rule_has_sent_and_does_not_copy_that_it_was_sent_odoo(
    process: Process, factory: Factory, webinar: str, session: WebinarSession, clock: SetClock
) -> None:
    """Odoo copied `mail_sent` with the event, so that the copy sent nothing at all."""
    factory.registration(session.id)
    clock.set(session.starts_at - DAY)
    job.run(process, clock.now())
    with process.work() as work:
        facts = {"offset_minutes": -180}
        reminder_rules.create_session_rule(work, session.id, facts, actor=ACTOR, now=clock.now())
    for before in (23 * HOUR, 3 * HOUR, HOUR, 10 * MINUTE):
        clock.set(session.starts_at - before)
        job.run(process, clock.now())
    assert made(process, session.id) == 4  # 24 h once, and the three that were to come
    twin = factory.session(webinar, starts_in=8 * DAY).session
    assert dues(process, twin.id) == USUAL


def test_going_back_to_the_webinar_s_rules_sends_nothing_twice(
    process: Process, factory: Factory, webinar: str, session: WebinarSession, clock: SetClock
) -> None:
    factory.registration(session.id)
    change(process, named(process, webinar, "1 h before").id, session.id, offset_minutes=-120)
    clock.set(session.starts_at - DAY)
    job.run(process, clock.now())
    with process.work() as work:
        reminder_rules.follow_webinar(work, session.id, actor=ACTOR, now=clock.now())
    assert own_rules(process, session.id) == []
    assert dues(process, session.id) == USUAL[1:]
    clock.set(session.starts_at - 23 * HOUR)
    job.run(process, clock.now())
    assert made(process, session.id) == 1


def test_half_a_chunked_reminder_is_finished_under_the_copy_without_doubles(
    process: Process,
    factory: Factory,
    webinar: str,
    session: WebinarSession,
    clock: SetClock,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(reminders, "_CHUNK", 2)
    for _ in range(5):
        factory.registration(session.id)
    clock.set(session.starts_at - DAY)
    job.run(process, clock.now() - SECOND)
    with process.work() as work:
        assert reminders.plan_due(work, clock.now())
    assert made(process, session.id) == 2
    change(process, named(process, webinar, "1 h before").id, session.id, texts={"en": "Soon."})
    job.run(process, clock.now())
    assert made(process, session.id) == 5


def test_a_session_may_leave_out_one_reminder(process: Process, webinar: str, session: WebinarSession) -> None:
    day = named(process, webinar, "24 h before")
    delete(process, day.id, session.id)
    assert dues(process, session.id) == USUAL[1:]
    assert len(rules_of(process, webinar)) == 4
    with pytest.raises(NotFound):  # it has no copy of that one any more
        change(process, day.id, session.id, name="24")


def test_a_rule_of_another_webinar_or_session_is_not_found(
    process: Process, factory: Factory, webinar: str, session: WebinarSession
) -> None:
    other = factory.session(webinar, starts_in=9 * DAY).session
    own = change(process, named(process, webinar, "1 h before").id, session.id, name="own")
    with pytest.raises(NotFound):
        change(process, own.id, other.id, name="theirs")
    elsewhere = factory.session().session
    with pytest.raises(NotFound):
        change(process, rules_of(process, webinar)[0].id, elsewhere.id, name="theirs")


# --- Bounds, versions, notes


@pytest.mark.parametrize(
    "facts",
    [
        {"offset_minutes": 0, "offset_days": -61},
        {"offset_minutes": 1, "offset_days": 30, "anchor": Anchor.end},
        {"offset_minutes": -5, "audience": Audience.absent},
        {"offset_minutes": -60, "name": "x" * 41},
        {"offset_minutes": -60, "texts": {"en": "Hello.", "es": "Hola {{ secret }}"}},
        {"offset_minutes": -60, "texts": {"en": "x" * (LONGEST_BODY + 1)}},
        {"offset_minutes": -60, "texts": {"de": "Bald."}},
    ],
)
def test_what_cannot_be_is_refused_and_changes_nothing(
    process: Process, webinar: str, session: WebinarSession, facts: dict[str, Any]
) -> None:
    with pytest.raises(InvalidField), process.work() as work:
        reminder_rules.create_rule(work, webinar, facts, actor=ACTOR, now=process.clock.now())
    assert dues(process, session.id) == USUAL


def test_there_are_not_too_many(process: Process, webinar: str) -> None:
    for number in range(MOST_RULES - 4):
        add(process, webinar, -number - 20)
    with pytest.raises(InvalidField):
        add(process, webinar, -200)


def test_who_has_not_seen_the_last_change_changes_nothing(process: Process, webinar: str) -> None:
    rule = rules_of(process, webinar)[0]
    with pytest.raises(VersionMismatch), process.work() as work:
        reminder_rules.update_rule(
            work, rule.id, {"name": "x"}, version=rule.version + 1, actor=ACTOR, now=process.clock.now()
        )


def test_it_is_noted_who_did_it(process: Process, webinar: str) -> None:
    rule = add(process, webinar, -30)
    change(process, rule.id, texts={"en": "Soon."})
    delete(process, rule.id)
    with process.read() as work:
        notes = work.db.scalars(sa.select(AuditEntry).where(col(AuditEntry.subject_id) == rule.id)).all()
    assert [(note.action, note.fields) for note in notes] == [
        ("reminder_rule.create", []),
        ("reminder_rule.update", ["texts"]),
        ("reminder_rule.delete", []),
    ]


# --- Others' complaints


@pytest.mark.parametrize("change_of", ["spring", "autumn"])
def test_on_the_day_the_clocks_change_each_of_twenty_zones_gets_each_reminder_at_its_instant(
    process: Process, factory: Factory, clock: SetClock, change_of: str
) -> None:
    """Minutes and hours are exact, days keep the wall time; counted against the zone's calendar."""
    webinar = factory.webinar("clocks")
    for rule in rules_of(process, webinar):
        delete(process, rule.id)
    exact, nominal = add(process, webinar, -24 * 60), add(process, webinar, 0, offset_days=-1)
    wanted = {}
    for name in TWENTY_ZONES:
        starts_at = start_of(WallTime(_noon_after_change(name, change_of), name))
        session_id = factory.session(webinar, starts_in=starts_at - clock.now(), timezone=name).session.id
        noon_before = starts_at.astimezone(ZoneInfo(name)).replace(tzinfo=None) - DAY
        wanted[session_id, exact.id] = starts_at - 24 * HOUR
        wanted[session_id, nominal.id] = noon_before.replace(tzinfo=ZoneInfo(name))
    with process.read() as work:
        query = sa.select(col(Reminder.session_id), col(Reminder.rule_id), col(Reminder.due_at))
        planned = {(row[0], row[1]): row[2] for row in work.db.execute(query.where(col(Reminder.state).in_(DUE)))}
    assert planned == wanted
    apart = [wanted[session_id, exact.id] != wanted[session_id, nominal.id] for session_id, _ in wanted]
    assert sum(apart) // 2 == len(TWENTY_ZONES) - 2  # Phoenix and Kathmandu know no change


def _noon_after_change(name: str, change_of: str) -> datetime:
    """Noon of the first day of which the night had other than 24 hours, in the year's first or second half."""
    there = ZoneInfo(name)
    day = datetime(2027, 1, 5 if change_of == "spring" else 20, 12)  # noqa: DTZ001 - wall time
    day = day.replace(month=1 if change_of == "spring" else 6)
    for _ in range(300):
        before = (day - DAY).replace(tzinfo=there)
        if day.replace(tzinfo=there).utcoffset() != before.utcoffset():
            break
        day += DAY
    return day
