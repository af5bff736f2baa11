"""When reminders are due and how long they are useful."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from webinars.terms import Anchor, MessageState, ReminderState, SkipReason

DEFAULT_REMINDERS: tuple[tuple[str, int], ...] = (
    ("24 h before", -24 * 60),
    ("1 h before", -60),
    ("10 min before", -10),
)
"""Name and minutes from the start."""

USEFUL_AFTER_END = timedelta(days=2)
"""How long a reminder that falls after the end stays useful."""


@dataclass(frozen=True, slots=True)
class RuleTime:
    """A rule placed in time for one session."""

    rule_id: UUID
    due_at: datetime
    expires_at: datetime


def due_at(anchor: Anchor, offset_minutes: int, starts_at: datetime, ends_at: datetime) -> datetime:
    """The moment a rule falls due. Minutes are exact durations (RFC 5545 section 3.3.6), over clock changes too."""
    return (starts_at if anchor is Anchor.start else ends_at) + timedelta(minutes=offset_minutes)


def place_rules(rules: Sequence[tuple[UUID, Anchor, int]], starts_at: datetime, ends_at: datetime) -> list[RuleTime]:
    """Every rule's moment, in order. A reminder is useful until the next one takes its place or the start comes.

    Args:
        rules: `(id, anchor, offset in minutes)`.
    """
    dues = sorted((due_at(anchor, offset, starts_at, ends_at), rule_id) for rule_id, anchor, offset in rules)
    times = []
    for position, (due, rule_id) in enumerate(dues):
        last = starts_at if due < starts_at else due + USEFUL_AFTER_END
        following = dues[position + 1][0] if position + 1 < len(dues) else last
        times.append(RuleTime(rule_id, due, min(following, last) if following > due else last))
    return times


def unplanned_state(
    reminder: ReminderState, due_at: datetime, confirmed_at: datetime | None
) -> tuple[MessageState, SkipReason | None]:
    """What the ledger says of a registrant for whom a reminder made no message: still to come, or why not."""
    if confirmed_at is not None and confirmed_at > due_at:
        return MessageState.skipped, SkipReason.late
    match reminder:
        case ReminderState.planned | ReminderState.running:
            return MessageState.planned, None
        case ReminderState.superseded:
            return MessageState.skipped, SkipReason.superseded
        case ReminderState.done | ReminderState.missed:
            return MessageState.missed, SkipReason.expired
