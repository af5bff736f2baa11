"""Words and small values that every layer may use. Stored values of enums are the lower-case words."""

from __future__ import annotations

import os
import secrets
from datetime import UTC, datetime, time
from enum import StrEnum
from itertools import count
from typing import NamedTuple
from uuid import UUID


class PublicationStatus(StrEnum):
    """Of a webinar. Only what is published is seen by the public."""

    draft = "draft"
    published = "published"
    archived = "archived"


class SessionStatus(StrEnum):
    """Of a session. A draft is seen by hosts alone; a cancelled session stays visible as cancelled."""

    draft = "draft"
    scheduled = "scheduled"
    cancelled = "cancelled"


class RegistrationStatus(StrEnum):
    """Of a registration. `confirmed` and `offered` hold seats: an offer is a seat kept for somebody from the waitlist
    until they answer, and has `lapsed` if they do not. `withdrawn` was given up, `declined` was refused by a host.
    """

    confirmed = "confirmed"
    offered = "offered"
    waitlisted = "waitlisted"
    pending = "pending"
    declined = "declined"
    withdrawn = "withdrawn"
    lapsed = "lapsed"


class MessageKind(StrEnum):
    """What a message is about: it decides text, calendar part, urgency and deadline."""

    confirmation = "confirmation"
    waitlisted = "waitlisted"
    pending = "pending"
    offered = "offered"
    seat_free = "seat_free"
    lapsed = "lapsed"
    declined = "declined"
    resent = "resent"
    withdrawn = "withdrawn"
    moved = "moved"
    updated = "updated"
    session_cancelled = "session_cancelled"
    reinstated = "reinstated"
    cannot_come = "cannot_come"
    reminder = "reminder"
    not_there = "not_there"
    follow_up = "follow_up"
    packet = "packet"
    alert_check = "alert_check"
    alert = "alert"


class MessageState(StrEnum):
    """Of a ledger row. It starts as `planned`, passes through `sending`, and ends as one of the others."""

    planned = "planned"
    sending = "sending"
    sent = "sent"
    skipped = "skipped"
    missed = "missed"
    failed = "failed"
    bounced = "bounced"


class SkipReason(StrEnum):
    """Why a message was not sent."""

    late = "late"
    cancelled = "cancelled"
    joined = "joined"
    quiet = "quiet"
    merged = "merged"
    capped = "capped"
    consent = "consent"
    no_transport = "no_transport"
    no_phone = "no_phone"
    suppressed = "suppressed"
    superseded = "superseded"
    segment = "segment"
    expired = "expired"
    erased = "erased"


class QuestionKind(StrEnum):
    """How a question is answered."""

    text = "text"
    long_text = "long_text"
    choice = "choice"
    choices = "choices"
    yes_no = "yes_no"
    number = "number"
    date = "date"


class Sensitivity(StrEnum):
    """What an answer tells about a person. Health answers are kept apart and leave only where a scope asks for them."""

    general = "general"
    health = "health"


class Channel(StrEnum):
    """How a message reaches the registrant."""

    email = "email"
    sms = "sms"
    push = "push"


class Anchor(StrEnum):
    """The moment of a session that an offset counts from."""

    start = "start"
    end = "end"


class Audience(StrEnum):
    """Whom a reminder rule is for: all who are confirmed, or those who have not joined a session that has begun."""

    everyone = "everyone"
    absent = "absent"


class SuppressionReason(StrEnum):
    """Why nothing is sent to an address any more: it does not take mail, or somebody there called ours unwanted."""

    bounced = "bounced"
    complained = "complained"


class SubscriptionState(StrEnum):
    """Of somebody who wants to hear of new sessions on a topic: asked, confirmed by mail, over."""

    pending = "pending"
    active = "active"
    ended = "ended"


class CalendarReply(StrEnum):
    """What a registrant's calendar answered to an invite (RFC 5545 section 3.2.12)."""

    accepted = "accepted"
    tentative = "tentative"
    declined = "declined"


class ReminderState(StrEnum):
    """Of a planner's row: one per session, rule and schedule version."""

    planned = "planned"
    running = "running"
    done = "done"
    superseded = "superseded"
    missed = "missed"


class AttendanceState(StrEnum):
    """What became of a confirmed registration once the session's attendance has settled."""

    attended = "attended"
    left_early = "left_early"
    no_show = "no_show"
    unknown = "unknown"


