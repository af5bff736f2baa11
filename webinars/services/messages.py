"""Planning messages, reading the ledger, trying again. Sending is services/delivery.py."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from webinars.errors import MessageNotRetriable
from webinars.queries import messages as messages_queries
from webinars.queries import registrations as registrations_queries
from webinars.queries.pages import Page, page_of, read_cursor
from webinars.queries.registrations import Place
from webinars.rules.messages import deadline, priority
from webinars.tables import Message, Registration, WebinarSession
from webinars.terms import AttendanceState, Channel, MessageKind, MessageState, RegistrationStatus, SkipReason, new_id
from webinars.work import ReadWork, Work

_CHUNK = 2000
_ANSWERS = (
    MessageKind.confirmation,
    MessageKind.offered,
    MessageKind.waitlisted,
    MessageKind.pending,
    MessageKind.lapsed,
)
RESEND_EVERY = timedelta(hours=1)
"""How often a registrant gets their own mail again, however often it is asked for."""


def message_row(
    kind: MessageKind,
    *,
    dedupe_key: str,
    registration_id: UUID,
    revision: int,
    session: WebinarSession,
    now: datetime,
    due_at: datetime | None = None,
    deadline_at: datetime | None = None,
    rule_id: UUID | None = None,
    facts: dict[str, Any] | None = None,
) -> dict[str, Any]:
    """A ledger row, due now unless said otherwise."""
    due = due_at or now
    until = deadline_at or deadline(kind, now, session.starts_at, session.ends_at)
    return {
        "id": new_id(now),
        "dedupe_key": dedupe_key,
        "kind": kind,
        "channel": Channel.email,
        "registration_id": registration_id,
        "session_id": session.id,
        "rule_id": rule_id,
        "schedule_version": session.schedule_version,
        "sequence": session.schedule_version + session.details_version + revision,
        "facts": facts or {},
        "priority": priority(kind, due, until),
        "state": MessageState.planned,
        "due_at": due,
        "next_attempt_at": due,
        "deadline_at": until,
        "attempts": 0,
        "created_at": now,
    }


def follow_up_row(
    registration_id: UUID, revision: int, session: WebinarSession, segment: AttendanceState, now: datetime
) -> dict[str, Any]:
    """What somebody gets after a session, by what is known of their coming."""
    return message_row(
        MessageKind.follow_up,
        dedupe_key=f"follow_up:{registration_id.hex}:{session.schedule_version}",
        registration_id=registration_id,
        revision=revision,
        session=session,
        now=now,
        facts={"segment": segment.value},
    )


def registration_row(
    kind: MessageKind,
    registration: Registration | Place,
    session: WebinarSession,
    now: datetime,
    facts: dict[str, Any] | None = None,
) -> dict[str, Any]:
    """The answer to something that happened to one registration: one per kind and revision."""
    return message_row(
        kind,
        dedupe_key=f"{kind}:{registration.id.hex}:{registration.revision}",
        registration_id=registration.id,
        revision=registration.revision,
        session=session,
        now=now,
        facts=facts,
    )


def resent_row(registration: Registration | Place, session: WebinarSession, now: datetime) -> dict[str, Any]:
    """A registrant's own mail once more: one an hour, however often it is asked for."""
    hour = int(now.timestamp() // RESEND_EVERY.total_seconds())
    return message_row(
        MessageKind.resent,
        dedupe_key=f"resent:{registration.id.hex}:{hour}",
        registration_id=registration.id,
        revision=registration.revision,
        session=session,
        now=now,
    )


def plan(work: Work, rows: Sequence[dict[str, Any]]) -> int:
    """Put messages in the ledger; planning one twice plans it once. Returns how many are new."""
    planned = messages_queries.insert_messages(work.db, rows)
    work.process.tally.count("doubles", len(rows) - planned)
    work.wake_scheduler()
    return planned


def drop_answers(work: Work, registration_id: UUID, *, keeps_farewell: bool) -> None:
    """Skip what has not been sent yet of how matters stood: they have changed again, and only the last of it is true.

    Args:
        keeps_farewell: whether a calendar may hold an entry that the farewell takes away, with no invite to follow.
    """
    kinds = _ANSWERS if keeps_farewell else (*_ANSWERS, MessageKind.withdrawn)
    messages_queries.drop_planned(work.db, reason=SkipReason.superseded, kinds=kinds, registration_id=registration_id)


def plan_notices(
    work: Work,
    kind: MessageKind,
    session: WebinarSession,
    now: datetime,
    *,
    statuses: Sequence[RegistrationStatus],
    occasion: int,
    most_seats: int = 2,
    facts: dict[str, Any] | None = None,
) -> int:
    """Tell everybody in these states something about their session, once for each `occasion`.

    Args:
        most_seats: leaves out those who want more seats than that.
    """
    planned, after = 0, None
    while chunk := registrations_queries.list_ids_to_tell(
        work.db, session.id, statuses, after, _CHUNK, most_seats=most_seats
    ):
        rows = [
            message_row(
                kind,
                dedupe_key=f"{kind}:{registration_id.hex}:{occasion}",
                registration_id=registration_id,
                revision=revision,
                session=session,
                now=now,
                facts=facts,
            )
            for registration_id, revision in chunk
        ]
        planned += plan(work, rows)
        after = chunk[-1][0]
    return planned


def list_messages(
    work: ReadWork,
    *,
    states: Sequence[MessageState] | None = None,
    session_id: UUID | None = None,
    registration_ids: Sequence[UUID] | None = None,
    channel: Channel | None = None,
    cursor: str | None,
    limit: int,
) -> Page[Message]:
    """A page of the ledger."""
    rows = messages_queries.list_messages(
        work.db,
        states=states,
        session_id=session_id,
        registration_ids=registration_ids,
        channel=channel,
        after=read_cursor(cursor),
        limit=limit + 1,
    )
    return page_of(rows, [row.id for row in rows], limit)


def count_by_state(work: ReadWork, session_id: UUID | None = None) -> dict[MessageState, int]:
    """How many ledger rows are in each state."""
    return messages_queries.count_by_state(work.db, session_id)


def retry(work: Work, message_id: UUID, now: datetime) -> Message:
    """Try a failed message again, under the same key.

    Raises:
        NotFound: if there is none.
        MessageNotRetriable: if it has not failed, or would be useless by now.
    """
    messages_queries.get_message(work.db, message_id)
    if not messages_queries.replan_failed(work.db, message_id, now):
        raise MessageNotRetriable
    work.wake_scheduler()
    return messages_queries.get_message(work.db, message_id)


def retry_all(work: Work, now: datetime, *, session_id: UUID | None = None, channel: Channel | None = None) -> int:
    """Try all failed messages again that are of use still, or only those of a session or a channel.

    Doing it twice does it once: what is due again has not failed.

    Returns:
        How many there were.
    """
    count = messages_queries.replan_all_failed(work.db, now, session_id=session_id, channel=channel)
    if count:
        work.wake_scheduler()
    return count
