"""Hearing of new sessions on a topic: asked for by anybody, begun by nobody but whoever reads the mailbox.

Whoever asks gets the same answer, whatever was before; what is true goes by mail. A link in a mail opens the page of
an address, on which all of its topics are confirmed, ended or forgotten together.
"""

from __future__ import annotations

import os
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from webinars.errors import LinkInvalid
from webinars.queries import catalogue as catalogue_queries
from webinars.queries import messages as messages_queries
from webinars.queries import retention as retention_queries
from webinars.queries import subscriptions as subscriptions_queries
from webinars.rules.messages import priority
from webinars.rules.registrations import same_person
from webinars.services import messages, rates
from webinars.services.rates import alert_limit, by_block, by_person
from webinars.settings import Settings
from webinars.tables import Registration, Subscription, Topic
from webinars.terms import Channel, LinkPurpose, MessageKind, MessageState, SkipReason, SubscriptionState, new_id
from webinars.vault import Vault
from webinars.work import Process, ReadWork, Work

UNDO_TIME = timedelta(minutes=10)
UNCONFIRMED_FOR = timedelta(days=7)
"""How long we wait for a yes from the mailbox."""
ENDED_FOR = timedelta(days=30)
"""How long we still know whose a subscription was that is over: links in old mails work until then."""
CHECK_USEFUL = timedelta(days=3)
_HOUR_S = 3600
_INDEX_BYTES = 32
_SCRUB_AT_ONCE = 500
_KINDS = (MessageKind.alert_check, MessageKind.alert)
_PLACE = "subscriptions.email"


@dataclass(frozen=True, slots=True)
class Wanted:
    """Who asks to hear of a topic. The address is clean already (rules/registrations.py)."""

    email: str
    timezone: str
    locale: str
    text_version: str
    """Of the words that were agreed to."""
    text_hash: str


@dataclass(frozen=True, slots=True)
class Chosen:
    """What the page of an address shows."""

    own: Subscription
    """The one whose link was opened."""
    asked: Sequence[Topic]
    """Topics that wait for a yes."""
    active: Sequence[Topic]
    can_undo: bool
    """Whether all was ended together a moment ago."""


def take_try(process: Process, email: str, address_block: str, now: datetime) -> None:
    """Count that the public asks. It counts whatever becomes of it, so it has a transaction of its own.

    Raises:
        TooManyRequests: if it is one too many.
    """
    by = [by_block(address_block), by_person(same_person(email))]
    rates.take_one(process, alert_limit(process.settings), by, now)


def subscribe(work: Work, topic_slug: str, wanted: Wanted, now: datetime) -> Topic:
    """Ask the mailbox whether it is to hear of new sessions on a topic.

    Raises:
        NotFound: if there is no such topic.
    """
    topic = catalogue_queries.get_topic(work.db, topic_slug)
    ask(work, topic.id, wanted, now, due_at=now)
    return topic


def ask(work: Work, topic_id: UUID, wanted: Wanted, now: datetime, *, due_at: datetime) -> int:
    """Note that a person wants to hear of a topic, and have one mail ask whether it was them: one an hour, whatever
    topics. Who hears of it already gets it too, and is told so: nobody learns from the traffic either.

    Returns:
        1 if that makes a mail, 0 if one was planned in this hour.
    """
    index = work.vault.index("email", same_person(wanted.email))
    row_id = new_id(now)
    is_new = subscriptions_queries.insert_subscription(
        work.db,
        {
            "id": row_id,
            "topic_id": topic_id,
            "state": SubscriptionState.pending,
            "email": work.vault.seal(_PLACE, row_id, wanted.email),
            "email_index": index,
            "timezone": wanted.timezone,
            "locale": wanted.locale,
            "text_version": wanted.text_version,
            "text_hash": wanted.text_hash,
            "revision": 0,
            "link_version": 0,
            "created_at": now,
        },
    )
    subscription = subscriptions_queries.lock_subscription(work.db, topic_id, index)
    if not is_new and subscription.state is not SubscriptionState.active:
        _ask_again(work.vault, subscription, wanted, now)
        work.db.flush()
    return messages.plan(work, [_check_row(work.vault, subscription, wanted.email, now, due_at)])


