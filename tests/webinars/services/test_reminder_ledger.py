"""The ledger answers for every reminder of every registrant, also for those that nobody has planned yet."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

from scheduler.jobs import reminders as job
from tests.conftest import NOW
from tests.factories import ACTOR, Factory
from webinars.services import consents, registrations, reminder_ledger, reminder_rules
from webinars.services.consents import ConsentAnswer
from webinars.services.delivery import Sender
from webinars.testing import SetClock
from webinars.work import Process

DAY, HOUR, SECOND = timedelta(days=1), timedelta(hours=1), timedelta(seconds=1)
ADDRESS = "ana@mail.example"
Said = list[tuple[str, str, str | None]]


def ledger(process: Process, session_id: UUID) -> Said:
    with process.read() as work:
        page = reminder_ledger.ledger(work, session_id, process.clock.now(), cursor=None, limit=50)
    return [(item.rule, item.state.value, item.reason) for item in page.items]


def test_of_a_rule_and_the_session_s_copy_of_it_there_is_one_line(
    process: Process, factory: Factory, clock: SetClock
) -> None:
    session = factory.session(factory.webinar("knee")).session
    factory.registration(session.id)
    clock.set(session.starts_at - DAY)
    job.run(process, clock.now())
    with process.work() as work:
        hour = next(rule for rule in reminder_rules.list_rules(work, "knee").rules if rule.name == "1 h before")
        reminder_rules.update_rule(
            work,
            hour.id,
            {"offset_minutes": -120},
            for_session=session.id,
            version=None,
            actor=ACTOR,
            now=clock.now(),
        )
    assert [said[0] for said in ledger(process, session.id)] == [
        "24 h before",
        "2 h before",
        "10 min before",
        "5 min after the start, if not there",
    ]


def test_what_is_known_of_what_is_to_come_is_said_before_it_comes(
    process: Process, factory: Factory, clock: SetClock
) -> None:
    session = factory.session().session
    registration_id = factory.registration(session.id, ADDRESS).registration.id
    assert ledger(process, session.id)[0] == ("24 h before", "planned", None)
    with process.work() as work:
        given = [ConsentAnswer("reminders", "email", False, "api")]
        consents.answer(work, registration_id, given, address_block="", actor=ACTOR, now=NOW)
    assert ledger(process, session.id)[0] == ("24 h before", "skipped", "consent")
    clock.set(session.starts_at - DAY)
    job.run(process, clock.now())
    assert ledger(process, session.id)[0] == ("24 h before", "skipped", "consent")  # and now there is a row of it


def test_who_has_just_registered_is_told_of_as_late_before_and_after(
    process: Process, factory: Factory, clock: SetClock, sender: Sender
) -> None:
    session = factory.session().session
    clock.set(session.starts_at - DAY - SECOND)
    factory.registration(session.id)
    sender.send_due(clock.now())
    assert ledger(process, session.id)[0] == ("24 h before", "skipped", "late")
    clock.advance(SECOND)
    job.run(process, clock.now())
    assert ledger(process, session.id)[0] == ("24 h before", "skipped", "late")


def test_the_second_session_of_a_day_says_merged_once_the_first_has_named_it(
    process: Process, factory: Factory, clock: SetClock
) -> None:
    first, second = (factory.session(starts_in=3 * DAY + hours * HOUR).session for hours in (0, 2))
    for session in (first, second):
        factory.registration(session.id, ADDRESS)
    assert ledger(process, second.id)[0] == ("24 h before", "planned", None)
    clock.set(first.starts_at - DAY)
    job.run(process, clock.now())
    assert ledger(process, first.id)[0] == ("24 h before", "planned", None)
    assert ledger(process, second.id)[0] == ("24 h before", "skipped", "merged")  # foretold
    clock.set(second.starts_at - DAY)
    job.run(process, clock.now())
    assert ledger(process, second.id)[0] == ("24 h before", "skipped", "merged")


def test_who_has_left_gets_nothing_that_is_to_come(process: Process, factory: Factory) -> None:
    session_id = factory.session().session.id
    registration_id = factory.registration(session_id).registration.id
    with process.work() as work:
        registrations.withdraw(work, registration_id, NOW)
    assert {said[1:] for said in ledger(process, session_id)} == {("skipped", "cancelled")}


def test_who_waits_has_no_line(process: Process, factory: Factory) -> None:
    session_id = factory.session(capacity=1).session.id
    for _ in range(2):
        factory.registration(session_id)
    assert len(ledger(process, session_id)) == 4


def test_a_dry_run_leaves_out_what_is_past(process: Process, factory: Factory, clock: SetClock) -> None:
    session = factory.session().session
    factory.registration(session.id)
    clock.set(session.starts_at - HOUR + SECOND)
    with process.read() as work:
        page = reminder_ledger.preview(work, session.id, clock.now(), cursor=None, limit=50)
    assert [item.rule for item in page.items] == [
        "24 h before",  # nothing has run: it is still due
        "1 h before",
        "10 min before",
        "5 min after the start, if not there",
    ]
    job.run(process, clock.now())
    with process.read() as work:
        page = reminder_ledger.preview(work, session.id, clock.now(), cursor=None, limit=50)
    assert page.items[0].rule == "1 h before"
