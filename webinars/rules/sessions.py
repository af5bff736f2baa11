"""When a session is: from wall time and zone to moments and back."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError, available_timezones

from webinars.errors import (
    CapacityTooSmall,
    InvalidField,
    SessionStarted,
    TimeDoesNotExist,
    TimeIsAmbiguous,
    UnknownTimezone,
)
from webinars.terms import SessionStatus, WallTime

SHORTEST_MINUTES, LONGEST_MINUTES = 5, 600


@lru_cache(maxsize=1024)
def zone(name: str) -> ZoneInfo:
    """The zone of an IANA name.

    Raises:
        UnknownTimezone: if there is none.
    """
    if name not in _zone_names():
        raise UnknownTimezone(field="timezone")
    try:
        return ZoneInfo(name)
    except ZoneInfoNotFoundError:
        raise UnknownTimezone(field="timezone") from None


def usable_zone(name: str, other: str) -> str:
    """The name of a zone to go by for somebody: theirs, or the `other`, where new zone data know theirs no more."""
    try:
        zone(name)
    except UnknownTimezone:
        return other
    return name


@lru_cache(maxsize=1)
def _zone_names() -> frozenset[str]:
    return frozenset(available_timezones())


def forget_zones() -> None:
    """Read the zones anew: their data may have been updated while the program ran."""
    zone.cache_clear()
    _zone_names.cache_clear()
    ZoneInfo.clear_cache()


def start_of(wall: WallTime) -> datetime:
    """The moment, in UTC, at which the clock on that wall shows that time.

    Raises:
        UnknownTimezone: if the zone has no such name.
        TimeDoesNotExist: if the clocks go forward over it.
        TimeIsAmbiguous: if the clocks go back over it, so that it happens twice.
        InvalidField: if the wall time carries a zone or seconds.
    """
    if wall.local.tzinfo is not None or wall.local.second or wall.local.microsecond:
        raise InvalidField("Give the wall time as whole minutes without an offset.", field="starts_at_local")
    there = zone(wall.timezone)
    first, second = (wall.local.replace(tzinfo=there, fold=fold).astimezone(UTC) for fold in (0, 1))
    if first.astimezone(there).replace(tzinfo=None) != wall.local:
        raise TimeDoesNotExist(local=wall.local.isoformat(), timezone=wall.timezone)
    if first != second:
        raise TimeIsAmbiguous(local=wall.local.isoformat(), timezone=wall.timezone)
    return first


def wall_time(moment: datetime, timezone: str) -> WallTime:
    """What the clock on a wall in `timezone` shows at `moment`."""
    return WallTime(moment.astimezone(zone(timezone)).replace(tzinfo=None), timezone)


def is_to_come(status: SessionStatus, starts_at: datetime, now: datetime) -> bool:
    """Whether it will take place, as far as is known, and has not begun."""
    return status is SessionStatus.scheduled and now < starts_at


def check_window(opens_at: datetime | None, closes_at: datetime | None, starts_at: datetime) -> None:
    """Raises:
    InvalidField: unless registration opens before it closes, and closes no later than the session starts.
    """
    if closes_at is not None and closes_at > starts_at:
        raise InvalidField("Registration cannot close after the session has started.", field="registration_closes_at")
    if opens_at is not None and opens_at >= (closes_at or starts_at):
        raise InvalidField("Registration must open before it closes.", field="registration_opens_at")


def is_live(starts_at: datetime, ends_at: datetime, opens_before: timedelta, now: datetime) -> bool:
    """Whether the room is open: from a while before the start to the end."""
    return starts_at - opens_before <= now < ends_at


def future_start(wall: WallTime, now: datetime) -> datetime:
    """The moment of a wall time that lies ahead.

    Raises:
        SessionStarted: if it has passed.
        TimeDoesNotExist, TimeIsAmbiguous, UnknownTimezone, InvalidField.
    """
    starts_at = start_of(wall)
    if starts_at <= now:
        raise SessionStarted("The start lies in the past. Choose a time to come.", field="starts_at_local")
    return starts_at


def check_minutes(minutes: int) -> None:
    """Raises:
    InvalidField: if a session cannot be that long.
    """
    if not SHORTEST_MINUTES <= minutes <= LONGEST_MINUTES:
        raise InvalidField(
            f"A session takes {SHORTEST_MINUTES} to {LONGEST_MINUTES} minutes.", field="duration_minutes"
        )


def check_capacity(capacity: int) -> None:
    """Raises:
    CapacityTooSmall: if there would be no seat.
    """
    if capacity < 1:
        raise CapacityTooSmall(field="capacity")
