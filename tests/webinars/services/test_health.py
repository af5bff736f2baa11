"""What is well and what is not, said in time."""

from __future__ import annotations

import random
from datetime import datetime, timedelta
from pathlib import Path
from uuid import UUID

import pytest
import sqlalchemy as sa

from scheduler.jobs import reminders
from tests.conftest import NOW, make_settings
from tests.factories import Factory
from webinars.gateways.mail import MailDeferred, MailRefused, MailTransportDown
from webinars.gateways.mail_errors import RecipientRefused
from webinars.gateways.short_texts import WEBHOOK
from webinars.services import health, transports
from webinars.services.delivery import Sender
from webinars.services.messages import plan, registration_row
from webinars.tables import Worker
from webinars.tally import DELAYS_S
from webinars.terms import MessageKind
from webinars.testing import MemoryMailer, SetClock
from webinars.work import Process

ALL_WELL = {"database": True, "schema": True, "disk": True, "scheduler": True, "messages": True}


def well(findings: list[health.Finding]) -> dict[str, bool]:
    return {finding.name: finding.is_well for finding in findings}


def beat(process: Process, worker: int = 1, age: timedelta = timedelta()) -> None:
    with process.work() as work:
        health.beat(work, UUID(int=worker), "machine:1", NOW - age)


def test_all_is_well_while_a_scheduler_is_heard_of(process: Process) -> None:
    beat(process)
    assert well(health.is_ready(process, NOW)) == ALL_WELL
    assert all(well(health.check(process, NOW)).values())


@pytest.mark.parametrize(("age", "is_well"), [(60, True), (61, False)])
def test_a_scheduler_silent_for_a_minute_is_taken_as_dead(process: Process, age: int, is_well: bool) -> None:
    beat(process, age=timedelta(seconds=age))
    assert well(health.is_ready(process, NOW))["scheduler"] is is_well


def test_before_any_scheduler_was_started_it_is_ready(process: Process) -> None:
    assert well(health.is_ready(process, NOW)) == ALL_WELL


def test_a_schema_that_is_not_ours_is_seen(process: Process) -> None:
    with process.work() as work:
        work.db.execute(sa.text("UPDATE alembic_version SET version_num = 'other'"))
    assert well(health.is_ready(process, NOW))["schema"] is False


def test_a_database_that_is_away_is_seen_and_nothing_is_raised(tmp_path: Path) -> None:
    url = "postgresql://nobody@127.0.0.1:1/nothing"
    process = Process(make_settings(url, tmp_path), mail=MemoryMailer())
    found = well(health.is_ready(process, NOW))
    process.close()
    assert found == {"database": False, "schema": False, "disk": True, "scheduler": False, "messages": False}


class BrokenMailer(MemoryMailer):
    def check(self) -> str:
        raise MailTransportDown("cannot connect")


def test_mail_that_cannot_leave_is_seen(sqlite_url: str, tmp_path: Path) -> None:
    process = Process(make_settings(sqlite_url, tmp_path), mail=BrokenMailer())
    (mail,) = (finding for finding in health.check(process, NOW) if finding.name == "mail")
    process.close()
    assert (mail.is_well, mail.words) == (False, "cannot connect")


def test_figures_say_how_long_the_oldest_message_waits(process: Process, factory: Factory) -> None:
    factory.registration(factory.session().session.id)
    beat(process, age=timedelta(seconds=7))
    figures = health.figures(process, NOW + timedelta(seconds=90))
    assert (figures.lag_seconds, figures.messages, figures.last_beat_age_seconds) == (90.0, {"planned": 1}, 97.0)


def test_workers_of_yesterday_are_forgotten(process: Process) -> None:
    beat(process, 1, timedelta(days=2))
    beat(process, 2)
    with process.read() as work:
        assert [worker.id for worker in work.db.scalars(sa.select(Worker))] == [UUID(int=2)]


def alarms(process: Process, now: datetime = NOW) -> list[str]:
    with process.read() as work:
        return health.alarms(work, now)


@pytest.mark.parametrize(("minutes", "is_well"), [(5, True), (6, False)])
def test_what_waits_too_long_is_an_alarm_but_the_web_stays(
    process: Process, factory: Factory, minutes: int, is_well: bool
) -> None:
    beat(process, age=-timedelta(minutes=minutes))
    factory.registration(factory.session().session.id)
    findings = health.is_ready(process, NOW + timedelta(minutes=minutes))
    assert well(findings) == ALL_WELL | {"messages": is_well}
    assert [finding.name for finding in findings if not finding.is_vital] == ["messages"]
    if not is_well:
        assert alarms(process, NOW + timedelta(minutes=6)) == [
            "A message has waited for 6 minutes longer than it should."
        ]