class Evidence(StrEnum):
    """How well an attendance state is known, weakest first."""

    none = "none"
    clicked = "clicked"
    joined = "joined"
    interval = "interval"
    host = "host"


class AttendanceSource(StrEnum):
    """Who reported an interval. A `click` on the join button proves only the click."""

    click = "click"
    provider = "provider"
    report = "report"
    host = "host"


class TaskState(StrEnum):
    """Of the host's task that belongs to a follow-up."""

    none = "none"
    open = "open"
    done = "done"


class RequestKind(StrEnum):
    """What a registrant asks for after a session."""

    candidacy = "candidacy"
    """To be told by the clinic whether a treatment may fit."""
    packet = "packet"
    """The information packet."""


class RecentMri(StrEnum):
    """What a registrant says of an MRI of the last year."""

    yes = "yes"
    no = "no"
    not_sure = "not_sure"


class CallTime(StrEnum):
    """When a call suits a registrant best, on their own clock."""

    any_time = "any_time"
    morning = "morning"
    afternoon = "afternoon"
    evening = "evening"


class Role(StrEnum):
    """What a host may do, most powerful first."""

    owner = "owner"
    manager = "manager"
    host = "host"
    viewer = "viewer"


class Scope(StrEnum):
    """What a token may do over the JSON API."""

    catalogue_write = "catalogue:write"
    registrations_read = "registrations:read"
    registrations_write = "registrations:write"
    messages_read = "messages:read"
    messages_write = "messages:write"
    attendance_read = "attendance:read"
    attendance_write = "attendance:write"
    health_read = "health:read"


class LinkPurpose(StrEnum):
    """What a personal link opens; a link for one purpose opens nothing else. `change` stands in calendar entries, which
    families share: it opens the registration as `manage` does, but nothing that is kept of the person."""

    manage = "manage"
    change = "change"
    enter = "enter"
    unsubscribe = "unsubscribe"
    feed = "feed"
    bounce = "bounce"
    alert = "alert"
    host_feed = "host_feed"


class WallTime(NamedTuple):
    """The truth of a session's time: what the clock on the clinic's wall shows, and where that wall is."""

    local: datetime
    """Naive wall time, whole minutes."""
    timezone: str
    """IANA name, such as `America/Denver`."""


class QuietHours(NamedTuple):
    """When nobody wants to be told anything, on the wall clock of wherever they are. It may pass midnight."""

    begins: time
    ends: time


HOLDING = (RegistrationStatus.confirmed, RegistrationStatus.offered)
"""States that hold seats."""
ACTIVE = (*HOLDING, RegistrationStatus.waitlisted, RegistrationStatus.pending)
"""States in which somebody has a seat or hopes for one."""

CALENDAR_KINDS = frozenset(
    {
        MessageKind.confirmation,
        MessageKind.resent,
        MessageKind.withdrawn,
        MessageKind.declined,
        MessageKind.moved,
        MessageKind.updated,
        MessageKind.session_cancelled,
        MessageKind.reinstated,
    }
)
"""Messages that may change a calendar. One registrant gets them strictly in order: some calendars go back to an older
entry when it arrives late."""

REMINDER_KINDS = (MessageKind.reminder, MessageKind.not_there)
"""Messages that a reminder rule makes."""

_LOW_32, _LOW_62 = (1 << 32) - 1, (1 << 62) - 1
_made = count(secrets.randbits(31))


def new_id(now: datetime) -> UUID:
    """A UUID version 7 (RFC 9562 section 5.7) for something made at `now`.

    Ids sort by the time they were made, and within a millisecond of one process by the order they were made in: the
    first 32 of the 74 bits below the time are a counter (section 6.2, method 1), the rest is random.
    """
    milliseconds = int(now.timestamp() * 1000)
    tail = (next(_made) & _LOW_32) << 42 | int.from_bytes(os.urandom(6), "big") >> 6
    return UUID(int=(milliseconds << 80) | (0x7 << 76) | (tail >> 62 << 64) | (0b10 << 62) | (tail & _LOW_62))


def utc(moment: datetime) -> datetime:
    """`moment` in UTC.

    Raises:
        ValueError: if it carries no zone, for then it says no moment at all.
    """
    if moment.tzinfo is None:
        raise ValueError("a moment needs a zone")
    return moment.astimezone(UTC)
