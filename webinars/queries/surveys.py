"""Reads of what registrants thought of a session."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

import sqlalchemy as sa
from sqlmodel import col

from webinars.db import DbSession
from webinars.tables import SurveyReply


def find_reply(db: DbSession, registration_id: UUID) -> SurveyReply | None:
    return db.scalar(sa.select(SurveyReply).where(col(SurveyReply.registration_id) == registration_id))


def count_ratings(db: DbSession, session_id: UUID) -> dict[int, int]:
    """How many gave each rating; those that nobody gave are left out."""
    query = sa.select(col(SurveyReply.rating), sa.func.count()).where(col(SurveyReply.session_id) == session_id)
    rows = db.execute(query.group_by(col(SurveyReply.rating)))
    return {row[0]: row[1] for row in rows}


def list_commented(db: DbSession, session_id: UUID, most: int) -> Sequence[SurveyReply]:
    """The newest replies that say something in words."""
    query = sa.select(SurveyReply).where(
        col(SurveyReply.session_id) == session_id, col(SurveyReply.comment).is_not(None)
    )
    return db.scalars(query.order_by(col(SurveyReply.updated_at).desc(), col(SurveyReply.id).desc()).limit(most)).all()
