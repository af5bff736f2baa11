"""Statements about those who wait for new sessions on a topic."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite
from sqlmodel import col

from webinars.db import DbSession, RowInsert
from webinars.tables import Consent, Message, Registration, Subscription, Topic, WebinarSession, WebinarTopic
from webinars.tables.base import core
from webinars.terms import ACTIVE, MessageKind, MessageState, SubscriptionState

_NOTHING = (MessageState.skipped, MessageState.missed)
"""What became of an alert that nobody was told by."""
_INSERT_NEW = RowInsert(
    {
        "postgresql": postgresql.insert(core(Subscription)).on_conflict_do_nothing(
            index_elements=["topic_id", "email_index"]
        ),
        "sqlite": sqlite.insert(core(Subscription)).on_conflict_do_nothing(index_elements=["topic_id", "email_index"]),
    }
)


class Granted(NamedTuple):
    """A consent to topic alerts that no subscription stands for yet."""

    registration_id: UUID
    topic_id: UUID
    """Of the area that the webinar is about."""
    text_version: str
    text_hash: str


def insert_subscription(db: DbSession, row: Mapping[str, Any]) -> bool:
    """False if this person and topic have one already, which stays as it is."""
    return _INSERT_NEW.execute(db.connection(), [row]) == 1


def lock_subscription(db: DbSession, topic_id: UUID, email_index: bytes) -> Subscription:
    """The subscription of a person to a topic, which is there."""
    query = sa.select(Subscription).where(
        col(Subscription.topic_id) == topic_id, col(Subscription.email_index) == email_index
    )
    return db.scalars(query.with_for_update().execution_options(populate_existing=True)).one()


def find_subscription(db: DbSession, subscription_id: UUID) -> Subscription | None:
    return db.get(Subscription, subscription_id, populate_existing=True)


def lock_all_of(db: DbSession, email_index: bytes) -> Sequence[Subscription]:
    """All subscriptions of a person, locked in the order of their ids."""
    query = sa.select(Subscription).where(col(Subscription.email_index) == email_index)
    query = query.order_by(col(Subscription.id)).with_for_update().execution_options(populate_existing=True)
    return db.scalars(query).all()


def list_with_topics(db: DbSession, email_index: bytes) -> list[tuple[Subscription, Topic]]:
    """All subscriptions of a person with their topics, in the order of the topics."""
    query = (
        sa.select(Subscription, Topic)
        .join(Topic, col(Topic.id) == col(Subscription.topic_id))
        .where(col(Subscription.email_index) == email_index)
        .order_by(col(Topic.position), col(Topic.name))
    )
    return [(row[0], row[1]) for row in db.execute(query)]


def list_of_people(db: DbSession, email_indexes: Sequence[bytes]) -> Sequence[Subscription]:
    """All subscriptions of several people, whatever became of them."""
    query = sa.select(Subscription).where(col(Subscription.email_index).in_(email_indexes))
    return db.scalars(query.order_by(col(Subscription.id))).all()


def list_to_alert(
    db: DbSession, topic_id: UUID, *, news_until: datetime, told_before: datetime, after: UUID | None, limit: int
) -> Sequence[Subscription]:
    """Active subscriptions to a topic, by id, for which there may be news, locked; those of other workers are left out.

    Args:
        news_until: when the newest session opened: whoever has heard of things since then has heard of all.
        told_before: a person who was told something after this moment, whatever about, or is to be, is not told again
            yet. An alert that came to nothing told them nothing.
    """
    table = core(Subscription)
    other = table.alias("other")
    message = core(Message).c
    told_lately = (
        sa.select(other.c.id)
        .join(core(Message), message.subscription_id == other.c.id)
        .where(
            other.c.email_index == table.c.email_index,
            other.c.alerted_at > told_before,
            message.kind == MessageKind.alert,
            message.created_at > told_before,
            message.state.not_in(_NOTHING),
        )
    )
    query = (
        sa.select(Subscription)
        .where(
            table.c.topic_id == topic_id,
            table.c.state == SubscriptionState.active,
            table.c.confirmed_at < news_until,
            sa.or_(table.c.alerted_at.is_(None), table.c.alerted_at < news_until),
            ~told_lately.exists(),
        )
        .order_by(table.c.id)
        .limit(limit)
        .with_for_update(skip_locked=True, of=Subscription)
        .execution_options(populate_existing=True)
    )
    if after is not None:
        query = query.where(table.c.id > after)
    return db.scalars(query).all()


def note_alerted(db: DbSession, subscription_ids: Sequence[UUID], now: datetime) -> None:
    """Note that an alert is to tell these all that is news by now."""
    table = core(Subscription)
    db.execute(sa.update(table).where(table.c.id.in_(subscription_ids)).values(alerted_at=now))


def list_granted(db: DbSession, *, given_from: UUID, given_until: UUID, limit: int) -> list[Granted]:
    """Consents to alerts that hold, were given between two ids, and that nobody has been asked to confirm yet.

    A registrant who took a consent back is left out, and so is whoever ended the subscription after having given it.
    """
    consent, later = core(Consent), core(Consent).alias("later")
    topic, subscription = core(Topic), core(Subscription)
    area_id = sa.func.coalesce(topic.c.parent_id, topic.c.id, type_=topic.c.id.type)
    taken_back = sa.select(later.c.id).where(
        later.c.registration_id == consent.c.registration_id,
        later.c.purpose == consent.c.purpose,
        later.c.channel == consent.c.channel,
        later.c.id > consent.c.id,
    )
    asked = sa.select(subscription.c.id).where(
        subscription.c.topic_id == area_id,
        subscription.c.email_index == core(Registration).c.email_index,
        sa.or_(subscription.c.state != SubscriptionState.ended, subscription.c.ended_at >= consent.c.created_at),
    )
    query = (
        sa.select(consent.c.registration_id, area_id, consent.c.text_version, consent.c.text_hash)
        .join(Registration, col(Registration.id) == consent.c.registration_id)
        .join(WebinarSession, col(WebinarSession.id) == col(Registration.session_id))
        .join(WebinarTopic, col(WebinarTopic.webinar_id) == col(WebinarSession.webinar_id))
        .join(topic, topic.c.id == col(WebinarTopic.topic_id))
        .where(
            consent.c.id.between(given_from, given_until),
            consent.c.purpose == "topic_alerts",
            consent.c.channel == "email",
            consent.c.is_granted,
            ~taken_back.exists(),
            ~asked.exists(),
            col(Registration.status).in_(ACTIVE),
            col(Registration.erased_at).is_(None),
        )
        .order_by(consent.c.id)
        .limit(limit)
    )
    return [Granted(*row) for row in db.execute(query)]


def list_of_registration(db: DbSession, registration: Registration) -> Sequence[Subscription]:
    """What a registrant hears of because of the webinar they registered for, locked."""
    topic = core(Topic)
    areas = (
        sa.select(sa.func.coalesce(topic.c.parent_id, topic.c.id, type_=topic.c.id.type))
        .join(WebinarTopic, col(WebinarTopic.topic_id) == topic.c.id)
        .join(WebinarSession, col(WebinarSession.webinar_id) == col(WebinarTopic.webinar_id))
        .where(col(WebinarSession.id) == registration.session_id)
    )
    query = sa.select(Subscription).where(
        col(Subscription.email_index) == registration.email_index, col(Subscription.topic_id).in_(areas)
    )
    return db.scalars(query.order_by(col(Subscription.id)).with_for_update()).all()


def count_by_topic(db: DbSession) -> dict[tuple[UUID, SubscriptionState], int]:
    """How many subscriptions there are, by topic and state."""
    query = sa.select(col(Subscription.topic_id), col(Subscription.state), sa.func.count())
    rows = db.execute(query.group_by(col(Subscription.topic_id), col(Subscription.state)))
    return {(row[0], row[1]): row[2] for row in rows}


def delete_unconfirmed(db: DbSession, asked_before: datetime) -> int:
    """Delete what nobody has confirmed, with its messages. Returns how many."""
    table = core(Subscription)
    result = db.connection().execute(
        sa.delete(table).where(table.c.state == SubscriptionState.pending, table.c.created_at < asked_before)
    )
    return result.rowcount


def list_ended(db: DbSession, ended_before: datetime, limit: int) -> Sequence[Subscription]:
    """Subscriptions that ended before a moment and still say whose they were, locked."""
    query = sa.select(Subscription).where(
        col(Subscription.state) == SubscriptionState.ended,
        col(Subscription.ended_at) < ended_before,
        col(Subscription.timezone) != "",
    )
    return db.scalars(query.order_by(col(Subscription.id)).limit(limit).with_for_update(skip_locked=True)).all()