def test_a_way_that_is_down_is_an_alarm_until_it_works_again(process: Process) -> None:
    transports.note_down(process, "memory", MailTransportDown("away"), NOW, random.Random(1), is_trial=False)
    assert alarms(process) == ["Sending by memory does not work and is paused. Failures in a row: 1."]
    assert [way.name for way in health.figures(process, NOW).ways] == ["memory"]
    transports.end_trial(process, "memory", NOW, works=True)
    assert alarms(process) == []


def test_a_way_that_nobody_uses_any_more_is_no_alarm(process: Process) -> None:
    """The operator went over to another provider; there is no adapter for texts."""
    for name in ("postmark", WEBHOOK):
        transports.note_down(process, name, MailTransportDown("away"), NOW, random.Random(1), is_trial=False)
    assert alarms(process) == []
    assert health.figures(process, NOW).ways == []


def send(process: Process, now: datetime) -> None:
    sender = Sender(process)
    sender.send_due(now)
    sender.stop()
    process.tally.note_tick(now)
    beat(process, age=NOW - now)


@pytest.mark.parametrize(
    ("addresses", "is_alarm"),
    [
        pytest.param(["ana", "bob", "eva"], True, id="three people"),
        pytest.param(["ana", "bob"], False, id="control: two"),
        pytest.param(["ana", "ana", "ana"], False, id="control: one full mailbox"),
    ],
)
def test_a_server_that_puts_everybody_off_is_an_alarm_until_it_takes_a_mail(
    process: Process, factory: Factory, mailer: MemoryMailer, clock: SetClock, addresses: list[str], is_alarm: bool
) -> None:
    def look(seconds: int) -> tuple[list[str], float]:
        clock.set(NOW + timedelta(seconds=seconds))
        send(process, clock.now())
        return alarms(process, clock.now()), health.figures(process, clock.now()).lag_seconds

    later = factory.session().session.id
    for address in addresses:
        factory.registration(factory.session().session.id, f"{address}@mail.example")
    mailer.failures = [MailDeferred("4.7.1 not today", 450)] * 3 * len(addresses)
    assert look(0) == look(60) == ([], 0.0)
    said = ["The mail server keeps putting mails off, whoever they are for."]
    assert look(301) == ((said, 301.0) if is_alarm else ([], 0.0))
    factory.registration(later)
    assert look(302) == ([], 0.0)
    assert len(mailer.mails) == 1
    mailer.failures = [MailDeferred("4.2.2 mailbox full", 452)] * len(addresses)
    assert look(2000) == ([], 0.0)  # nothing else fell due since: it may still be they
    assert mailer.failures == []


@pytest.mark.parametrize(
    ("failure", "is_alarm"),
    [
        (MailRefused("5.7.26 Unauthenticated mail is prohibited", 550), True),
        (RecipientRefused("5.7.1 relay access denied", 554), True),
        (RuntimeError("a bug"), True),
        (RecipientRefused("5.1.1 no such user", 550), False),
        (MailRefused("5.2.2 mailbox full", 552), False),
    ],
    ids=str,
)
def test_mail_that_fails_whoever_it_is_for_is_an_alarm_for_an_hour(
    process: Process, factory: Factory, mailer: MemoryMailer, failure: Exception, is_alarm: bool
) -> None:
    factory.registration(factory.session().session.id)
    mailer.failures = [failure]
    send(process, NOW)
    said = ["In the last hour mails were refused for the way they are sent, or could not be made."]
    assert alarms(process, NOW + timedelta(minutes=59)) == (said if is_alarm else [])
    assert alarms(process, NOW + timedelta(minutes=61)) == []


