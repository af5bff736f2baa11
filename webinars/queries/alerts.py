"""Statements about sessions that are news, and about the messages that tell of them."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

import sqlalchemy as sa
from sqlmodel import col

from webinars.db import DbSession
from webinars.queries.sessions import Scheduled
from webinars.tables import Message, Registration, Subscription, Webinar, WebinarSession, WebinarTopic
from webinars.tables.base import core
from webinars.terms import PublicationStatus, SessionStatus


@dataclass(frozen=True, slots=True)
class AlertDispatch:
    """A claimed message to a subscriber."""

    message: Message
    subscription: Subscription


def note_open(db: DbSession, now: datetime) -> int:
    """Note for sessions that anybody may register for, and that had not opened before, that they have. How many."""
    session = core(WebinarSession)
    published = sa.select(col(Webinar.id)).where(col(Webinar.status) == PublicationStatus.published)
    result = db.connection().execute(
        sa.update(session)
        .where(
            session.c.open_since.is_(None),
            session.c.status == SessionStatus.scheduled,
            session.c.starts_at > now,
            sa.or_(session.c.registration_opens_at.is_(None), session.c.registration_opens_at <= now),
            session.c.webinar_id.in_(published),
        )
        .values(open_since=now)
    )
    return result.rowcount


def list_open(db: DbSession, now: datetime, *, session_ids: Sequence[UUID] | None = None) -> list[Scheduled]:
    """The sessions to come that have opened, or those of them among some, by start."""
    query = (
        sa.select(WebinarSession, Webinar)
        .join(Webinar, col(Webinar.id) == col(WebinarSession.webinar_id))
        .where(
            col(WebinarSession.status) == SessionStatus.scheduled,
            col(WebinarSession.starts_at) > now,
            col(WebinarSession.open_since).is_not(None),
            col(Webinar.status) == PublicationStatus.published,
        )
        .order_by(col(WebinarSession.starts_at), col(WebinarSession.id))
    )
    if session_ids is not None:
        query = query.where(col(WebinarSession.id).in_(session_ids))
    rows = db.execute(query.execution_options(populate_existing=True))
    return [Scheduled(session, webinar) for session, webinar in rows]


def topic_ids_of(db: DbSession, webinar_ids: Collection[UUID]) -> dict[UUID, set[UUID]]:
    """What webinars are about."""
    query = sa.select(col(WebinarTopic.webinar_id), col(WebinarTopic.topic_id))
    found: dict[UUID, set[UUID]] = {}
    for webinar_id, topic_id in db.execute(query.where(col(WebinarTopic.webinar_id).in_(webinar_ids))):
        found.setdefault(webinar_id, set()).add(topic_id)
    return found


def list_known(db: DbSession, session_ids: Sequence[UUID], email_indexes: Sequence[bytes]) -> dict[bytes, set[UUID]]:
    """For which of these sessions these people have registered, whatever became of it."""
    query = sa.select(col(Registration.email_index), col(Registration.session_id)).where(
        col(Registration.session_id).in_(session_ids), col(Registration.email_index).in_(email_indexes)
    )
    known: dict[bytes, set[UUID]] = {}
    for email_index, session_id in db.execute(query):
        known.setdefault(bytes(email_index), set()).add(session_id)
    return known


def load_dispatches(db: DbSession, message_ids: Sequence[UUID]) -> list[AlertDispatch]:
    """Those of these messages that go to subscribers, the most urgent first."""
    rows = db.execute(
        sa.select(Message, Subscription)
        .join(Subscription, col(Subscription.id) == col(Message.subscription_id))
        .where(col(Message.id).in_(message_ids))
        .order_by(col(Message.priority), col(Message.due_at), col(Message.id))
        .execution_options(populate_existing=True)
    )
    return [AlertDispatch(*row) for row in rows]
