"""Takes in what registrants' calendars answer to invites. Replays and inventions change nothing.

A reply is noted for the host, and no more: who declines is asked by mail whether the seat is free, for a calendar is
soon tapped on and a sender soon invented. Only where the host allows it, and our mail server has proven the sender,
does declining give the seat up. Nothing here answers whoever sent the mail: all that is sent goes to the registered
address.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from enum import StrEnum
from uuid import UUID

import structlog

from webinars.documents.calendar_replies import Reply, read_reply
from webinars.documents.calendars import session_uid
from webinars.documents.texts import domain_of, mail_address
from webinars.queries import messages as messages_queries
from webinars.queries import registrations as registrations_queries
from webinars.queries.sessions import Scheduled
from webinars.rules.registrations import same_person
from webinars.rules.sessions import is_to_come
from webinars.services import audit, messages, registrations, seats
from webinars.settings import Settings
from webinars.tables import Registration
from webinars.terms import CalendarReply, MessageKind, RegistrationStatus, SkipReason
from webinars.work import Work

FAST_CLOCK = timedelta(days=1)
"""How far ahead a sender's clock may be. A reply from the far future would make all that follow it old."""
_ACTOR = "calendar reply"
_log = structlog.get_logger()


class Outcome(StrEnum):
    """What became of a mail to the calendars' address."""

    ignored = "ignored"
    """No reply to an invite of ours, or a forged one."""
    stale = "stale"
    """A replay, or the answer to an invite that is out of date."""
    noted = "noted"
    asked = "asked"
    """Declined: noted, and asked by mail whether the seat is free."""
    freed = "freed"
    """Declined: noted, and the seat is free."""


def take_reply(work: Work, raw: bytes, now: datetime) -> Outcome:
    """Take in a mail that came to the organizer's address."""
    reply = read_reply(raw, work.settings.inbound_authserv_id)
    session_id = _session_id(work.settings, reply.uid) if reply else None
    if reply is None or session_id is None:
        return Outcome.ignored
    index = work.vault.index("email", same_person(reply.email))
    known = registrations_queries.find_by_index(work.db, session_id, index)
    if known is None or not known.has_invite:
        return Outcome.ignored
    outcome = _take(work, known.id, reply, now)
    _log.info("calendar.reply", outcome=outcome.value, answer=reply.answer.value, proven=reply.is_proven)
    return outcome


def _session_id(settings: Settings, uid: str) -> UUID | None:
    """The session that a UID of ours belongs to."""
    try:
        session_id = UUID(uid.partition("@")[0].removeprefix("ses-"))
    except ValueError:
        return None
    return session_id if uid == session_uid(session_id, domain_of(mail_address(settings.mail_from))) else None


def _take(work: Work, registration_id: UUID, reply: Reply, now: datetime) -> Outcome:
    registration, item = seats.lock_registration(work, registration_id)
    if not _is_new(registration, item, reply, now):
        return Outcome.stale
    registration.calendar_reply = reply.answer
    registration.calendar_replied_at = reply.stamped_at
    registration.calendar_reply_sequence = reply.sequence
    registration.updated_at = now
    work.db.flush()
    messages_queries.drop_planned(
        work.db, reason=SkipReason.superseded, kinds=[MessageKind.cannot_come], registration_id=registration_id
    )
    has_seat = registration.status is RegistrationStatus.confirmed
    is_coming = is_to_come(item.session.status, item.session.starts_at, now)
    if reply.answer is not CalendarReply.declined or not has_seat or not is_coming:
        return Outcome.noted
    if item.webinar.frees_declined_seats and reply.is_proven:
        registrations.withdraw(work, registration_id, now)
        audit.note(work, _ACTOR, "registration.cancel", now, subject_id=registration_id)
        return Outcome.freed
    row = messages.registration_row(MessageKind.cannot_come, registration, item.session, now)
    row["dedupe_key"] = f"{MessageKind.cannot_come}:{registration_id.hex}:{reply.sequence}"
    messages.plan(work, [row])
    return Outcome.asked


def _is_new(registration: Registration, item: Scheduled, reply: Reply, now: datetime) -> bool:
    """Whether it answers the newest invite, and later than what was noted before."""
    session = item.session
    present = session.schedule_version + session.details_version + registration.revision
    if reply.sequence != present or reply.stamped_at > now + FAST_CLOCK:
        return False
    if registration.calendar_reply_sequence is None or registration.calendar_replied_at is None:
        return True
    noted = (registration.calendar_reply_sequence, registration.calendar_replied_at)
    return (reply.sequence, reply.stamped_at) > noted
