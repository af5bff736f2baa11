"""The file of all that is kept of a person: nothing is missing, and nothing of anybody else is in it."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
import sqlalchemy as sa
from sqlmodel import SQLModel, col

from tests.factories import ACTOR, Factory
from tests.webinars.services.lives import ANA, PERSONAL, live, told
from webinars.errors import NotFound
from webinars.services import branding, erasure, personal_data
from webinars.services.personal_data import INTERNAL, TOLD
from webinars.tables import AuditEntry
from webinars.work import Process

_LEADS = {"registration_id", "subscription_id", "session_id"}
"""What a row hangs on: the file says it by where the row stands."""
_INDEXES = {"email_index", "person_index"}


def export(process: Process, registration_id: UUID) -> dict[str, Any]:
    with process.work() as work:
        file = personal_data.export_person(work, registration_id, process.clock.now())
    found: dict[str, Any] = json.loads(file)
    return found


def of_persons() -> list[sa.Table]:
    """The tables whose rows hang on a registration or a topic of somebody, or are found by an address."""
    return [
        table
        for table in SQLModel.metadata.sorted_tables
        if table.name != "hosts" and {"registration_id", "subscription_id", *_INDEXES} & set(table.columns.keys())
    ]


def gaps(tables: list[sa.Table]) -> set[str]:
    """Columns of which the file neither says anything nor is known to leave them out."""
    return {
        str(column)
        for table in tables
        for column in table.columns
        if column.name not in {"id", *_LEADS, *TOLD.get(table.name, {}), *INTERNAL.get(table.name, set())}
    }


def test_every_column_of_a_person_is_in_the_file_or_known_to_be_of_use_to_the_program_alone() -> None:
    assert gaps(of_persons()) == set()
    assert {table.name for table in of_persons()} == set(TOLD)


def test_nothing_about_the_person_or_their_health_counts_as_of_use_to_the_program_alone() -> None:
    hidden = {
        str(column)
        for table in SQLModel.metadata.sorted_tables
        for column in table.columns
        if column.info.get("retention") in PERSONAL
        and column.name not in TOLD.get(table.name, {})
        and column.name not in _INDEXES  # the address is in the file itself
    }
    assert hidden == set()


def test_a_new_column_or_table_is_noticed() -> None:
    """The control of the guards above."""
    metadata = sa.MetaData()
    grown = sa.Table("answers", metadata, sa.Column("id", sa.Uuid()), sa.Column("mood", sa.Text()))
    new = sa.Table("diaries", metadata, sa.Column("registration_id", sa.Uuid()), sa.Column("words", sa.Text()))
    assert gaps([grown, new]) == {"answers.mood", "diaries.words"}


def test_all_that_is_sealed_is_in_the_file_word_for_word(process: Process, factory: Factory) -> None:
    ana = live(process, factory)
    before = told(process)
    assert all(before.values()), before  # a new column has to be planted, or nobody knows whether it is there
    text = json.dumps(export(process, ana), ensure_ascii=False)
    for column, said in before.items():
        for value in said:
            words = [value]
            if value.startswith("{"):
                found = json.loads(value)
                words = [str(found["text"])] if "text" in found else [str(each) for each in found.values()]
            assert all(word in text for word in words), column


def test_the_file_reads_as_a_person_would_say_it(process: Process, factory: Factory) -> None:
    ana = live(process, factory)
    file = export(process, ana)
    assert (file["kept_of"], file["as_of"]) == (ANA, "2026-03-02T15:00:00Z")
    (registration,) = file["registrations"]
    assert registration["webinar"] == {
        "title": "Knee pain: options",
        "starts_at": "2026-03-09T15:00:00Z",
        "time_zone": "America/Denver",
    }
    assert registration["question_to_the_presenter"] == "Will it rattle?"
    assert [
        (each["question"], each.get("answer") or each.get("answer_about_health")) for each in registration["answers"]
    ] == [
        ("How did you hear of us?", "From a friend"),
        ("Where does it hurt?", "In both knees"),
    ]
    (consent,) = registration["consents"]
    assert (consent["for"], consent["by"], consent["agreed"], consent["version_of_the_words"], consent["at"]) == (
        "topic_alerts",
        "email",
        True,
        "2026-11",
        "2026-03-02T15:00:00Z",
    )
    assert consent["words"] == "Tell me by e-mail about new webinars on this topic."
    assert [(each["about"], each["state"]) for each in registration["messages"]] == [("confirmation", "planned")]
    assert registration["requests"][0]["what_you_told_us"] == {"recent_mri": "yes"}
    assert registration["survey"][0]["rating_of_5"] == 4
    assert registration["attendance"][0]["minutes_in_the_room"] == 40
    assert [each["topic"] for each in file["topics"]] == ["Knee"]
    assert file["no_mail_is_sent_because"][0]["reason"] == "complained"
    assert file["times_in_a_room_without_a_registration"][0]["email"] == ANA


def test_other_registrations_with_the_address_are_in_it_and_those_of_others_are_not(
    process: Process, factory: Factory
) -> None:
    session_id = factory.session().session.id
    ana = factory.registration(session_id, ANA).registration.id
    factory.registration(session_id, "bert@mail.example", name="Bert Brown")
    factory.registration(factory.session(starts_in=timedelta(days=9)).session.id, "Ana@Mail.example", name="A. Núñez")
    file = export(process, ana)
    assert [each["name"] for each in file["registrations"]] == ["Ana Núñez", "A. Núñez"]
    assert "bert" not in json.dumps(file).lower()


def test_it_names_the_clinic_as_the_clinic_calls_itself(process: Process, factory: Factory) -> None:
    ana = factory.registration(factory.session().session.id, ANA).registration.id
    assert export(process, ana)["kept_by"] == process.settings.organization_name
    with process.work() as work:
        branding.save_branding(work, {"name": "Evergreen"}, version=0, actor=ACTOR, now=factory.now)
    assert export(process, ana)["kept_by"] == "Evergreen"


def test_it_is_noted_that_the_file_was_taken_and_looking_is_not(process: Process, factory: Factory) -> None:
    ana = factory.registration(factory.session().session.id, ANA).registration.id
    with process.read() as work:
        personal_data.tell_of_person(work, ana, factory.now)
    export(process, ana)
    with process.read() as work:
        notes = work.db.scalars(sa.select(AuditEntry).where(col(AuditEntry.action) == "person.export")).all()
    assert [(note.actor, note.subject_id) for note in notes] == [("registrant", ana)]


def test_of_an_erased_person_there_is_nothing(process: Process, factory: Factory) -> None:
    ana = live(process, factory)
    with process.work() as work:
        erasure.erase_person(work, ana, actor="registrant", now=factory.now)
    text = json.dumps(export(process, ana), ensure_ascii=False)
    assert all(word not in text for word in (ANA, "Núñez", "rattle", "knees", "friend"))


def test_of_nobody_there_is_no_file(process: Process) -> None:
    with pytest.raises(NotFound):
        export(process, UUID(int=0))
