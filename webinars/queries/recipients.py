"""Who a reminder is for, and what bears on whether they get it: each asked once for a stretch of a session's people."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from webinars.db import DbSession
from webinars.tables import AttendanceInterval, Consent, Message, Registration, Reminder, Suppression, WebinarSession
from webinars.tables.base import core
from webinars.terms import (
    REMINDER_KINDS,
    AttendanceSource,
    Channel,
    MessageKind,
    MessageState,
    RegistrationStatus,
    SessionStatus,
    SkipReason,
)

_WAITING = (MessageState.planned, MessageState.sending)
_GOES_OUT = (*_WAITING, MessageState.sent)
_NEWS = (MessageKind.confirmation, MessageKind.moved, MessageKind.reinstated)
"""What says when it is and how to join, and so is a reminder. An update is not: it says that there is nothing to do."""
_registration, _message, _session = core(Registration).c, core(Message).c, core(WebinarSession).c
SPEAKER = "speaker"
"""In the facts of a merged message: the one that speaks for it."""


@dataclass(frozen=True, slots=True)
class Recipient:
    """A registrant, as far as a reminder needs to know them."""

    id: UUID
    revision: int
    timezone: str
    confirmed_at: datetime


@dataclass(frozen=True, slots=True)
class Unspoken:
    """A merged message whose speaker does not go out."""

    message_id: UUID
    reminder_id: UUID
    recipient: Recipient


@dataclass(frozen=True, slots=True)
class Stretch:
    """The registrations of a session between two ids, both included."""

    session_id: UUID
    first: UUID
    last: UUID

    @property
    def holds(self) -> sa.ColumnElement[bool]:
        return sa.and_(_registration.session_id == self.session_id, _registration.id.between(self.first, self.last))


def list_recipients(
    db: DbSession,
    session_id: UUID,
    *,
    confirmed_until: datetime,
    timezones: Sequence[str] | None,
    after: UUID | None,
    limit: int,
) -> list[Recipient]:
    """Who was confirmed by a moment, by id; with `timezones` only those who live there."""
    query = sa.select(
        _registration.id, _registration.revision, _registration.timezone, _registration.confirmed_at
    ).where(
        _registration.session_id == session_id,
        _registration.status == RegistrationStatus.confirmed,
        _registration.confirmed_at <= confirmed_until,
    )
    if timezones is not None:
        query = query.where(_registration.timezone.in_(timezones))
    if after is not None:
        query = query.where(_registration.id > after)
    return [Recipient(*row) for row in db.execute(query.order_by(_registration.id).limit(limit))]


def list_timezones(db: DbSession, session_id: UUID) -> list[str]:
    """Where the confirmed registrants of a session live."""
    query = sa.select(_registration.timezone).where(
        _registration.session_id == session_id, _registration.status == RegistrationStatus.confirmed
    )
    return list(db.scalars(query.distinct()))


def has_begun(db: DbSession, session_id: UUID, *, opens_at: datetime, starts_at: datetime, until: datetime) -> bool:
    """Whether anybody was seen in the room of a session from its opening `until` a moment, or pressed the button at the
    start or later: who presses it before may wait for a presenter who is not there."""
    interval = core(AttendanceInterval).c
    query = sa.select(interval.id).where(
        interval.session_id == session_id,
        interval.joined_at.between(opens_at, until),
        sa.or_(interval.source != AttendanceSource.click, interval.joined_at >= starts_at),
    )
    return db.scalar(query.limit(1)) is not None


def consents_of(db: DbSession, within: Stretch, channel: Channel) -> dict[UUID, bool]:
    """The newest word of each registrant on reminders by a channel: on mails in any of the registrations with their
    address, on texts in this one. Who never said anything is missing."""
    own, said_in, consent = core(Registration), core(Registration).alias("said_in"), core(Consent).c
    is_theirs = said_in.c.email_index == own.c.email_index if channel is Channel.email else said_in.c.id == own.c.id
    rows = db.execute(
        sa.select(own.c.id, consent.is_granted)
        .join_from(own, said_in, is_theirs)
        .join(core(Consent), consent.registration_id == said_in.c.id)
        .where(within.holds, consent.purpose == "reminders", consent.channel == channel.value)
        .order_by(consent.id)
    )
    return {row[0]: row[1] for row in rows}


def list_suppressed(db: DbSession, within: Stretch) -> set[UUID]:
    """To whose address nothing is sent any more."""
    query = sa.select(_registration.id).join(
        core(Suppression), core(Suppression).c.email_index == _registration.email_index
    )
    return set(db.scalars(query.where(within.holds)))


def list_joined(db: DbSession, within: Stretch, *, since: datetime) -> set[UUID]:
    """Who was seen in the room, or pressed the button, from a moment on."""
    interval = core(AttendanceInterval).c
    query = sa.select(interval.registration_id).where(
        interval.session_id == within.session_id,
        interval.registration_id.between(within.first, within.last),
        interval.joined_at >= since,
    )
    return set(db.scalars(query))


def list_told(db: DbSession, within: Stretch, *, since: datetime) -> set[UUID]:
    """To whom news of the session was sent after a moment."""
    query = sa.select(_message.registration_id).where(
        _message.registration_id.between(within.first, within.last),
        _message.session_id == within.session_id,
        _message.kind.in_(_NEWS),
        _message.state == MessageState.sent,
        _message.sent_at > since,
    )
    return set(db.scalars(query))


def list_outrun(db: DbSession, message_ids: Sequence[UUID], *, since: datetime) -> set[UUID]:
    """Which of these reminders would come right behind news of their session: sent after a moment, or under way by the
    same channel. What only waits to be sent outruns nothing: nobody knows how long it will."""
    values = {"message_ids": message_ids, "since": since}
    return set(db.connection().execute(_outrun(), values).scalars())


@cache
def _outrun() -> sa.Select[UUID]:
    """Every batch of messages runs it: built once, for building it costs more than running it."""
    news = core(Message).alias("news")
    # All messages of a registration are about its session; to ask for that, too, would make SQLite go through all of
    # the session's messages for each of these.
    is_of_the_same = news.c.registration_id == _message.registration_id
    was_sent = sa.and_(news.c.state == MessageState.sent, news.c.sent_at > sa.bindparam("since"))
    is_under_way = sa.and_(news.c.state == MessageState.sending, news.c.channel == _message.channel)
    return (
        sa.select(_message.id)
        .join_from(core(Message), news, is_of_the_same)
        .where(
            _message.id.in_(sa.bindparam("message_ids", expanding=True)),
            _message.kind.in_(REMINDER_KINDS),
            news.c.kind.in_(_NEWS),
            sa.or_(was_sent, is_under_way),
        )
    )


def count_reminders(db: DbSession, within: Stretch, *, since: datetime, least: int) -> dict[UUID, int]:
    """How many reminders the same person got, for whatever session, after a moment; who got fewer than `least` is
    missing."""
    own, any_own = core(Registration), core(Registration).alias("any_own")
    query = (
        sa.select(own.c.id, sa.func.count())
        .join_from(own, any_own, any_own.c.email_index == own.c.email_index)
        .join(core(Message), _message.registration_id == any_own.c.id)
        .where(
            within.holds,
            _message.kind.in_(REMINDER_KINDS),
            _message.channel == Channel.email,
            _message.state.in_(_GOES_OUT),
            _message.due_at > since,
        )
        .group_by(own.c.id)
        .having(sa.func.count() >= least)
    )
    return {row[0]: row[1] for row in db.execute(query)}


def list_later_ones(
    db: DbSession, within: Stretch, starts_at: datetime, for_at_most: timedelta
) -> dict[UUID, list[tuple[UUID, datetime, int]]]:
    """Other sessions that the same people have a seat in and that start within a time after this one's start: id,
    start, version of the schedule; by the registration for this one."""
    own, other = core(Registration), core(Registration).alias("other")
    query = (
        sa.select(own.c.id, _session.id, _session.starts_at, _session.schedule_version)
        .join_from(own, other, sa.and_(other.c.email_index == own.c.email_index, other.c.id != own.c.id))
        .join(core(WebinarSession), _session.id == other.c.session_id)
        .where(
            within.holds,
            other.c.status == RegistrationStatus.confirmed,
            _session.status == SessionStatus.scheduled,
            _session.starts_at.between(starts_at, starts_at + for_at_most),
        )
        .order_by(_session.starts_at, _session.id)
    )
    found: dict[UUID, list[tuple[UUID, datetime, int]]] = defaultdict(list)
    for registration_id, session_id, start, version in db.execute(query):
        found[registration_id].append((session_id, start, version))
    return found


def list_others_facts(
    db: DbSession, within: Stretch, *, channel: Channel, since: datetime
) -> list[tuple[UUID, UUID, Any]]:
    """What reminders of other sessions say that the same people got after a moment, or are about to: the registration
    for this session, the message, its facts. What went out before somebody (again) had a seat here did not name it."""
    own, other = core(Registration), core(Registration).alias("other")
    query = (
        sa.select(own.c.id, _message.id, _message.facts)
        .join_from(own, other, sa.and_(other.c.email_index == own.c.email_index, other.c.id != own.c.id))
        .join(core(Message), _message.registration_id == other.c.id)
        .where(
            within.holds,
            _message.kind == MessageKind.reminder,
            _message.channel == channel,
            _message.state.in_(_GOES_OUT),
            _message.due_at > since,
            sa.or_(_message.sent_at.is_(None), _message.sent_at >= own.c.confirmed_at),
        )
    )
    return [(row[0], row[1], row[2]) for row in db.execute(query)]


def list_speakers(db: DbSession, within: Stretch) -> set[tuple[UUID, UUID]]:
    """By whom reminders of a session were spoken for: the registration for it, and the other session's message."""
    query = sa.select(_message.registration_id, _message.facts[SPEAKER].as_string()).where(
        _message.registration_id.between(within.first, within.last),
        _message.session_id == within.session_id,
        _message.reason == SkipReason.merged.value,
    )
    return {(registration_id, UUID(speaker_id)) for registration_id, speaker_id in db.execute(query)}


