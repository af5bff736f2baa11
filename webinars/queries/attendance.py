"""Reads and writes of attendance and follow-ups."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite
from sqlmodel import col

from webinars.db import DbSession
from webinars.tables import Attendance, AttendanceInterval, FollowUp, Message
from webinars.tables.base import core
from webinars.terms import AttendanceState, MessageState


def put_interval(db: DbSession, row: Mapping[str, Any]) -> None:
    """Record a report; the same report again may only add the leaving."""
    connection = db.connection()
    dialect = postgresql if connection.dialect.name == "postgresql" else sqlite
    statement = dialect.insert(core(AttendanceInterval)).values(**row)
    connection.execute(
        statement.on_conflict_do_update(
            index_elements=["session_id", "person_index", "source", "joined_at"],
            set_={"left_at": sa.func.coalesce(statement.excluded.left_at, core(AttendanceInterval).c.left_at)},
        )
    )


def list_intervals(db: DbSession, session_id: UUID) -> Sequence[AttendanceInterval]:
    """The reports that belong to a registration of a session."""
    return db.scalars(
        sa.select(AttendanceInterval).where(
            col(AttendanceInterval.session_id) == session_id, col(AttendanceInterval.registration_id).is_not(None)
        )
    ).all()


def list_stays(db: DbSession, registration_id: UUID) -> Sequence[AttendanceInterval]:
    """The reports of one registrant, oldest first."""
    return db.scalars(
        sa.select(AttendanceInterval)
        .where(col(AttendanceInterval.registration_id) == registration_id)
        .order_by(col(AttendanceInterval.joined_at))
    ).all()


def count_unmatched(db: DbSession, session_id: UUID) -> int:
    """Reports that belong to no registration yet."""
    return (
        db.scalar(
            sa.select(sa.func.count())
            .select_from(AttendanceInterval)
            .where(col(AttendanceInterval.session_id) == session_id, col(AttendanceInterval.registration_id).is_(None))
        )
        or 0
    )


def insert_attendance(db: DbSession, rows: Sequence[Mapping[str, Any]]) -> None:
    if rows:
        db.connection().execute(sa.insert(core(Attendance)), rows)


def delete_attendance(db: DbSession, session_id: UUID) -> None:
    """Forget what attendance came to, before it is worked out again."""
    db.connection().execute(sa.delete(core(Attendance)).where(core(Attendance).c.session_id == session_id))


def attendance_of(db: DbSession, registration_ids: Sequence[UUID]) -> dict[UUID, Attendance]:
    rows = db.scalars(sa.select(Attendance).where(col(Attendance.registration_id).in_(registration_ids)))
    return {row.registration_id: row for row in rows}


def insert_follow_ups(db: DbSession, rows: Sequence[Mapping[str, Any]]) -> None:
    if rows:
        db.connection().execute(sa.insert(core(FollowUp)), rows)


def correct_segments(db: DbSession, states: Sequence[tuple[UUID, AttendanceState]]) -> None:
    """Let follow-ups whose mail has not gone out speak of the attendance as it is known by now."""
    follow_up, message = core(FollowUp), core(Message)
    unsent = sa.select(message.c.id).where(message.c.state == MessageState.planned)
    statement = (
        sa.update(follow_up)
        .where(
            follow_up.c.registration_id == sa.bindparam("of_registration"),
            sa.or_(follow_up.c.message_id.is_(None), follow_up.c.message_id.in_(unsent)),
        )
        .values(segment=sa.bindparam("known_state"))
    )
    if states:
        rows = [{"of_registration": registration_id, "known_state": state} for registration_id, state in states]
        db.connection().execute(statement, rows)


def list_unwritten(db: DbSession, session_id: UUID) -> set[UUID]:
    """The registrations of a session whose follow-up has no mail, for nobody knew whether they came."""
    follow_up = core(FollowUp).c
    query = sa.select(follow_up.registration_id).where(
        follow_up.session_id == session_id, follow_up.message_id.is_(None)
    )
    return set(db.scalars(query))


def set_messages(db: DbSession, message_ids: Mapping[UUID, UUID]) -> None:
    """Give follow-ups their mails, by registration."""
    follow_up = core(FollowUp)
    statement = (
        sa.update(follow_up)
        .where(follow_up.c.registration_id == sa.bindparam("of_registration"))
        .values(message_id=sa.bindparam("mail"))
    )
    if message_ids:
        rows = [{"of_registration": who, "mail": message_id} for who, message_id in message_ids.items()]
        db.connection().execute(statement, rows)


def list_follow_ups(
    db: DbSession, session_id: UUID, *, after: UUID | None, limit: int
) -> Sequence[sa.Row[FollowUp, Message | None]]:
    """A session's follow-ups with their mail, by id."""
    query = (
        sa.select(FollowUp, Message)
        .outerjoin(Message, col(Message.id) == col(FollowUp.message_id))
        .where(col(FollowUp.session_id) == session_id)
    )
    if after is not None:
        query = query.where(col(FollowUp.id) > after)
    return db.execute(query.order_by(col(FollowUp.id)).limit(limit)).all()
