"""What registrants thought of a session."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

import sqlalchemy as sa

from webinars.tables.base import Retention, Table, moment, reference, sealed
from webinars.vault import Sealed


class SurveyReply(Table, table=True):
    """One per registration; answering again replaces it."""

    __tablename__ = "survey_replies"
    __table_args__ = (sa.CheckConstraint("rating BETWEEN 1 AND 5", name="rating_one_to_five"),)

    registration_id: UUID = reference("registrations.id", unique=True, ondelete="CASCADE")
    session_id: UUID = reference("sessions.id", index=True, ondelete="CASCADE")
    rating: int
    """1, not helpful, to 5, very helpful."""
    comment: Sealed | None = sealed(Retention.health, default=None)
    created_at: datetime = moment()
    updated_at: datetime = moment()
