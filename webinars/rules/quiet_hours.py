"""When somebody's night is: reminders that can wait, or come sooner, stay out of it."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta

from webinars.rules.sessions import zone
from webinars.terms import QuietHours

_DAY = timedelta(days=1)


def is_quiet(moment: datetime, timezone: str, quiet: QuietHours) -> bool:
    """Whether the clock on a wall in `timezone` (IANA name) shows a quiet hour at `moment`.

    Quiet hours begin with their first minute and end before their last: at 08:00 of 21:00-08:00 they are over.
    """
    clock = moment.astimezone(zone(timezone)).time()
    if quiet.begins < quiet.ends:
        return quiet.begins <= clock < quiet.ends
    return clock >= quiet.begins or clock < quiet.ends


def evening_before(moment: datetime, timezone: str, quiet: QuietHours) -> datetime:
    """When the quiet time around `moment` began, in UTC; `moment` itself where there is none. Never after it."""
    if not is_quiet(moment, timezone, quiet):
        return moment
    there = moment.astimezone(zone(timezone))
    day = there.date() if there.time() >= quiet.begins else there.date() - _DAY
    return min(moment, _at(datetime.combine(day, quiet.begins), timezone))


def morning_after(moment: datetime, timezone: str, quiet: QuietHours) -> datetime:
    """When the quiet time around `moment` ends, in UTC; `moment` itself where there is none. Never before it."""
    if not is_quiet(moment, timezone, quiet):
        return moment
    there = moment.astimezone(zone(timezone))
    day = there.date() if there.time() < quiet.ends else there.date() + _DAY
    return max(moment, _at(datetime.combine(day, quiet.ends), timezone))


def longest_night(quiet: QuietHours) -> timedelta:
    """The most that a quiet time can take: clocks go back by two hours at most anywhere."""
    return (_since_midnight(quiet.ends) - _since_midnight(quiet.begins)) % _DAY + timedelta(hours=2)


def _since_midnight(clock: time) -> timedelta:
    return timedelta(hours=clock.hour, minutes=clock.minute)


def _at(local: datetime, timezone: str) -> datetime:
    """A wall time that does not exist counts by the clock before the change, one that exists twice is the first."""
    return local.replace(tzinfo=zone(timezone)).astimezone(UTC)