def _ask_again(vault: Vault, subscription: Subscription, wanted: Wanted, now: datetime) -> None:
    """What was over begins anew: as something that nobody has confirmed."""
    if subscription.state is SubscriptionState.ended:
        subscription.state = SubscriptionState.pending
        subscription.revision += 1
        subscription.confirmed_at = subscription.ended_at = None
    subscription.email = vault.seal(_PLACE, subscription.id, wanted.email)
    subscription.timezone, subscription.locale = wanted.timezone, wanted.locale
    subscription.text_version, subscription.text_hash = wanted.text_version, wanted.text_hash
    subscription.created_at = now


def _check_row(vault: Vault, subscription: Subscription, email: str, now: datetime, due_at: datetime) -> dict[str, Any]:
    hour = int(now.timestamp()) // _HOUR_S
    # Of nobody else's making: only the mailbox itself can end what it then has to confirm once more.
    once = vault.index("alert-check", f"{same_person(email)}:{hour}:{subscription.revision}").hex()
    return message_row(
        MessageKind.alert_check, f"alert_check:{once}", subscription.id, now, due_at=due_at, until=due_at + CHECK_USEFUL
    )


def message_row(
    kind: MessageKind,
    dedupe_key: str,
    subscription_id: UUID,
    now: datetime,
    *,
    due_at: datetime,
    until: datetime,
    facts: dict[str, Any] | None = None,
) -> dict[str, Any]:
    """A ledger row to a subscriber."""
    return {
        "id": new_id(now),
        "dedupe_key": dedupe_key,
        "kind": kind,
        "channel": Channel.email,
        "subscription_id": subscription_id,
        "schedule_version": 0,
        "sequence": 0,
        "facts": facts or {},
        "priority": priority(kind, due_at, until),
        "state": MessageState.planned,
        "due_at": due_at,
        "next_attempt_at": due_at,
        "deadline_at": until,
        "attempts": 0,
        "created_at": now,
    }


def page_url(settings: Settings, vault: Vault, subscription: Subscription) -> str:
    """The page of the address that a subscription belongs to."""
    return f"{settings.base_url}/t/{vault.link_token(LinkPurpose.alert, subscription.id, subscription.link_version)}"


def email_of(vault: Vault, subscription: Subscription) -> str:
    return vault.open(_PLACE, subscription.id, subscription.email)


def open_page(work: ReadWork, token: str, now: datetime) -> Chosen:
    """What an address has chosen, by a link from one of its mails.

    Raises:
        LinkInvalid: if the link was not made here, or all was forgotten.
    """
    own = _by_link(work, token)
    rows = subscriptions_queries.list_with_topics(work.db, own.email_index)

    def topics_in(state: SubscriptionState) -> list[Topic]:
        return [topic for row, topic in rows if row.state is state]

    return Chosen(
        own, topics_in(SubscriptionState.pending), topics_in(SubscriptionState.active), can_undo=_can_undo(own, now)
    )


def confirm(work: Work, token: str, topics: Collection[str], now: datetime) -> None:
    """Say yes from the mailbox to topics that were asked for, by their short names. Others stay as they are, and so
    does what was confirmed before or is over: pressed twice it is pressed once.

    Raises:
        LinkInvalid: if the link was not made here, or all was forgotten.
    """
    own = _by_link(work, token)
    slugs = {topic.id: topic.slug for _, topic in subscriptions_queries.list_with_topics(work.db, own.email_index)}
    for subscription in subscriptions_queries.lock_all_of(work.db, own.email_index):
        if subscription.state is SubscriptionState.pending and slugs[subscription.topic_id] in topics:
            subscription.state = SubscriptionState.active
            subscription.confirmed_at = now
    work.db.flush()


def end(work: Work, token: str, now: datetime) -> None:
    """Send an address nothing more about any topic.

    Raises:
        LinkInvalid: if the link was not made here, or all was forgotten.
    """
    _end(work, subscriptions_queries.lock_all_of(work.db, _by_link(work, token).email_index), now)


