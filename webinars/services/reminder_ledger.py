"""What became, becomes and will become of each reminder for each registrant of a session, and why not."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from webinars.queries import messages as messages_queries
from webinars.queries import registrations as registrations_queries
from webinars.queries import reminder_rules as rules_queries
from webinars.queries import reminders as reminders_queries
from webinars.queries import sessions as sessions_queries
from webinars.queries.pages import Page, read_cursor, write_cursor
from webinars.queries.recipients import Recipient
from webinars.queries.reminders import Planned
from webinars.rules.reminders import unplanned_state
from webinars.services import reminders
from webinars.services.recipients import Weighed, occasion_of, weigh
from webinars.tables import Message, Registration, WebinarSession
from webinars.terms import REMINDER_KINDS, Channel, MessageState, RegistrationStatus, ReminderState, SkipReason
from webinars.work import ReadWork

_OPEN = frozenset({ReminderState.planned, ReminderState.running})
_GONE = frozenset({RegistrationStatus.withdrawn, RegistrationStatus.declined})
_MOST_FOR_ONE = 100
"""Ledger rows of one registrant: twice as many rules as a session may have, its own and its webinar's."""


@dataclass(frozen=True, slots=True)
class LedgerItem:
    """What was, is or will be of one reminder for one registrant."""

    registration_id: UUID
    rule: str
    channel: Channel
    due_at: datetime
    state: MessageState
    reason: str | None


def ledger(work: ReadWork, session_id: UUID, now: datetime, *, cursor: str | None, limit: int) -> Page[LedgerItem]:
    """Every reminder of every registrant of a session: sent, still to come, or why not. Pages are by registrant.

    What is to come is foretold as far as it is known at `now`: who has had too many by then is seen only then.

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
        kinds=REMINDER_KINDS,
        limit=limit * _MOST_FOR_ONE,
    )
    rule_ids = [message.rule_id for message in made if message.rule_id]
    names, keys = rules_queries.rule_names(work.db, rule_ids), rules_queries.rule_keys(work.db, rule_ids)
    items = [_as_item(message, message.registration_id, names) for message in made if message.registration_id]
    ruled = [(message, keys[message.rule_id]) for message in made if message.rule_id]
    covered = {(message.registration_id, key, message.schedule_version) for message, key in ruled}
    foretold = _Foretold(work, session, shown, now)
    for planned in _rows(work, session):
        reminder, rule = planned
        key = rule.origin_id or rule.id
        missing = [who for who in shown if (who.id, key, reminder.schedule_version) not in covered]
        items += _not_made(planned, missing, foretold)
    items.sort(key=lambda item: (item.due_at, item.registration_id))
    more = write_cursor(shown[-1].id) if len(registrants) > limit else None
    return Page(items, more, limit)


def preview(work: ReadWork, session_id: UUID, now: datetime, *, cursor: str | None, limit: int) -> Page[LedgerItem]:
    """A dry run: who would get which reminder from now on, and who would not."""
    page = ledger(work, session_id, now, cursor=cursor, limit=limit)
    coming = [item for item in page.items if item.due_at >= now or item.state is MessageState.planned]
    return Page(coming, page.next, page.limit)


class _Foretold:
    """What a reminder that is to come would do for the registrants of a page."""

    def __init__(self, work: ReadWork, session: WebinarSession, shown: Sequence[Registration], now: datetime) -> None:
        self._work, self._session, self._now = work, session, now
        self._holding = reminders.rules_for(work, session)
        self._people = [
            Recipient(who.id, who.revision, who.timezone, who.confirmed_at)
            for who in shown
            if who.status is RegistrationStatus.confirmed and who.confirmed_at is not None
        ]

    def of(self, planned: Planned) -> dict[UUID, Weighed]:
        occasion = occasion_of(self._work, *planned, self._session, self._holding)
        weighed = weigh(self._work, occasion, self._session, self._people, self._now, foretells=True)
        return {item.recipient.id: item for item in weighed}


def _rows(work: ReadWork, session: WebinarSession) -> list[Planned]:
    """The planner's rows of the rules that hold: the webinar's, or the session's own."""
    rows = reminders_queries.list_reminders(work.db, session.id, session.schedule_version)
    return [
        (reminder, rule)
        for reminder, rule in rows
        if rule.retired_at is None and (rule.session_id is not None) == session.has_own_reminders
    ]


def _as_item(message: Message, registration_id: UUID, names: dict[UUID, str]) -> LedgerItem:
    state = MessageState.planned if message.state is MessageState.sending else message.state
    rule = names.get(message.rule_id, "") if message.rule_id else ""
    return LedgerItem(registration_id, rule, message.channel, message.due_at, state, message.reason)


def _not_made(planned: Planned, missing: Sequence[Registration], foretold: _Foretold) -> Iterator[LedgerItem]:
    """What has no ledger row: still to come, or passed before this registrant was there."""
    reminder, rule = planned
    verdicts = foretold.of(planned) if reminder.state in _OPEN and missing else {}
    for registration in missing:
        has_left = registration.status in _GONE
        if registration.confirmed_at is None or not (has_left or registration.status is RegistrationStatus.confirmed):
            continue
        due_at = reminder.due_at
        state, reason = unplanned_state(reminder.state, due_at, registration.confirmed_at)
        if has_left and reason is not SkipReason.late:
            state, reason = MessageState.skipped, SkipReason.cancelled
        elif state is MessageState.planned and registration.id in verdicts:
            verdict = verdicts[registration.id].verdict
            due_at, reason = verdict.send_at, verdict.reason
            state = MessageState.planned if reason is None else MessageState.skipped
        yield LedgerItem(registration.id, rule.name, rule.channel, due_at, state, reason)
