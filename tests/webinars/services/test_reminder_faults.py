"""Reminders while something is wrong: one that cannot be planned costs nobody else theirs, and is told of."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
import sqlalchemy as sa
from sqlmodel import col

from scheduler.jobs import reminders as job
from tests.support.clinics import DENVER, Clinic
from tests.webinars.services.test_recipients import HOUR, MINUTE
from webinars.rules import reminders as rules
from webinars.services import attendance, health, recipients, registrations, reminders
from webinars.services.recipients import weigh
from webinars.tables import Message, Registration, WebinarSession
from webinars.terms import REMINDER_KINDS

NOWHERE = "US/Pacific-New"
"""A zone that there was, and that new zone data know no more."""
LOST = "In the last hour messages were not sent in time, and are useless by now."
STUCK = "A reminder cannot be prepared. It is tried again every minute; the log says which one it is."


def lives_nowhere(clinic: Clinic, registration_id: UUID) -> None:
    with clinic.process.work() as work:
        of_them = col(Registration.id) == registration_id
        work.db.execute(sa.update(Registration).where(of_them).values(timezone=NOWHERE))


def go_to(clinic: Clinic, *moments: datetime) -> None:
    """A tick at each of these moments."""
    for moment in moments:
        clinic.clock.set(moment)
        clinic.tick()


def alarms(clinic: Clinic) -> list[str]:
    """What a worker says with its next beat."""
    clinic.clock.advance(timedelta(seconds=10))
    clinic.tick()
    with clinic.process.read() as work:
        return health.alarms(work, clinic.clock.now())


def breaks(monkeypatch: pytest.MonkeyPatch, session_id: UUID) -> Callable[[], None]:
    """Let one session's registrants be impossible to look at; gives what mends it."""
    broken = {session_id}

    def weigh_some(work: Any, occasion: Any, session: WebinarSession, *rest: Any, **more: Any) -> Any:
        if session.id in broken:
            work.db.execute(sa.text("SELECT nothing FROM nowhere"))  # PostgreSQL takes nothing more after that
        return weigh(work, occasion, session, *rest, **more)

    monkeypatch.setattr(reminders, "weigh", weigh_some)
    return broken.clear


# --- One that cannot be read


def test_somebody_whose_zone_is_no_more_is_reminded_by_the_session_s_and_so_are_all_others(clinic: Clinic) -> None:
    """At seven in the morning, the day before, all of them are asleep."""
    early, late = clinic.session("2026-03-05T07:00"), clinic.session("2026-03-05T07:30")
    lives_nowhere(clinic, clinic.register(early))
    clinic.register(early, "other@mail.example")
    clinic.register(late, "late@mail.example")
    go_to(clinic, clinic.clock.now(), clinic.at("2026-03-03T21:00"), clinic.at("2026-03-04T07:30"))
    for email in ("ana@mail.example", "other@mail.example", "late@mail.example"):
        assert clinic.reminders(email) == ["03. 21:00"]
    assert alarms(clinic) == []