def list_unspoken(db: DbSession, now: datetime, limit: int) -> list[Unspoken]:
    """Merged messages that are of use still and whose speaker failed, was skipped, missed or returned, or is gone; in
    the order that reminders are planned in. Who has left their seat, or came back to it after the reminder's moment, is
    not among them."""
    # Found first and by themselves: SQLite would begin with the sessions, and go through all messages of each.
    merged = (
        sa.select(_message.id, _message.registration_id, _message.session_id, _message.rule_id)
        .add_columns(_message.schedule_version, _message.facts[SPEAKER].as_string().label("speaker_id"))
        .where(sa.text("messages.reason = 'merged'"), _message.deadline_at > now)  # in the words of the partial index
        .cte("merged")
        .prefix_with("MATERIALIZED")
    )
    speaker, reminder = core(Message).alias("speaker"), core(Reminder).c
    query = (
        sa.select(
            merged.c.id,
            reminder.id,
            _registration.id,
            _registration.revision,
            _registration.timezone,
            _registration.confirmed_at,
        )
        .join_from(merged, core(Registration), _registration.id == merged.c.registration_id)
        .join(core(WebinarSession), _session.id == merged.c.session_id)
        .join(
            core(Reminder),
            sa.and_(
                reminder.session_id == merged.c.session_id,
                reminder.rule_id == merged.c.rule_id,
                reminder.schedule_version == merged.c.schedule_version,
            ),
        )
        .outerjoin(speaker, speaker.c.id == sa.cast(merged.c.speaker_id, sa.Uuid))
        .where(
            sa.or_(speaker.c.id.is_(None), speaker.c.state.not_in(_GOES_OUT)),
            _registration.status == RegistrationStatus.confirmed,
            _registration.confirmed_at <= reminder.due_at,
            _session.schedule_version == merged.c.schedule_version,  # and so it has not been cancelled since
        )
        .order_by(_session.starts_at, _session.id, reminder.due_at, reminder.id, _registration.id)
        .limit(limit)
    )
    return [Unspoken(row[0], row[1], Recipient(*row[2:])) for row in db.execute(query)]


def settle_merged(db: DbSession, rows: Sequence[Mapping[str, Any]]) -> None:
    """Write what becomes of merged messages after all: each row names its message as `message_id`, and new values."""
    statement = sa.update(core(Message)).where(
        _message.id == sa.bindparam("message_id"),
        _message.state == MessageState.skipped,
        _message.reason == SkipReason.merged.value,
    )
    db.connection().execute(statement, rows)


def list_named(db: DbSession, registration_id: UUID, session_ids: Sequence[UUID]) -> list[datetime]:
    """When those of some sessions start that still take place and in which the same person still has a seat."""
    own, other = core(Registration), core(Registration).alias("other")
    query = (
        sa.select(_session.starts_at)
        .join_from(own, other, other.c.email_index == own.c.email_index)
        .join(core(WebinarSession), _session.id == other.c.session_id)
        .where(
            own.c.id == registration_id,
            other.c.status == RegistrationStatus.confirmed,
            _session.status == SessionStatus.scheduled,
            _session.id.in_(session_ids),
        )
        .order_by(_session.starts_at)
    )
    return list(db.scalars(query))
