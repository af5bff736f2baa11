"""Sessions: scheduled, moved, given more or fewer seats, cancelled; and found."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from webinars.errors import InvalidField, NotFound, SessionCancelled, SessionStarted
from webinars.queries import catalogue as catalogue_queries
from webinars.queries import messages as messages_queries
from webinars.queries import registrations as registrations_queries
from webinars.queries import sessions as sessions_queries
from webinars.queries.pages import Page, page_of, read_cursor
from webinars.queries.sessions import Scheduled
from webinars.rules.catalogue import https_host
from webinars.rules.sessions import (
    check_capacity,
    check_minutes,
    check_window,
    future_start,
    is_to_come,
    wall_time,
)
from webinars.services import audit, messages, reminders, rescheduling, waitlist
from webinars.services.catalogue import check_version
from webinars.services.rescheduling import TOLD_OF_MOVE
from webinars.tables import Webinar, WebinarSession
from webinars.terms import (
    ACTIVE,
    MessageKind,
    PublicationStatus,
    RegistrationStatus,
    SessionStatus,
    SkipReason,
    WallTime,
    new_id,
)
from webinars.work import ReadWork, Work

_PLAIN = (
    "capacity",
    "room_url",
    "waitlist_open",
    "registration_opens_at",
    "registration_closes_at",
    "status",
)
_MOST_AT_ONCE = 53
_VOID_AFTER_CANCELLATION = tuple(kind for kind in MessageKind if kind is not MessageKind.withdrawn)


@dataclass(frozen=True, slots=True)
class Consequences:
    """What a change would do, for a host to confirm."""

    starts_at: datetime
    told: int
    """How many people will get a mail about it."""


def create_session(
    work: Work,
    *,
    webinar: str,
    wall: WallTime,
    duration_minutes: int,
    capacity: int,
    room_url: str = "",
    waitlist_open: bool = True,
    registration_opens_at: datetime | None = None,
    registration_closes_at: datetime | None = None,
    status: SessionStatus = SessionStatus.scheduled,
    series_id: UUID | None = None,
    actor: str,
    now: datetime,
) -> Scheduled:
    """Schedule a session of a webinar, with its reminders.

    Raises:
        NotFound: if there is no such webinar.
        SessionStarted: if its start has passed.
        TimeDoesNotExist, TimeIsAmbiguous, UnknownTimezone, InvalidField, CapacityTooSmall.
    """
    offered = catalogue_queries.get_webinar(work.db, webinar)
    check_capacity(capacity)
    check_minutes(duration_minutes)
    starts_at = future_start(wall, now)
    check_window(registration_opens_at, registration_closes_at, starts_at)
    session = WebinarSession(
        id=new_id(now),
        webinar_id=offered.id,
        series_id=series_id,
        series_starts_at_local=wall.local if series_id else None,
        status=status,
        starts_at_local=wall.local,
        timezone=wall.timezone,
        duration_minutes=duration_minutes,
        starts_at=starts_at,
        ends_at=starts_at + timedelta(minutes=duration_minutes),
        capacity=capacity,
        waitlist_open=waitlist_open,
        registration_opens_at=registration_opens_at,
        registration_closes_at=registration_closes_at,
        room_url=check_room(work, room_url),
        created_at=now,
        updated_at=now,
    )
    work.db.add(session)
    work.db.flush()
    reminders.plan_session(work, session, now)
    audit.note(work, actor, "session.create", now, subject_id=session.id)
    return Scheduled(session, offered)


def update_session(
    work: Work,
    session_id: UUID,
    changes: Mapping[str, Any],
    *,
    version: int | None,
    by_series: bool = False,
    actor: str,
    now: datetime,
) -> Scheduled:
    """Change a session. A new time, zone or length moves it: registrants are told, calendars and reminders follow.

    Args:
        changes: any of `duration_minutes`, `capacity`, `room_url`, `waitlist_open`, `registration_opens_at`,
            `registration_closes_at`, `status`; and the time as `wall`, or as `starts_at` or `starts_at_local`, with or
            without `timezone`. Fewer seats than are taken throw nobody out; they only let nobody else in.
        by_series: whether it follows its series; changed by itself, it goes its own way from then on.

    Raises:
        NotFound, VersionMismatch, SessionCancelled, SessionStarted, CapacityTooSmall, InvalidField, and those of
        `create_session` for the time.
    """
    item = sessions_queries.lock_session(work.db, session_id)
    session = item.session
    check_version(session.version, version)
    if session.status is SessionStatus.cancelled:
        raise SessionCancelled
    wall = _wall(session, changes)
    minutes = changes.get("duration_minutes", session.duration_minutes)
    plain = {name: changes[name] for name in _PLAIN if name in changes}
    if "capacity" in plain:
        check_capacity(plain["capacity"])
    if "room_url" in plain:
        check_room(work, plain["room_url"])
    _check_status(work, session, plain.get("status"))
    before, former_room = _as_series_says(session), session.room_url
    for name, value in plain.items():
        setattr(session, name, value)
    if (wall.local, wall.timezone, minutes) != (session.starts_at_local, session.timezone, session.duration_minutes):
        _move(work, session, wall, minutes, now)
        if session.registration_closes_at is not None and "registration_closes_at" not in changes:
            session.registration_closes_at = min(session.registration_closes_at, session.starts_at)
    elif "status" in plain:
        reminders.plan_session(work, session, now)
    elif former_room and session.room_url != former_room and is_to_come(session.status, session.starts_at, now):
        rescheduling.update_details(work, session, now)
    check_window(session.registration_opens_at, session.registration_closes_at, session.starts_at)
    if session.series_id is not None and not by_series and _as_series_says(session) != before:
        session.is_exception = True
    session.version += 1
    session.updated_at = now
    work.db.flush()
    waitlist.serve(work, session_id, now)
    audit.note(work, actor, "session.update", now, subject_id=session.id, fields=list(changes))
    return item


def cancel_session(
    work: Work, session_id: UUID, *, version: int | None, by_series: bool = False, actor: str, now: datetime
) -> Scheduled:
    """Cancel a session: everybody is told, calendars lose the entry, reminders end. Twice is once.

    Args:
        by_series: whether its series has no place for it any more; cancelled by itself, its series leaves it so.

    Raises:
        NotFound, VersionMismatch, SessionStarted.
    """
    item = sessions_queries.lock_session(work.db, session_id)
    session = item.session
    if session.status is SessionStatus.cancelled:
        return item
    check_version(session.version, version)
    if now >= session.starts_at:
        raise SessionStarted
    was_public = session.status is SessionStatus.scheduled
    session.status = SessionStatus.cancelled
    session.is_exception |= session.series_id is not None and not by_series
    session.schedule_version += 1
    session.version += 1
    session.updated_at = now
    work.db.flush()
    reminders.plan_session(work, session, now)
    messages_queries.drop_planned(
        work.db, reason=SkipReason.cancelled, kinds=_VOID_AFTER_CANCELLATION, session_id=session.id
    )
    if was_public:
        messages.plan_notices(
            work,
            MessageKind.session_cancelled,
            session,
            now,
            statuses=ACTIVE,
            occasion=session.schedule_version,
        )
    audit.note(work, actor, "session.cancel", now, subject_id=session.id)
    return item


def preview_move(work: ReadWork, session_id: UUID, wall: WallTime, minutes: int, now: datetime) -> Consequences:
    """What `update_session` with this time would do.

    Raises:
        NotFound, SessionCancelled, SessionStarted, and those of `create_session` for the time.
    """
    session = sessions_queries.get_session(work.db, session_id).session
    _check_to_come(session, now)
    check_minutes(minutes)
    if (wall.local, wall.timezone, minutes) == (session.starts_at_local, session.timezone, session.duration_minutes):
        raise InvalidField("This is when it is already. Choose another time.", field="starts_at_local")
    return Consequences(future_start(wall, now), _count_told(work, session_id, TOLD_OF_MOVE))


def preview_cancellation(work: ReadWork, session_id: UUID, now: datetime) -> Consequences:
    """What `cancel_session` would do.

    Raises:
        NotFound, SessionCancelled, SessionStarted.
    """
    session = sessions_queries.get_session(work.db, session_id).session
    _check_to_come(session, now)
    return Consequences(session.starts_at, _count_told(work, session_id, ACTIVE))


def delete_session(work: Work, session_id: UUID, *, actor: str, now: datetime) -> None:
    """Delete a session nobody ever registered for.

    Raises:
        NotFound: if there is none.
        InvalidField: if somebody has registered; such a session is cancelled, not deleted.
    """
    item = sessions_queries.lock_session(work.db, session_id)
    if registrations_queries.has_any(work.db, session_id):
        raise InvalidField("People have registered for this session. Cancel it instead.", field="id")
    audit.note(work, actor, "session.delete", now, subject_id=session_id)
    work.db.delete(item.session)


def get_session(work: ReadWork, session_id: UUID, *, public_only: bool = True) -> Scheduled:
    """Raises:
    NotFound: if there is none, or none that the public may see.
    """
    item = sessions_queries.get_session(work.db, session_id)
    if public_only and not item.is_public:
        raise NotFound
    return item


def list_sessions(
    work: ReadWork,
    *,
    topic: str | None = None,
    webinar: str | None = None,
    starts_from: datetime | None = None,
    starts_until: datetime | None = None,
    public_only: bool = True,
    cursor: str | None = None,
    limit: int = 50,
) -> Page[Scheduled]:
    """A page of sessions by start.

    Raises:
        NotFound: if there is no such topic or webinar.
        InvalidField: if the cursor was not made here.
    """
    topic_ids = catalogue_queries.topic_ids_within(work.db, topic) if topic else None
    webinar_id = _offered(work, webinar, public_only=public_only).id if webinar else None
    rows = sessions_queries.list_sessions(
        work.db,
        public_only=public_only,
        topic_ids=topic_ids,
        webinar_id=webinar_id,
        starts_from=starts_from,
        starts_until=starts_until,
        after=read_cursor(cursor),
        limit=limit + 1,
    )
    return page_of(rows, [item.session.id for item in rows], limit)


def choose_sessions(work: ReadWork, webinar: str, wanted: Sequence[UUID] | None, now: datetime) -> list[UUID]:
    """The sessions of a webinar that somebody wants to register for: those named, or (None) all that are to come, the
    next ones first and a year of weeks at most: each is a mail to an address that anybody may have typed.

    Raises:
        NotFound: if there is no such webinar, or one of the named sessions is not one of its own.
    """
    offered = _offered(work, webinar, public_only=True)
    if wanted is None:
        return sessions_queries.list_coming_ids(work.db, offered.id, now)[:_MOST_AT_ONCE]
    own = sessions_queries.find_own_ids(work.db, offered.id, wanted)
    if not own.issuperset(wanted):
        raise NotFound
    return list(dict.fromkeys(wanted))


def next_session_of(work: ReadWork, webinar: Webinar, session: WebinarSession, now: datetime) -> WebinarSession | None:
    """The next session of the same webinar, to offer in place of this one."""
    if webinar.status is not PublicationStatus.published:
        return None
    return sessions_queries.find_next_session(work.db, webinar.id, now, session.id)


def find_alternative(
    work: ReadWork, webinar: Webinar, session: WebinarSession, seats: int, now: datetime
) -> WebinarSession | None:
    """The next session of the same webinar with that many free seats, for whoever found this one full."""
    if webinar.status is not PublicationStatus.published:
        return None
    return sessions_queries.find_next_session(work.db, webinar.id, now, session.id, seats=seats)


def check_room(work: ReadWork, url: str) -> str:
    """Raises:
    InvalidField: unless the address of a room is empty, or https and on an allowed host.
    """
    if not url:
        return url
    allowed = [host.strip().lower() for host in work.settings.room_hosts.split(",") if host.strip()]
    host = https_host(url)
    if not host:
        raise InvalidField("The address of the room must begin with https://.", field="room_url")
    if allowed and not any(host == name or host.endswith("." + name) for name in allowed):
        raise InvalidField(f"The room must be on one of: {', '.join(allowed)}.", field="room_url")
    return url


def _offered(work: ReadWork, slug: str, *, public_only: bool) -> Webinar:
    """A draft must not be told from what does not exist."""
    webinar = catalogue_queries.get_webinar(work.db, slug)
    if public_only and webinar.status is not PublicationStatus.published:
        raise NotFound
    return webinar


def _wall(session: WebinarSession, changes: Mapping[str, Any]) -> WallTime:
    """The wall time after the changes. A new zone alone keeps the wall time, and so moves the moment."""
    if "wall" in changes:
        wall: WallTime = changes["wall"]
        return wall
    timezone = changes.get("timezone", session.timezone)
    if "starts_at" in changes:
        return wall_time(changes["starts_at"], timezone)
    return WallTime(changes.get("starts_at_local", session.starts_at_local), timezone)


def _move(work: Work, session: WebinarSession, wall: WallTime, minutes: int, now: datetime) -> None:
    if now >= session.starts_at:
        raise SessionStarted
    check_minutes(minutes)
    starts_at = future_start(wall, now)
    rescheduling.move_session(work, session, wall, minutes, starts_at, now)


def _count_told(work: ReadWork, session_id: UUID, statuses: tuple[RegistrationStatus, ...]) -> int:
    counts = registrations_queries.count_by_status(work.db, session_id)
    return sum(counts.get(status, 0) for status in statuses)


def _check_to_come(session: WebinarSession, now: datetime) -> None:
    if session.status is SessionStatus.cancelled:
        raise SessionCancelled
    if now >= session.starts_at:
        raise SessionStarted


def _as_series_says(session: WebinarSession) -> tuple[object, ...]:
    """All that a series decides about its sessions."""
    time = (session.starts_at_local, session.timezone, session.duration_minutes)
    return (*time, session.capacity, session.room_url, session.waitlist_open)


def _check_status(work: Work, session: WebinarSession, wanted: SessionStatus | None) -> None:
    """A draft may be scheduled; back is only open while nobody has registered; cancelling is a deed of its own."""
    if wanted is None or wanted is session.status:
        return
    if wanted is SessionStatus.cancelled:
        raise InvalidField("Cancel a session with its own call, so that registrants are told.", field="status")
    if wanted is SessionStatus.draft and registrations_queries.has_any(work.db, session.id):
        raise InvalidField("People have registered: it cannot become a draft again.", field="status")
