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

USEFUL_AFTER_CHANGE = timedelta(days=3)
"""How long a cancellation is worth sending at least: calendars must lose the entry even if it comes late."""
USEFUL_AFTER_SESSION = timedelta(days=7)
"""How long a follow-up is worth sending."""


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


def priority(kind: MessageKind) -> int:
    """0 for answers and changes, 1 for reminders, 2 for follow-ups and alerts."""
    match kind:
        case MessageKind.reminder | MessageKind.not_there:
            return 1
        case MessageKind.follow_up | MessageKind.alert:
            return 2
        case _:
            return 0


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
    if is_of_its_time and made_for_version != situation.schedule_version:
        return SkipReason.superseded
    if kind in REMINDER_KINDS and situation.has_joined and not situation.is_for_later:
        return SkipReason.joined
    if kind is MessageKind.follow_up and situation.attendance is AttendanceState.unknown:
        return SkipReason.segment
    return None


def retry_at(
    now: datetime, attempts: int, deadline_at: datetime, spread: random.Random, *, wish: timedelta | None = None
) -> datetime | None:
    """When to try again after `attempts` that failed for now, spread by 20 %; None when that would be too late.

    Args:
        wish: how long the server asked to wait at least.
    """
    seconds = RETRY_AFTER[min(attempts, len(RETRY_AFTER)) - 1] * spread.uniform(0.8, 1.2)
    again = now + max(timedelta(seconds=seconds), wish or timedelta())
    return again if again < deadline_at else None
