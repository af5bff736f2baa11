"""Who gets a reminder and who does not, seen through the scheduler and the mails: each case with its control."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from uuid import UUID

import pytest
import sqlalchemy as sa
from sqlmodel import col

from scheduler.jobs import reminders as job
from tests.conftest import NOW, make_settings
from tests.factories import ACTOR
from tests.support.clinics import ADDRESS, DENVER, Clinic
from webinars.gateways.mail import MailTransportDown
from webinars.gateways.short_texts import SendableText
from webinars.rules.reminders import GRACE
from webinars.rules.sessions import wall_time
from webinars.services import (
    attendance,
    consents,
    registrations,
    reminder_ledger,
    reminder_rules,
    rescheduling,
    sessions,
)
from webinars.services.attendance import Report
from webinars.services.consents import ConsentAnswer
from webinars.tables import Message, Reminder, Suppression
from webinars.terms import (
    Anchor,
    AttendanceSource,
    Audience,
    Channel,
    MessageKind,
    ReminderState,
    SuppressionReason,
    new_id,
)
from webinars.testing import MemoryMailer, SetClock
from webinars.work import Process

SECOND, MINUTE, HOUR, DAY = timedelta(seconds=1), timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)


Remake = Callable[..., Clinic]


@pytest.fixture
def remake(database_url: str, tmp_path: Path, clock: SetClock, mailer: MemoryMailer) -> Iterator[Remake]:
    """Makes clinics with other settings."""
    made: list[Clinic] = []

    def make(**settings: object) -> Clinic:
        process = Process(make_settings(database_url, tmp_path, **settings), clock=clock, mail=mailer)
        made.append(Clinic(process, clock, mailer))
        return made[-1]

    yield make
    for clinic in made:
        clinic.scheduler.stop()
        clinic.process.close()


# --- Quiet hours: the recipient's zone, moved earlier, never past the start


def test_a_reminder_that_falls_into_the_night_comes_the_evening_before(clinic: Clinic) -> None:
    """A session at 7 in the morning: 24 hours before it everybody in Denver is asleep, and Berlin is not."""
    session_id = clinic.session("2026-03-05T07:00")
    clinic.register(session_id)
    clinic.register(session_id, "berlin@mail.example", "Europe/Berlin")
    clinic.run_to(clinic.at("2026-03-04T12:00"))
    assert clinic.reminders() == ["03. 21:00"]
    assert clinic.reminders("berlin@mail.example") == ["04. 07:00"]


def test_control_without_quiet_hours_it_comes_in_the_night(remake: Remake) -> None:
    clinic = remake(quiet_hours="")
    session_id = clinic.session("2026-03-05T07:00")
    clinic.register(session_id)
    clinic.run_to(clinic.at("2026-03-04T12:00"))
    assert clinic.reminders() == ["04. 07:00"]


def test_a_dry_run_says_the_evening_before_it_comes(clinic: Clinic) -> None:
    session_id = clinic.session("2026-03-05T07:00")
    clinic.register(session_id)
    with clinic.process.read() as work:
        page = reminder_ledger.preview(work, session_id, clinic.clock.now(), cursor=None, limit=50)
    assert page.items[0].due_at == clinic.at("2026-03-03T21:00")


def test_short_reminders_and_confirmations_come_at_night_too(clinic: Clinic) -> None:
    """Who registers for six in the morning wants to be told at five."""
    session_id = clinic.session("2026-03-05T06:00")
    clinic.clock.set(clinic.at("2026-03-04T23:00"))
    clinic.register(session_id)
    clinic.run_to(clinic.at("2026-03-05T06:00"), every=10 * MINUTE)
    assert clinic.sent[0][0] == clinic.at("2026-03-04T23:00")
    assert clinic.reminders() == ["05. 05:00", "05. 05:50"]


def test_who_registers_in_that_night_is_reminded_in_the_morning(clinic: Clinic) -> None:
    webinar = clinic.factory.webinar("late")
    clinic.only_rule(webinar, -14 * 60)
    session_id = clinic.session("2026-03-05T17:00", webinar)  # due at 03:00
    clinic.register(session_id, "early@mail.example")
    clinic.run_to(clinic.at("2026-03-04T22:00"))
    clinic.register(session_id)
    clinic.run_to(clinic.at("2026-03-05T12:00"))
    assert clinic.reminders("early@mail.example") == ["04. 21:00"]
    assert clinic.reminders() == ["05. 08:00"]


def test_where_the_morning_is_too_late_the_ledger_says_quiet(clinic: Clinic) -> None:
    """Due at three, and the next reminder takes its place at seven: nothing is left of the morning."""
    webinar = clinic.factory.webinar("late")
    clinic.only_rule(webinar, -14 * 60)
    with clinic.process.work() as work:
        facts = {"offset_minutes": -10 * 60}
        reminder_rules.create_rule(work, webinar, facts, actor=ACTOR, now=clinic.clock.now())
    session_id = clinic.session("2026-03-05T17:00", webinar)
    clinic.run_to(clinic.at("2026-03-04T22:00"))
    clinic.register(session_id)
    clinic.run_to(clinic.at("2026-03-05T12:00"))
    assert clinic.ledger(session_id) == [("skipped", "quiet"), ("sent", None)]
    assert clinic.reminders() == ["05. 07:00"]


def test_nobody_is_woken_because_the_scheduler_was_away_in_the_evening(clinic: Clinic) -> None:
    session_id = clinic.session("2026-03-05T07:00")
    clinic.register(session_id)
    clinic.run_to(clinic.at("2026-03-03T20:30"))
    clinic.clock.set(clinic.at("2026-03-04T02:00"))
    clinic.run_to(clinic.at("2026-03-04T12:00"))
    assert clinic.reminders() == ["04. 08:00"]


# --- Two sessions on a day


def test_two_sessions_on_one_day_share_a_reminder_that_names_both_times(clinic: Clinic) -> None:
    morning, afternoon = clinic.session("2026-03-06T10:00"), clinic.session("2026-03-06T15:00")
    clinic.register(morning)
    clinic.register(afternoon)
    clinic.run_to(clinic.at("2026-03-05T18:00"))
    assert clinic.reminders() == ["05. 10:00"]
    assert clinic.ledger(afternoon)[0] == ("skipped", "merged")
    shared = clinic.mailer.mails[-1].raw.decode()
    assert "10:00" in shared
    assert "3:00" in shared


def test_the_short_ones_of_both_still_come(clinic: Clinic) -> None:
    """They bring the link to the room, which is not the same."""
    morning, afternoon = clinic.session("2026-03-06T10:00"), clinic.session("2026-03-06T15:00")
    clinic.register(morning)
    clinic.register(afternoon)
    clinic.run_to(clinic.at("2026-03-05T18:00"))
    clinic.run_to(clinic.at("2026-03-06T15:00"), every=10 * MINUTE)
    assert clinic.reminders() == ["05. 10:00", "06. 09:00", "06. 09:50", "06. 14:00", "06. 14:50"]


@pytest.mark.parametrize(
    ("local", "timezone", "email"),
    [
        pytest.param("2026-03-07T01:00", DENVER, ADDRESS, id="the next day there"),
        pytest.param("2026-03-06T15:00", DENVER, "other@mail.example", id="another person"),
        pytest.param("2026-03-06T15:00", "Asia/Tokyo", ADDRESS, id="the next day where they live"),
    ],
)
def test_control_what_is_not_one_day_of_one_person_is_not_shared(
    clinic: Clinic, local: str, timezone: str, email: str
) -> None:
    first, second = clinic.session("2026-03-06T10:00"), clinic.session(local)
    clinic.register(first)
    clinic.register(second, email, timezone)
    clinic.run_to(clinic.at(local) - HOUR)
    assert ("skipped", "merged") not in clinic.ledger(second)


def test_a_session_that_was_registered_for_later_gets_its_own(clinic: Clinic) -> None:
    """The first reminder went out before there was a second session to name."""
    morning, afternoon = clinic.session("2026-03-06T10:00"), clinic.session("2026-03-06T15:00")
    clinic.register(morning)
    clinic.run_to(clinic.at("2026-03-05T12:00"))
    clinic.register(afternoon)
    clinic.run_to(clinic.at("2026-03-05T18:00"))
    assert clinic.reminders() == ["05. 10:00", "05. 15:00"]


def test_a_session_that_moved_after_it_was_named_gets_its_own(clinic: Clinic) -> None:
    morning, afternoon = clinic.session("2026-03-06T10:00"), clinic.session("2026-03-06T15:00")
    clinic.register(morning)
    clinic.register(afternoon)
    clinic.run_to(clinic.at("2026-03-05T11:00"))
    with clinic.process.work() as work:
        changes = {"wall": wall_time(clinic.at("2026-03-06T17:00"), DENVER)}
        sessions.update_session(work, afternoon, changes, version=None, actor=ACTOR, now=clinic.clock.now())
    clinic.run_to(clinic.at("2026-03-05T18:00"))
    assert clinic.ledger(afternoon)[0] == ("sent", None)


def test_a_session_that_was_given_up_is_not_named(clinic: Clinic) -> None:
    morning, afternoon = clinic.session("2026-03-06T10:00"), clinic.session("2026-03-06T15:00")
    clinic.register(morning)
    given_up = clinic.register(afternoon)
    clinic.run_to(clinic.at("2026-03-04T12:00"))
    with clinic.process.work() as work:
        registrations.withdraw(work, given_up, clinic.clock.now())
    clinic.run_to(clinic.at("2026-03-05T12:00"))
    assert "another webinar" not in clinic.mailer.mails[-1].raw.decode()


# --- The cap


def test_a_person_gets_so_many_in_seven_days_and_the_last_before_each_start_always(remake: Remake) -> None:
    clinic = remake(reminders_per_week=3)
    first, second = clinic.session("2026-03-04T10:00"), clinic.session("2026-03-06T10:00")
    clinic.register(first)
    clinic.register(second)
    clinic.run_to(clinic.at("2026-03-04T10:00"), every=10 * MINUTE)
    clinic.run_to(clinic.at("2026-03-06T10:00"), every=10 * MINUTE)
    assert clinic.ledger(first)[:3] == [("sent", None)] * 3
    assert clinic.ledger(second)[:3] == [("skipped", "capped"), ("skipped", "capped"), ("sent", None)]


def test_control_without_a_cap_all_come(remake: Remake) -> None:
    clinic = remake(reminders_per_week=0)
    first, second = clinic.session("2026-03-04T10:00"), clinic.session("2026-03-06T10:00")
    clinic.register(first)
    clinic.register(second)
    clinic.run_to(clinic.at("2026-03-04T10:00"), every=10 * MINUTE)
    clinic.run_to(clinic.at("2026-03-06T10:00"), every=10 * MINUTE)
    assert clinic.ledger(second)[:3] == [("sent", None)] * 3


def test_the_cap_counts_seven_days_and_no_longer(remake: Remake) -> None:
    clinic = remake(reminders_per_week=3)
    first, second = clinic.session("2026-03-04T10:00"), clinic.session("2026-03-13T10:00")
    clinic.register(first)
    clinic.register(second)
    clinic.run_to(clinic.at("2026-03-04T10:00"), every=10 * MINUTE)
    clinic.run_to(clinic.at("2026-03-13T10:00"), every=10 * MINUTE)
    assert clinic.ledger(second)[:3] == [("sent", None)] * 3


# --- Not wanted, not taken


def test_who_turned_reminders_off_gets_none_and_on_again_gets_the_next(clinic: Clinic) -> None:
    session_id = clinic.session("2026-03-06T10:00")
    registration_id = clinic.register(session_id)
    clinic.run_to(clinic.at("2026-03-04T10:00"))
    answer_to_reminders(clinic, registration_id, is_granted=False)
    assert clinic.ledger(session_id)[:3] == [("skipped", "consent")] * 3  # told before it is so
    clinic.run_to(clinic.at("2026-03-06T08:00"))
    answer_to_reminders(clinic, registration_id, is_granted=True)
    clinic.run_to(clinic.at("2026-03-06T10:00"), every=10 * MINUTE)
    assert clinic.ledger(session_id)[:3] == [("skipped", "consent"), ("sent", None), ("sent", None)]


def answer_to_reminders(clinic: Clinic, registration_id: UUID, *, is_granted: bool) -> None:
    with clinic.process.work() as work:
        given = [ConsentAnswer("reminders", "email", is_granted, "api")]
        consents.answer(work, registration_id, given, address_block="", actor=ACTOR, now=clinic.clock.now())


def test_who_turned_reminders_off_at_another_webinar_gets_none_and_a_dry_run_knows_it(clinic: Clinic) -> None:
    """What is said of mails holds for the address, whichever registration it was said in; the last word counts."""
    session_id, other = clinic.session("2026-03-06T10:00"), clinic.session("2026-03-20T10:00")
    clinic.register(session_id)
    elsewhere = clinic.register(other)
    answer_to_reminders(clinic, elsewhere, is_granted=False)
    foretold = clinic.ledger(session_id)[:3]
    clinic.run_to(clinic.at("2026-03-05T10:00"))
    assert clinic.ledger(session_id)[:3] == foretold == [("skipped", "consent")] * 3
    answer_to_reminders(clinic, elsewhere, is_granted=True)
    assert clinic.ledger(session_id)[1:3] == [("planned", None)] * 2
    clinic.run_to(clinic.at("2026-03-06T09:00"))
    assert clinic.reminders() == ["06. 09:00"]


def test_control_what_somebody_else_said_does_not_count(clinic: Clinic) -> None:
    session_id = clinic.session("2026-03-06T10:00")
    clinic.register(session_id)
    answer_to_reminders(clinic, clinic.register(session_id, "other@mail.example"), is_granted=False)
    assert [state for state, _ in clinic.ledger(session_id)].count("skipped") == 4
    assert [state for state, _ in clinic.ledger(session_id)].count("planned") == 4


def test_who_turns_them_off_between_planning_and_sending_gets_none(clinic: Clinic) -> None:
    session_id = clinic.session("2026-03-06T10:00")
    registration_id = clinic.register(session_id)
    clinic.run_to(clinic.at("2026-03-05T09:00"))
    clinic.clock.set(clinic.at("2026-03-05T10:00"))
    job.run(clinic.process, clinic.clock.now())
    answer_to_reminders(clinic, registration_id, is_granted=False)
    clinic.tick()
    assert clinic.ledger(session_id)[0] == ("skipped", "consent")


def test_an_address_that_takes_no_mail_gets_none(clinic: Clinic) -> None:
    session_id = clinic.session("2026-03-06T10:00")
    clinic.register(session_id)
    clinic.tick()
    with clinic.process.work() as work:
        mark = Suppression(
            id=new_id(NOW),
            email_index=work.vault.index("email", ADDRESS),
            reason=SuppressionReason.bounced,
            detail="",
            created_at=NOW,
        )
        work.db.add(mark)
    clinic.run_to(clinic.at("2026-03-05T12:00"))
    assert clinic.ledger(session_id)[0] == ("skipped", "suppressed")
    assert clinic.reminders() == []


# --- Right behind other news


def test_no_reminder_comes_right_behind_the_confirmation(clinic: Clinic) -> None:
    session_id = clinic.session("2026-03-06T10:00")
    clinic.clock.set(clinic.at("2026-03-05T09:50"))
    clinic.register(session_id)
    clinic.run_to(clinic.at("2026-03-05T10:10"), every=MINUTE)
    assert len(clinic.sent) == 1
    assert clinic.ledger(session_id)[0] == ("skipped", "late")


def test_a_confirmation_that_was_held_up_does_not_bring_the_reminder_along(
    clinic: Clinic, mailer: MemoryMailer
) -> None:
    """Both wait for the mail server, and it comes back: one mail for one session, not two at once."""
    session_id = clinic.session("2026-03-06T10:00")
    clinic.register(session_id)
    clinic.clock.set(clinic.at("2026-03-05T10:00") + SECOND)  # nothing ran since the registration
    clinic.run_to(clinic.clock.now() + 10 * MINUTE, every=MINUTE)
    assert len(mailer.mails) == 1
    assert clinic.ledger(session_id)[0] == ("skipped", "late")


def test_control_a_quarter_of_an_hour_later_it_does_come(clinic: Clinic) -> None:
    session_id = clinic.session("2026-03-06T10:00")
    clinic.clock.set(clinic.at("2026-03-05T10:00") - GRACE)
    clinic.register(session_id)
    clinic.run_to(clinic.at("2026-03-05T10:00"), every=GRACE)
    assert clinic.reminders() == ["05. 10:00"]


class Telephones:
    """Keeps the texts that reach it."""

    def __init__(self) -> None:
        self.texts: list[SendableText] = []

    def send(self, text: SendableText) -> None:
        self.texts.append(text)

    def check(self) -> str:
        return "kept"

    def close(self) -> None: ...


@pytest.mark.parametrize(
    ("is_away", "before", "texts"),
    [
        pytest.param(True, 20 * MINUTE, 1, id="the confirmation waits"),
        pytest.param(True, 10 * MINUTE, 1, id="it has waited for a moment"),
        pytest.param(False, 20 * MINUTE, 1, id="control: it was sent long ago"),
        pytest.param(False, 10 * MINUTE, 0, id="control: it was sent just now"),
    ],
)
def test_texts_go_out_while_mails_cannot(
    database_url: str,
    tmp_path: Path,
    clock: SetClock,
    mailer: MemoryMailer,
    is_away: bool,
    before: timedelta,
    texts: int,
) -> None:
    telephones = Telephones()
    process = Process(make_settings(database_url, tmp_path), clock=clock, mail=mailer, texts=telephones)
    clinic = Clinic(process, clock, mailer)
    session_id = clinic.session("2026-03-02T10:00", clinic.factory.webinar())
    with process.work() as work:
        facts = {"channel": Channel.sms, "offset_minutes": -60}
        reminder_rules.create_rule(work, "knee-options", facts, actor=ACTOR, now=NOW)
    mailer.failures = [MailTransportDown("away")] * (100 if is_away else 0)
    clinic.factory.registration(session_id)  # whose confirmation finds out that the server is away
    clinic.tick()
    clock.set(clinic.at("2026-03-02T09:00") - before)
    agreed = ConsentAnswer("reminders", "sms", is_granted=True, method="form")
    clinic.factory.registration(session_id, ADDRESS, phone="+13035550199", consents=[agreed])
    clinic.run_to(clinic.at("2026-03-02T09:00"), every=10 * MINUTE)
    clinic.scheduler.stop()
    process.close()
    assert (len(telephones.texts), len(mailer.to(ADDRESS))) == (texts, 0 if is_away else 1 + texts)


def reinstate(clinic: Clinic, session_id: UUID) -> None:
    with clinic.process.work() as work:
        sessions.cancel_session(work, session_id, version=None, actor=ACTOR, now=clinic.clock.now())
    clinic.tick()
    clinic.clock.advance(SECOND)
    with clinic.process.work() as work:
        rescheduling.reinstate_session(work, session_id, version=None, actor=ACTOR, now=clinic.clock.now())


def change_room(clinic: Clinic, session_id: UUID) -> None:
    with clinic.process.work() as work:
        changes = {"room_url": "https://rooms.example/r/2"}
        sessions.update_session(work, session_id, changes, version=None, actor=ACTOR, now=clinic.clock.now())


@pytest.mark.parametrize(
    ("deed", "before", "subjects"),
    [
        pytest.param(reinstate, 5 * MINUTE, ["Cancelled", "It takes place after all"], id="right before"),
        pytest.param(
            reinstate, 20 * MINUTE, ["Cancelled", "It takes place after all", "Tomorrow"], id="control: long before"
        ),
        # An update says that there is nothing to do. Nobody is to lose a reminder over it.
        pytest.param(change_room, 5 * MINUTE, ["Updated", "Tomorrow"], id="an update"),
    ],
)
def test_no_reminder_comes_right_behind_a_reinstatement(
    clinic: Clinic, deed: Callable[[Clinic, UUID], None], before: timedelta, subjects: list[str]
) -> None:
    session_id = clinic.session("2026-03-06T10:00")
    clinic.register(session_id)
    clinic.tick()
    clinic.clock.set(clinic.at("2026-03-05T10:00") - before)
    deed(clinic, session_id)
    clinic.run_to(clinic.at("2026-03-05T10:00"), every=before)
    assert [subject for *_, subject in clinic.sent] == ["Confirmed", *subjects]


# --- Started, not there


def join(clinic: Clinic, registration_id: UUID) -> None:
    with clinic.process.work() as work:
        registration, _ = registrations.get_registration(work, registration_id)
        attendance.note_click(work, registration, clinic.clock.now())


def not_there_mails(clinic: Clinic) -> list[str]:
    return [recipient for _, recipient, subject in clinic.sent if subject == "It has started"]


def begun(clinic: Clinic) -> tuple[UUID, list[UUID]]:
    session_id = clinic.session("2026-03-06T10:00")
    people = [clinic.register(session_id, f"p{number}@mail.example") for number in range(3)]
    clinic.run_to(clinic.at("2026-03-06T10:00"), every=10 * MINUTE)
    return session_id, people


def test_who_is_not_there_after_five_minutes_is_told_and_who_is_there_is_not(clinic: Clinic) -> None:
    session_id, people = begun(clinic)
    join(clinic, people[0])
    clinic.run_to(clinic.at("2026-03-06T10:04"), every=MINUTE)
    assert not_there_mails(clinic) == []
    clinic.run_to(clinic.at("2026-03-06T10:05"), every=MINUTE)
    assert sorted(not_there_mails(clinic)) == ["p1@mail.example", "p2@mail.example"]
    assert ("skipped", "joined") in clinic.ledger(session_id)
    clinic.run_to(clinic.at("2026-03-06T12:00"), every=5 * MINUTE)
    assert len(not_there_mails(clinic)) == 2


def test_who_pressed_the_button_before_the_session_moved_is_reminded_of_the_new_time(clinic: Clinic) -> None:
    session_id = clinic.session("2026-03-06T10:00")
    early = clinic.register(session_id)
    clinic.register(session_id, "other@mail.example")
    clinic.run_to(clinic.at("2026-03-05T10:00"))
    clinic.clock.set(clinic.at("2026-03-06T09:46"))
    join(clinic, early)
    with clinic.process.work() as work:
        changes = {"wall": wall_time(clinic.at("2026-03-13T10:00"), DENVER)}
        sessions.update_session(work, session_id, changes, version=None, actor=ACTOR, now=clinic.clock.now())
    clinic.clock.advance(MINUTE)
    clinic.run_to(clinic.at("2026-03-12T10:00"))
    clinic.run_to(clinic.at("2026-03-13T09:50"), every=10 * MINUTE)
    for email in (ADDRESS, "other@mail.example"):
        assert clinic.reminders(email)[-3:] == ["12. 10:00", "13. 09:00", "13. 09:50"]


def test_control_who_pressed_it_since_the_room_opened_is_not_reminded(clinic: Clinic) -> None:
    session_id = clinic.session("2026-03-06T10:00")
    early = clinic.register(session_id)
    clinic.run_to(clinic.at("2026-03-06T09:40"), every=10 * MINUTE)
    clinic.clock.set(clinic.at("2026-03-06T09:45"))
    join(clinic, early)
    clinic.run_to(clinic.at("2026-03-06T09:50"), every=MINUTE)
    assert ("skipped", "joined") in clinic.ledger(session_id)
    assert "06. 09:50" not in clinic.reminders()


@pytest.mark.parametrize(
    ("source", "minutes", "has_begun"),
    [
        (AttendanceSource.click, -14, False),
        (AttendanceSource.click, 0, True),
        (AttendanceSource.provider, -14, True),
        (AttendanceSource.host, -14, True),
        (AttendanceSource.provider, -16, False),  # of another time of it
    ],
)
def test_only_who_was_seen_in_the_room_or_comes_after_the_start_shows_that_it_has_begun(
    clinic: Clinic, source: AttendanceSource, minutes: int, has_begun: bool
) -> None:
    """Who presses the button before the start may be looking at an empty room."""
    session_id, people = begun(clinic)
    report = Report(people[0], None, clinic.at("2026-03-06T10:00") + minutes * MINUTE, None, source)
    with clinic.process.work() as work:
        attendance.record(work, session_id, [report], clinic.clock.now())
    clinic.run_to(clinic.at("2026-03-06T10:06"), every=MINUTE)
    assert sorted(not_there_mails(clinic)) == (["p1@mail.example", "p2@mail.example"] if has_begun else [])


def test_nobody_is_told_that_a_session_has_begun_which_has_not(clinic: Clinic) -> None:
    session_id, _ = begun(clinic)
    clinic.run_to(clinic.at("2026-03-06T11:00"), every=MINUTE)
    assert not_there_mails(clinic) == []
    assert clinic.ledger(session_id)[-3:] == [("skipped", "superseded")] * 3


def test_a_session_that_begins_late_is_told_of_when_it_does_and_not_after_half_of_it(clinic: Clinic) -> None:
    _, people = begun(clinic)
    clinic.run_to(clinic.at("2026-03-06T10:12"), every=MINUTE)
    join(clinic, people[0])
    clinic.run_to(clinic.at("2026-03-06T10:14"), every=MINUTE)
    assert len(not_there_mails(clinic)) == 2


def test_control_past_its_half_it_is_not_told_any_more(clinic: Clinic) -> None:
    _, people = begun(clinic)
    clinic.run_to(clinic.at("2026-03-06T10:30"), every=MINUTE)
    join(clinic, people[0])
    clinic.run_to(clinic.at("2026-03-06T10:45"), every=MINUTE)
    assert not_there_mails(clinic) == []


def test_who_comes_between_planning_and_sending_is_not_told(clinic: Clinic) -> None:
    _, people = begun(clinic)
    join(clinic, people[0])
    clinic.clock.set(clinic.at("2026-03-06T10:05"))
    job.run(clinic.process, clinic.clock.now())
    join(clinic, people[1])
    clinic.tick()
    assert not_there_mails(clinic) == ["p2@mail.example"]


def test_the_mail_brings_the_way_in_and_the_host_s_own_words(clinic: Clinic) -> None:
    webinar = clinic.factory.webinar("own")
    clinic.only_rule(webinar, 5, audience=Audience.absent, texts={"en": "We are waiting for you, {{ name }}."})
    session_id = clinic.session("2026-03-06T10:00", webinar)
    clinic.register(session_id)
    other = clinic.register(session_id, "other@mail.example")
    clinic.run_to(clinic.at("2026-03-06T10:00"))
    join(clinic, other)
    clinic.run_to(clinic.at("2026-03-06T10:05"), every=MINUTE)
    mail = clinic.mailer.mails[-1].raw.decode()
    assert "We are waiting for you" in mail
    assert "/j/" in mail


# --- After the end


def test_a_reminder_after_the_end_goes_to_those_who_were_there_too(clinic: Clinic) -> None:
    webinar = clinic.factory.webinar("after")
    clinic.only_rule(webinar, 60, anchor=Anchor.end)
    session_id = clinic.session("2026-03-06T10:00", webinar)
    registration_id = clinic.register(session_id)
    clinic.run_to(clinic.at("2026-03-06T10:00"))
    join(clinic, registration_id)
    clinic.run_to(clinic.at("2026-03-06T12:00"))
    assert clinic.ledger(session_id) == [("sent", None)]


def test_what_was_planned_is_in_the_ledger_with_its_kind(clinic: Clinic) -> None:
    _, people = begun(clinic)
    join(clinic, people[0])
    clinic.run_to(clinic.at("2026-03-06T10:05"), every=MINUTE)
    with clinic.process.read() as work:
        kinds = work.db.scalars(sa.select(col(Message.kind)).where(col(Message.registration_id) == people[1]))
        done = work.db.scalars(sa.select(col(Reminder.state)).where(col(Reminder.state) == ReminderState.done))
        assert list(kinds).count(MessageKind.not_there) == 1
        assert len(list(done)) == 4
