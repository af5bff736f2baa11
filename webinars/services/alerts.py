"""Alerts: new sessions find those who asked to hear of their topics, at most once in seven days."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import structlog

from webinars.documents.alerts import AlertFacts, ListedDate
from webinars.documents.mails import message_id_for
from webinars.queries import alerts as alerts_queries
from webinars.queries import catalogue as catalogue_queries
from webinars.queries import registrations as registrations_queries
from webinars.queries import subscriptions as subscriptions_queries
from webinars.queries.alerts import AlertDispatch
from webinars.queries.messages import Outcome
from webinars.rules.quiet_hours import morning_after
from webinars.rules.sessions import usable_zone
from webinars.rules.subscriptions import ALERT_EVERY, ALERTS_REST, Interest, News, news_for, topics_heard
from webinars.services import messages, subscriptions
from webinars.services.bounces import return_path_of
from webinars.services.branding import brand_of
from webinars.services.links import public_link
from webinars.services.programme import standing_of
from webinars.services.registrations import email_of
from webinars.services.subscriptions import Wanted, message_row, page_url
from webinars.tables import Message, Subscription, WebinarSession
from webinars.terms import MessageKind, MessageState, SkipReason, SubscriptionState, new_id
from webinars.vault import Vault
from webinars.work import Process, ReadWork, Work

_CHUNK = 500
CONSENTS_FROM = timedelta(days=3)
"""How far back consents are looked through: an outage as long as that loses nobody."""
CONSENTS_UNTIL = timedelta(hours=1)
"""A consent given at registering is asked about a while after the confirmation, in a mail of its own."""
_NOWHERE = "UTC"
"""By whose day it goes where new zone data know a person's zone no more, and no session says a better one."""
_log = structlog.get_logger()
NewsByTopic = Mapping[UUID, Sequence[News]]


def note_open(work: Work, now: datetime) -> int:
    """Note for sessions that the public may register for since when that is so. Returns for how many it is new.

    Looked for rather than noted where it happens: a session opens when it is made or scheduled, when its webinar is
    published, or when its time for registering begins.
    """
    return alerts_queries.note_open(work.db, now)


def list_news(work: ReadWork, now: datetime) -> dict[UUID, list[News]]:
    """The sessions that take registrations, by the topics whose subscribers hear of them."""
    topics = catalogue_queries.list_topics(work.db)
    heard = topics_heard((topic.id, topic.parent_id) for topic in topics)
    sessions = {item.session.id: item for item in alerts_queries.list_open(work.db, now)}
    about = alerts_queries.topic_ids_of(work.db, {item.webinar.id for item in sessions.values()})
    news: dict[UUID, list[News]] = defaultdict(list)
    for item in sessions.values():
        session = item.session
        if session.open_since is None or not standing_of(session, now).takes_registrations:
            continue
        told = News(session.id, session.open_since, session.starts_at)
        for topic_id in {topic_id for own in about.get(item.webinar.id, ()) for topic_id in heard[own]}:
            news[topic_id].append(told)
    return dict(news)


def plan(process: Process, now: datetime) -> int:
    """Plan an alert for everybody for whom there is news. Returns how many.

    Chunk by chunk, each its own transaction: what was planned is noted with it, so that after a crash the rest is
    planned and nothing twice.
    """
    with process.work() as work:
        note_open(work, now)
        news = list_news(work, now)
    planned = 0
    for topic_id in sorted(news):
        after: UUID | None = None
        while True:
            with process.work() as work:
                chunk, made = plan_chunk(work, topic_id, news, now, after=after)
            planned += made
            if len(chunk) < _CHUNK:
                break
            after = chunk[-1]
    return planned


