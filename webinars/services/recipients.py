"""Who gets a reminder, when, and why others do not: asked when it is planned, and by whoever wants to know before."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import structlog

from webinars.queries import recipients as recipients_queries
from webinars.queries.messages import Letter
from webinars.queries.recipients import SPEAKER, Recipient, Stretch
from webinars.rules.reminders import (
    CAP_DAYS,
    GRACE,
    SAME_DAY,
    Circumstances,
    Occasion,
    RuleFacts,
    Verdict,
    decide,
    is_deferrable,
    place_rules,
    share_a_day,
)
from webinars.rules.sessions import usable_zone
from webinars.tables import Reminder, ReminderRule, WebinarSession
from webinars.terms import REMINDER_KINDS, Audience, Channel, SkipReason
from webinars.work import ReadWork

_log = structlog.get_logger()
_Later = dict[UUID, list[tuple[UUID, datetime, int]]]
ALSO = "also"
"""In a message's facts: the other sessions that it speaks for, each as id and version of its schedule, and when the
message was due by its rule."""


@dataclass(frozen=True, slots=True)
class Weighed:
    """A registrant, what was decided for them, and what the message has to say beside the usual."""

    recipient: Recipient
    verdict: Verdict
    facts: dict[str, Any]


def facts_of_rule(rule: ReminderRule) -> RuleFacts:
    """What the rules of time need of a row."""
    return RuleFacts(rule.id, rule.anchor, rule.offset_days, rule.offset_minutes, rule.audience, rule.channel)


def occasion_of(
    work: ReadWork, reminder: Reminder, rule: ReminderRule, session: WebinarSession, holding: Sequence[ReminderRule]
) -> Occasion:
    """What is the same for all registrants of a reminder.

    Args:
        holding: all rules that hold for the session.
    """
    same = [other for other in holding if other.audience is Audience.everyone and other.channel is rule.channel]
    times = place_rules([facts_of_rule(other) for other in same], session.starts_at, session.ends_at, session.timezone)
    before = [time.due_at for time in times if time.due_at < session.starts_at]
    return Occasion(
        due_at=reminder.due_at,
        expires_at=reminder.expires_at,
        channel=rule.channel,
        is_deferrable=rule.audience is Audience.everyone and is_deferrable(reminder.due_at, session.starts_at),
        is_last=bool(before) and reminder.due_at == max(before),
        quiet=work.settings.quiet,
        most_in_a_week=work.settings.reminders_per_week,
    )


def weigh(
    work: ReadWork,
    occasion: Occasion,
    session: WebinarSession,
    people: Sequence[Recipient],
    now: datetime,
    *,
    foretells: bool = False,
) -> list[Weighed]:
    """What becomes of a reminder for each of some registrants of a session, who come in the order of their ids.

    Args:
        now: when it is planned; or the present, if it only `foretells` what is known by now.
    """
    if not people:
        return []
    db, cap = work.db, occasion.most_in_a_week
    within = Stretch(session.id, people[0].id, people[-1].id)
    consents = recipients_queries.consents_of(db, within, occasion.channel)
    is_email, is_near = occasion.channel is Channel.email, now >= occasion.due_at - GRACE
    suppressed = recipients_queries.list_suppressed(db, within) if is_email else set()
    opens_at = work.settings.join_opens_at(session.starts_at)  # who came before was there for another time of it
    joined = recipients_queries.list_joined(db, within, since=opens_at) if occasion.due_at < session.ends_at else set()
    told = recipients_queries.list_told(db, within, since=now - GRACE) if not foretells or is_near else set()
    sent = (
        recipients_queries.count_reminders(db, within, since=occasion.due_at - CAP_DAYS, least=cap)
        if cap and is_email and not occasion.is_last
        else {}
    )
    spoken_for, later = dict[UUID, UUID](), _Later()
    if occasion.is_deferrable:
        spoken_for = _spoken_for(work, occasion, session, within)
        later = recipients_queries.list_later_ones(db, within, session.starts_at, SAME_DAY)
    weighed = []
    for person in people:
        timezone = usable_zone(person.timezone, session.timezone)
        who = Circumstances(
            timezone=timezone,
            confirmed_at=person.confirmed_at,
            has_refused=consents.get(person.id) is False,
            has_agreed=consents.get(person.id) is True,
            is_suppressed=person.id in suppressed,
            has_joined=person.id in joined,
            was_told=person.id in told,
            is_spoken_for=person.id in spoken_for,
            mails_in_a_week=sent.get(person.id, 0),
        )
        also = [
            [other_id.hex, version, occasion.due_at.isoformat()]
            for other_id, starts_at, version in later.get(person.id, ())
            if _comes_later(session, other_id, starts_at) and share_a_day(session.starts_at, starts_at, timezone)
        ]
        verdict = _decide(occasion, person, who, now)
        facts: dict[str, Any] = {ALSO: also} if also else {}
        if verdict.reason is SkipReason.merged:
            facts[SPEAKER] = spoken_for[person.id].hex
        weighed.append(Weighed(person, verdict, facts))
    return weighed


def _decide(occasion: Occasion, person: Recipient, who: Circumstances, now: datetime) -> Verdict:
    """Whoever cannot be weighed gets it at its moment, and holds up nobody: what matters most is asked again when it is
    sent."""
    if who.timezone != person.timezone:
        _log.warning("reminder.zone_unknown", registration_id=str(person.id))
    try:
        return decide(occasion, who, now)
    except Exception as error:  # noqa: BLE001 - whatever is wrong with one must not cost the others theirs
        _log.error("reminder.not_weighed", registration_id=str(person.id), error=type(error).__name__)
        return Verdict(occasion.due_at)


def find_outrun(work: ReadWork, messages: Sequence[Letter], now: datetime) -> set[UUID]:
    """Which of these messages about to be sent are reminders right behind other news of the same session."""
    ids = [message.id for message in messages if message.kind in REMINDER_KINDS]
    return recipients_queries.list_outrun(work.db, ids, since=now - GRACE) if ids else set()


def named_also(work: ReadWork, message: Letter) -> list[datetime]:
    """When the other sessions start that a reminder speaks for: those that still hold as it is sent."""
    named = [UUID(session_id) for session_id, *_ in message.facts.get(ALSO, ())]
    if not named or message.registration_id is None:
        return []
    return recipients_queries.list_named(work.db, message.registration_id, named)


def _comes_later(session: WebinarSession, other_id: UUID, starts_at: datetime) -> bool:
    """Of two that start at once the one with the lesser id speaks for the other."""
    return (starts_at, other_id) > (session.starts_at, session.id)


def _spoken_for(work: ReadWork, occasion: Occasion, session: WebinarSession, within: Stretch) -> dict[UUID, UUID]:
    """Whom the reminder of an earlier session of the same day has told of this one, at the time that still holds; and
    which one it is, the latest of several. Each speaks for one of this session's reminders: the next one comes itself,
    should nobody speak again."""
    own, since = [session.id.hex, session.schedule_version], occasion.due_at - SAME_DAY
    others = recipients_queries.list_others_facts(work.db, within, channel=occasion.channel, since=since - SAME_DAY)
    have_spoken = recipients_queries.list_speakers(work.db, within) if others else set()
    told = sorted(
        (datetime.fromisoformat(due_at), registration_id, message_id)
        for registration_id, message_id, facts in others
        for *named, due_at in facts.get(ALSO, ())
        if named == own and (registration_id, message_id) not in have_spoken
    )
    return {registration_id: message_id for due_at, registration_id, message_id in told if due_at > since}
