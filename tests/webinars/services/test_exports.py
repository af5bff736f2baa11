"""Exports: the same columns for ever, no formula, nothing about health, and a note of who took one."""

from __future__ import annotations

import csv
from io import StringIO
from uuid import UUID

import pytest
import sqlalchemy as sa
from sqlmodel import col

from tests.conftest import NOW
from tests.factories import ACTOR, Factory
from tests.webinars.services.looks import withdraw
from webinars.errors import NotFound
from webinars.rules.visits import journey
from webinars.services import erasure, exports
from webinars.services.exports import export_registrations
from webinars.services.imports import import_registrants, read_people
from webinars.tables import AuditEntry
from webinars.work import Process

COLUMNS = [
    "name",
    "email",
    "phone",
    "status",
    "seats",
    "timezone",
    "locale",
    "source",
    "first_source",
    "registered_at",
    "confirmed_at",
    "waitlisted_at",
    "withdrawn_at",
    "registration_id",
    "replayed_at",
]


def rows(process: Process, session_id: UUID) -> list[dict[str, str]]:
    content = export_registrations(process, session_id, actor=ACTOR, now=NOW)
    return list(csv.DictReader(StringIO(content.decode("utf-8-sig"), newline="")))


def notes(process: Process) -> list[AuditEntry]:
    with process.read() as work:
        query = sa.select(AuditEntry).where(col(AuditEntry.action) == "registrations.export")
        return list(work.db.scalars(query))


def test_columns_stay_where_they_are(process: Process, factory: Factory) -> None:
    session_id = factory.session(capacity=1).session.id
    source = journey({"src": "open day", "utm_source": "blog"}, {"referrer": "https://search.example/"})
    ana = factory.registration(session_id, "ana@mail.example", phone="+1 303 555 0134", source=source)
    factory.registration(session_id, "ben@mail.example", name="Ben", seats=2, timezone="America/New_York")
    first, second = rows(process, session_id)
    assert list(first) == COLUMNS
    assert first == {
        "name": "Ana Núñez",
        "email": "ana@mail.example",
        "phone": "'+1 303 555 0134",
        "status": "confirmed",
        "seats": "1",
        "timezone": "America/Denver",
        "locale": "en-US",
        "source": "src=open day&utm_source=blog",
        "first_source": "referrer=https://search.example/",
        "registered_at": "2026-03-02T15:00:00Z",
        "confirmed_at": "2026-03-02T15:00:00Z",
        "waitlisted_at": "",
        "withdrawn_at": "",
        "registration_id": str(ana.registration.id),
        "replayed_at": "",
    }
    assert (second["status"], second["seats"], second["confirmed_at"]) == ("waitlisted", "2", "")
    assert second["waitlisted_at"] == "2026-03-02T15:00:00Z"


def test_what_is_told_about_health_stays_here(process: Process, factory: Factory) -> None:
    session_id = factory.session().session.id
    factory.registration(session_id, question="Does the zirconium implant rattle?")
    assert b"zirconium" not in export_registrations(process, session_id, actor=ACTOR, now=NOW)


def test_no_value_is_a_formula(process: Process, factory: Factory) -> None:
    session_id = factory.session().session.id
    factory.registration(session_id, "=cmd@mail.example", name="@SUM(A1)", phone="\t-1", source=journey({"src": "=1"}))
    (row,) = rows(process, session_id)
    assert (row["name"], row["email"], row["phone"]) == ("'@SUM(A1)", "'=cmd@mail.example", "'\t-1")
    assert row["source"] == "src=%3D1"


def test_whoever_left_is_there_with_their_state_and_the_erased_without_a_name(
    process: Process, factory: Factory
) -> None:
    session_id = factory.session().session.id
    left = factory.registration(session_id, "ana@mail.example").registration.id
    withdraw(process, left)
    erased = factory.registration(session_id, "ben@mail.example").registration.id
    with process.work() as work:
        erasure.erase(work, erased, actor=ACTOR, now=NOW)
    first, second = rows(process, session_id)
    assert (first["status"], first["withdrawn_at"]) == ("withdrawn", "2026-03-02T15:00:00Z")
    assert (second["name"], second["email"], second["status"]) == ("", "", "withdrawn")


def test_it_is_noted_who_took_which_even_when_nobody_was_in_it(process: Process, factory: Factory) -> None:
    session_id = factory.session().session.id
    assert rows(process, session_id) == []
    assert [(note.actor, note.subject_id, note.fields) for note in notes(process)] == [
        (ACTOR, session_id, sorted(COLUMNS))
    ]


def test_without_a_session_there_is_neither_file_nor_note(process: Process) -> None:
    with pytest.raises(NotFound):
        export_registrations(process, UUID(int=1), actor=ACTOR, now=NOW)
    assert notes(process) == []


def test_a_long_list_is_read_in_parts_and_whole(
    process: Process, factory: Factory, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(exports, "_AT_ONCE", 3)
    session_id = factory.session().session.id
    made = [str(factory.registration(session_id).registration.id) for _ in range(7)]
    told: list[int] = []
    export_registrations(process, session_id, actor=ACTOR, now=NOW, progress=told.append)
    assert told == [3, 6, 7]
    assert [row["registration_id"] for row in rows(process, session_id)] == made


def test_what_was_exported_can_be_imported_elsewhere(process: Process, factory: Factory) -> None:
    here, there = (factory.session().session.id for _ in range(2))
    source = journey({"src": "open day", "page": "https://clinic.example/knee"})
    factory.registration(here, "=ana@mail.example", phone="+1 303 555 0134", seats=2, source=source)
    content = export_registrations(process, here, actor=ACTOR, now=NOW)
    with process.work() as work:
        import_registrants(work, there, read_people(content), dry_run=False, sends_mail=True, actor=ACTOR, now=NOW)
    (before,), (after,) = rows(process, here), rows(process, there)
    for column in ("name", "email", "phone", "status", "seats", "timezone", "locale", "source"):
        assert before[column] == after[column]
