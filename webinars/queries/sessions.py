"""Reads and locks of sessions. A session always comes with its webinar: nobody needs one without the other."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm.attributes import set_committed_value
from sqlmodel import col

from webinars.db import DbSession
from webinars.errors import NotFound
from webinars.tables import AttendanceInterval, Webinar, WebinarSession, WebinarTopic
from webinars.tables.base import core
from webinars.terms import AttendanceSource, PublicationStatus, SessionStatus, WallTime


@dataclass(frozen=True, slots=True)
class Scheduled:
    """A session and the webinar it belongs to."""

    session: WebinarSession
    webinar: Webinar

    @property
    def is_public(self) -> bool:
        """Whether the public may see it."""
        return self.webinar.status is PublicationStatus.published and self.session.status is not SessionStatus.draft


def get_session(db: DbSession, session_id: UUID) -> Scheduled:
    """Raises:
    NotFound: if there is none.
    """
    return _first(db, _with_webinar().where(col(WebinarSession.id) == session_id))


def lock_session(db: DbSession, session_id: UUID) -> Scheduled:
    """A session that nobody else changes until the end of the transaction.

    FOR NO KEY UPDATE lets other transactions insert rows that refer to the session; SQLite's write lock does the same.

    Raises:
        NotFound: if there is none.
    """
    query = _with_webinar().where(col(WebinarSession.id) == session_id)
    query = query.with_for_update(key_share=True, of=WebinarSession).execution_options(populate_existing=True)
    return _first(db, query)


def lock_sessions(db: DbSession, session_ids: Sequence[UUID]) -> dict[UUID, Scheduled]:
    """Several sessions, locked in the order of their ids, so that two transactions cannot wait for each other."""
    rows = db.execute(_LOCK_SESSIONS, {"sessions": sorted(session_ids)})
    return {session.id: Scheduled(session, webinar) for session, webinar in rows}


def note_seats(session: WebinarSession, *, seats_taken: int, waitlisted: int) -> None:
    """Let a locked session's object say what `take_seats` has written, without reading it again."""
    set_committed_value(session, "seats_taken", seats_taken)
    set_committed_value(session, "waitlisted", waitlisted)


def take_seats(db: DbSession, session_id: UUID, *, seats: int, waiting: int) -> bool:
    """Count seats and people waiting up, or down with negative numbers. False when that would oversell.

    The capacity stands in the same statement that takes the seats: this is the last guard, below the lock.
    """
    asked = {"of_session": session_id, "seats": seats, "waiting": waiting}
    result = db.connection().execute(_TAKE_SEATS, asked)
    return bool(result.rowcount == 1)


def list_sessions(
    db: DbSession,
    *,
    public_only: bool,
    topic_ids: Sequence[UUID] | None = None,
    webinar_id: UUID | None = None,
    starts_from: datetime | None = None,
    starts_until: datetime | None = None,
    after: UUID | None = None,
    limit: int,
) -> list[Scheduled]:
    """Sessions by start, then id; `after` is the last one of the page before."""
    query = _with_webinar().order_by(col(WebinarSession.starts_at), col(WebinarSession.id)).limit(limit)
    if public_only:
        query = query.where(
            col(WebinarSession.status).in_([SessionStatus.scheduled, SessionStatus.cancelled]),
            col(Webinar.status) == PublicationStatus.published,
        )
    if topic_ids is not None:
        about = sa.select(col(WebinarTopic.webinar_id)).where(col(WebinarTopic.topic_id).in_(topic_ids))
        query = query.where(col(WebinarSession.webinar_id).in_(about))
    if webinar_id is not None:
        query = query.where(col(WebinarSession.webinar_id) == webinar_id)
    if starts_from is not None:
        query = query.where(col(WebinarSession.starts_at) >= starts_from)
    if starts_until is not None:
        query = query.where(col(WebinarSession.starts_at) < starts_until)
    if after is not None:
        last = sa.select(col(WebinarSession.starts_at)).where(col(WebinarSession.id) == after).scalar_subquery()
        starts_at, session_id = col(WebinarSession.starts_at), col(WebinarSession.id)
        query = query.where(sa.or_(starts_at > last, sa.and_(starts_at == last, session_id > after)))
    return [Scheduled(session, webinar) for session, webinar in db.execute(query)]


def list_related(
    db: DbSession, webinar_id: UUID, topic_ids: Sequence[UUID], now: datetime, *, limit: int
) -> list[Scheduled]:
    """The next sessions that may take registrations, of a webinar and of all that are about one of these topics. The
    last word on it has `rules.availability`: somebody may have waited longer for a seat that is free."""
    session = core(WebinarSession)
    about = sa.select(col(WebinarTopic.webinar_id)).where(col(WebinarTopic.topic_id).in_(topic_ids))
    opens_at, closes_at = session.c.registration_opens_at, session.c.registration_closes_at
    query = _with_webinar().where(
        col(Webinar.status) == PublicationStatus.published,
        sa.or_(session.c.webinar_id == webinar_id, session.c.webinar_id.in_(about)),
        session.c.status == SessionStatus.scheduled,
        session.c.starts_at > now,
        sa.or_(opens_at.is_(None), opens_at <= now),
        sa.or_(closes_at.is_(None), closes_at > now),
        sa.or_(session.c.waitlist_open, session.c.seats_taken < session.c.capacity),
    )
    rows = db.execute(query.order_by(session.c.starts_at, session.c.id).limit(limit))
    return [Scheduled(each, webinar) for each, webinar in rows]


