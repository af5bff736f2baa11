"""From a rule to ledger rows: planned with the session, looked up when due, healed every minute."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from functools import partial
from itertools import groupby
from uuid import UUID

import structlog

from webinars.queries import recipients as recipients_queries
from webinars.queries import reminder_rules as rules_queries
from webinars.queries import reminders as reminders_queries
from webinars.queries.recipients import Recipient, Stretch, Unspoken
from webinars.queries.reminders import Planned
from webinars.rules.reminders import (
    DEFAULT_REMINDERS,
    EARLIEST,
    RuleTime,
    first_look_at,
    next_look_at,
    place_rules,
    ripe_zones,
)
from webinars.rules.sessions import usable_zone
from webinars.services import messages
from webinars.services.recipients import Weighed, facts_of_rule, occasion_of, weigh
from webinars.tables import Reminder, ReminderRule, WebinarSession
from webinars.terms import (
    Anchor,
    Audience,
    MessageKind,
    MessageState,
    ReminderState,
    SessionStatus,
    SkipReason,
    new_id,
)
from webinars.work import ReadWork, Work

_CHUNK = 2000
_LOOK_AHEAD = timedelta(days=8) - EARLIEST
_SWEEP = timedelta(minutes=3)
_ASK_AGAIN = timedelta(minutes=1)
_log = structlog.get_logger()
_WEIGHED = ("state", "reason", "due_at", "next_attempt_at", "facts", "sequence")
"""What weighing a message again may change."""


def add_default_rules(work: Work, webinar_id: UUID, now: datetime) -> None:
    """Give a new webinar the reminders that suit most."""
    for name, minutes, audience in DEFAULT_REMINDERS:
        work.db.add(
            ReminderRule(
                id=new_id(now),
                webinar_id=webinar_id,
                name=name,
                anchor=Anchor.start,
                offset_minutes=minutes,
                audience=audience,
                created_at=now,
            )
        )
    work.db.flush()


def rules_for(work: ReadWork, session: WebinarSession) -> list[ReminderRule]:
    """The rules that hold for a session, its own or its webinar's, and are switched on."""
    rules = rules_queries.list_rules(work.db, session.webinar_id, session.id if session.has_own_reminders else None)
    return [rule for rule in rules if rule.is_enabled]


def plan_session(work: Work, session: WebinarSession, now: datetime) -> None:
    """Make the planner's rows say what the rules and the session's present schedule come to; whoever changes either
    calls this in the same transaction.

    Rows of older schedules and of rules that hold no more are void. A rule whose moment has passed is superseded: the
    confirmation, or the notice of a move, is the reminder. What has begun in this version of the schedule is never
    planned again in it, be it under the webinar's rule or the session's copy of it. What a rule that holds no more has
    in the ledger and not sent is skipped, until it holds again: then it comes, or, if the rule's moment was put off
    meanwhile, is planned anew.

    The planner's rows are locked before their messages are touched: whoever plans one of them has committed by then, so
    that no message of theirs is overlooked.
    """
    reminders_queries.supersede_reminders(work.db, session.id, session.schedule_version)
    if session.status is not SessionStatus.scheduled:
        return
    rules = {rule.id: rule for rule in rules_for(work, session)}
    rows = reminders_queries.list_reminders(work.db, session.id, session.schedule_version, locked=True)
    times = place_rules(
        [facts_of_rule(rule) for rule in rules.values()], session.starts_at, session.ends_at, session.timezone
    )
    anew = _settle_messages(work, session, rules, times, now)
    begun = {_key(rule): reminder.state for reminder, rule in rows if _has_begun(reminder) and _key(rule) not in anew}
    known = {rule.id: reminder for reminder, rule in rows}
    for reminder, rule in rows:
        if rule.id not in rules and reminder.state in {ReminderState.planned, ReminderState.running}:
            reminder.state = ReminderState.superseded
    missing = []
    for time in times:
        key = _key(rules[time.rule_id])
        row = known.get(time.rule_id)
        if row is None:
            missing.append(_row(work, session, time, begun.get(key), now))
        elif not _has_begun(row) or key in anew:
            _place(work, row, session, time, begun.get(key), now)
    work.db.flush()
    reminders_queries.insert_reminders(work.db, missing)


