"""From a rule to ledger rows: planned with the session, looked up when due, healed every minute."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from webinars.queries import messages as messages_queries
from webinars.queries import registrations as registrations_queries
from webinars.queries import reminders as reminders_queries
from webinars.queries import sessions as sessions_queries
from webinars.queries.pages import Page, read_cursor, write_cursor
from webinars.rules.reminders import DEFAULT_REMINDERS, place_rules, unplanned_state
from webinars.services import messages
from webinars.tables import Message, Registration, Reminder, ReminderRule, WebinarSession
from webinars.terms import (
    Anchor,
    Channel,
    MessageKind,
    MessageState,
    RegistrationStatus,
    ReminderState,
    SessionStatus,
    SkipReason,
    new_id,
)
from webinars.work import ReadWork, Work

_CHUNK = 2000
_LOOK_AHEAD = timedelta(days=8)
_SWEEP = timedelta(minutes=3)


@dataclass(frozen=True, slots=True)
class LedgerItem:
    """What was, is or will be of one reminder for one registrant."""

    registration_id: UUID
    rule: str
    channel: Channel
    due_at: datetime
    state: MessageState
    reason: str | None


def add_default_rules(work: Work, webinar_id: UUID, now: datetime) -> None:
    """Give a new webinar the reminders that suit most."""
    for name, minutes in DEFAULT_REMINDERS:
        work.db.add(
            ReminderRule(
                id=new_id(now),
                webinar_id=webinar_id,
                name=name,
                anchor=Anchor.start,
                offset_minutes=minutes,
                created_at=now,
            )
        )
    work.db.flush()


def plan_session(work: Work, session: WebinarSession, now: datetime) -> None:
    """Write the planner's rows for the session's present schedule; older ones become void.

    A rule whose moment has passed is written as superseded: the confirmation, or the notice of a move, is the reminder.
    """
    reminders_queries.supersede_reminders(work.db, session.id, session.schedule_version)
    if session.status is not SessionStatus.scheduled:
        return
    rules = reminders_queries.list_rules(work.db, session.webinar_id)
    offsets = [(rule.id, rule.anchor, rule.offset_minutes) for rule in rules]
    planned = [
        {
            "id": new_id(now),
            "session_id": session.id,
            "rule_id": time.rule_id,
            "schedule_version": session.schedule_version,
            "due_at": time.due_at,
            "plan_at": time.due_at,
            "expires_at": time.expires_at,
            "state": ReminderState.superseded if time.due_at <= now else ReminderState.planned,
            "planned": 0,
            "created_at": now,
        }
        for time in place_rules(offsets, session.starts_at, session.ends_at)
    ]
    reminders_queries.insert_reminders(work.db, planned)


def _rows(work: ReadWork, session: WebinarSession) -> Sequence[tuple[Reminder, ReminderRule]]:
    rows = reminders_queries.list_reminders(work.db, session.id, session.schedule_version)
    return [(reminder, rule) for reminder, rule in rows]


def plan_due(work: Work, now: datetime) -> bool:
    """Take one step with one reminder that has fallen due: a chunk of its registrants. False when none is due."""
    claimed = reminders_queries.claim_due_reminder(work.db, now)
    if claimed is None:
        return False
    reminder, session = claimed
    if session.schedule_version != reminder.schedule_version or session.status is not SessionStatus.scheduled:
        reminder.state = ReminderState.superseded
    elif now >= reminder.expires_at:
        reminder.state = ReminderState.missed
    else:
        _plan_chunk(work, reminder, session, now)
    return True


def _plan_chunk(work: Work, reminder: Reminder, session: WebinarSession, now: datetime) -> None:
    """The next registrants, in the order of their ids; who was confirmed after the due moment came too late for it."""
    chunk = reminders_queries.list_to_remind(
        work.db, session.id, confirmed_until=reminder.due_at, after=reminder.cursor, limit=_CHUNK
    )
    rows = [
        messages.message_row(
            MessageKind.reminder,
            dedupe_key=f"reminder:{registration_id.hex}:{reminder.rule_id.hex}:{reminder.schedule_version}",
            registration_id=registration_id,
            revision=revision,
            session=session,
            now=now,
            due_at=reminder.due_at,
            deadline_at=reminder.expires_at,
            rule_id=reminder.rule_id,
        )
        for registration_id, revision in chunk
    ]
    reminder.planned += messages.plan(work, rows)
    reminder.state = ReminderState.running if len(chunk) == _CHUNK else ReminderState.done
    if chunk:
        reminder.cursor = chunk[-1][0]


def reconcile(work: Work, now: datetime) -> int:
    """Heal what a forgotten hook, a restored backup or a change by hand left out. Returns how much was missing.

    Sessions of the coming days get the rows they lack. Reminders planned a moment ago are walked once more, for a
    registration that was committed in the same instant; whoever has theirs gets no second one.
    """
    sessions = reminders_queries.list_unplanned(work.db, starts_from=now, starts_until=now + _LOOK_AHEAD)
    for session in sessions:
        plan_session(work, session, now)
    again = [row for row in reminders_queries.list_just_done(work.db, due_from=now - _SWEEP) if now < row.expires_at]
    for reminder in again:
        reminder.state = ReminderState.running
        reminder.cursor = None
    return len(sessions)


def rule_names(work: ReadWork, rule_ids: Sequence[UUID]) -> dict[UUID, str]:
    """What the ledger calls these rules."""
    return reminders_queries.rule_names(work.db, rule_ids)


def ledger(work: ReadWork, session_id: UUID, *, cursor: str | None, limit: int) -> Page[LedgerItem]:
    """Every reminder of every registrant of a session: sent, still to come, or why not. Pages are by registrant.

    Raises:
        NotFound: if there is no such session.
    """
    session = sessions_queries.get_session(work.db, session_id).session
    registrants = registrations_queries.list_registrations(
        work.db, session_id, after=read_cursor(cursor), limit=limit + 1
    )
    shown = registrants[:limit]
    made = messages_queries.list_messages(
        work.db,
        registration_ids=[registration.id for registration in shown],
        kinds=[MessageKind.reminder],
        limit=limit * 50,
    )
    names = reminders_queries.rule_names(work.db, [message.rule_id for message in made if message.rule_id])
    items = [_as_item(message, message.registration_id, names) for message in made if message.registration_id]
    covered = {(message.registration_id, message.rule_id, message.schedule_version) for message in made}
    rows = _rows(work, session)
    for registration in shown:
        items += _not_made(registration, rows, covered)
    items.sort(key=lambda item: (item.due_at, item.registration_id))
    more = write_cursor(shown[-1].id) if len(registrants) > limit else None
    return Page(items, more, limit)


def preview(work: ReadWork, session_id: UUID, now: datetime, *, cursor: str | None, limit: int) -> Page[LedgerItem]:
    """A dry run: who would get which reminder from now on."""
    page = ledger(work, session_id, cursor=cursor, limit=limit)
    coming = [item for item in page.items if item.due_at >= now or item.state is MessageState.planned]
    return Page(coming, page.next, page.limit)


def _as_item(message: Message, registration_id: UUID, names: dict[UUID, str]) -> LedgerItem:
    state = MessageState.planned if message.state is MessageState.sending else message.state
    rule = names.get(message.rule_id, "") if message.rule_id else ""
    return LedgerItem(registration_id, rule, message.channel, message.due_at, state, message.reason)


def _not_made(
    registration: Registration,
    rows: Sequence[tuple[Reminder, ReminderRule]],
    covered: set[tuple[UUID | None, UUID | None, int]],
) -> list[LedgerItem]:
    """What has no ledger row: still to come, or passed before this registrant was there."""
    has_left = registration.status in {RegistrationStatus.withdrawn, RegistrationStatus.declined}
    if registration.confirmed_at is None or not (has_left or registration.status is RegistrationStatus.confirmed):
        return []
    items = []
    for reminder, rule in rows:
        if (registration.id, rule.id, reminder.schedule_version) not in covered:
            state, reason = unplanned_state(reminder.state, reminder.due_at, registration.confirmed_at)
            if has_left and reason is not SkipReason.late:
                state, reason = MessageState.skipped, SkipReason.cancelled
            items.append(LedgerItem(registration.id, rule.name, rule.channel, reminder.due_at, state, reason))
    return items
