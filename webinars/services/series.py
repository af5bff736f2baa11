"""Series: a rule makes real sessions, each with a life of its own, and takes those that follow it along."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from webinars.errors import InvalidField, SeriesOver
from webinars.queries import catalogue as catalogue_queries
from webinars.queries import registrations as registrations_queries
from webinars.queries import series as series_queries
from webinars.queries import sessions as sessions_queries
from webinars.queries.sessions import Scheduled
from webinars.rules.series import Occurrence, clean_rule, expand, pair, walls
from webinars.rules.sessions import check_capacity, check_minutes, future_start
from webinars.services import audit, sessions
from webinars.services.catalogue import check_version
from webinars.tables import Series, Webinar, WebinarSession
from webinars.terms import SessionStatus, WallTime, new_id
from webinars.work import ReadWork, Work

_SHARED = ("duration_minutes", "capacity", "room_url", "waitlist_open")
"""What a series and its sessions have in common, besides the time."""
_OWN = ("rrule", "starts_at_local", "timezone", *_SHARED)


@dataclass(frozen=True, slots=True)
class SeriesItem:
    """A series with its webinar and all its sessions by start, past and cancelled ones too."""

    series: Series
    webinar: Webinar
    sessions: Sequence[Scheduled]


class Deed(StrEnum):
    """What a change of a series does to one of its sessions."""

    moved = "moved"
    changed = "changed"
    """Other seats, another room: nobody need be told."""
    kept = "kept"
    created = "created"
    cancelled = "cancelled"
    deleted = "deleted"
    """It vanishes without a trace, for nobody ever registered for it."""


@dataclass(frozen=True, slots=True)
class Step:
    """What a change of a series means for one session."""

    deed: Deed
    session: WebinarSession | None
    """None while it is yet to be created."""
    slot: datetime | None
    """The naive wall time that the changed rule gives it; None if it has none left."""
    starts_at: datetime
    """When it will start; for one that ends, when it would have."""
    told: int = 0
    """How many people get a mail about it."""
    changes: Mapping[str, Any] = field(default_factory=dict)


def create_series(
    work: Work,
    *,
    webinar: str,
    rrule: str,
    wall: WallTime,
    duration_minutes: int,
    capacity: int,
    room_url: str = "",
    waitlist_open: bool = True,
    actor: str,
    now: datetime,
) -> SeriesItem:
    """Schedule all sessions of a rule, the first of them at `wall`: all or none.

    Raises:
        NotFound: if there is no such webinar.
        InvalidField: on `rrule`, if it is no rule, has no end, gives too many sessions or does not give `wall`.
        TimeDoesNotExist, TimeIsAmbiguous: naming the date.
        SessionStarted: if the first start has passed.
        UnknownTimezone, CapacityTooSmall.
    """
    offered = catalogue_queries.get_webinar(work.db, webinar)
    facts: dict[str, Any] = {
        "rrule": rrule,
        "starts_at_local": wall.local,
        "timezone": wall.timezone,
        "duration_minutes": duration_minutes,
        "capacity": capacity,
        "room_url": room_url,
        "waitlist_open": waitlist_open,
    }
    facts |= {"webinar_id": offered.id, "created_at": now, "updated_at": now}
    series = Series(id=new_id(now), **_checked(work, facts))
    work.db.add(series)
    work.db.flush()
    audit.note(work, actor, "series.create", now, subject_id=series.id)
    for occurrence in expand(series.rrule, wall):
        _create(work, series, offered, occurrence.local, actor, now)
    return get_series(work, series.id)


def preview_creation(
    work: ReadWork,
    *,
    rrule: str,
    wall: WallTime,
    duration_minutes: int,
    capacity: int,
    room_url: str = "",
    now: datetime,
) -> list[Occurrence]:
    """The sessions that `create_series` would make.

    Raises:
        Those of `create_series`.
    """
    _checked(work, {"rrule": rrule, "duration_minutes": duration_minutes, "capacity": capacity, "room_url": room_url})
    occurrences = expand(rrule, wall)
    future_start(wall, now)
    return occurrences


def update_series(
    work: Work, series_id: UUID, changes: Mapping[str, Any], *, version: int | None, actor: str, now: datetime
) -> SeriesItem:
    """Change a series, and with it the sessions to come that follow it. They are changed as if each by itself.

    Sessions are known again by the wall time the rule gave them (`pair` in rules/series.py says which is which). Those
    that move tell their registrants. Those the rule has no place for any more are cancelled, or deleted if nobody ever
    registered; times it newly gives become sessions, unless they have passed. Left as they are: sessions that have
    started, were cancelled, or were changed by themselves; those that would move into the past; and what was deleted
    by hand stays so.

    Args:
        changes: any of `rrule`, `starts_at_local`, `timezone`, `duration_minutes`, `capacity`, `room_url`,
            `waitlist_open`.

    Raises:
        NotFound, VersionMismatch, and those of `create_series`; InvalidField on `starts_at_local` if a session would
            start before registration for it opens; SeriesOver if none of its sessions is to come, nor would be.
    """
    series, webinar = series_queries.lock_series(work.db, series_id)
    check_version(series.version, version)
    facts = _checked(work, _wanted(series, changes))
    members = _locked(work, series_id)
    steps = _steps(work, series, members, facts, now)
    _check_alive(members, steps, now)
    for name, value in facts.items():
        setattr(series, name, value)
    _note_change(work, series, now)
    audit.note(work, actor, "series.update", now, subject_id=series.id, fields=list(changes))
    for step in steps:
        _take(work, series, webinar, step, actor, now)
    work.db.flush()
    return get_series(work, series_id)


def preview_update(work: ReadWork, series_id: UUID, changes: Mapping[str, Any], now: datetime) -> list[Step]:
    """What `update_series` would do, by start.

    Raises:
        Those of `update_series` but VersionMismatch.
    """
    series, _ = series_queries.get_series(work.db, series_id)
    facts = _checked(work, _wanted(series, changes))
    members = series_queries.list_sessions(work.db, series_id)
    steps = _steps(work, series, members, facts, now)
    _check_alive(members, steps, now)
    return steps


def cancel_series(work: Work, series_id: UUID, *, version: int | None, actor: str, now: datetime) -> SeriesItem:
    """Cancel all sessions of a series that are to come, those changed by themselves too. Twice is once.

    Raises:
        NotFound, VersionMismatch.
    """
    series, webinar = series_queries.lock_series(work.db, series_id)
    steps = _ending(work, _locked(work, series_id), now)
    if steps:
        check_version(series.version, version)
        _note_change(work, series, now)
        audit.note(work, actor, "series.cancel", now, subject_id=series.id)
    for step in steps:
        _take(work, series, webinar, step, actor, now)
    return get_series(work, series_id)


def preview_cancellation(work: ReadWork, series_id: UUID, now: datetime) -> list[Step]:
    """What `cancel_series` would do, by start.

    Raises:
        NotFound: if there is no such series.
    """
    series_queries.get_series(work.db, series_id)
    return _ending(work, series_queries.list_sessions(work.db, series_id), now)


def get_series(work: ReadWork, series_id: UUID) -> SeriesItem:
    """Raises:
    NotFound: if there is none.
    """
    series, webinar = series_queries.get_series(work.db, series_id)
    members = series_queries.list_sessions(work.db, series_id)
    return SeriesItem(series, webinar, [Scheduled(session, webinar) for session in members])


def list_series(work: ReadWork, webinar: str) -> Sequence[Series]:
    """A webinar's series, the oldest first.

    Raises:
        NotFound: if there is no such webinar.
    """
    return series_queries.list_series(work.db, catalogue_queries.get_webinar(work.db, webinar).id)


def _wanted(series: Series, changes: Mapping[str, Any]) -> dict[str, Any]:
    return {name: changes.get(name, getattr(series, name)) for name in _OWN}


def _checked(work: ReadWork, facts: dict[str, Any]) -> dict[str, Any]:
    """Checked once for all sessions, and even if there is none to come."""
    check_capacity(facts["capacity"])
    check_minutes(facts["duration_minutes"])
    sessions.check_room(work, facts["room_url"])
    return facts | {"rrule": clean_rule(facts["rrule"])}


def _locked(work: Work, series_id: UUID) -> list[WebinarSession]:
    """The sessions of a series by start, locked in the order of their ids as registering locks them."""
    ids = [session.id for session in series_queries.list_sessions(work.db, series_id)]
    locked = [item.session for item in sessions_queries.lock_sessions(work.db, ids).values()]
    return sorted(locked, key=lambda session: (session.starts_at, session.id))


def _check_alive(members: Sequence[WebinarSession], steps: Sequence[Step], now: datetime) -> None:
    """A change that no session ever sees is not taken as done."""
    to_come = any(member.starts_at > now and member.status is not SessionStatus.cancelled for member in members)
    if not to_come and all(step.deed is Deed.kept for step in steps):
        raise SeriesOver


def _note_change(work: Work, series: Series, now: datetime) -> None:
    series.version += 1
    series.updated_at = now
    work.db.flush()


def _steps(
    work: ReadWork, series: Series, members: Sequence[WebinarSession], facts: Mapping[str, Any], now: datetime
) -> list[Step]:
    """What the changed facts mean for each session, by start."""
    wanted = expand(facts["rrule"], WallTime(facts["starts_at_local"], facts["timezone"]))
    moments = {occurrence.local: occurrence.starts_at for occurrence in wanted}
    former = walls(series.rrule, WallTime(series.starts_at_local, series.timezone))
    # Where a date was dropped and taken up again, the session that is on stands for it, not the one called off.
    by_slot = {session.series_starts_at_local: session for session in sorted(members, key=_stands_for_its_slot)}
    steps = []
    for before, slot in pair(former, list(moments)):
        session = by_slot.get(before or slot)
        if session is None or (before is None and not _stands_for_its_slot(session)):
            # A former date without a session was deleted by hand.
            if before is None and slot is not None and moments[slot] > now:
                steps.append(Step(Deed.created, None, slot, moments[slot]))
        elif slot is None:
            steps.append(_step_out(work, session, now))
        else:
            steps.append(_step_along(work, session, slot, moments[slot], facts, now))
    return sorted(steps, key=lambda step: step.starts_at)


def _stands_for_its_slot(session: WebinarSession) -> bool:
    """All but those that the series itself has called off."""
    return session.is_exception or session.status is not SessionStatus.cancelled


def _goes_its_own_way(session: WebinarSession, now: datetime) -> bool:
    return session.is_exception or session.status is SessionStatus.cancelled or session.starts_at <= now


def _step_out(work: ReadWork, session: WebinarSession, now: datetime) -> Step:
    """For a session that the rule has no place for any more."""
    if _goes_its_own_way(session, now):
        return Step(Deed.kept, session, None, session.starts_at)
    if registrations_queries.has_any(work.db, session.id):
        return _cancelled(work, session, now)
    return Step(Deed.deleted, session, None, session.starts_at)


def _step_along(
    work: ReadWork,
    session: WebinarSession,
    slot: datetime,
    starts_at: datetime,
    facts: Mapping[str, Any],
    now: datetime,
) -> Step:
    """For a session that the rule gives this wall time."""
    if _goes_its_own_way(session, now):
        return Step(Deed.kept, session, slot, session.starts_at)
    changes = {name: facts[name] for name in _SHARED if facts[name] != getattr(session, name)}
    wall, present = WallTime(slot, facts["timezone"]), WallTime(session.starts_at_local, session.timezone)
    if wall != present and starts_at > now:
        changes["wall"] = present = wall
    if {"wall", "duration_minutes"}.isdisjoint(changes):
        return Step(Deed.changed if changes else Deed.kept, session, slot, session.starts_at, changes=changes)
    would = sessions.preview_move(work, session.id, present, facts["duration_minutes"], now)
    if session.registration_opens_at is not None and session.registration_opens_at >= would.starts_at:
        day = f"{session.starts_at_local:%B} {session.starts_at_local.day}"
        words = f"Registration for the session of {day} opens only after it would start. Change that session first."
        raise InvalidField(words, field="starts_at_local")
    return Step(Deed.moved, session, slot, would.starts_at, would.told, changes)


def _cancelled(work: ReadWork, session: WebinarSession, now: datetime) -> Step:
    told = sessions.preview_cancellation(work, session.id, now).told
    return Step(Deed.cancelled, session, None, session.starts_at, told)


def _ending(work: ReadWork, members: Sequence[WebinarSession], now: datetime) -> list[Step]:
    return [
        _cancelled(work, session, now)
        for session in members
        if session.status is not SessionStatus.cancelled and session.starts_at > now
    ]


def _take(work: Work, series: Series, webinar: Webinar, step: Step, actor: str, now: datetime) -> None:
    session = step.session
    if session is None:
        if step.slot is not None:
            _create(work, series, webinar, step.slot, actor, now)
        return
    match step.deed:
        case Deed.moved | Deed.changed:
            sessions.update_session(work, session.id, step.changes, version=None, by_series=True, actor=actor, now=now)
        case Deed.cancelled:
            sessions.cancel_session(work, session.id, version=None, by_series=True, actor=actor, now=now)
        case Deed.deleted:
            sessions.delete_session(work, session.id, actor=actor, now=now)
        case Deed.kept | Deed.created:
            pass
    if step.slot is not None:
        session.series_starts_at_local = step.slot


def _create(work: Work, series: Series, webinar: Webinar, slot: datetime, actor: str, now: datetime) -> None:
    sessions.create_session(
        work,
        webinar=webinar.slug,
        wall=WallTime(slot, series.timezone),
        series_id=series.id,
        actor=actor,
        now=now,
        **{name: getattr(series, name) for name in _SHARED},
    )
