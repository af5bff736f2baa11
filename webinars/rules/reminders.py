"""When reminders are due, how long they are useful, and whether a registrant gets one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from uuid import UUID

from webinars.errors import InvalidField
from webinars.rules.quiet_hours import evening_before, longest_night, morning_after
from webinars.rules.sessions import zone
from webinars.terms import Anchor, Audience, Channel, MessageState, QuietHours, ReminderState, SkipReason

DEFAULT_REMINDERS: tuple[tuple[str, int, Audience], ...] = (
    ("24 h before", -24 * 60, Audience.everyone),
    ("1 h before", -60, Audience.everyone),
    ("10 min before", -10, Audience.everyone),
    ("5 min after the start, if not there", 5, Audience.absent),
)
"""Name, minutes from the start, and for whom."""

USEFUL_AFTER_END = timedelta(days=2)
"""How long a reminder that falls after the end stays useful."""
EARLIEST, LATEST = timedelta(days=-60), timedelta(days=30)
LATEST_FOR_ABSENT = timedelta(hours=2)
_USEFUL_SHARE = 0.5
"""Of a session: whoever has missed more than that is better served by the replay."""
DEFERRABLE = timedelta(hours=12)
"""A reminder as long as this before the start may move for the sake of a night, or speak for another one."""
GRACE = timedelta(minutes=15)
"""How fresh other news of the session must be to make a reminder needless, and how late an evening's may be made."""
SAME_DAY = timedelta(hours=25)
"""The longest day there is: how long one reminder speaks for another session of the same day."""
CAP_DAYS = timedelta(days=7)


@dataclass(frozen=True, slots=True)
class RuleFacts:
    """What a rule says of times."""

    rule_id: UUID
    anchor: Anchor
    offset_days: int
    offset_minutes: int
    audience: Audience = Audience.everyone
    channel: Channel = Channel.email


@dataclass(frozen=True, slots=True)
class RuleTime:
    """A rule placed in time for one session."""

    rule_id: UUID
    due_at: datetime
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class Occasion:
    """One reminder of one session, as far as it is the same for all its registrants."""

    due_at: datetime
    expires_at: datetime
    channel: Channel
    is_deferrable: bool
    is_last: bool
    """Whether no other follows before the start."""
    quiet: QuietHours | None
    most_in_a_week: int
    """0: no cap."""


@dataclass(frozen=True, slots=True)
class Circumstances:
    """What is known of one registrant as a reminder is planned."""

    timezone: str
    confirmed_at: datetime
    has_refused: bool = False
    has_agreed: bool = False
    is_suppressed: bool = False
    has_joined: bool = False
    was_told: bool = False
    """Whether other news of the session went out a moment ago, or is about to."""
    is_spoken_for: bool = False
    """Whether the reminder of an earlier session of the same day has named this one."""
    mails_in_a_week: int = 0


@dataclass(frozen=True, slots=True)
class Verdict:
    """When a registrant gets a reminder, or why not."""

    send_at: datetime
    reason: SkipReason | None = None


def check_offset(anchor: Anchor, days: int, minutes: int, audience: Audience) -> None:
    """Raises:
    InvalidField: if a reminder cannot lie there.
    """
    if not all(EARLIEST <= part <= LATEST for part in _parts(days, minutes)):
        raise InvalidField(
            f"A reminder lies at most {-EARLIEST.days} days before and {LATEST.days} days after.", field="offset"
        )
    after = timedelta(days=days, minutes=minutes)
    if audience is Audience.absent and (anchor is Anchor.end or not timedelta(0) < after <= LATEST_FOR_ABSENT):
        hours = LATEST_FOR_ABSENT // timedelta(hours=1)
        words = f"Who has not joined is known only after the start: choose up to {hours} hours after it."
        raise InvalidField(words, field="offset")


def _parts(days: int, minutes: int) -> tuple[timedelta, ...]:
    """Each by itself, too: that they may cancel out is no reason for a billion days."""
    most = 366 * 24 * 60
    if abs(days) > most or abs(minutes) > most:
        return (timedelta.max,)
    return timedelta(days=days), timedelta(minutes=minutes), timedelta(days=days, minutes=minutes)


def due_at(rule: RuleFacts, starts_at: datetime, ends_at: datetime, timezone: str) -> datetime:
    """The moment a rule falls due, in UTC.

    Days are nominal: the wall time in the session's `timezone` stays (RFC 5545 section 3.3.6). Where it does not exist
    that day, the clock before the change counts; where it exists twice, it is the first. Minutes are exact durations,
    over clock changes too, and are added after the days.
    """
    anchor = starts_at if rule.anchor is Anchor.start else ends_at
    if rule.offset_days:
        there = zone(timezone)
        local = anchor.astimezone(there).replace(tzinfo=None) + timedelta(days=rule.offset_days)
        anchor = local.replace(tzinfo=there).astimezone(UTC)
    return anchor + timedelta(minutes=rule.offset_minutes)


