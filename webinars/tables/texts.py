"""The hosts' own words for messages."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

import sqlalchemy as sa

from webinars.tables.base import Table, column, enum, moment, reference
from webinars.terms import MessageKind


class MessageText(Table, table=True):
    """What a kind of message says in one language, for one webinar or for all that have no words of their own."""

    __tablename__ = "message_texts"
    __table_args__ = (
        sa.Index(
            "uq_message_texts_usual",
            "kind",
            "locale",
            unique=True,
            sqlite_where=sa.text("webinar_id IS NULL"),
            postgresql_where=sa.text("webinar_id IS NULL"),
        ),
        sa.UniqueConstraint("webinar_id", "kind", "locale"),
    )

    webinar_id: UUID | None = reference("webinars.id", default=None, ondelete="CASCADE")
    kind: MessageKind = enum(MessageKind, checked=False)
    locale: str = column(sa.String(5))
    """A language: `en` or `es`."""
    subject: str = column(sa.String(200), default="")
    body: str = column(sa.String(4000), default="")
    """Paragraphs of plain text with variables such as `{{ name }}`; what the program adds (time, links) stays."""
    version: int = 1
    updated_at: datetime = moment()