def plan_chunk(
    work: Work, topic_id: UUID, news: NewsByTopic, now: datetime, *, after: UUID | None = None
) -> tuple[list[UUID], int]:
    """Plan for the next subscribers of a topic.

    Returns:
        The subscriptions that were looked at, and how many messages are new.
    """
    chunk = subscriptions_queries.list_to_alert(
        work.db,
        topic_id,
        news_until=max(item.open_since for item in news[topic_id]),
        told_before=now - ALERT_EVERY,
        after=after,
        limit=_CHUNK,
    )
    indexes = [bytes(subscription.email_index) for subscription in chunk]
    people: dict[bytes, list[Subscription]] = defaultdict(list)
    for subscription in subscriptions_queries.list_of_people(work.db, indexes) if chunk else ():
        people[bytes(subscription.email_index)].append(subscription)
    session_ids = {item.session_id for items in news.values() for item in items}
    known = alerts_queries.list_known(work.db, list(session_ids), indexes) if chunk else {}
    rows = {
        subscription.id: row
        for subscription, index in zip(chunk, indexes, strict=True)
        if (row := _row(work.vault, subscription, people[index], news, known.get(index, set()), now)) is not None
    }
    made = messages.plan(work, list(rows.values())) if rows else 0
    subscriptions_queries.note_alerted(work.db, list(rows), now)
    return [subscription.id for subscription in chunk], made


def _row(
    vault: Vault,
    subscription: Subscription,
    own: Sequence[Subscription],
    news: NewsByTopic,
    known: set[UUID],
    now: datetime,
) -> dict[str, Any] | None:
    """One mail about all of a person's topics; None if there is nothing to tell."""
    due_at = morning_after(now, usable_zone(subscription.timezone, _NOWHERE), ALERTS_REST)
    told = news_for(_interests(own), news, known, due_at)
    if not told:
        return None
    person = vault.index("alert", bytes(subscription.email_index).hex()).hex()[:32]
    # The same for whichever of the person's topics comes first, so that two workers plan one mail.
    period = int(max(moment for row in own for moment in (row.alerted_at, row.confirmed_at) if moment).timestamp())
    return message_row(
        MessageKind.alert,
        f"alert:{person}:{period}",
        subscription.id,
        now,
        due_at=due_at,
        until=max(item.starts_at for item in told),
        facts={"sessions": [item.session_id.hex for item in told]},
    )


def _interests(own: Sequence[Subscription]) -> list[Interest]:
    """What a person waits for. An alert tells of all topics at once: who got one has heard of everything till then."""
    told_at = max((row.alerted_at for row in own if row.alerted_at), default=None)
    return [
        Interest(row.topic_id, max(row.confirmed_at, told_at or row.confirmed_at))
        for row in own
        if row.state is SubscriptionState.active and row.confirmed_at is not None
    ]


def ask_consenting(work: Work, now: datetime) -> int:
    """Ask those who agreed to alerts when they registered whether it was them: a form proves no mailbox.

    Returns:
        How many mails that makes, from a chunk of consents; 0 when there is nobody left to ask.
    """
    granted = subscriptions_queries.list_granted(
        work.db, given_from=_first_id(now - CONSENTS_FROM), given_until=_first_id(now - CONSENTS_UNTIL), limit=_CHUNK
    )
    asked = 0
    for consent in granted:
        registration = registrations_queries.get_registration(work.db, consent.registration_id)
        session = work.db.get_one(WebinarSession, registration.session_id)
        timezone = usable_zone(registration.timezone, session.timezone)
        wanted = Wanted(
            email_of(work.vault, registration),
            timezone,
            registration.locale,
            consent.text_version,
            consent.text_hash,
        )
        due_at = morning_after(now, timezone, ALERTS_REST)
        asked += subscriptions.ask(work, consent.topic_id, wanted, now, due_at=due_at)
    return asked


def _first_id(moment: datetime) -> UUID:
    """Below all ids that were made at `moment` or later."""
    return UUID(int=new_id(moment).int >> 80 << 80)