def _settle_messages(
    work: Work, session: WebinarSession, rules: Mapping[UUID, ReminderRule], times: Sequence[RuleTime], now: datetime
) -> set[UUID]:
    """Make what the ledger holds, and has not sent, say what the rules come to.

    Returns:
        The keys of the rules that hold again and whose moment is still to come: who has no message of them is planned
        for anew.
    """
    keys = {_key(rule) for rule in rules.values()}
    to_come = {_key(rules[time.rule_id]) for time in times if time.due_at > now}
    reminders_queries.drop_messages(work.db, session, keys)
    reminders_queries.revive_messages(work.db, session, keys - to_come, now)
    return reminders_queries.forget_dropped(work.db, session, to_come)


def _key(rule: ReminderRule) -> UUID:
    """What a webinar's rule and its copies have in common."""
    return rule.origin_id or rule.id


def _has_begun(reminder: Reminder) -> bool:
    """Whether it has come to everybody's turn; an evening before is only some people's."""
    is_running = reminder.state is ReminderState.running and reminder.plan_at >= reminder.due_at
    return is_running or reminder.state in {ReminderState.done, ReminderState.missed}


def _state(time: RuleTime, before: ReminderState | None, now: datetime) -> ReminderState:
    """Args:
    before: of the same reminder under the rule that this one was copied from, or that is a copy of it, once begun.
    """
    if before is ReminderState.running:
        return ReminderState.planned  # goes on where that one stopped: nobody gets it twice
    if before is not None:
        return before
    return ReminderState.superseded if time.due_at <= now or time.expires_at <= time.due_at else ReminderState.planned


def _place(
    work: Work, row: Reminder, session: WebinarSession, time: RuleTime, before: ReminderState | None, now: datetime
) -> None:
    state = _state(time, before, now)
    is_as_it_was = (row.due_at, row.state) == (time.due_at, state)
    row.expires_at = time.expires_at
    if not is_as_it_was:  # a night that has been looked at already is not looked at again for nothing
        row.due_at, row.state, row.cursor = time.due_at, state, None
        row.plan_at = first_look_at(time.due_at, session.starts_at, work.settings.quiet, now)


def _row(
    work: Work, session: WebinarSession, time: RuleTime, before: ReminderState | None, now: datetime
) -> dict[str, object]:
    return {
        "id": new_id(now),
        "session_id": session.id,
        "rule_id": time.rule_id,
        "schedule_version": session.schedule_version,
        "due_at": time.due_at,
        "plan_at": first_look_at(time.due_at, session.starts_at, work.settings.quiet, now),
        "expires_at": time.expires_at,
        "state": _state(time, before, now),
        "planned": 0,
        "created_at": now,
    }


def plan_due(work: Work, now: datetime) -> bool:
    """Take one step with the first reminder that is to be looked at: a chunk of its registrants. False when none is, or
    another worker plans."""
    claimed = reminders_queries.claim_due_reminder(work.db, now) if reminders_queries.begin_planning(work.db) else None
    if claimed is None:
        return False
    reminder, _, session = claimed
    if not _in_a_step(work, partial(_look, work, *claimed, now), now, reminder_id=reminder.id, session_id=session.id):
        reminder.plan_at, reminder.cursor = now + _ASK_AGAIN, None
    return True


def _in_a_step(work: Work, deed: Callable[[], None], now: datetime, **whose: UUID) -> bool:
    """Do something, all of it or, where it fails, nothing: it must not hold up all that comes after it. False if it
    failed, which is counted and is an alarm."""
    try:
        with work.db.begin_nested():
            deed()
    except Exception as error:  # noqa: BLE001 - whatever is wrong with one must not cost the others theirs
        _log.error("reminder.not_planned", error=type(error).__name__, **{key: str(id_) for key, id_ in whose.items()})
        work.after_commit(partial(work.process.tally.count_unplanned, now))
        return False
    return True


