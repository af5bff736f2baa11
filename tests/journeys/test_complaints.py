"""What people complained of in the reminders of other programs, each as a test that would have caught it.

Everything is real but the clock: rules, planner, ledger, sender. What counts is which mails went out, and when.
"""

from __future__ import annotations

from datetime import timedelta

import pytest

from scheduler.jobs import reminders as job
from scheduler.loop import Scheduler
from tests.factories import ACTOR
from tests.support.clinics import ADDRESS, Clinic
from webinars.gateways.mail_errors import MailRefused
from webinars.rules.sessions import wall_time
from webinars.services import registrations, sessions, webinars
from webinars.terms import Anchor

MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)
START = "2026-03-03T18:00"
"""A Tuesday; the tests begin on Monday at eight in the morning."""
USUAL = ["02. 08:00 Confirmed", "02. 18:00 Tomorrow", "03. 17:00 In 1 hour", "03. 17:50 In 10 minutes"]


def live(clinic: Clinic, until: str = START) -> None:
    """Let time pass, with a round of the scheduler every hour, in the last one every ten minutes, and at the end."""
    then = clinic.at(until)
    clinic.tick()
    while clinic.clock.now() < then:
        step = HOUR if then - clinic.clock.now() > HOUR else 10 * MINUTE
        clinic.clock.set(min(then, clinic.clock.now() + step))
        clinic.tick()


def move(clinic: Clinic, session_id: object, local: str) -> None:
    with clinic.process.work() as work:
        wall = wall_time(clinic.at(local), "America/Denver")
        sessions.update_session(work, session_id, {"wall": wall}, version=None, actor=ACTOR, now=clinic.clock.now())


def test_cal_com_28811_reminders_are_in_the_database_and_never_go_out(clinic: Clinic) -> None:
    session_id = clinic.session(START)
    clinic.register(session_id)
    live(clinic)
    assert clinic.mails() == USUAL
    assert clinic.ledger(session_id)[:3] == [("sent", None)] * 3


def test_cal_com_s_reminders_of_what_was_due_while_the_job_was_away_are_deleted_unsent(clinic: Clinic) -> None:
    """Here what still helps is sent, and of the rest the ledger says that it was missed."""
    session_id = clinic.session(START)
    clinic.register(session_id)
    clinic.tick()
    clinic.clock.set(clinic.at("2026-03-03T17:30"))
    live(clinic)
    assert clinic.mails()[1:] == ["03. 17:30 In 30 minutes", "03. 17:50 In 10 minutes"]
    assert clinic.ledger(session_id)[:3] == [("missed", "expired"), ("sent", None), ("sent", None)]


@pytest.mark.parametrize(
    ("deed", "mails"),
    [
        ("nothing", USUAL[1:]),
        ("withdraw", ["02. 09:00 Registration cancelled"]),
        ("cancel", ["02. 09:00 Cancelled"]),
        ("move", ["02. 09:00 New time"]),
    ],
)
def test_cal_com_6973_7225_17785_a_reminder_comes_for_what_was_cancelled_or_moved(
    clinic: Clinic, deed: str, mails: list[str]
) -> None:
    """The control is who does nothing."""
    session_id = clinic.session(START)
    registration_id = clinic.register(session_id)
    live(clinic, "2026-03-02T09:00")
    with clinic.process.work() as work:
        now = clinic.clock.now()
        if deed == "withdraw":
            registrations.withdraw(work, registration_id, now)
        elif deed == "cancel":
            sessions.cancel_session(work, session_id, version=None, actor=ACTOR, now=now)
    if deed == "move":
        move(clinic, session_id, "2026-03-10T18:00")
    live(clinic)
    assert clinic.mails()[1:] == mails


def test_pa_webinar_a_session_that_moves_after_its_reminder_is_not_reminded_of_again(clinic: Clinic) -> None:
    session_id = clinic.session(START)
    clinic.register(session_id)
    live(clinic, "2026-03-02T19:00")
    move(clinic, session_id, "2026-03-05T18:00")
    live(clinic, "2026-03-05T18:00")
    again = ["02. 19:00 New time", "04. 18:00 Tomorrow", "05. 17:00 In 1 hour", "05. 17:50 In 10 minutes"]
    assert clinic.mails() == USUAL[:2] + again


def test_pa_webinar_all_that_is_overdue_comes_at_once(clinic: Clinic) -> None:
    clinic.register(clinic.session(START))
    clinic.tick()
    clinic.clock.set(clinic.at("2026-03-03T17:55"))
    live(clinic)
    assert clinic.mails()[1:] == ["03. 17:55 In 5 minutes"]


def test_indico_4893_a_session_moved_close_fires_the_reminders_that_lie_behind_it(clinic: Clinic) -> None:
    session_id = clinic.session(START)
    clinic.register(session_id)
    live(clinic, "2026-03-02T12:00")
    move(clinic, session_id, "2026-03-02T12:30")
    live(clinic, "2026-03-02T12:30")
    assert clinic.mails()[1:] == ["02. 12:00 New time", "02. 12:20 In 10 minutes"]