def end_of_registration(work: Work, registration: Registration, now: datetime) -> None:
    """End what a registrant hears of because of a registration: they took back their consent."""
    _end(work, subscriptions_queries.list_of_registration(work.db, registration), now)


def _end(work: Work, subscriptions: Sequence[Subscription], now: datetime) -> None:
    for subscription in subscriptions:
        if subscription.state is not SubscriptionState.ended:
            subscription.state = SubscriptionState.ended
            subscription.ended_at = now
    work.db.flush()
    _drop_planned(work, subscriptions, SkipReason.consent)


def undo(work: Work, token: str, now: datetime) -> bool:
    """Take an end back, for it was a mistake. False if that was more than 10 minutes ago, or nothing has ended.

    Raises:
        LinkInvalid: if the link was not made here, or all was forgotten.
    """
    own = _by_link(work, token)
    if not _can_undo(own, now):
        return False
    ended_at = own.ended_at
    for subscription in subscriptions_queries.lock_all_of(work.db, own.email_index):
        if subscription.state is SubscriptionState.ended and subscription.ended_at == ended_at:
            was_active = subscription.confirmed_at is not None
            subscription.state = SubscriptionState.active if was_active else SubscriptionState.pending
            subscription.ended_at = None
    work.db.flush()
    return True


def forget(work: Work, token: str, now: datetime) -> None:
    """Erase an address from all of its subscriptions. What is left counts, and leads to nobody.

    Raises:
        LinkInvalid: if the link was not made here, or all was forgotten.
    """
    forget_address(work, _by_link(work, token).email_index, now)


def forget_address(work: Work, email_index: bytes, now: datetime) -> None:
    """The same for an address that is known to be of whoever asks."""
    subscriptions = subscriptions_queries.lock_all_of(work.db, email_index)
    _drop_planned(work, subscriptions, SkipReason.erased)
    for subscription in subscriptions:
        _scrub(work.vault, subscription)
        subscription.state = SubscriptionState.ended
        subscription.ended_at = subscription.ended_at or now
    work.db.flush()
    retention_queries.clear_logs_of(work.db, "subscription_id", [subscription.id for subscription in subscriptions])


def forget_old(work: Work, now: datetime) -> int:
    """Delete what nobody confirmed in a week, and forget whose was what ended a month ago. Returns how many."""
    ended = subscriptions_queries.list_ended(work.db, now - ENDED_FOR, _SCRUB_AT_ONCE)
    for subscription in ended:
        _scrub(work.vault, subscription)
    work.db.flush()
    return len(ended) + subscriptions_queries.delete_unconfirmed(work.db, now - UNCONFIRMED_FOR)


def count(work: ReadWork) -> dict[UUID, dict[SubscriptionState, int]]:
    """How many people there are in each state, by topic; topics that nobody chose are left out."""
    counts: dict[UUID, dict[SubscriptionState, int]] = {}
    for (topic_id, state), number in subscriptions_queries.count_by_topic(work.db).items():
        counts.setdefault(topic_id, dict.fromkeys(SubscriptionState, 0))[state] = number
    return counts


def _by_link(work: ReadWork, token: str) -> Subscription:
    subscription = subscriptions_queries.find_subscription(work.db, work.vault.read_link(token))
    if subscription is None:
        raise LinkInvalid
    work.vault.check_link(LinkPurpose.alert, token, subscription.link_version)
    return subscription


def _can_undo(subscription: Subscription, now: datetime) -> bool:
    return subscription.ended_at is not None and now - subscription.ended_at <= UNDO_TIME


def _drop_planned(work: Work, subscriptions: Sequence[Subscription], reason: SkipReason) -> None:
    for subscription in subscriptions:
        messages_queries.drop_planned(work.db, reason=reason, kinds=_KINDS, subscription_id=subscription.id)


def _scrub(vault: Vault, subscription: Subscription) -> None:
    subscription.email = vault.seal(_PLACE, subscription.id, "")
    subscription.email_index = os.urandom(_INDEX_BYTES)  # found by no address any more
    subscription.timezone = subscription.locale = ""
    subscription.link_version += 1  # links in old mails end
