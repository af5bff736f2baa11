"""All that is kept of a person, for the person: one file, to be read by them and by programs.

A registrant's link proves no more than that whoever has it reads the mailbox of its registration. Other registrations
with that address have sent their links, and all else, to the same mailbox; topics and marks are of the address itself.
So the link opens nothing here but what was written from this mailbox or for it, and all that has the address, found by
its blind index, belongs into the file. Links end when an address is corrected, so whoever reads a wrong mailbox gets
nothing; whoever hands a mail on hands this on with it, as they do with the calendar feed of all their registrations.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from enum import StrEnum
from functools import cache
from typing import Any
from uuid import UUID

from webinars.db import SealedText
from webinars.queries import personal_data as personal_data_queries
from webinars.queries import registrations as registrations_queries
from webinars.queries.personal_data import Row
from webinars.services import audit
from webinars.services.branding import brand_of
from webinars.services.consents import CONSENT_TEXTS
from webinars.services.registrations import email_of
from webinars.tables.base import table_named
from webinars.translations import LANGUAGES, words_of
from webinars.vault import Vault
from webinars.work import ReadWork, Work

Told = dict[str, Any]
ACTOR = "registrant"

TOLD: dict[str, dict[str, str]] = {
    "registrations": {
        "created_at": "registered_at",
        "status": "state",
        "name": "name",
        "email": "email",
        "phone": "phone",
        "seats": "seats",
        "timezone": "time_zone",
        "locale": "language",
        "question": "question_to_the_presenter",
        "source": "came_from",
        "confirmed_at": "seat_confirmed_at",
        "waitlisted_at": "on_the_waitlist_since",
        "offered_at": "seat_offered_at",
        "offer_expires_at": "seat_kept_until",
        "withdrawn_at": "given_up_at",
        "withdrawn_from": "state_before_it_was_given_up",
        "calendar_reply": "answer_of_the_calendar",
        "calendar_replied_at": "calendar_answered_at",
        "replayed_at": "replay_opened_at",
        "updated_at": "last_changed_at",
    },
    "answers": {"asked": "question", "value": "answer", "health_value": "answer_about_health", "created_at": "at"},
    "consents": {
        "purpose": "for",
        "channel": "by",
        "is_granted": "agreed",
        "text_version": "version_of_the_words",
        "locale": "language",
        "method": "given_on",
        "address_block": "from_network",
        "created_at": "at",
    },
    "messages": {
        "kind": "about",
        "channel": "by",
        "state": "state",
        "reason": "why",
        "due_at": "planned_for",
        "sent_at": "sent_at",
    },
    "attendance_intervals": {
        "source": "said_by",
        "email": "email",
        "joined_at": "from",
        "left_at": "until",
        "created_at": "noted_at",
    },
    "attendance": {
        "state": "state",
        "minutes": "minutes_in_the_room",
        "share": "share_of_the_session",
        "evidence": "known_from",
        "settled_at": "worked_out_at",
    },
    "follow_ups": {
        "segment": "attendance",
        "task": "to_be_done_by_the_clinic",
        "note": "note_of_the_clinic",
        "created_at": "made_at",
        "updated_at": "last_changed_at",
    },
    "requests": {
        "kind": "for",
        "details": "what_you_told_us",
        "state": "to_be_done_by_the_clinic",
        "note": "note_of_the_clinic",
        "created_at": "asked_at",
        "updated_at": "last_changed_at",
    },
    "survey_replies": {
        "rating": "rating_of_5",
        "comment": "comment",
        "created_at": "answered_at",
        "updated_at": "last_changed_at",
    },
    "subscriptions": {
        "state": "state",
        "email": "email",
        "timezone": "time_zone",
        "locale": "language",
        "text_version": "version_of_the_words",
        "created_at": "asked_at",
        "confirmed_at": "confirmed_at",
        "alerted_at": "last_told_at",
        "ended_at": "ended_at",
    },
    "suppressions": {"reason": "reason", "detail": "words_of_the_server", "created_at": "since"},
}
"""What the file says of each column, by the name a person can read. A test holds it against the tables."""
INTERNAL: dict[str, set[str]] = {
    "registrations": {
        "email_index",
        "revision",
        "link_version",
        "has_invite",
        "calendar_reply_sequence",
        "replaces_id",
        "erased_at",
    },
    "answers": {"question_id"},
    "consents": {"text_hash"},
    "messages": {
        "dedupe_key",
        "rule_id",
        "schedule_version",
        "sequence",
        "facts",
        "priority",
        "next_attempt_at",
        "deadline_at",
        "attempts",
        "lease",
        "first_attempt_at",
        "provider_id",
        "last_error",
        "created_at",
    },
    "attendance_intervals": {"person_index"},
    "follow_ups": {"message_id", "version"},
    "requests": {"version"},
    "subscriptions": {"email_index", "text_hash", "revision", "link_version", "topic_id"},
    "suppressions": {"email_index", "message_id"},
}
"""What only the program needs; ids of rows and what a row hangs on are left out everywhere."""
_HANGING = {
    "answers": "answers",
    "consents": "consents",
    "messages": "messages",
    "attendance_intervals": "times_in_the_room",
    "attendance": "attendance",
    "follow_ups": "after_the_webinar",
    "requests": "requests",
    "survey_replies": "survey",
}
"""The tables whose rows hang on a registration, and what the file calls them."""
_JSON = {"answers.value", "answers.health_value", "requests.details"}


def export_person(work: Work, registration_id: UUID, now: datetime) -> bytes:
    """All that is kept of whoever a registration is of, as a JSON file. It is noted that it was taken.

    Raises:
        NotFound: if there is no such registration.
    """
    told = tell_of_person(work, registration_id, now)
    audit.note(work, ACTOR, "person.export", now, subject_id=registration_id)
    return json.dumps(told, ensure_ascii=False, indent=2).encode()


def tell_of_person(work: ReadWork, registration_id: UUID, now: datetime) -> Told:
    """The same to be looked at.

    Raises:
        NotFound: if there is no such registration.
    """
    own = registrations_queries.get_registration(work.db, registration_id)
    index = bytes(own.email_index)
    theirs = _rows(work, "registrations", "email_index", [index])
    sessions = personal_data_queries.sessions_named(work.db, {row["session_id"] for row in theirs})
    hanging = {
        table: _by(_rows(work, table, "registration_id", [row["id"] for row in theirs]), "registration_id")
        for table in _HANGING
    }
    registrations = []
    for row in theirs:
        session, title = sessions[row["session_id"]]
        webinar = {"title": title, "starts_at": _plain(session.starts_at), "time_zone": session.timezone}
        rest = {
            name: [_told(work.vault, table, each) for each in hanging[table].get(row["id"], ())]
            for table, name in _HANGING.items()
        }
        registrations.append({"webinar": webinar} | _told(work.vault, "registrations", row) | rest)
    marks = _rows(work, "suppressions", "email_index", [index])
    reports = personal_data_queries.reports_unmatched(work.db, index)
    return {
        "kept_by": brand_of(work).name,
        "kept_of": email_of(work.vault, own),
        "as_of": _plain(now),
        "registrations": registrations,
        "topics": _topics(work, index),
        "no_mail_is_sent_because": [_told(work.vault, "suppressions", row) for row in marks],
        "times_in_a_room_without_a_registration": [_told(work.vault, "attendance_intervals", row) for row in reports],
    }


def _topics(work: ReadWork, index: bytes) -> list[Told]:
    rows = _rows(work, "subscriptions", "email_index", [index])
    names = personal_data_queries.topics_named(work.db, {row["topic_id"] for row in rows})
    messages = _by(_rows(work, "messages", "subscription_id", [row["id"] for row in rows]), "subscription_id")
    return [
        {"topic": names[row["topic_id"]]}
        | _told(work.vault, "subscriptions", row)
        | {"messages": [_told(work.vault, "messages", each) for each in messages.get(row["id"], ())]}
        for row in rows
    ]


def _rows(work: ReadWork, table: str, column: str, values: Sequence[object]) -> Sequence[Row]:
    return personal_data_queries.rows_of(work.db, table, column, values)


def _by(rows: Iterable[Row], column: str) -> dict[UUID, list[Row]]:
    found: dict[UUID, list[Row]] = {}
    for row in rows:
        found.setdefault(row[column], []).append(row)
    return found


def _told(vault: Vault, table: str, row: Row) -> Told:
    """A row in words; where there is nothing, nothing is said."""
    told = {name: _opened(vault, table, column, row) for column, name in TOLD[table].items()}
    if table in {"consents", "subscriptions"}:
        told["words"] = _words_by_digest().get(row["text_hash"])
    return {name: value for name, value in told.items() if value is not None}


def _opened(vault: Vault, table: str, column: str, row: Row) -> object:
    value = row[column]
    place = f"{table}.{column}"
    if value is None or not isinstance(table_named(table).c[column].type, SealedText):
        return _plain(value)
    text = vault.open(place, row["id"], value)
    if place not in _JSON:
        return text
    said = json.loads(text)
    return said["text"] if isinstance(said, Mapping) and table == "answers" else said


def _plain(value: object) -> object:
    """As JSON has it; moments in UTC."""
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
    return value.value if isinstance(value, StrEnum) else value


@cache
def _words_by_digest() -> dict[str, str]:
    """What was agreed to, word for word, in whichever language it was read."""
    return {
        text.digest_in(language): words_of(language).say(text.words) for text in CONSENT_TEXTS for language in LANGUAGES
    }