def _look(work: Work, reminder: Reminder, rule: ReminderRule, session: WebinarSession, now: datetime) -> None:
    """Take a step with one reminder."""
    holding = rules_for(work, session)
    holds = any(rule.id == other.id for other in holding) and session.status is SessionStatus.scheduled
    if not holds or session.schedule_version != reminder.schedule_version:
        reminder.state = ReminderState.superseded
    elif now >= reminder.expires_at:
        _miss(work, reminder, rule, session, now)
    elif rule.audience is Audience.absent and not _has_begun_in_time(work, reminder, session):
        reminder.plan_at = now + _ASK_AGAIN  # the presenter is late, too
    else:
        _plan_chunk(work, (reminder, rule), session, holding, now)


def _miss(work: Work, reminder: Reminder, rule: ReminderRule, session: WebinarSession, now: datetime) -> None:
    """It is useless by now. Those count who would have got it. If it was to tell of a start that nobody saw, nobody has
    missed it."""
    if rule.audience is Audience.absent and not _has_begun_in_time(work, reminder, session):
        reminder.state = ReminderState.superseded
        return
    reminder.state = ReminderState.missed
    opens_at = work.settings.join_opens_at(session.starts_at)
    people = reminders_queries.count_unreminded(work.db, reminder, rule, joined_since=opens_at)
    work.after_commit(partial(work.process.tally.count_missed, now, people))


def _has_begun_in_time(work: ReadWork, reminder: Reminder, session: WebinarSession) -> bool:
    """Whether a session is seen to have begun, at its present time, while a reminder of it was of use."""
    opens_at, starts_at = work.settings.join_opens_at(session.starts_at), session.starts_at
    return recipients_queries.has_begun(
        work.db, session.id, opens_at=opens_at, starts_at=starts_at, until=reminder.expires_at
    )


def _plan_chunk(
    work: Work, planned: Planned, session: WebinarSession, holding: Sequence[ReminderRule], now: datetime
) -> None:
    """The next registrants, in the order of their ids. Before the reminder is due, only those whose night has just
    begun; then everybody. Who was confirmed after the moment came too late for it."""
    reminder, rule = planned
    timezones: list[str] | None = None
    look_at, quiet = reminder.plan_at, work.settings.quiet
    known: dict[str, str] = {}
    """Where they say that they live, and the zone to go by."""
    if look_at < reminder.due_at and quiet is not None:
        names = {session.timezone, *recipients_queries.list_timezones(work.db, session.id)}
        known = {name: usable_zone(name, session.timezone) for name in names}
        ripe = ripe_zones(sorted(set(known.values())), reminder.due_at, quiet, look_at, now)
        timezones = [name for name, goes_by in known.items() if goes_by in ripe]
    people = recipients_queries.list_recipients(
        work.db,
        session.id,
        confirmed_until=min(look_at, reminder.due_at) if timezones is not None else reminder.due_at,
        timezones=timezones,
        after=reminder.cursor,
        limit=_CHUNK,
    )
    occasion = occasion_of(work, reminder, rule, session, holding)
    weighed = weigh(work, occasion, session, _without_any(work, planned, people), now)
    reminder.planned += messages.plan(work, [_message(item, planned, session, now) for item in weighed])
    if len(people) == _CHUNK:
        reminder.state, reminder.cursor = ReminderState.running, people[-1].id
    elif timezones is not None and quiet is not None:
        reminder.state, reminder.cursor = ReminderState.planned, None
        reminder.plan_at = next_look_at(list(known.values()), reminder.due_at, quiet, look_at)
    else:
        reminder.state = ReminderState.done
        reminder.cursor = people[-1].id if people else reminder.cursor


def _without_any(work: Work, planned: Planned, people: Sequence[Recipient]) -> list[Recipient]:
    """Those who have no message of this reminder: others were told in the evening, or before a chunk was lost."""
    if not people:
        return []
    within = Stretch(planned[0].session_id, people[0].id, people[-1].id)
    reminded = reminders_queries.list_reminded(work.db, *planned, within)
    return [person for person in people if person.id not in reminded]


