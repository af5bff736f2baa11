"""Looks at registrations that several tests share."""

from __future__ import annotations

from uuid import UUID

import sqlalchemy as sa
from sqlmodel import col

from webinars.queries import registrations as registrations_queries
from webinars.services import registrations
from webinars.tables import Message, Registration, WebinarSession
from webinars.work import Process


def kinds_to(process: Process, registration_id: UUID) -> list[str]:
    """Every message to one registrant, in the order they were planned."""
    with process.read() as work:
        query = sa.select(col(Message.kind)).where(col(Message.registration_id) == registration_id)
        return [kind.value for kind in work.db.scalars(query.order_by(col(Message.id)))]


def row(process: Process, registration_id: UUID) -> Registration:
    with process.read() as work:
        return work.db.get_one(Registration, registration_id)


def seats(process: Process, session_id: UUID) -> tuple[int, int]:
    with process.read() as work:
        session = work.db.get_one(WebinarSession, session_id)
        counted = (session.seats_taken, session.waitlisted)
        assert counted == registrations_queries.recount_seats(work.db, session_id)
        return counted


def withdraw(process: Process, registration_id: UUID) -> Registration:
    with process.work() as work:
        return registrations.withdraw(work, registration_id, process.clock.now())


def ledger(process: Process) -> list[tuple[str, str, str | None]]:
    """What became of each message, and why, in the order they were planned."""
    with process.read() as work:
        rows = work.db.scalars(sa.select(Message).order_by(col(Message.id)))
        return [(message.kind.value, message.state.value, message.reason) for message in rows]
