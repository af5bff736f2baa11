"""Who was in the room and when, as reported; and what it comes to once the session has settled."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

import sqlalchemy as sa

from webinars.tables.base import Table, blind_index, column, enum, moment, reference, sealed
from webinars.terms import AttendanceSource, AttendanceState, Evidence
from webinars.vault import Sealed


class AttendanceInterval(Table, table=True):
    """One stay in the room by one report. A person may have several, and from several sources."""

    __tablename__ = "attendance_intervals"
    __table_args__ = (
        # The same report twice is one interval.
        sa.UniqueConstraint("session_id", "person_index", "source", "joined_at"),
        sa.Index("ix_attendance_intervals_registration_id", "registration_id"),
    )

    session_id: UUID = reference("sessions.id", ondelete="CASCADE")
    registration_id: UUID | None = reference("registrations.id", default=None, ondelete="CASCADE")
    """Empty while nobody has matched the report to a registration."""
    person_index: bytes = blind_index()
    """Of the registration, or of the address that was reported where none matched."""
    email: Sealed | None = sealed(default=None)
    """As reported, where no registration matched."""
    source: AttendanceSource = enum(AttendanceSource)
    joined_at: datetime = moment()
    left_at: datetime | None = moment(default=None)
    created_at: datetime = moment()


class Attendance(Table, table=True):
    """What a session's attendance comes to for one confirmed registration."""

    __tablename__ = "attendance"

    registration_id: UUID = reference("registrations.id", unique=True, ondelete="CASCADE")
    session_id: UUID = reference("sessions.id", index=True, ondelete="CASCADE")
    state: AttendanceState = enum(AttendanceState)
    minutes: int
    """Whole minutes in the room, stays merged and cut to the session's own time."""
    share: float = column(sa.Float())
    """Of the session's length, 0 to 1."""
    evidence: Evidence = enum(Evidence)
    settled_at: datetime = moment()
