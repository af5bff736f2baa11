"""Seats that come free are offered to whoever has waited longest. An offer keeps the seat until it is answered or ends.

In the last hours there is no time to ask one after the other: then all who wait are told, and the first one to take the
seat has it.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from webinars.errors import OfferGone, RegistrationNotActive, SessionFull
from webinars.queries import messages as messages_queries
from webinars.queries import registrations as registrations_queries
from webinars.queries import sessions as sessions_queries
from webinars.rules.seating import BROADCAST_EVERY, answer_by, is_race, next_in_line
from webinars.rules.sessions import is_to_come
from webinars.services import messages, seats
from webinars.tables import Registration, WebinarSession
from webinars.terms import MessageKind, RegistrationStatus
from webinars.work import Process, Work


def serve(work: Work, session_id: UUID, now: datetime) -> int:
    """Offer the seats that are free to those who wait. Never after the start.

    Returns:
        How many were told of a seat.
    """
    session = sessions_queries.lock_session(work.db, session_id).session
    seats_left = session.capacity - session.seats_taken
    if session.waitlisted == 0 or seats_left <= 0 or not is_to_come(session.status, session.starts_at, now):
        return 0
    if is_race(session.starts_at, now):
        return _broadcast(work, session, seats_left, now)
    line = registrations_queries.list_waitlist(work.db, session_id, seats_left)
    return _offer(work, session, line[: next_in_line(seats_left, [waiting.seats for waiting in line])], now)


def accept(work: Work, registration_id: UUID, now: datetime) -> Registration:
    """Take the seat that is offered; or, in the last hours, a free one. Twice is once.

    Raises:
        NotFound: if there is no such registration.
        OfferGone: if no seat is kept or free for it.
        RegistrationNotActive, SessionStarted, SessionCancelled.
    """
    registration, item = seats.lock_registration(work, registration_id)
    if registration.status is RegistrationStatus.confirmed:
        return registration
    if registration.status is RegistrationStatus.lapsed:
        raise OfferGone
    if registration.status not in {RegistrationStatus.offered, RegistrationStatus.waitlisted}:
        raise RegistrationNotActive
    seats.check_to_come(item, now)
    if not can_take(registration, item.session, now):
        raise OfferGone
    try:
        freed = seats.confirm(work, registration, item, now)
    except SessionFull:  # below the lock this cannot be; the statement has the last word
        raise OfferGone from None
    for session_id in freed:
        serve(work, session_id, now)
    return registration


def can_take(registration: Registration, session: WebinarSession, now: datetime) -> bool:
    """Whether there is a seat that this registrant may take by saying yes."""
    if not is_to_come(session.status, session.starts_at, now):
        return False
    if registration.status is RegistrationStatus.offered:
        return registration.offer_expires_at is not None and now < registration.offer_expires_at
    is_free = registration.seats <= session.capacity - session.seats_taken
    return registration.status is RegistrationStatus.waitlisted and is_free and is_race(session.starts_at, now)


def end_offers(process: Process, now: datetime) -> int:
    """End the offers nobody answered in time, and offer what came free by it to the next. One session at a time.

    Returns:
        How many offers ended.
    """
    ended = 0
    while True:
        with process.work() as work:
            session_id = registrations_queries.find_offer_past(work.db, now)
            if session_id is None:
                return ended
            item = sessions_queries.lock_session(work.db, session_id)
            for registration in registrations_queries.list_offers_past(work.db, session_id, now):
                seats.leave(work, registration, item, RegistrationStatus.lapsed, now)
                ended += 1
            serve(work, session_id, now)


def serve_all(process: Process, now: datetime) -> int:
    """Serve every line that a seat is free for: what nobody's deed does, such as the last hours having come."""
    with process.read() as work:
        waiting = sessions_queries.list_ids_with_a_seat_for_the_line(work.db, now)
    told = 0
    for session_id in waiting:
        with process.work() as work:
            told += serve(work, session_id, now)
    return told


def _offer(work: Work, session: WebinarSession, line: Sequence[Registration], now: datetime) -> int:
    if not line:
        return 0
    until = answer_by(session.starts_at, now)
    for registration in line:
        registration.status = RegistrationStatus.offered
        registration.offered_at = registration.updated_at = now
        registration.offer_expires_at = until
        registration.revision += 1  # one offer, one mail: it may come a second time
    work.db.flush()
    taken = sum(registration.seats for registration in line)
    if not sessions_queries.take_seats(work.db, session.id, seats=taken, waiting=-len(line)):
        raise SessionFull
    work.db.refresh(session)
    rows = [messages.registration_row(MessageKind.offered, registration, session, now) for registration in line]
    for row in rows:
        row["deadline_at"] = until
    messages.plan(work, rows)
    return len(line)


def _broadcast(work: Work, session: WebinarSession, seats_left: int, now: datetime) -> int:
    """Tell all who wait for no more seats than are free, each once in half an hour: a couple, for whom one was too few,
    is told as soon as there are two; and so is whoever was not told of the last one because it was gone too soon."""
    if session.broadcast_at is None or now >= session.broadcast_at + BROADCAST_EVERY:
        session.broadcast_at = now
        work.db.flush()
    again = messages_queries.replan_broadcast(
        work.db, session.id, since=session.broadcast_at, most_seats=seats_left, now=now
    )
    return again + messages.plan_notices(
        work,
        MessageKind.seat_free,
        session,
        now,
        statuses=[RegistrationStatus.waitlisted],
        occasion=int(session.broadcast_at.timestamp()),
        most_seats=seats_left,
    )
