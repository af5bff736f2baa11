"""Problem areas and the conditions under them."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from webinars.tables.base import Table, moment, reference, short_name


class Topic(Table, table=True):
    """An area (`parent_id` empty), such as Knee, or a condition under one."""

    __tablename__ = "topics"

    parent_id: UUID | None = reference("topics.id", default=None, ondelete="CASCADE", index=True)
    slug: str = short_name()
    name: str
    position: int = 0
    """Where it stands in lists, smallest first."""
    version: int = 1
    created_at: datetime = moment()
    updated_at: datetime = moment()
