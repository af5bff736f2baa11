"""Taking what is due from the ledger, and looking once more whether it still makes sense."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID, uuid4

import structlog

from webinars.documents.alerts import AlertFacts
from webinars.documents.mails import MailFacts
from webinars.gateways.short_texts import SendableText
from webinars.queries import claims as claims_queries
from webinars.queries import messages as messages_queries
from webinars.queries.alerts import AlertDispatch
from webinars.queries.messages import Dispatch, Outcome
from webinars.rules.messages import MOST_ATTEMPTS, PRIORITIES, Situation, objection
from webinars.rules.transports import CLOCKS_DIFFER, LONGEST_PAUSE, LONGEST_WISH
from webinars.services import alerts, recipients, short_texts, suppressions, transports
from webinars.services.mails import facts_of
from webinars.services.texts import usable_texts
from webinars.terms import Channel, MessageState, SkipReason
from webinars.work import Work

LEASE = timedelta(seconds=90)
BATCH = 50
"""How many a worker has claimed at most. More are claimed when two thirds of them are done: no connection rests,
and what a claim costs whatever it takes (some 2 ms of CPU) is shared by many."""
_CHUNK = 500
Due = Dispatch | AlertDispatch
"""A claimed message to a registrant or to a subscriber."""
Parcel = MailFacts | AlertFacts | SendableText
"""What it is made from when it is sent."""
_log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Claimed:
    """A batch under one lease."""

    lease: UUID
    until: float
    """On the monotonic clock, which nobody sets."""
    until_at: datetime
    """By the clock that the process goes by."""
    ready: list[tuple[Due, Parcel]]
    trials: frozenset[str] = frozenset()
    """The ways of sending that are tried again with this batch, by one message each."""


def claim(work: Work, now: datetime, limit: int = BATCH, *, least: int = 0) -> tuple[Claimed, int]:
    """Take at most `limit` due messages. What makes no sense any more is completed at once, with the reason.

    Args:
        least: the priority that has the first say, for once: what it leaves, more urgent ones take.

    Returns:
        What is to be sent, and how many messages were taken in all.
    """
    lease = uuid4()
    until, until_at = time.monotonic() + LEASE.total_seconds(), work.process.clock.now() + LEASE
    allowance = transports.allow(work, now, limit)
    taken: list[UUID] = []
    for share in allowance.shares:
        full = min(len(taken) + share.most, limit)
        for begin in (least, 0) if least else (0,):
            taken += claims_queries.claim_messages(
                work.db,
                lease=lease,
                now=now,
                until=now + LEASE,
                limit=full - len(taken),
                channels=share.channels,
                least=begin,
            )
    ready = _weed(work, taken, lease, now)
    trials = transports.spend(work, allowance, [dispatch.message.channel for dispatch, _ in ready], now)
    return Claimed(lease, until, until_at, ready, trials), len(taken)


def expire(work: Work, now: datetime) -> int:
    """Complete messages that are of no use any more, each with the reason that holds by now: it was not sent in time,
    say, or nobody wants it. Whether anything can be sent does not matter.

    Returns:
        How many, of a chunk of them; 0 when none is left.
    """
    lease = uuid4()
    taken = claims_queries.take_expired(work.db, lease=lease, now=now, until=now + LEASE, limit=_CHUNK)
    _weed(work, taken, lease, now)  # past the deadline none is left to be sent
    return len(taken)


def pull_in(work: Work, now: datetime) -> int:
    """Bring nearer what waits for a moment that was worked out by a clock since set back. Whoever is sending meanwhile
    is not disturbed: nobody else takes their messages before they have let go.

    Returns:
        How much, of a chunk of it; 0 when none is left.
    """
    count = claims_queries.pull_in(
        work.db,
        now,
        lease=LEASE,
        pause=LONGEST_WISH + LONGEST_PAUSE,  # who tried a broken way waits for somebody else to try it
        differ=CLOCKS_DIFFER,
        priorities=PRIORITIES,
        limit=_CHUNK,
    )
    if count:
        _log.warning("message.pulled_in", messages=count)
    return count


def _weed(work: Work, taken: Sequence[UUID], lease: UUID, now: datetime) -> list[tuple[Due, Parcel]]:
    """What of these is to be sent; the others are completed."""
    unwelcome = suppressions.find_objections(work, taken) if taken else {}
    dispatches = messages_queries.load_dispatches(work.db, taken) if taken else []
    ready, outcomes = _look_over(work, dispatches, unwelcome, lease, now)
    found = {dispatch.message.id for dispatch in dispatches}
    to_subscribers = [message_id for message_id in taken if message_id not in found]
    due_alerts, settled = alerts.look_over(work, to_subscribers, unwelcome, lease, now)
    ready += due_alerts
    worn = [due.message.id for due, _ in ready if due.message.attempts > MOST_ATTEMPTS]
    for message_id in worn:
        _log.error("message.worn", message_id=str(message_id))
        outcomes.append(Outcome(message_id, lease, MessageState.failed, "internal"))
        work.process.tally.note_refused(now)
    messages_queries.complete_messages(work.db.connection(), [*outcomes, *settled])
    return [item for item in ready if item[0].message.id not in worn]


def _look_over(
    work: Work, dispatches: Sequence[Dispatch], unwelcome: Mapping[UUID, SkipReason], lease: UUID, now: datetime
) -> tuple[list[tuple[Due, Parcel]], list[Outcome]]:
    """What goes to registrants after all, and what became of the rest."""
    texts = [dispatch for dispatch in dispatches if dispatch.message.channel is not Channel.email]
    agreed = short_texts.consenting(work, texts) if texts else set()
    outrun = recipients.find_outrun(work, [dispatch.message for dispatch in dispatches], now)
    own = usable_texts(
        work,
        {dispatch.webinar.id for dispatch in dispatches},
        of_rules=[text for dispatch in dispatches for text in dispatch.rule_texts.values()],
    )
    ready: list[tuple[Due, Parcel]] = []
    outcomes = []
    for dispatch in dispatches:
        message = dispatch.message
        is_text = message.channel is not Channel.email
        reason = _objection(work, dispatch)
        if reason is None:
            reason = short_texts.objection(work, dispatch, agreed) if is_text else unwelcome.get(message.id)
        if reason is None and message.id in outrun:
            reason = SkipReason.late
        if reason is not None:
            outcomes.append(Outcome(message.id, lease, MessageState.skipped, reason.value))
        elif now >= message.deadline_at:
            outcomes.append(Outcome(message.id, lease, MessageState.missed, SkipReason.expired.value))
            work.process.tally.count_missed(now)
        else:
            try:
                parcel = short_texts.text_of(work, dispatch) if is_text else facts_of(work, dispatch, now, own)
                ready.append((dispatch, parcel))
            except Exception as error:  # noqa: BLE001 - one row that cannot be read must not hold up all others
                _log.error("message.unreadable", message_id=str(message.id), error=type(error).__name__)
                outcomes.append(Outcome(message.id, lease, MessageState.failed, "internal"))
                work.process.tally.note_refused(now)
    return ready, outcomes


def _objection(work: Work, dispatch: Dispatch) -> SkipReason | None:
    message, session, joined_at = dispatch.message, dispatch.session, dispatch.joined_at
    if dispatch.registration.erased_at is not None:
        return SkipReason.erased
    situation = Situation(
        dispatch.registration.status,
        session.status,
        session.schedule_version,
        # Who came before the room opened was there for another time of the session.
        joined_at is not None and joined_at >= work.settings.join_opens_at(session.starts_at),
        dispatch.attendance,
        is_for_later=message.due_at >= session.ends_at,
        has_free_seat=dispatch.registration.seats <= session.capacity - session.seats_taken,
    )
    return objection(message.kind, message.schedule_version, situation)