def _message(item: Weighed, planned: Planned, session: WebinarSession, now: datetime) -> dict[str, object]:
    (reminder, rule), person, verdict = planned, item.recipient, item.verdict
    row = messages.message_row(
        MessageKind.not_there if rule.audience is Audience.absent else MessageKind.reminder,
        dedupe_key=f"reminder:{person.id.hex}:{_key(rule).hex}:{reminder.schedule_version}",
        registration_id=person.id,
        revision=person.revision,
        session=session,
        now=now,
        due_at=verdict.send_at,
        deadline_at=reminder.expires_at,
        rule_id=rule.id,
        facts=item.facts,
    )
    state = MessageState.planned if verdict.reason is None else MessageState.skipped
    return row | {"channel": rule.channel, "state": state, "reason": verdict.reason and verdict.reason.value}


def reconcile(work: Work, now: datetime) -> int:
    """Heal what a forgotten hook, a restored backup or a change by hand left out. Returns how much was missing.

    Sessions of the coming weeks get the rows they lack. Reminders planned a moment ago are walked once more, for a
    registration that was committed in the same instant; whoever has theirs gets no second one.
    """
    sessions = reminders_queries.list_unplanned(work.db, starts_from=now, starts_until=now + _LOOK_AHEAD)
    for session in sessions:
        _in_a_step(work, partial(plan_session, work, session, now), now, session_id=session.id)
    again = [row for row in reminders_queries.list_just_done(work.db, due_from=now - _SWEEP) if now < row.expires_at]
    for reminder in again:
        reminder.state = ReminderState.running
        reminder.cursor = None
    return len(sessions)


def weigh_merged_again(work: Work, now: datetime) -> bool:
    """Take one step with the reminders that another session's was to speak for and does not: it failed, was skipped, or
    came back. They go out themselves, or the ledger gets the reason that is true now. False when no more are left, or
    another worker plans.

    They are found by how things stand, so that no way in which a message may end can forget them. Each stays the one
    row of its key: nobody gets it twice.
    """
    if not reminders_queries.begin_planning(work.db):
        return False
    unspoken = recipients_queries.list_unspoken(work.db, now, _CHUNK)
    went_well = True
    for reminder_id, group in groupby(unspoken, key=lambda item: item.reminder_id):
        deed = partial(_weigh_again, work, reminder_id, list(group), now)
        went_well &= _in_a_step(work, deed, now, reminder_id=reminder_id)
    if unspoken:
        work.wake_scheduler()
    return len(unspoken) == _CHUNK and went_well  # those that cannot be weighed would be found again at once


def _weigh_again(work: Work, reminder_id: UUID, unspoken: Sequence[Unspoken], now: datetime) -> None:
    reminder = reminders_queries.lock_reminder(work.db, reminder_id)
    if reminder is None:  # its session or rule is just being changed: a minute later is soon enough
        return
    rule = work.db.get_one(ReminderRule, reminder.rule_id)
    session = work.db.get_one(WebinarSession, reminder.session_id)
    holding = rules_for(work, session)
    weighed = weigh(
        work, occasion_of(work, reminder, rule, session, holding), session, [item.recipient for item in unspoken], now
    )
    holds = any(_key(rule) == _key(other) for other in holding)
    rows = []
    for item, again in zip(unspoken, weighed, strict=True):
        row = _message(again, (reminder, rule), session, now)
        if not holds:
            row |= {"state": MessageState.skipped, "reason": SkipReason.superseded.value}
        elif row["state"] is MessageState.planned:  # due from now on, whatever its moment was: it is not late
            row["due_at"] = row["next_attempt_at"] = max(again.verdict.send_at, now)
        rows.append({"message_id": item.message_id} | {name: row[name] for name in _WEIGHED})
    recipients_queries.settle_merged(work.db, rows)


def rule_names(work: ReadWork, rule_ids: Sequence[UUID]) -> dict[UUID, str]:
    """What the ledger calls these rules."""
    return rules_queries.rule_names(work.db, rule_ids)
