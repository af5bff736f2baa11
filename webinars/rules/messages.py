"""How urgent a message is, how long it is useful, and whether it still makes sense."""

from __future__ import annotations

import random
from dataclasses import dataclass
from datetime import datetime, timedelta

from webinars.terms import (
    ACTIVE,
    REMINDER_KINDS,
    AttendanceState,
    MessageKind,
    RegistrationStatus,
    SessionStatus,
    SkipReason,
)

RETRY_AFTER = (30, 120, 600, 1800, 7200, 21600)
"""Seconds to wait after each attempt that failed for now; the last one repeats."""
LAST_TRY = timedelta(minutes=1)
"""Before the deadline: a message that would be useless by its next attempt is tried once more, as long as a mail may
take before it is."""
MOST_ATTEMPTS = 60
"""A message that was taken so often, and of which nothing was ever recorded, ends whoever takes it. Waits between
honest attempts leave room for half of that in a week."""
_SPREAD = 0.2
"""Of a wait, either way: or all that failed together would come back together."""
_SHORTEST_WAIT = timedelta(seconds=RETRY_AFTER[0] * (1 - _SPREAD))

USEFUL_AFTER_CHANGE = timedelta(days=3)
"""How long a cancellation is worth sending at least: calendars must lose the entry even if it comes late."""
USEFUL_AFTER_SESSION = timedelta(days=7)
"""How long a follow-up is worth sending."""
SOON_USELESS = timedelta(hours=1)
"""A reminder that is of use for no longer than that goes before those that can wait."""
PRIORITIES = range(4)
"""From the most urgent to the least."""


@dataclass(frozen=True, slots=True)
class Situation:
    """What is true at the moment a message is about to be sent."""

    registration_status: RegistrationStatus
    session_status: SessionStatus
    schedule_version: int
    has_joined: bool
    attendance: AttendanceState | None
    is_for_later: bool = False
    """Whether the message falls due after the session: being there does not make it needless."""
    has_free_seat: bool = True
    """Whether there are as many seats free as the registrant wants."""


def priority(kind: MessageKind, due_at: datetime, deadline_at: datetime) -> int:
    """0 for answers and changes, 1 for reminders that will not be of use for long, 2 for others, 3 for follow-ups and
    alerts. Which one is found by an index alone: whoever claims a message sorts nothing."""
    match kind:
        case MessageKind.reminder | MessageKind.not_there:
            return 1 if deadline_at - due_at <= SOON_USELESS else 2
        case MessageKind.follow_up | MessageKind.alert:
            return 3
        case _:
            return 0


def least_priority(number: int) -> int:
    """Which priority has the first say in the batch of this number, from 1 on: of ten batches one is for what is less
    urgent than the most urgent, and of ten of these one for what is less urgent still. So nothing starves."""
    least = 0
    while number % 10 == 0 and least < PRIORITIES[-1]:
        number, least = number // 10, least + 1
    return least


def deadline(kind: MessageKind, now: datetime, starts_at: datetime, ends_at: datetime) -> datetime:
    """From when on a message made at `now` is useless. Reminders bring a deadline of their own."""
    match kind:
        case MessageKind.confirmation | MessageKind.resent | MessageKind.moved:
            return max(ends_at, now)
        case MessageKind.updated | MessageKind.reinstated:
            return max(ends_at, now)
        case MessageKind.reminder | MessageKind.seat_free | MessageKind.waitlisted | MessageKind.pending:
            return starts_at
        case MessageKind.offered | MessageKind.lapsed | MessageKind.cannot_come:
            return starts_at
        case MessageKind.follow_up:
            return max(ends_at, now) + USEFUL_AFTER_SESSION
        case _:
            return max(ends_at, now + USEFUL_AFTER_CHANGE)


def objection(kind: MessageKind, made_for_version: int, situation: Situation) -> SkipReason | None:
    """Why a message should not be sent after all, or None. Checked before every single sending."""
    status, session = situation.registration_status, situation.session_status
    wanted: tuple[RegistrationStatus, ...]
    match kind:
        case MessageKind.session_cancelled:
            return None if session is SessionStatus.cancelled else SkipReason.superseded
        case MessageKind.withdrawn | MessageKind.declined:
            # Who has a seat again gets an invite; everybody else must lose the entry, whatever they are by now.
            return SkipReason.superseded if status is RegistrationStatus.confirmed else None
        case MessageKind.waitlisted | MessageKind.pending | MessageKind.offered | MessageKind.lapsed:
            wanted = (RegistrationStatus(kind.value),)
        case MessageKind.seat_free:
            wanted = (RegistrationStatus.waitlisted,)
        case MessageKind.resent | MessageKind.moved | MessageKind.reinstated:
            wanted = ACTIVE
        case _:
            wanted = (RegistrationStatus.confirmed,)
    if status not in wanted or session is not SessionStatus.scheduled:
        return SkipReason.cancelled
    is_of_its_time = kind in {*REMINDER_KINDS, MessageKind.moved, MessageKind.reinstated}
    is_taken = kind is MessageKind.seat_free and not situation.has_free_seat
    if is_taken or (is_of_its_time and made_for_version != situation.schedule_version):
        return SkipReason.superseded
    if kind in REMINDER_KINDS and situation.has_joined and not situation.is_for_later:
        return SkipReason.joined
    if kind is MessageKind.follow_up and situation.attendance is AttendanceState.unknown:
        return SkipReason.segment
    return None


def is_pressing(due_at: datetime, deadline_at: datetime, now: datetime) -> bool:
    """Whether more than a quarter of the time in which a message is of use is over: coming twice, which a crash may
    cause, is better than coming too late."""
    return now - due_at > (deadline_at - due_at) / 4


def retry_at(
    now: datetime, attempts: int, deadline_at: datetime, spread: random.Random, *, wish: timedelta | None = None
) -> datetime | None:
    """When to try again after `attempts` that failed for now, spread by 20 %; None when it was the last one.

    Args:
        wish: how long the server asked to wait at least.
    """
    seconds = RETRY_AFTER[min(attempts, len(RETRY_AFTER)) - 1] * spread.uniform(1 - _SPREAD, 1 + _SPREAD)
    return in_time(now, now + max(timedelta(seconds=seconds), wish or timedelta()), deadline_at)


def in_time(now: datetime, again: datetime, deadline_at: datetime) -> datetime | None:
    """When to try again, which was to be at `again`: shortly before the deadline, if that would be too late; None when
    there is no time for that either."""
    if again < deadline_at:
        return again
    last = deadline_at - LAST_TRY
    return last if last - now >= _SHORTEST_WAIT else None
