"""What is kept of people: sealed, with a time after which it goes, and not to be found in the file."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import sqlalchemy as sa
from sqlmodel import SQLModel

from scheduler.loop import Scheduler
from tests.factories import ACTOR, Factory
from webinars.db import SealedText
from webinars.rules.requests import Wish
from webinars.rules.surveys import Opinion
from webinars.services import attendance, follow_ups, requests, surveys
from webinars.services.attendance import Report
from webinars.services.consents import ConsentAnswer
from webinars.tables import Retention
from webinars.terms import CallTime, RecentMri
from webinars.testing import SetClock
from webinars.work import Process

KEPT_FOR_A_WHILE = {
    Retention.personal: {
        "answers.value",
        "attendance_intervals.email",
        "attendance_intervals.person_index",
        "registrations.email",
        "registrations.email_index",
        "registrations.name",
        "registrations.phone",
        "subscriptions.email",
        "subscriptions.email_index",
        "suppressions.email_index",
    },
    Retention.health: {
        "answers.health_value",
        "follow_ups.note",
        "registrations.question",
        "requests.details",
        "requests.note",
        "survey_replies.comment",
    },
    Retention.log: {
        "idempotency_keys.created_at",
        "idempotency_keys.key_hash",
        "idempotency_keys.outcome",
        "idempotency_keys.request_hash",
        "idempotency_keys.subject_id",
        "inbound_events.created_at",
        "inbound_events.digest",
        "kept_answers.answer",
        "kept_answers.created_at",
        "kept_answers.key_hash",
        "kept_answers.request_hash",
        "messages.last_error",
        "messages.provider_id",
        "rate_counts.bucket",
        "rate_counts.long_since",
        "rate_counts.short_since",
        "sign_ins.created_at",
        "sign_ins.expires_at",
        "sign_ins.host_id",
        "sign_ins.secret_hash",
        "suppressions.detail",
        "transports.last_error",
    },
    Retention.evidence: {
        "audit.action",
        "audit.actor",
        "audit.at",
        "audit.fields",
        "audit.subject_id",
        "consents.address_block",
        "consents.channel",
        "consents.created_at",
        "consents.is_granted",
        "consents.locale",
        "consents.method",
        "consents.purpose",
        "consents.registration_id",
        "consents.text_hash",
        "consents.text_version",
        "subscriptions.text_hash",
        "subscriptions.text_version",
    },
}
"""All that says something about a person. The accounts of hosts are kept as long as they are hosts."""
PLANTED = {
    "name": "Wilhelmina Quackenbush",
    "email": "wilhelmina.quackenbush@mail.example",
    "phone": "+1 303 555 0199",
    "question": "Does the zirconium implant rattle?",
    "note": "Called back about the rattling",
    "wish": "Palladium hinges, please",
    "comment": "Fewer slides about molybdenum",
}


def columns() -> Iterator[sa.Column[object]]:
    for table in SQLModel.metadata.sorted_tables:
        yield from table.columns


def test_what_is_kept_of_people_has_a_time_after_which_it_goes() -> None:
    found: dict[Retention, set[str]] = {}
    for column in columns():
        keep = column.info.get("retention", Retention.record)
        if keep is not Retention.record:
            found.setdefault(keep, set()).add(str(column))
    assert found == KEPT_FOR_A_WHILE


def test_every_sealed_column_says_how_long_it_is_kept() -> None:
    unsaid = [str(column) for column in columns() if isinstance(column.type, SealedText) and not column.info]
    assert unsaid == []
    for_ever = {
        str(column)
        for column in columns()
        if isinstance(column.type, SealedText) and column.info["retention"] is Retention.record
    }
    assert for_ever == {"hosts.email"}


def test_no_column_with_the_name_of_something_personal_is_left_open() -> None:
    telling = {"email", "name", "phone", "question", "note", "answer", "address", "birth"}
    open_to_all = {
        str(column) for column in columns() if column.name in telling and not isinstance(column.type, SealedText)
    }
    of_things = {"presenters.name", "reminder_rules.name", "tokens.name", "topics.name", "transports.name"}
    of_the_clinic = {"branding.name", "branding.phone"}
    assert open_to_all == of_things | of_the_clinic


def test_a_stolen_file_tells_nothing_of_registrants(
    sqlite_process: Process, sqlite_factory: Factory, clock: SetClock, tmp_path: Path
) -> None:
    """A registration lives its whole life; then the bytes on disk are searched, write-ahead log included."""
    process, factory = sqlite_process, sqlite_factory
    session = factory.session(factory.webinar(title="Knees that rattle and sing")).session
    person = {"name": PLANTED["name"], "phone": PLANTED["phone"], "question": PLANTED["question"]}
    consent = ConsentAnswer("topic_alerts", "email", is_granted=True, method="form")
    factory.registration(session.id, PLANTED["email"], consents=[consent], **person)
    scheduler = Scheduler(process)
    for moment in (clock.now(), session.starts_at - timedelta(hours=1)):
        scheduler.tick(moment)
    clock.set(session.ends_at)
    with process.work() as work:
        reports = [Report(None, email, session.starts_at, None) for email in (PLANTED["email"], f"x{PLANTED['email']}")]
        attendance.record(work, session.id, reports, clock.now())
    scheduler.tick(session.ends_at + timedelta(hours=1))
    scheduler.stop()
    with process.work() as work:
        (item,) = follow_ups.list_follow_ups(work, session.id, cursor=None, limit=5).items
        changes = {"note": PLANTED["note"]}
        follow_ups.update_follow_up(work, item.follow_up.id, changes, version=None, actor=ACTOR, now=clock.now())
        wish = Wish(RecentMri.yes, CallTime.any_time, PLANTED["phone"], PLANTED["wish"])
        asked = requests.ask_evaluation(work, item.follow_up.registration_id, wish, clock.now())
        requests.update_request(work, asked.id, changes, version=None, actor=ACTOR, now=clock.now())
        surveys.answer(work, item.follow_up.registration_id, Opinion(5, PLANTED["comment"]), clock.now())

    kept = b"".join(path.read_bytes() for path in sorted(tmp_path.glob("webinars.db*")))
    assert b"Knees that rattle and sing" in kept  # the control: what is not sealed is found
    found = [what for what, text in PLANTED.items() if in_any_form(text, kept)]
    assert found == []


def in_any_form(text: str, kept: bytes) -> bool:
    """Also in capitals or not, in two-byte letters, or only its most telling word."""
    word = max(text.replace("@", " ").split(), key=len)
    forms = {form for plain in (text, word) for form in (plain, plain.lower(), plain.upper())}
    return any(form.encode(encoding) in kept for form in forms for encoding in ("utf-8", "utf-16-le"))
