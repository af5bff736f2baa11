"""The dated occurrences of a webinar."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

import sqlalchemy as sa

from webinars.tables.base import Table, column, enum, moment, reference
from webinars.terms import SessionStatus


class WebinarSession(Table, table=True):
    """A session. Its truth is wall time and zone; the moments are derived, and derived again when zone data changes."""

    __tablename__ = "sessions"
    __table_args__ = (
        sa.CheckConstraint("capacity > 0", name="capacity_positive"),
        sa.CheckConstraint("seats_taken >= 0 AND waitlisted >= 0", name="counters_not_negative"),
        sa.CheckConstraint("duration_minutes BETWEEN 5 AND 600", name="duration_sensible"),
        sa.Index("ix_sessions_status_starts_at", "status", "starts_at"),
        sa.Index(
            "ix_sessions_unsettled",
            "ends_at",
            sqlite_where=sa.text("settled_at IS NULL"),
            postgresql_where=sa.text("settled_at IS NULL"),
        ),
        # Seats are counted up at every registration: room on the page lets PostgreSQL do it without touching indexes.
        {"postgresql_with": {"fillfactor": 50}},
    )

    webinar_id: UUID = reference("webinars.id", index=True, ondelete="RESTRICT")
    series_id: UUID | None = reference("series.id", index=True, default=None, ondelete="SET NULL")
    series_starts_at_local: datetime | None = column(sa.DateTime(), default=None)
    """The wall time that the series' rule gave it: by this the series knows it again, whenever it really starts."""
    is_exception: bool = False
    """Whether it was edited by itself, so that a change of its series leaves it as it is."""
    status: SessionStatus = enum(SessionStatus, default=SessionStatus.scheduled)
    starts_at_local: datetime = column(sa.DateTime())
    """Wall time, naive, in `timezone`."""
    timezone: str
    """IANA name."""
    duration_minutes: int
    starts_at: datetime = moment()
    ends_at: datetime = moment()
    capacity: int
    seats_taken: int = 0
    """Seats confirmed and offered: a counter, because counting rows took 154 ms at a million of them."""
    waitlisted: int = 0
    """People on the waitlist: a counter too."""
    waitlist_open: bool = True
    registration_opens_at: datetime | None = moment(default=None)
    """Before this nobody registers; None: at once."""
    registration_closes_at: datetime | None = moment(default=None)
    """From this moment on nobody registers; None: until the start."""
    broadcast_at: datetime | None = moment(default=None)
    """When the whole waitlist was last told that a seat is free."""
    room_url: str = ""
    """Where the join button leads; registrants never see it before the room opens."""
    schedule_version: int = 0
    """Grows whenever time, zone, length or status change; reminders and calendar entries of older versions are void."""
    details_version: int = 0
    """Grows whenever what a calendar shows beside the time changes, such as the title or the link."""
    has_own_reminders: bool = False
    """Whether it has reminder rules of its own instead of its webinar's."""
    open_since: datetime | None = moment(default=None)
    """When it was first seen that the public may register: since then it is news to those who wait for its topic."""
    settled_at: datetime | None = moment(default=None)
    """When attendance was taken as complete and follow-ups were planned."""
    version: int = 1
    created_at: datetime = moment()
    updated_at: datetime = moment()