def place_rules(rules: Sequence[RuleFacts], starts_at: datetime, ends_at: datetime, timezone: str) -> list[RuleTime]:
    """Every rule's moment, in order. A reminder is useful until the next one for the same people on the same channel
    takes its place, or the start comes, or the end; one for those who are not there, for a share of the session."""
    dues = sorted(
        ((due_at(rule, starts_at, ends_at, timezone), rule) for rule in rules),
        key=lambda placed: (placed[0], placed[1].rule_id),
    )
    times = []
    for position, (due, rule) in enumerate(dues):
        last = _useful_until(due, rule, starts_at, ends_at)
        following = min(
            (
                other
                for other, of in dues[position + 1 :]
                if other > due and (of.audience, of.channel) == (rule.audience, rule.channel)
            ),
            default=last,
        )
        times.append(RuleTime(rule.rule_id, due, min(following, last)))
    return times


def _useful_until(due: datetime, rule: RuleFacts, starts_at: datetime, ends_at: datetime) -> datetime:
    if rule.audience is Audience.absent:
        share = starts_at + (ends_at - starts_at) * _USEFUL_SHARE
        return share if due < share else ends_at
    if due < starts_at:
        return starts_at
    return ends_at if due < ends_at else due + USEFUL_AFTER_END


def is_deferrable(due_at: datetime, starts_at: datetime) -> bool:
    """Whether a reminder lies so far before the start that it need not come in the night."""
    return starts_at - due_at >= DEFERRABLE


def first_look_at(due_at: datetime, starts_at: datetime, quiet: QuietHours | None, now: datetime) -> datetime:
    """When registrants are looked up first: early enough for whoever's night has begun when it is due."""
    if quiet is None or not is_deferrable(due_at, starts_at):
        return due_at
    return min(due_at, max(now, due_at - longest_night(quiet)))


def ripe_zones(
    zones: Sequence[str], due_at: datetime, quiet: QuietHours, look_at: datetime, now: datetime
) -> list[str]:
    """Where the night that `due_at` falls into has just begun."""
    evenings = ((name, evening_before(due_at, name, quiet)) for name in zones)
    return [name for name, evening in evenings if evening <= look_at and evening < due_at and now <= evening + GRACE]


def next_look_at(zones: Sequence[str], due_at: datetime, quiet: QuietHours, look_at: datetime) -> datetime:
    """When the next of these nights begins, or the reminder is due."""
    evenings = (evening_before(due_at, name, quiet) for name in zones)
    return min((evening for evening in evenings if evening > look_at), default=due_at)


def decide(occasion: Occasion, who: Circumstances, now: datetime) -> Verdict:
    """When somebody who has a seat gets a reminder that is planned at `now`, or why they do not."""
    reason = _objection(occasion, who)
    if reason is not None:
        return Verdict(occasion.due_at, reason)
    send_at = _kept_from_the_night(occasion, who, now)
    return Verdict(occasion.due_at, SkipReason.quiet) if send_at is None else Verdict(send_at)


def _objection(occasion: Occasion, who: Circumstances) -> SkipReason | None:
    may_be_told = not who.has_refused if occasion.channel is Channel.email else who.has_agreed
    if not may_be_told:
        return SkipReason.consent
    if occasion.channel is Channel.email and who.is_suppressed:
        return SkipReason.suppressed
    if who.has_joined:
        return SkipReason.joined
    if who.was_told:
        return SkipReason.late
    if who.is_spoken_for:
        return SkipReason.merged
    if 0 < occasion.most_in_a_week <= who.mails_in_a_week and not occasion.is_last:
        return SkipReason.capped
    return None


def _kept_from_the_night(occasion: Occasion, who: Circumstances, now: datetime) -> datetime | None:
    """Earlier, where the evening has not passed; else the morning after; None if that is too late."""
    if occasion.quiet is None or not occasion.is_deferrable:
        return occasion.due_at
    evening = evening_before(occasion.due_at, who.timezone, occasion.quiet)
    if who.confirmed_at <= evening and now <= evening + GRACE:
        return evening
    send_at = morning_after(max(occasion.due_at, now), who.timezone, occasion.quiet)
    if send_at == now > occasion.due_at:
        return occasion.due_at  # it is merely late, and not at night
    return send_at if send_at < occasion.expires_at else None


def share_a_day(one: datetime, other: datetime, timezone: str) -> bool:
    """Whether two moments are of one day on the calendar in `timezone`."""
    there = zone(timezone)
    return one.astimezone(there).date() == other.astimezone(there).date()


def rule_words(anchor: Anchor, days: int, minutes: int, audience: Audience) -> str:
    """What the ledger calls a rule that its host gave no name."""
    parts = [f"{abs(days)} d"] if days else []
    hours, rest = divmod(abs(minutes), 60)
    parts += [f"{hours} h"] if hours else []
    parts += [f"{rest} min"] if rest else []
    mixed = days * minutes < 0
    joined = (" minus " if mixed else " ").join([parts[0], " ".join(parts[1:])] if mixed else parts)
    of = "the start" if anchor is Anchor.start else "the end"
    is_before = (days or minutes) < 0
    if not parts:
        words = f"at {of}"
    elif is_before and anchor is Anchor.start:
        words = f"{joined} before"
    else:
        words = f"{joined} {'before' if is_before else 'after'} {of}"
    return f"{words}, if not there" if audience is Audience.absent else words


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