@pytest.mark.parametrize(("minutes", "is_well"), [(59, False), (60, True)])
def test_what_was_missed_is_remembered_for_an_hour(
    process: Process, factory: Factory, minutes: int, is_well: bool
) -> None:
    """Nobody looked at the reminders before they were of no use any more."""
    session = factory.session(starts_in=timedelta(days=2)).session
    factory.registration(session.id)
    with process.work() as work:
        work.db.execute(sa.text("DELETE FROM messages"))  # its confirmation waits, too
    late = session.starts_at + timedelta(minutes=1)
    reminders.run(process, late)
    beat(process, age=NOW - late)
    found = alarms(process, late + timedelta(minutes=minutes))
    lost = "In the last hour messages were not sent in time, and are useless by now."
    assert (lost not in found) is is_well
    with process.read() as work:
        (worker,) = work.db.scalars(sa.select(Worker))
    assert worker.figures["missed"] == 3


@pytest.mark.parametrize(("seconds", "said"), [(60, []), (125, ["2 minutes"])])
def test_a_reminder_that_nobody_looks_at_is_an_alarm_after_a_minute(
    process: Process, factory: Factory, seconds: int, said: list[str]
) -> None:
    session = factory.session(starts_in=timedelta(minutes=90)).session
    due = session.starts_at - timedelta(hours=1)
    now = due + timedelta(seconds=seconds)
    assert health.figures(process, now).planner_lag_seconds == seconds
    assert alarms(process, now) == [f"Reminders that were to be prepared {ago} ago are not." for ago in said]
    reminders.run(process, now)
    assert health.figures(process, now).planner_lag_seconds == 0
    assert alarms(process, now) == []


@pytest.mark.parametrize(("minutes", "is_well"), [(4, False), (5, True)])
def test_that_a_reminder_could_not_be_planned_is_told_for_five_minutes(
    process: Process, minutes: int, is_well: bool
) -> None:
    process.tally.count_unplanned(NOW)
    beat(process)
    assert (alarms(process, NOW + timedelta(minutes=minutes)) == []) is is_well


@pytest.mark.parametrize(("seconds", "is_well"), [(30, True), (31, False)])
@pytest.mark.parametrize("has_ticked", [True, False])
def test_a_worker_that_beats_but_ends_no_tick_for_half_a_minute_is_an_alarm(
    process: Process, seconds: int, is_well: bool, has_ticked: bool
) -> None:
    beat(process)
    if has_ticked:
        process.tally.note_tick(NOW)
    beat(process, age=-timedelta(seconds=seconds))
    now = NOW + timedelta(seconds=seconds)
    assert (alarms(process, now) == []) is is_well
    assert health.figures(process, now).last_tick_age_seconds == (seconds if has_ticked else None)
    assert alarms(process, now + timedelta(minutes=2)) == []  # it is dead: that is told elsewhere


def test_figures_of_a_worker_of_the_program_before_this_one_are_read_too(process: Process) -> None:
    beat(process)
    with process.work() as work:
        (worker,) = work.db.scalars(sa.select(Worker))
        worker.figures = {name: count for name, count in worker.figures.items() if not name.startswith("unplanned")}
    (figures,) = health.figures(process, NOW).workers
    assert (figures.counts["unplanned"], figures.counts["sent"]) == (0, 0)


def test_what_a_sender_counts_is_told_with_its_beat(
    process: Process, factory: Factory, mailer: MemoryMailer, clock: SetClock
) -> None:
    session_id = factory.session().session.id
    factory.registration(session_id)
    factory.registration(session_id)
    mailer.failures = [MailRefused("no", 550)]
    clock.advance(timedelta(seconds=3))
    sender = Sender(process)
    sender.send_due(clock.now())
    sender.stop()
    beat(process)
    (worker,) = health.figures(process, NOW).workers
    assert (worker.place, worker.counts["sent"], worker.counts["failed"], worker.counts["missed"]) == (
        "machine:1",
        1,
        1,
        0,
    )
    assert sum(worker.delays) == 1
    assert worker.delays[DELAYS_S.index(5.0)] == 1
    assert 3 <= worker.delay_sum < 5


def test_a_message_that_comes_too_late_is_counted(process: Process, factory: Factory) -> None:
    session = factory.session(starts_in=timedelta(hours=1)).session
    factory.registration(session.id)
    sender = Sender(process)
    sender.send_due(session.ends_at + timedelta(minutes=1))
    sender.stop()
    assert process.tally.figures()["missed"] == 1


def test_a_message_planned_twice_is_counted(process: Process, factory: Factory) -> None:
    registered = factory.registration(factory.session().session.id)
    with process.work() as work:
        row = registration_row(MessageKind.confirmation, registered.registration, registered.scheduled.session, NOW)
        plan(work, [row])
    assert process.tally.figures()["doubles"] == 1
