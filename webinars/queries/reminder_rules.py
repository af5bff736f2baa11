"""Reads and locks of reminder rules: a webinar's, and those that a session has of its own."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

import sqlalchemy as sa
from sqlmodel import col

from webinars.db import DbSession
from webinars.errors import NotFound
from webinars.tables import ReminderRule, WebinarSession
from webinars.terms import SessionStatus


def list_rules(db: DbSession, webinar_id: UUID, session_id: UUID | None = None) -> list[ReminderRule]:
    """A webinar's rules, or with `session_id` that session's own, earliest first; disabled ones too."""
    of = col(ReminderRule.session_id) == session_id if session_id else col(ReminderRule.session_id).is_(None)
    rules = db.scalars(
        sa.select(ReminderRule)
        .where(col(ReminderRule.webinar_id) == webinar_id, of, col(ReminderRule.retired_at).is_(None))
        .order_by(col(ReminderRule.id))
    )
    return sorted(rules, key=lambda rule: (rule.anchor != "start", rule.offset_days * 1440 + rule.offset_minutes))


def lock_rule(db: DbSession, rule_id: UUID) -> ReminderRule:
    """A rule that nobody else changes until the end of the transaction.

    Raises:
        NotFound: if there is none.
    """
    query = sa.select(ReminderRule).where(col(ReminderRule.id) == rule_id, col(ReminderRule.retired_at).is_(None))
    rule = db.scalar(query.with_for_update(key_share=True).execution_options(populate_existing=True))
    if rule is None:
        raise NotFound
    return rule


def get_rule(db: DbSession, rule_id: UUID) -> ReminderRule:
    """Raises:
    NotFound: if there is none.
    """
    rule = db.get(ReminderRule, rule_id)
    if rule is None or rule.retired_at is not None:
        raise NotFound
    return rule


def rule_names(db: DbSession, rule_ids: Sequence[UUID]) -> dict[UUID, str]:
    """What the ledger calls these rules, retired ones too."""
    query = sa.select(col(ReminderRule.id), col(ReminderRule.name)).where(col(ReminderRule.id).in_(rule_ids))
    return {row[0]: row[1] for row in db.execute(query)}


def rule_keys(db: DbSession, rule_ids: Sequence[UUID]) -> dict[UUID, UUID]:
    """What tells a rule and its copies from all others: the rule they were copied from."""
    query = sa.select(col(ReminderRule.id), col(ReminderRule.origin_id)).where(col(ReminderRule.id).in_(rule_ids))
    return {row[0]: row[1] or row[0] for row in db.execute(query)}


def list_session_ids(db: DbSession, webinar_id: UUID, ends_after: datetime) -> list[UUID]:
    """A webinar's sessions that are not over and go by its rules, by id."""
    query = sa.select(col(WebinarSession.id)).where(
        col(WebinarSession.webinar_id) == webinar_id,
        col(WebinarSession.status) == SessionStatus.scheduled,
        col(WebinarSession.ends_at) > ends_after,
        ~col(WebinarSession.has_own_reminders),
    )
    return list(db.scalars(query.order_by(col(WebinarSession.id))))
