"""Registrations: a person (the registrant) tied to a session."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from webinars.tables.base import Retention, Table, blind_index, document, enum, moment, reference, sealed
from webinars.terms import CalendarReply, RegistrationStatus
from webinars.vault import Sealed


class Registration(Table, table=True):
    """One per person and session for ever: who withdraws and comes back gets the same row, so calendars can follow."""

    __tablename__ = "registrations"
    __table_args__ = (
        # In this order it finds a person's registrations too: an address is nowhere near the one before, so that each
        # index of addresses makes registering wait for a page of its own.
        sa.UniqueConstraint("email_index", "session_id"),
        sa.CheckConstraint("seats BETWEEN 1 AND 2", name="seats_one_or_two"),
        # The planner walks a session's confirmed registrations by id.
        sa.Index("ix_registrations_session_id_status_id", "session_id", "status", "id"),
        sa.Index(
            "ix_registrations_waitlist",
            "session_id",
            "waitlisted_at",
            "id",
            sqlite_where=sa.text("status = 'waitlisted'"),
            postgresql_where=sa.text("status = 'waitlisted'"),
        ),
        sa.Index(
            "ix_registrations_offers",
            "offer_expires_at",
            sqlite_where=sa.text("status = 'offered'"),
            postgresql_where=sa.text("status = 'offered'"),
        ),
        # Few rows have it, and every registration would pay for it.
        sa.Index(
            "ix_registrations_replaces_id",
            "replaces_id",
            sqlite_where=sa.text("replaces_id IS NOT NULL"),
            postgresql_where=sa.text("replaces_id IS NOT NULL"),
        ),
    )

    session_id: UUID = reference("sessions.id", ondelete="RESTRICT")
    status: RegistrationStatus = enum(RegistrationStatus)
    email: Sealed = sealed()
    email_index: bytes = blind_index()
    name: Sealed = sealed()
    phone: Sealed | None = sealed(default=None)
    question: Sealed | None = sealed(Retention.health, default=None)
    """What the registrant wants to ask the presenter."""
    timezone: str
    """IANA name of the zone the registrant reads times in."""
    locale: str = "en"
    seats: int = 1
    source: dict[str, Any] = document(default_factory=dict)
    """Where the registration came from: utm values, referrer, embedding page."""
    revision: int = 0
    """Grows each time the registrant leaves or comes back; with `schedule_version` it makes the calendar SEQUENCE."""
    link_version: int = 0
    """Growing it revokes the personal links."""
    has_invite: bool = False
    """Whether an invite was planned, so that a calendar entry may exist that must be taken away."""
    calendar_reply: CalendarReply | None = enum(CalendarReply, checked=False, default=None)
    """What their calendar answered to the invite."""
    calendar_replied_at: datetime | None = moment(default=None)
    """DTSTAMP of the reply: an older one changes nothing."""
    calendar_reply_sequence: int | None = None
    """SEQUENCE of the invite that was answered."""
    created_at: datetime = moment()
    confirmed_at: datetime | None = moment(default=None)
    waitlisted_at: datetime | None = moment(default=None)
    offered_at: datetime | None = moment(default=None)
    offer_expires_at: datetime | None = moment(default=None)
    """Until when the seat is kept for whoever it was offered to."""
    withdrawn_at: datetime | None = moment(default=None)
    withdrawn_from: RegistrationStatus | None = enum(RegistrationStatus, checked=False, default=None)
    """What it was before it was given up: what an undo brings back."""
    replaces_id: UUID | None = reference("registrations.id", default=None, ondelete="SET NULL")
    """The registrant's place in another session, which ends as soon as this one has a seat: a move."""
    replayed_at: datetime | None = moment(default=None)
    """When they first went to the replay."""
    erased_at: datetime | None = moment(default=None)
    """When all that told of the person was taken out; what is left counts in statistics alone."""
    updated_at: datetime = moment()
