"""Changes of a session that registrants know of: told by mail, calendars follow, reminders are planned anew.

All of it in the transaction of the change, so that nobody is told of what did not happen, or not told of what did.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

import structlog

from webinars.documents.times import shown_time
from webinars.errors import SessionStarted, TimeDoesNotExist, TimeIsAmbiguous, UnknownTimezone
from webinars.queries import messages as messages_queries
from webinars.queries import registrations as registrations_queries
from webinars.queries import sessions as sessions_queries
from webinars.queries.sessions import Scheduled
from webinars.rules.sessions import forget_zones, start_of
from webinars.services import audit, messages, reminders, waitlist
from webinars.services.catalogue import check_version
from webinars.tables import WebinarSession
from webinars.terms import ACTIVE, HOLDING, MessageKind, RegistrationStatus, SessionStatus, SkipReason, WallTime
from webinars.work import Process, ReadWork, Work

TOLD_OF_MOVE = (*HOLDING, RegistrationStatus.waitlisted)
_VOID_AFTER_MOVE = (MessageKind.reminder, MessageKind.not_there, MessageKind.moved, MessageKind.updated)
_BY_ZONE_DATA = "zone data"
_log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Retimed:
    """What new time zone data has done."""

    moved: int
    """How many sessions take place at another moment by it: their wall time stays."""
    unclear: list[UUID]
    """Sessions whose wall time does not exist any more, or exists twice: a host has to choose another."""


def move_session(
    work: Work, session: WebinarSession, wall: WallTime, minutes: int, starts_at: datetime, now: datetime
) -> None:
    """Let a locked session take place at another time: registrants are told, reminders planned anew.

    Args:
        starts_at: the moment of `wall`, from `rules.sessions.start_of`.
    """
    former = {"former_starts_at": session.starts_at.isoformat(), "former_timezone": session.timezone}
    if (wall.local, wall.timezone, minutes) == (session.starts_at_local, session.timezone, session.duration_minutes):
        former = {}  # the zone itself has changed: by its new rules the old moment would show a time nobody knew
    session.starts_at_local, session.timezone = wall
    session.duration_minutes = minutes
    session.starts_at = starts_at
    session.ends_at = starts_at + timedelta(minutes=minutes)
    session.schedule_version += 1
    work.db.flush()
    reminders.plan_session(work, session, now)  # first: it waits for whoever is just planning the messages to drop
    messages_queries.drop_planned(work.db, reason=SkipReason.superseded, kinds=_VOID_AFTER_MOVE, session_id=session.id)
    messages.plan_notices(
        work, MessageKind.moved, session, now, statuses=TOLD_OF_MOVE, occasion=session.schedule_version, facts=former
    )
    registrations_queries.cut_offers(work.db, session.id, starts_at)


def update_details(work: Work, session: WebinarSession, now: datetime) -> None:
    """Tell those with a seat in a locked session that something has changed but the time; their calendars follow."""
    session.details_version += 1
    session.updated_at = now
    work.db.flush()
    messages_queries.drop_planned(
        work.db, reason=SkipReason.superseded, kinds=[MessageKind.updated], session_id=session.id
    )
    messages.plan_notices(
        work,
        MessageKind.updated,
        session,
        now,
        statuses=[RegistrationStatus.confirmed],
        occasion=session.details_version,
    )


def update_details_of_webinar(work: Work, webinar_id: UUID, now: datetime) -> None:
    """The same for all scheduled sessions of a webinar that are to come, when the title in calendars has changed."""
    coming = sessions_queries.list_coming_ids(work.db, webinar_id, now)
    for item in sessions_queries.lock_sessions(work.db, coming).values() if coming else ():
        update_details(work, item.session, now)


def reinstate_session(work: Work, session_id: UUID, *, version: int | None, actor: str, now: datetime) -> Scheduled:
    """Take back a cancellation: the session takes place at the wall time it had. Whoever had or wanted a seat is told,
    calendars enter it again, reminders are planned anew. Twice is once.

    Raises:
        NotFound, VersionMismatch.
        SessionStarted: if its time has passed.
        TimeDoesNotExist, TimeIsAmbiguous, UnknownTimezone: if the zone's rules have changed over its wall time.
    """
    item = sessions_queries.lock_session(work.db, session_id)
    session = item.session
    if session.status is SessionStatus.scheduled:
        return item
    check_version(session.version, version)
    _check_can_return(session, now)
    session.status = SessionStatus.scheduled
    session.starts_at = start_of(WallTime(session.starts_at_local, session.timezone))
    session.ends_at = session.starts_at + timedelta(minutes=session.duration_minutes)
    session.is_exception |= session.series_id is not None
    session.schedule_version += 1
    session.version += 1
    session.updated_at = now
    session.seats_taken, session.waitlisted = registrations_queries.recount_seats(work.db, session_id)
    work.db.flush()
    reminders.plan_session(work, session, now)
    messages.plan_notices(
        work, MessageKind.reinstated, session, now, statuses=ACTIVE, occasion=session.schedule_version
    )
    waitlist.serve(work, session_id, now)
    audit.note(work, actor, "session.reinstate", now, subject_id=session.id)
    return item


def preview_reinstatement(work: ReadWork, session_id: UUID, now: datetime) -> int:
    """How many people `reinstate_session` would tell.

    Raises:
        NotFound.
        SessionStarted: if its time has passed.
    """
    _check_can_return(sessions_queries.get_session(work.db, session_id).session, now)
    counts = registrations_queries.count_by_status(work.db, session_id)
    return sum(counts.get(status, 0) for status in ACTIVE)


def retime_sessions(process: Process, now: datetime) -> Retimed:
    """Work out anew when the sessions to come start, by the time zone data there is now. One transaction for each that
    moves; twice is once."""
    forget_zones()
    shown_time.cache_clear()
    moved, unclear = 0, []
    with process.read() as work:
        coming = sessions_queries.list_walls(work.db, now)
    for session_id, wall, starts_at in coming:
        try:
            if start_of(wall) == starts_at:
                continue
            with process.work() as work:
                moved += _retime(work, session_id, now)
        except (TimeDoesNotExist, TimeIsAmbiguous, UnknownTimezone) as refusal:
            _log.warning("session.time_unclear", session_id=str(session_id), reason=refusal.code)
            unclear.append(session_id)
    return Retimed(moved, unclear)


def _retime(work: Work, session_id: UUID, now: datetime) -> bool:
    session = sessions_queries.lock_session(work.db, session_id).session
    wall = WallTime(session.starts_at_local, session.timezone)
    starts_at = start_of(wall)
    if session.status is SessionStatus.cancelled or session.starts_at <= now or starts_at == session.starts_at:
        return False
    move_session(work, session, wall, session.duration_minutes, starts_at, now)
    if session.registration_closes_at is not None:
        session.registration_closes_at = min(session.registration_closes_at, starts_at)
    session.version += 1
    session.updated_at = now
    audit.note(work, _BY_ZONE_DATA, "session.retime", now, subject_id=session.id, fields=["starts_at"])
    return True


def _check_can_return(session: WebinarSession, now: datetime) -> None:
    """Raises:
    SessionStarted: if its time has passed.
    """
    if start_of(WallTime(session.starts_at_local, session.timezone)) <= now:
        raise SessionStarted