def look_over(
    work: Work, message_ids: Sequence[UUID], unwelcome: Mapping[UUID, SkipReason], lease: UUID, now: datetime
) -> tuple[list[tuple[AlertDispatch, AlertFacts]], list[Outcome]]:
    """Those of some claimed messages that go to subscribers, looked at once more.

    Args:
        unwelcome: messages whose addresses take none.

    Returns:
        What is to be sent, and what became of the others.
    """
    ready, outcomes = [], []
    for dispatch in alerts_queries.load_dispatches(work.db, message_ids) if message_ids else ():
        message = dispatch.message
        try:
            reason = _objection(dispatch) or unwelcome.get(message.id)
            timezone = usable_zone(dispatch.subscription.timezone, _NOWHERE)
            morning = morning_after(now, timezone, ALERTS_REST) if reason is None else now
            if reason is not None:
                outcomes.append(Outcome(message.id, lease, MessageState.skipped, reason.value))
            elif now >= message.deadline_at:
                outcomes.append(Outcome(message.id, lease, MessageState.missed, SkipReason.expired.value))
                work.process.tally.count_missed(now)
            elif message.kind is MessageKind.alert and morning > now:  # it comes late: not in the middle of the night
                again = {"attempts": message.attempts - 1, "next_attempt_at": morning}
                outcomes.append(Outcome(message.id, lease, MessageState.planned, None, again))
            elif (facts := facts_of(work, dispatch, now)) is None:
                outcomes.append(Outcome(message.id, lease, MessageState.skipped, SkipReason.cancelled.value))
            else:
                ready.append((dispatch, facts))
        except Exception as error:  # noqa: BLE001 - one row that cannot be read must not hold up all others
            _log.error("message.unreadable", message_id=str(message.id), error=type(error).__name__)
            outcomes.append(Outcome(message.id, lease, MessageState.failed, "internal"))
    return ready, outcomes


def _objection(dispatch: AlertDispatch) -> SkipReason | None:
    state, kind = dispatch.subscription.state, dispatch.message.kind
    is_wanted = state is SubscriptionState.active or (
        state is SubscriptionState.pending and kind is MessageKind.alert_check
    )
    return None if is_wanted else SkipReason.consent


def facts_of(work: ReadWork, dispatch: AlertDispatch, now: datetime) -> AlertFacts | None:
    """What the mail says if it is sent at `now`; None if there is nothing left to say."""
    message, subscription = dispatch.message, dispatch.subscription
    dates = _dates(work, dispatch, now) if message.kind is MessageKind.alert else []
    if message.kind is MessageKind.alert and not dates:
        return None
    settings, brand = work.settings, brand_of(work)
    return AlertFacts(
        kind=message.kind,
        email=subscriptions.email_of(work.vault, subscription),
        timezone=usable_zone(subscription.timezone, dates[0].timezone if dates else _NOWHERE),
        locale=subscription.locale,
        organization_name=brand.name,
        organization_phone=brand.phone,
        mail_from=settings.mail_from,
        sender_name=settings.sender_name,
        return_path=return_path_of(settings, work.vault, message, subscription.link_version),
        page_url=page_url(settings, work.vault, subscription),
        is_active=subscription.state is SubscriptionState.active,
        dates=dates,
        subscription_id=subscription.id,
        message_id=message_id_for(message.dedupe_key, settings.mail_from),
        composed_at=message.first_attempt_at or now,
    )


def _dates(work: ReadWork, dispatch: AlertDispatch, now: datetime) -> list[ListedDate]:
    """Those of the sessions that still take registrations, and that the person has not registered for since."""
    told = _told(dispatch.message)
    index = bytes(dispatch.subscription.email_index)
    known = alerts_queries.list_known(work.db, told, [index]).get(index, set())
    return [
        ListedDate(
            item.session.starts_at,
            item.session.timezone,
            public_link(work.settings, f"/sessions/{item.session.id}/register", dispatch.subscription.locale),
        )
        for item in alerts_queries.list_open(work.db, now, session_ids=told)
        if item.session.id not in known and standing_of(item.session, now).takes_registrations
    ]


def _told(message: Message) -> list[UUID]:
    return [UUID(session_id) for session_id in message.facts.get("sessions", ())]