def test_indico_s_one_flag_of_a_sent_reminder_leaves_out_who_comes_later(clinic: Clinic) -> None:
    session_id = clinic.session(START)
    clinic.register(session_id)
    live(clinic, "2026-03-03T17:10")
    clinic.register(session_id, "late@mail.example")
    live(clinic)
    assert clinic.mails() == USUAL
    assert clinic.mails("late@mail.example") == ["03. 17:10 Confirmed", "03. 17:50 In 10 minutes"]


def test_pretix_3757_who_books_on_the_day_gets_the_mail_of_the_day_before(clinic: Clinic) -> None:
    session_id = clinic.session(START)
    live(clinic, "2026-03-03T15:00")
    clinic.register(session_id)
    live(clinic)
    assert clinic.mails() == ["03. 15:00 Confirmed", *USUAL[2:]]
    assert clinic.ledger(session_id)[0] == ("skipped", "late")


def test_ai_shipping_labs_1001_a_window_of_minutes_is_never_met_by_a_job_that_runs_once_an_hour(
    clinic: Clinic,
) -> None:
    """That of ten minutes before lies behind the last look."""
    clinic.register(clinic.session(START))
    clinic.tick()
    clinic.clock.advance(37 * MINUTE)
    while clinic.clock.now() < clinic.at(START):
        clinic.tick()
        clinic.clock.advance(HOUR)
    assert clinic.mails()[1:] == ["02. 18:37 Tomorrow", "03. 17:37 In 25 minutes"]


def test_moodle_685_whoever_runs_the_job_sends_a_copy(clinic: Clinic) -> None:
    """Three programs run it at the same minutes, and each of them is started anew every time."""
    clinic.register(clinic.session(START))
    live(clinic, "2026-03-02T17:50")
    for local in ("02T18:00", "02T18:10", "03T17:00", "03T17:10", "03T17:50", "03T17:59"):
        clinic.clock.set(clinic.at(f"2026-03-{local}"))
        for scheduler in [Scheduler(clinic.process) for _ in range(3)]:
            scheduler.tick(clinic.clock.now())
            scheduler.stop()
    assert [mail.subject.partition(":")[0] for mail in clinic.mailer.to(ADDRESS)] == [line[10:] for line in USUAL]


def test_zulip_20943_one_mail_that_fails_has_all_others_sent_again(clinic: Clinic) -> None:
    session_id = clinic.session(START)
    people = [f"p{number}@mail.example" for number in range(9)]
    for email in people:
        clinic.register(session_id, email)
    live(clinic, "2026-03-02T17:50")
    clinic.mailer.failures = [MailRefused("5.7.1 not today", 550)]
    live(clinic, "2026-03-02T18:00")
    live(clinic)
    got = sorted((clinic.mails(email) for email in people), key=len)
    assert got == [[USUAL[0], *USUAL[2:]]] + [USUAL] * 8


def test_zulip_10879_a_mail_says_what_was_true_when_it_was_planned(clinic: Clinic) -> None:
    webinar = clinic.factory.webinar("hips", public_title="Hips")
    clinic.register(clinic.session(START, webinar))
    live(clinic, "2026-03-02T17:50")
    clinic.clock.advance(10 * MINUTE)
    job.run(clinic.process, clinic.clock.now())
    with clinic.process.work() as work:
        changes = {"public_title": "An evening webinar"}
        now = clinic.clock.now()
        webinars.update_webinar(
            work, webinar, changes, topics=None, presenters=None, version=None, actor=ACTOR, now=now
        )
    clinic.tick()
    subjects = [mail.subject for mail in clinic.mailer.to(ADDRESS)]
    assert [subject for subject in subjects if subject.startswith("Tomorrow: An evening webinar")]


@pytest.mark.parametrize(
    ("minutes", "anchor", "moment"),
    [
        pytest.param(-31 * 60, Anchor.start, "02T11:00", id="31 hours before the start"),
        pytest.param(-90, Anchor.start, "03T16:30", id="90 minutes before the start"),
        pytest.param(-20, Anchor.end, "03T18:40", id="20 minutes before the end"),
        pytest.param(70, Anchor.end, "03T20:10", id="70 minutes after the end"),
    ],
)
def test_pretix_and_hi_events_only_whole_days_or_one_fixed_moment(
    clinic: Clinic, minutes: int, anchor: Anchor, moment: str
) -> None:
    webinar = clinic.factory.webinar("knees")
    clinic.only_rule(webinar, minutes, anchor=anchor)
    clinic.register(clinic.session(START, webinar))
    live(clinic, f"2026-03-{moment}")
    live(clinic, "2026-03-03T20:20")
    assert [mail[:9] for mail in clinic.mails() if not mail.endswith("Confirmed")] == [moment.replace("T", ". ")]
