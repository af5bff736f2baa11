"""What was kept of people for as long as it may be goes by itself, and evidence and counts stay."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
import sqlalchemy as sa
from sqlmodel import SQLModel, col

from tests.factories import Factory
from tests.webinars.services.lives import ANA, live, told
from tests.webinars.services.looks import row, seats
from webinars.queries import retention as retention_queries
from webinars.queries.retention import Holding
from webinars.services import retention
from webinars.tables import (
    AuditEntry,
    Consent,
    Message,
    Registration,
    Request,
    Retention,
    Suppression,
    SurveyReply,
    WebinarSession,
)
from webinars.terms import TaskState
from webinars.work import Process

DAY = timedelta(days=1)
A_MOMENT = timedelta(seconds=1)
HEALTH = {
    "answers.health_value",
    "follow_ups.note",
    "registrations.question",
    "requests.details",
    "requests.note",
    "survey_replies.comment",
}


@pytest.fixture
def ana(process: Process, factory: Factory) -> UUID:
    return live(process, factory)


def ended_at(process: Process, registration_id: UUID) -> datetime:
    with process.read() as work:
        return work.db.get_one(WebinarSession, row(process, registration_id).session_id).ends_at


def count(process: Process, table: type[SQLModel]) -> int:
    with process.read() as work:
        return work.db.scalar(sa.select(sa.func.count()).select_from(table)) or 0


def cleared_fields(process: Process) -> list[str]:
    with process.read() as work:
        notes = work.db.scalars(sa.select(AuditEntry).where(col(AuditEntry.actor) == retention.ACTOR))
        return sorted(field for note in notes for field in note.fields)


def test_nothing_goes_before_its_time_and_each_class_at_its_own(process: Process, ana: UUID) -> None:
    before = told(process)
    assert all(before.values()), before  # every column of this kind is filled: a new one has to be planted, too
    over = ended_at(process, ana)
    assert retention.clear_due(process, over + 30 * DAY) == 1  # what the server said: a log
    assert told(process) == before

    assert retention.clear_due(process, over + 30 * DAY + A_MOMENT) == 5
    after = told(process)
    assert {column for column, said in after.items() if not said} == HEALTH
    assert {column: said for column, said in after.items() if column not in HEALTH} == {
        column: said for column, said in before.items() if column not in HEALTH
    }
    assert set(cleared_fields(process)) == HEALTH

    retention.clear_due(process, over + 90 * DAY)
    assert told(process) == after
    retention.clear_due(process, over + 90 * DAY + A_MOMENT)
    # Who is told of new webinars is so until they say no: their address has a time of its own.
    assert {column for column, said in told(process).items() if said} == {"subscriptions.email"}
    assert retention.clear_due(process, over + 91 * DAY) == 0


def test_after_its_time_a_registration_is_as_if_erased_and_still_counts(process: Process, ana: UUID) -> None:
    before, session_seats = row(process, ana), seats(process, row(process, ana).session_id)
    now = ended_at(process, ana) + 90 * DAY + A_MOMENT
    retention.clear_due(process, now)
    after = row(process, ana)
    assert (after.erased_at, after.timezone, after.link_version) == (now, "", before.link_version + 1)
    assert after.email_index != before.email_index
    assert (after.status, after.source) == (before.status, {"last": {"utm_source": "blog"}})
    assert seats(process, after.session_id) == session_seats
    assert (count(process, Consent), count(process, Message)) == (1, 1)
    with process.read() as work:
        assert work.db.scalars(sa.select(col(SurveyReply.rating))).one() == 4
        assert work.db.scalars(sa.select(col(Request.state))).one() is TaskState.none  # there is nobody left to call


def test_a_mark_goes_with_the_last_who_has_the_address(process: Process, factory: Factory, ana: UUID) -> None:
    with process.work() as work:
        work.db.execute(sa.text("DELETE FROM subscriptions"))
    later = factory.registration(factory.session(starts_in=timedelta(days=200)).session.id, ANA).registration.id
    retention.clear_due(process, ended_at(process, ana) + 100 * DAY)
    assert count(process, Suppression) == 1
    assert row(process, later).erased_at is None
    retention.clear_due(process, ended_at(process, later) + 91 * DAY)
    assert count(process, Suppression) == 0


def test_many_go_in_parts_with_one_note(process: Process, factory: Factory, monkeypatch: pytest.MonkeyPatch) -> None:
    session = factory.session(capacity=5).session
    for _ in range(5):
        factory.registration(session.id, question="Why?")
    monkeypatch.setattr(retention, "_AT_ONCE", 2)
    assert retention.clear_due(process, session.ends_at + 91 * DAY) == 10
    with process.read() as work:
        assert work.db.scalars(sa.select(Registration).where(col(Registration.erased_at).is_(None))).all() == []
    questions = [field for field in cleared_fields(process) if field == "registrations.question"]
    assert len(questions) == 1


def test_what_is_told_anew_while_it_is_looked_for_stays(
    process: Process, ana: UUID, monkeypatch: pytest.MonkeyPatch
) -> None:
    """She asks once more between the look without a lock and the one under it."""
    now = ended_at(process, ana) + 31 * DAY
    list_due = retention_queries.list_due

    def list_and_renew(*args: Any, **kwargs: Any) -> Sequence[UUID]:
        found = list_due(*args, **kwargs)
        with process.work() as work:
            work.db.execute(sa.update(Request).values(updated_at=now))
        return found

    monkeypatch.setattr(retention_queries, "list_due", list_and_renew)
    retention.clear_due(process, now)
    cleared = {column for column, said in told(process).items() if not said}
    assert cleared == {column for column in HEALTH if not column.startswith("requests.")}


def test_words_of_servers_go_after_a_month_and_evidence_after_six_years(process: Process, ana: UUID) -> None:
    with process.work() as work:
        work.db.execute(sa.text("UPDATE messages SET last_error = '550 no such user', provider_id = 'p-1'"))
        work.db.execute(sa.text("DELETE FROM audit"))
    now = row(process, ana).created_at
    retention.clear_due(process, now + 30 * DAY)
    with process.read() as work:
        assert set(work.db.scalars(sa.select(col(Message.last_error)))) == {"550 no such user"}
    retention.clear_due(process, now + 31 * DAY)
    with process.read() as work:
        assert set(work.db.execute(sa.select(col(Message.last_error), col(Message.provider_id)))) == {(None, None)}
        assert set(work.db.scalars(sa.select(col(Suppression.detail)))) == {""}
    retention.clear_due(process, now + retention.EVIDENCE_KEPT)
    assert count(process, Consent) == 1
    retention.clear_due(process, now + retention.EVIDENCE_KEPT + A_MOMENT)
    assert count(process, Consent) == 0


def test_every_column_with_a_time_after_a_session_is_reached(process: Process) -> None:
    for keep in retention.AFTER_SESSION:
        for holding in retention_queries.of_sessions(keep):
            with process.read() as work:
                retention_queries.list_due(
                    work.db, holding, ended_before=process.clock.now(), after=None, limit=1
                )  # raises if nothing leads to a session
    filled = {
        str(column)
        for keep in retention.AFTER_SESSION
        for holding in retention_queries.of_sessions(keep)
        for column in holding.columns
        if not column.nullable
    }
    # What may not be empty gives no sign by itself of having gone; these rows have another one.
    assert filled == {
        "registrations.email",
        "registrations.email_index",
        "registrations.name",
        "attendance_intervals.person_index",
    }


def test_a_table_that_leads_to_no_session_is_noticed(process: Process) -> None:
    table = sa.Table("diaries", sa.MetaData(), sa.Column("id", sa.Uuid()), sa.Column("words", sa.Text(), nullable=True))
    with process.read() as work, pytest.raises(LookupError, match="diaries"):
        retention_queries.list_due(
            work.db, Holding(table, (table.c.words,)), ended_before=process.clock.now(), after=None, limit=1
        )


def test_unmatched_reports_lose_their_index_with_the_address(process: Process, ana: UUID) -> None:
    """A row whose address is gone could still be found by whoever has the key and a guess."""
    retention.clear_due(process, ended_at(process, ana) + 91 * DAY)
    with process.read() as work:
        left = work.db.scalars(
            sa.text("SELECT count(*) FROM attendance_intervals WHERE person_index = :index"),
            {"index": process.vault.index("email", ANA)},
        ).one()
    assert left == 0


def test_the_classes_are_those_of_the_columns() -> None:
    assert set(retention.AFTER_SESSION) == {Retention.health, Retention.personal}
