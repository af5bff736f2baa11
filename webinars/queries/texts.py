"""Reads of the hosts' own words for messages."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from uuid import UUID

import sqlalchemy as sa
from sqlmodel import col

from webinars.db import DbSession
from webinars.tables import MessageText
from webinars.terms import MessageKind


def list_texts(db: DbSession, webinar_id: UUID | None) -> Sequence[MessageText]:
    """The words of one webinar; with None, those of all that have none of their own."""
    return db.scalars(
        sa.select(MessageText).where(_of(webinar_id)).order_by(col(MessageText.kind), col(MessageText.locale))
    ).all()


def list_usable(db: DbSession, webinar_ids: Collection[UUID]) -> Sequence[MessageText]:
    """All words that messages about these webinars may be made of."""
    return db.scalars(_USABLE, {"webinar_ids": webinar_ids}).all()


def find_text(db: DbSession, webinar_id: UUID | None, kind: MessageKind, locale: str) -> MessageText | None:
    """The words for one kind and language, locked for whoever is to change them."""
    return db.scalar(
        sa.select(MessageText)
        .where(_of(webinar_id), col(MessageText.kind) == kind, col(MessageText.locale) == locale)
        .with_for_update()
    )


def _of(webinar_id: UUID | None) -> sa.ColumnElement[bool]:
    return col(MessageText.webinar_id).is_(None) if webinar_id is None else col(MessageText.webinar_id) == webinar_id


# Every batch of messages runs it: built once, for building it costs more than running it.
_USABLE = sa.select(MessageText).where(
    sa.or_(_of(None), col(MessageText.webinar_id).in_(sa.bindparam("webinar_ids", expanding=True)))
)
