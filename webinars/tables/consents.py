"""What a registrant agreed to, or took back. Rows are added, never changed."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

import sqlalchemy as sa

from webinars.tables.base import Retention, Table, column, moment, reference


class Consent(Table, table=True):
    """One answer for one purpose and channel, with the very words it was given to."""

    __tablename__ = "consents"

    registration_id: UUID = reference("registrations.id", keep=Retention.evidence, ondelete="CASCADE", index=True)
    purpose: str = column(sa.String(40), keep=Retention.evidence)
    channel: str = column(sa.String(20), keep=Retention.evidence)
    is_granted: bool = column(sa.Boolean(), keep=Retention.evidence)
    text_version: str = column(sa.String(20), keep=Retention.evidence)
    text_hash: str = column(sa.String(64), keep=Retention.evidence)
    """SHA-256 of the words shown, in hex."""
    locale: str = column(sa.String(20), keep=Retention.evidence)
    method: str = column(sa.String(20), keep=Retention.evidence)
    """`form`, `api`, `unsubscribe` (the link in a mail) or `page` (the registrant's own)."""
    address_block: str = column(sa.String(45), keep=Retention.evidence, default="")
    """The network (/24 or /64) the answer came from."""
    created_at: datetime = moment(keep=Retention.evidence)