def list_ids_with_a_seat_for_the_line(db: DbSession, now: datetime) -> list[UUID]:
    """Sessions to come in which a seat is free while people wait."""
    session = core(WebinarSession)
    query = sa.select(session.c.id).where(
        session.c.status == SessionStatus.scheduled,
        session.c.starts_at > now,
        session.c.waitlisted > 0,
        session.c.seats_taken < session.c.capacity,
    )
    return list(db.connection().execute(query.order_by(session.c.starts_at)).scalars())


def list_coming_ids(db: DbSession, webinar_id: UUID, after: datetime) -> list[UUID]:
    """A webinar's scheduled sessions that start after a moment, the next one first."""
    query = sa.select(col(WebinarSession.id)).where(
        col(WebinarSession.webinar_id) == webinar_id,
        col(WebinarSession.status) == SessionStatus.scheduled,
        col(WebinarSession.starts_at) > after,
    )
    return list(db.scalars(query.order_by(col(WebinarSession.starts_at), col(WebinarSession.id))))


def list_walls(db: DbSession, after: datetime) -> list[tuple[UUID, WallTime, datetime]]:
    """The sessions that start after a moment, cancelled ones apart: which, their wall time, and the moment it is."""
    session = core(WebinarSession)
    query = sa.select(session.c.id, session.c.starts_at_local, session.c.timezone, session.c.starts_at).where(
        session.c.status != SessionStatus.cancelled, session.c.starts_at > after
    )
    rows = db.connection().execute(query.order_by(session.c.starts_at, session.c.id))
    return [(session_id, WallTime(local, timezone), starts_at) for session_id, local, timezone, starts_at in rows]


def find_own_ids(db: DbSession, webinar_id: UUID, session_ids: Sequence[UUID]) -> set[UUID]:
    """Which of these sessions belong to a webinar."""
    query = sa.select(col(WebinarSession.id)).where(
        col(WebinarSession.webinar_id) == webinar_id, col(WebinarSession.id).in_(session_ids)
    )
    return set(db.scalars(query))


def claim_unsettled(db: DbSession, ended_before: datetime, *, unreported_before: datetime) -> Scheduled | None:
    """A session whose attendance has not settled; locked, or None.

    Args:
        db: the database handle.
        ended_before: it ended before this moment,
        unreported_before: or before this one, if nobody has reported yet who came.
    """
    interval = core(AttendanceInterval).c
    is_reported = sa.exists().where(
        interval.session_id == col(WebinarSession.id), interval.source != AttendanceSource.click
    )
    query = (
        _with_webinar()
        .where(
            col(WebinarSession.ends_at) <= ended_before,
            sa.or_(col(WebinarSession.ends_at) <= unreported_before, is_reported),
            col(WebinarSession.settled_at).is_(None),
            col(WebinarSession.status) == SessionStatus.scheduled,
        )
        .order_by(col(WebinarSession.ends_at))
        .limit(1)
        .with_for_update(key_share=True, skip_locked=True, of=WebinarSession)
    )
    row = db.execute(query).first()
    return Scheduled(*row) if row else None


def find_next_session(
    db: DbSession, webinar_id: UUID, after: datetime, other_than: UUID, *, seats: int | None = None
) -> WebinarSession | None:
    """The next session of the same webinar; with `seats`, the next that has as many free, with nobody waiting."""
    session = core(WebinarSession).c
    query = sa.select(WebinarSession).where(
        session.webinar_id == webinar_id,
        session.status == SessionStatus.scheduled,
        session.starts_at > after,
        session.id != other_than,
    )
    if seats is not None:
        query = query.where(
            session.waitlisted == 0,
            session.seats_taken + seats <= session.capacity,
            sa.or_(session.registration_opens_at.is_(None), session.registration_opens_at <= after),
            sa.or_(session.registration_closes_at.is_(None), session.registration_closes_at > after),
        )
    return db.scalar(query.order_by(session.starts_at).limit(1))


def _with_webinar() -> sa.Select[WebinarSession, Webinar]:
    return sa.select(WebinarSession, Webinar).join(Webinar, col(Webinar.id) == col(WebinarSession.webinar_id))


def _first(db: DbSession, query: sa.Select[WebinarSession, Webinar]) -> Scheduled:
    row = db.execute(query).first()
    if row is None:
        raise NotFound
    return Scheduled(row[0], row[1])


# What every registration runs is built once: building a statement costs more than running it.
_sessions = core(WebinarSession)
_LOCK_SESSIONS = (
    _with_webinar()
    .where(col(WebinarSession.id).in_(sa.bindparam("sessions", expanding=True)))
    .order_by(col(WebinarSession.id))
    .with_for_update(key_share=True, of=WebinarSession)
    .execution_options(populate_existing=True)
)
_SEATS, _WAITING = sa.bindparam("seats", type_=sa.Integer()), sa.bindparam("waiting", type_=sa.Integer())
_TAKE_SEATS = (
    sa.update(_sessions)
    .where(
        _sessions.c.id == sa.bindparam("of_session"),
        sa.or_(_SEATS <= 0, _sessions.c.seats_taken + _SEATS <= _sessions.c.capacity),
    )
    .values(seats_taken=_sessions.c.seats_taken + _SEATS, waitlisted=_sessions.c.waitlisted + _WAITING)
)