def test_somebody_who_cannot_be_weighed_at_all_gets_it_at_its_moment(
    clinic: Clinic, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    session_id = clinic.session("2026-03-05T07:00")
    odd = clinic.register(session_id)
    clinic.clock.advance(timedelta(seconds=1))
    clinic.register(session_id, "other@mail.example")
    confirmed_at = clinic.clock.now()

    def decide(occasion: Any, who: Any, now: datetime) -> Any:
        if who.confirmed_at < confirmed_at:
            raise OverflowError("of ana@mail.example")
        return rules.decide(occasion, who, now)

    monkeypatch.setattr(recipients, "decide", decide)
    capsys.readouterr()
    go_to(clinic, clinic.clock.now(), clinic.at("2026-03-03T21:00"), clinic.at("2026-03-04T07:00"))
    assert clinic.reminders("other@mail.example") == ["03. 21:00"]
    assert clinic.reminders() == ["04. 07:00"]
    said = capsys.readouterr()
    assert str(odd) in said.out + said.err
    assert "ana@" not in said.out + said.err


def test_a_reminder_that_cannot_be_planned_is_put_off_told_of_and_tried_again_while_others_go_on(
    clinic: Clinic, monkeypatch: pytest.MonkeyPatch
) -> None:
    broken, later = clinic.session("2026-03-06T10:00"), clinic.session("2026-03-06T10:00")
    clinic.register(broken)
    clinic.register(later, "later@mail.example")
    go_to(clinic, clinic.clock.now(), clinic.at("2026-03-05T09:00"))
    mend = breaks(monkeypatch, broken)
    go_to(clinic, clinic.at("2026-03-05T10:00"))
    assert clinic.reminders("later@mail.example") == ["05. 10:00"]
    assert STUCK in alarms(clinic)
    assert clinic.process.tally.figures()["unplanned"] == 1  # not again within the minute
    mend()
    go_to(clinic, clinic.at("2026-03-05T10:01"))
    assert clinic.reminders() == ["05. 10:01"]
    clinic.clock.set(clinic.at("2026-03-05T10:05"))
    assert alarms(clinic) == []


def test_control_without_a_step_of_its_own_it_holds_up_all_that_come_after(
    clinic: Clinic, monkeypatch: pytest.MonkeyPatch
) -> None:
    broken, later = clinic.session("2026-03-06T10:00"), clinic.session("2026-03-06T11:00")
    clinic.register(broken)
    clinic.register(later, "later@mail.example")
    go_to(clinic, clinic.clock.now(), clinic.at("2026-03-05T09:00"))
    breaks(monkeypatch, broken)
    monkeypatch.setattr(reminders, "_in_a_step", lambda _work, deed, *_, **__: deed() is None)
    for moment in ("2026-03-05T10:00", "2026-03-05T11:00", "2026-03-05T11:02"):
        clinic.clock.set(clinic.at(moment))
        with pytest.raises(ExceptionGroup):
            clinic.scheduler.tick(clinic.clock.now())
    assert not any(mail.subject.startswith("Tomorrow") for mail in clinic.mailer.mails)
    with pytest.raises(ExceptionGroup):
        clinic.scheduler.tick(clinic.clock.now() + 10 * timedelta(seconds=1))
    with clinic.process.read() as work:
        said = health.alarms(work, clinic.clock.now() + 10 * timedelta(seconds=1))
    assert said == [
        "Reminders that were to be prepared 62 minutes ago are not.",
        "A scheduler is there, but does not get through what it has to do.",
    ]


def test_one_that_stays_broken_until_it_is_useless_is_counted_as_missed(
    clinic: Clinic, monkeypatch: pytest.MonkeyPatch
) -> None:
    session_id = clinic.session("2026-03-06T10:00")
    for number in range(2):
        clinic.register(session_id, f"p{number}@mail.example")
    go_to(clinic, clinic.clock.now())
    breaks(monkeypatch, session_id)
    go_to(clinic, *(clinic.at(f"2026-03-0{moment}") for moment in ("5T10:00", "6T08:59", "6T09:00")))
    assert clinic.process.tally.figures()["missed"] == 2


def test_a_session_that_cannot_be_healed_does_not_keep_another_from_it(
    clinic: Clinic, monkeypatch: pytest.MonkeyPatch
) -> None:
    sick, other = clinic.session("2026-03-06T10:00"), clinic.session("2026-03-06T11:00")
    plan_session = reminders.plan_session

    def plan(work: Any, session: WebinarSession, now: datetime) -> None:
        if session.id == sick:
            raise KeyError(DENVER)
        plan_session(work, session, now)

    with clinic.process.work() as work:
        work.db.execute(sa.text("DELETE FROM reminders"))
    monkeypatch.setattr(reminders, "plan_session", plan)
    job.reconcile(clinic.process, clinic.clock.now())
    with clinic.process.read() as work:
        assert set(work.db.execute(sa.text("SELECT DISTINCT session_id FROM reminders")).scalars()) != set()
        planned = work.db.scalars(sa.select(col(reminders.Reminder.session_id)).distinct())
        assert list(planned) == [other]


# --- What was missed


def test_after_an_outage_everybody_who_was_not_reminded_counts_and_it_is_an_alarm(clinic: Clinic) -> None:
    session_id = clinic.session("2026-03-06T10:00")
    people = [clinic.register(session_id, f"p{number}@mail.example") for number in range(3)]
    clinic.register(clinic.session("2026-03-20T10:00"))  # misses nothing
    go_to(clinic, clinic.clock.now())
    clinic.clock.set(clinic.at("2026-03-06T10:02"))
    with clinic.process.work() as work:  # one finds the way all the same
        attendance.note_click(work, registrations.get_registration(work, people[0])[0], clinic.clock.now())
    go_to(clinic, clinic.at("2026-03-06T10:40"))  # nothing ran since Monday
    assert clinic.process.tally.figures()["missed"] == 3 * 3 + 2
    assert alarms(clinic) == [LOST]
    findings = health.is_ready(clinic.process, clinic.clock.now())
    assert [(finding.name, finding.words) for finding in findings if not finding.is_well] == [("messages", LOST)]


def test_who_was_told_in_time_is_not_missed(clinic: Clinic) -> None:
    """Of those who live elsewhere some were told in the evening, before the outage."""
    session_id = clinic.session("2026-03-05T07:00")
    clinic.register(session_id)
    clinic.register(session_id, "berlin@mail.example", "Europe/Berlin")
    go_to(clinic, clinic.clock.now(), clinic.at("2026-03-03T21:00"), clinic.at("2026-03-05T06:30"))
    assert clinic.reminders() == ["03. 21:00", "05. 06:30"]
    assert clinic.process.tally.figures()["missed"] == 1


@pytest.mark.parametrize("begins", ["never", "too late"])
def test_nobody_misses_the_news_of_a_start_that_was_not_seen_in_time(clinic: Clinic, begins: str) -> None:
    session_id = clinic.session("2026-03-06T10:00")
    person = clinic.register(session_id)
    go_to(clinic, *(clinic.at(f"2026-03-0{moment}") for moment in ("5T10:00", "6T09:00", "6T09:50", "6T10:05")))
    clinic.clock.set(clinic.at("2026-03-06T10:31"))
    if begins == "too late":
        with clinic.process.work() as work:
            attendance.note_click(work, registrations.get_registration(work, person)[0], clinic.clock.now())
    go_to(clinic, clinic.clock.now())
    assert clinic.process.tally.figures()["missed"] == 0
    assert clinic.ledger(session_id)[-1] == ("skipped", "superseded")


# --- What was prevented


def test_going_over_a_reminder_again_prevents_nothing(clinic: Clinic) -> None:
    """In the evening, at its moment, and in the minutes after it."""
    session_id = clinic.session("2026-03-05T07:00")
    for number, timezone in enumerate((DENVER, "Europe/Berlin", "Asia/Tokyo")):
        clinic.register(session_id, f"p{number}@mail.example", timezone)
    clinic.run_to(clinic.at("2026-03-04T06:58"))
    clinic.run_to(clinic.at("2026-03-04T07:06"), every=MINUTE)
    with clinic.process.read() as work:
        of_reminders = col(Message.kind).in_(REMINDER_KINDS)
        assert work.db.scalar(sa.select(sa.func.count()).where(of_reminders)) == 3
    assert clinic.process.tally.figures()["doubles"] == 0


def test_control_two_that_do_not_know_of_each_other_are_counted(
    clinic: Clinic, monkeypatch: pytest.MonkeyPatch
) -> None:
    session_id = clinic.session("2026-03-06T10:00")
    clinic.register(session_id)
    monkeypatch.setattr(reminders.reminders_queries, "list_reminded", lambda *_: set())
    clinic.run_to(clinic.at("2026-03-05T10:00"))
    clinic.clock.advance(MINUTE)
    clinic.tick()
    assert clinic.process.tally.figures()["doubles"] == 1


def test_what_is_left_of_a_chunk_that_was_lost_is_made_and_the_rest_is_not_made_again(
    clinic: Clinic, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reminders, "_CHUNK", 2)
    session_id = clinic.session("2026-03-06T10:00")
    for number in range(5):
        clinic.register(session_id, f"p{number}@mail.example")
    go_to(clinic, clinic.clock.now())
    clinic.clock.set(clinic.at("2026-03-05T10:00"))
    job.run(clinic.process, clinic.clock.now() - HOUR)
    with clinic.process.work() as work:
        assert reminders.plan_due(work, clinic.clock.now())
    mend = breaks(monkeypatch, session_id)
    job.run(clinic.process, clinic.clock.now())
    mend()
    go_to(clinic, clinic.clock.now() + MINUTE)
    reminded = [recipient for _, recipient, subject in clinic.sent if subject == "Tomorrow"]
    assert sorted(reminded) == [f"p{number}@mail.example" for number in range(5)]
    assert clinic.process.tally.figures()["doubles"] == 0
