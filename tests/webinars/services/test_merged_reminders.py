"""A reminder that another session's was to speak for, when that one does not go out: whoever was to hear of two
sessions hears of the one that is left, and once."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import pytest
import sqlalchemy as sa

from scheduler.jobs import reminders as job
from tests.factories import ACTOR
from tests.support.clinics import ADDRESS, DENVER, Clinic
from tests.webinars.services.test_recipients import DAY, HOUR, MINUTE
from webinars.gateways.mail_errors import MailRefused
from webinars.gateways.provider_reports import ProviderEvent
from webinars.queries import recipients as recipients_queries
from webinars.rules.sessions import wall_time
from webinars.services import bounces, erasure, registrations, reminder_rules, reminders, sessions
from webinars.tables import Message, Registration
from webinars.tables.base import core
from webinars.terms import MessageKind
from webinars.work import Process

Said = tuple[str, str | None]


@dataclass
class Day:
    """One person's sessions of one day, by the webinars' names, with the seats they have there."""

    clinic: Clinic
    sessions: dict[str, UUID]
    seats: dict[str, UUID]

    def said(self, name: str) -> Said:
        """What the ledger has of the reminder of the day before."""
        message = core(Message).c
        query = sa.select(message.state, message.reason).where(
            message.registration_id == self.seats[name], message.kind == MessageKind.reminder
        )
        with self.clinic.process.read() as work:
            state, reason = work.db.execute(query.order_by(message.due_at).limit(1)).one()
        return state.value, reason

    def reminded(self) -> list[str]:
        """Of which webinars a reminder of the day before went out, in order."""
        subjects = [mail.subject for mail in self.clinic.mailer.to(ADDRESS)]
        return [
            subject.partition(": ")[2].partition(" ")[0] for subject in subjects if subject.startswith("Tomorrow: ")
        ]

    def after(self, minutes: int) -> None:
        self.clinic.clock.advance(minutes * MINUTE)
        self.clinic.tick()


@pytest.fixture
def make_day(clinic: Clinic) -> Callable[..., Day]:
    """Plans the reminders of sessions on 6 March and sends nothing yet but what came before."""

    def make(**starts: str) -> Day:
        seats, held = {}, {}
        for name, start in starts.items():
            held[name] = clinic.session(f"2026-03-06T{start}", clinic.factory.webinar(name, public_title=name))
            seats[name] = clinic.register(held[name])
        clinic.tick()
        for start in sorted(starts.values()):
            clinic.clock.set(clinic.at(f"2026-03-05T{start}"))
            job.run(clinic.process, clinic.clock.now())
        return Day(clinic, held, seats)

    return make


@pytest.fixture
def day(make_day: Callable[..., Day]) -> Day:
    """Two sessions that start together: Knee speaks for Hip."""
    day = make_day(Knee="10:00", Hip="10:00")
    assert (day.said("Knee"), day.said("Hip")) == (("planned", None), ("skipped", "merged"))
    return day


def is_refused(day: Day) -> None:
    day.clinic.mailer.failures = [MailRefused("5.7.1 not today", 550)]  # no word against the address


def is_given_up(day: Day) -> None:
    with day.clinic.process.work() as work:
        registrations.withdraw(work, day.seats["Knee"], day.clinic.clock.now())


def is_had_anew(day: Day) -> None:
    """Its confirmation goes out together with the reminder."""
    is_given_up(day)
    day.clinic.register(day.sessions["Knee"])


def is_cancelled(day: Day) -> None:
    with day.clinic.process.work() as work:
        now = day.clinic.clock.now()
        sessions.cancel_session(work, day.sessions["Knee"], version=None, actor=ACTOR, now=now)


def is_moved(day: Day) -> None:
    with day.clinic.process.work() as work:
        changes = {"wall": wall_time(day.clinic.at("2026-03-09T10:00"), DENVER)}
        now = day.clinic.clock.now()
        sessions.update_session(work, day.sessions["Knee"], changes, version=None, actor=ACTOR, now=now)


def is_erased(day: Day) -> None:
    with day.clinic.process.work() as work:
        erasure.erase(work, day.seats["Knee"], actor=ACTOR, now=day.clinic.clock.now())


def comes_back(day: Day, status: str = "5.7.26") -> None:
    """By default for the way we send: the address is as good as before."""
    message = core(Message)
    day.clinic.tick()
    event = ProviderEvent(
        event_id="e-1",
        email=ADDRESS,
        provider_id="p-1",
        is_complaint=False,
        is_permanent=True,
        status=status,
        words="no",
    )
    with day.clinic.process.work() as work:
        whose = (message.c.registration_id == day.seats["Knee"], message.c.kind == MessageKind.reminder)
        work.db.execute(sa.update(message).where(*whose).values(provider_id="p-1"))
        bounces.take_events(work, "ses", [event], day.clinic.clock.now())


@pytest.mark.parametrize(
    ("ends", "said"),
    [
        (is_refused, ("failed", "refused")),
        (is_given_up, ("skipped", "cancelled")),
        (is_had_anew, ("skipped", "late")),
        (is_cancelled, ("skipped", "cancelled")),
        (is_moved, ("skipped", "superseded")),
        (is_erased, ("skipped", "erased")),
        (comes_back, ("bounced", "ours")),
    ],
)
def test_whatever_becomes_of_the_one_that_speaks_the_other_comes_itself_and_once(
    day: Day, ends: Callable[[Day], None], said: Said
) -> None:
    ends(day)
    day.after(0)
    assert day.said("Knee") == said
    day.after(1)
    assert day.said("Hip") == ("sent", None)
    for _ in range(3):
        day.after(20)
    assert day.reminded().count("Hip") == 1


def test_control_without_the_second_look_nobody_hears_of_it(day: Day, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reminders, "weigh_merged_again", lambda _, **__: False)
    is_given_up(day)
    for _ in range(4):
        day.after(20)
    assert day.said("Hip") == ("skipped", "merged")
    assert day.reminded() == []


def test_while_the_one_that_speaks_waits_and_when_it_is_out_the_other_stays_merged(day: Day) -> None:
    job.reconcile(day.clinic.process, day.clinic.clock.now())
    assert day.said("Hip") == ("skipped", "merged")
    for _ in range(4):
        day.after(20)
    assert day.said("Knee") == ("sent", None)
    assert day.said("Hip") == ("skipped", "merged")
    assert day.reminded() == ["Knee"]


def test_one_that_was_sent_and_whose_seat_was_given_up_since_has_spoken(day: Day) -> None:
    day.after(0)
    is_given_up(day)
    day.after(1)
    assert day.said("Hip") == ("skipped", "merged")


def test_an_address_that_takes_no_mail_is_the_reason_then(day: Day) -> None:
    comes_back(day, "5.1.1")
    day.after(1)
    assert (day.said("Knee"), day.said("Hip")) == (("bounced", "hard"), ("skipped", "suppressed"))
    assert day.reminded() == ["Knee"]


def test_one_that_could_not_be_sent_in_time_leaves_the_other_for_as_long_as_it_is_of_use(
    make_day: Callable[..., Day],
) -> None:
    day = make_day(Knee="10:00", Hip="15:00")
    assert day.said("Hip") == ("skipped", "merged")
    day.clinic.clock.set(day.clinic.at("2026-03-06T09:00"))  # nobody was there to send
    day.after(0)
    assert day.said("Knee") == ("missed", "expired")
    day.after(1)
    assert day.said("Hip") == ("sent", None)


@pytest.mark.parametrize("is_left", [False, True])
def test_one_mail_speaks_for_one_reminder_of_the_other_session_and_not_for_its_next(
    clinic: Clinic, is_left: bool
) -> None:
    """Both remind a day and half a day before: the second time, too, somebody has to speak."""
    seats = []
    for name, start in (("Knee", "15:00"), ("Hip", "15:30")):
        slug = clinic.factory.webinar(name, public_title=name)
        with clinic.process.work() as work:
            facts = {"offset_minutes": -12 * 60}
            reminder_rules.create_rule(work, slug, facts, actor=ACTOR, now=clinic.clock.now())
        seats.append(clinic.register(clinic.session(f"2026-03-06T{start}", slug)))
    clinic.tick()
    for moment in ("5T15:00", "5T15:30", "5T21:00"):
        if moment == "5T21:00" and is_left:
            with clinic.process.work() as work:
                registrations.withdraw(work, seats[0], clinic.clock.now())
        clinic.clock.set(clinic.at(f"2026-03-0{moment}"))
        clinic.tick()
    message = core(Message).c
    with clinic.process.read() as work:
        whose = (message.registration_id == seats[1], message.kind == MessageKind.reminder)
        said = work.db.execute(sa.select(message.state, message.reason).where(*whose).order_by(message.id)).all()
    second = ("sent", None) if is_left else ("skipped", "merged")
    assert [(state.value, reason) for state, reason in said] == [("skipped", "merged"), second]


def test_what_is_of_no_use_any_more_stays_as_it_is(day: Day) -> None:
    is_given_up(day)
    day.clinic.clock.set(day.clinic.at("2026-03-06T09:00"))
    day.after(0)
    day.after(1)
    assert day.said("Hip") == ("skipped", "merged")


def test_of_three_the_next_one_speaks_for_the_last(make_day: Callable[..., Day]) -> None:
    day = make_day(Knee="10:00", Hip="10:00", Hand="10:00")
    is_given_up(day)
    day.after(0)
    day.after(1)
    assert day.said("Hip") == ("sent", None)
    assert day.said("Hand") == ("skipped", "merged")
    assert day.reminded() == ["Hip"]
    assert "another webinar" in day.clinic.mailer.to(ADDRESS)[-1].raw.decode()


def test_nobody_is_woken_for_it(day: Day) -> None:
    is_given_up(day)
    day.clinic.clock.set(day.clinic.at("2026-03-05T23:00"))
    day.after(0)
    day.after(1)
    assert day.said("Hip") == ("planned", None)
    day.clinic.clock.set(day.clinic.at("2026-03-06T07:59"))
    day.after(0)
    assert day.said("Hip") == ("planned", None)
    day.after(1)
    assert day.said("Hip") == ("sent", None)


def test_who_left_the_other_too_hears_nothing(day: Day) -> None:
    is_given_up(day)
    with day.clinic.process.work() as work:
        registrations.withdraw(work, day.seats["Hip"], day.clinic.clock.now())
    day.after(0)
    day.after(1)
    day.clinic.register(day.sessions["Hip"])  # and who comes back after the reminder's moment is confirmed anew
    day.after(20)
    assert day.said("Hip") == ("skipped", "merged")
    assert day.reminded() == []


def test_a_rule_that_was_switched_off_meanwhile_is_the_reason_then(day: Day) -> None:
    is_given_up(day)
    with day.clinic.process.work() as work:
        rules = reminder_rules.list_rules(work, "Hip").rules
        first = next(rule for rule in rules if rule.name == "24 h before")
        now = day.clinic.clock.now()
        reminder_rules.update_rule(work, first.id, {"is_enabled": False}, version=None, actor=ACTOR, now=now)
    day.after(0)
    day.after(1)
    assert day.said("Hip") == ("skipped", "superseded")


def test_many_are_weighed_again_in_steps(day: Day, clinic: Clinic, monkeypatch: pytest.MonkeyPatch) -> None:
    for number in range(3):
        for session_id in day.sessions.values():
            clinic.register(session_id, f"p{number}@mail.example")
    clinic.clock.advance(-HOUR)
    message = core(Message)
    with clinic.process.work() as work:  # as if all had been there in time
        registration = core(Registration)
        work.db.execute(sa.update(registration).values(confirmed_at=clinic.clock.now() - DAY))
        work.db.execute(sa.update(message).values(created_at=clinic.clock.now() - DAY))
    clinic.tick()
    clinic.clock.advance(HOUR)
    job.reconcile(clinic.process, clinic.clock.now() + MINUTE)
    job.run(clinic.process, clinic.clock.now() + MINUTE)
    is_cancelled(day)
    monkeypatch.setattr(reminders, "_CHUNK", 3)
    job.reconcile(clinic.process, clinic.clock.now() + MINUTE)
    with clinic.process.read() as work:
        of_hip = (message.c.session_id == day.sessions["Hip"], message.c.kind == MessageKind.reminder)
        states = list(work.db.scalars(sa.select(message.c.state).where(*of_hip)))
    assert [state.value for state in states] == ["planned"] * 4


def test_in_the_evening_before_too_one_speaks_for_both(clinic: Clinic) -> None:
    for session_id in [clinic.session("2026-03-05T07:00") for _ in range(2)]:
        clinic.register(session_id)
    clinic.run_to(clinic.at("2026-03-04T12:00"))
    assert clinic.reminders() == ["03. 21:00"]


def test_who_has_a_seat_again_since_the_mail_that_named_it_gets_its_own(clinic: Clinic) -> None:
    """They left between: what that mail said of the session was over."""
    morning, afternoon = clinic.session("2026-03-06T10:00"), clinic.session("2026-03-06T15:00")
    clinic.register(morning)
    seat = clinic.register(afternoon)
    clinic.run_to(clinic.at("2026-03-05T11:00"))
    with clinic.process.work() as work:
        registrations.withdraw(work, seat, clinic.clock.now())
    clinic.register(afternoon)
    clinic.run_to(clinic.at("2026-03-05T18:00"))
    assert clinic.ledger(afternoon)[0] == ("sent", None)


def test_the_look_goes_along_an_index_that_knows_nothing_of_all_other_messages(process: Process) -> None:
    ran: list[tuple[str, Any]] = []
    with process.read() as work:
        connection = work.db.connection()
        sa.event.listen(connection, "before_cursor_execute", lambda *said: ran.append((said[2], said[3])))
        if connection.dialect.name == "postgresql":
            connection.exec_driver_sql("SET LOCAL enable_seqscan = off")  # the tables are empty
        recipients_queries.list_unspoken(work.db, process.clock.now(), 10)
        statement, values = ran[-1]
        explain = "EXPLAIN QUERY PLAN" if process.engines.is_sqlite else "EXPLAIN"
        plan = [str(row) for row in connection.exec_driver_sql(f"{explain} {statement}", values)]
    assert any("ix_messages_deadline_at" in step for step in plan), plan
