"""Series: a rule that sessions are made from."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

import sqlalchemy as sa

from webinars.tables.base import Table, column, moment, reference


class Series(Table, table=True):
    """A recurrence rule on a wall clock. The sessions it made are real ones, each with a life of its own."""

    __tablename__ = "series"

    webinar_id: UUID = reference("webinars.id", index=True, ondelete="RESTRICT")
    rrule: str = column(sa.String(500))
    """RFC 5545 section 3.3.10, without DTSTART."""
    starts_at_local: datetime = column(sa.DateTime())
    """Wall time of the first session, naive, in `timezone`: the rule's DTSTART."""
    timezone: str
    """IANA name."""
    duration_minutes: int
    capacity: int
    waitlist_open: bool = True
    room_url: str = ""
    version: int = 1
    created_at: datetime = moment()
    updated_at: datetime = moment()
