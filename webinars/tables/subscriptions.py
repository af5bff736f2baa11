"""People who want to hear of new sessions on a topic."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

import sqlalchemy as sa

from webinars.tables.base import Retention, Table, blind_index, column, enum, moment, reference, sealed
from webinars.terms import SubscriptionState
from webinars.vault import Sealed


class Subscription(Table, table=True):
    """One per person and topic. It is `active` once they have said yes from their own mailbox (double opt-in)."""

    __tablename__ = "subscriptions"
    __table_args__ = (
        sa.UniqueConstraint("topic_id", "email_index"),
        sa.Index("ix_subscriptions_topic_id_state_id", "topic_id", "state", "id"),
    )

    topic_id: UUID = reference("topics.id", ondelete="CASCADE")
    state: SubscriptionState = enum(SubscriptionState, default=SubscriptionState.pending)
    email: Sealed = sealed()
    email_index: bytes = blind_index(index=True)
    timezone: str
    locale: str = "en"
    text_version: str = column(sa.String(20), keep=Retention.evidence)
    text_hash: str = column(sa.String(64), keep=Retention.evidence)
    """SHA-256 of the words that were agreed to, in hex."""
    revision: int = 0
    """Grows each time the person asks again after it was over."""
    link_version: int = 0
    alerted_at: datetime | None = moment(default=None)
    """When they were last told something."""
    created_at: datetime = moment()
    confirmed_at: datetime | None = moment(default=None)
    ended_at: datetime | None = moment(default=None)
