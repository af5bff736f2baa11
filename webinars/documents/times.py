"""Says a moment the way a clock on somebody's wall shows it, in words people use there."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

from babel import Locale, UnknownLocaleError
from babel.dates import format_date, format_skeleton, format_time, get_timezone_name

from webinars.terms import utc

_WINTER, _SUMMER = datetime(2030, 1, 1), datetime(2030, 7, 1)  # noqa: DTZ001 - wall times of whatever zone
_NO_PLACE = "Unknown Region"  # what CLDR calls the place of UTC


@dataclass(frozen=True, slots=True)
class ShownTime:
    """One moment in one zone, as text."""

    full: str
    """`Thursday, March 18, 2027, 6:00 PM Mountain Time (America/Denver)`."""
    short: str
    """`Thu, Mar 18, 6:00 PM`."""
    date: str
    """`Thursday, March 18, 2027`."""
    clock: str
    """`6:00 PM`."""
    zone: str
    """`Mountain Time (America/Denver)`."""


@lru_cache(maxsize=4096)  # a session's registrants share a few zones; Babel takes 0.1 ms for each
def shown_time(moment: datetime, timezone: str, locale: str) -> ShownTime:
    """`moment` on a wall clock in `timezone` (IANA name), in English, ordered as the region of `locale` orders it.

    Raises:
        ZoneInfoNotFoundError: if there is no such zone.
        ValueError: if `moment` carries none.
    """
    zone = ZoneInfo(timezone)
    english = _english(locale)
    local = utc(moment).astimezone(zone)
    date = _plain_spaces(format_date(local, "full", locale=english))
    clock = _plain_spaces(format_time(local, "short", locale=english, tzinfo=zone))
    day = _plain_spaces(format_skeleton("MMMEd", local, tzinfo=zone, locale=english))
    named = _plain_spaces(zone_name(timezone, english))
    return ShownTime(full=f"{date}, {clock} {named}", short=f"{day}, {clock}", date=date, clock=clock, zone=named)


def zone_name(timezone: str, locale: Locale) -> str:
    """`Mountain Time (America/Denver)`: what people say, and what leaves no doubt.

    Where the clocks never change it is `Mountain Standard Time (America/Phoenix)`, as browsers say too: in summer that
    is an hour away from Mountain Time.
    """
    zone = ZoneInfo(timezone)
    name = get_timezone_name(zone, width="long", zone_variant="generic", locale=locale)
    if name.startswith(_NO_PLACE) or not _changes_clocks(zone):
        name = get_timezone_name(zone, width="long", zone_variant="standard", locale=locale)
    return f"({timezone})" if name.startswith(_NO_PLACE) else f"{name} ({timezone})"


def time_left(lead: timedelta, starts_at: datetime, timezone: str) -> str:
    """How far off the start is, as one says it: `in 10 minutes`, `in 1 hour`, `tomorrow`, `in 7 days`, or `now`.

    `lead` is measured when the mail is made, so a mail that comes late says what is true then. `tomorrow` is a matter
    of the calendar in the registrant's `timezone`, not of hours.
    """
    minutes = round(lead / timedelta(minutes=1))
    if minutes <= 2:
        return "now"
    if minutes < 53:
        return f"in {minutes if minutes < 8 else 5 * round(minutes / 5)} minutes"
    hours = round(minutes / 60)
    if hours <= 12:
        return "in 1 hour" if hours == 1 else f"in {hours} hours"
    zone = ZoneInfo(timezone)
    days = (starts_at.astimezone(zone).date() - (starts_at - lead).astimezone(zone).date()).days
    return {0: "today", 1: "tomorrow"}.get(days, f"in {days} days")


def _changes_clocks(zone: ZoneInfo) -> bool:
    """Whether winter and summer differ there, by the rules that hold now."""
    return zone.utcoffset(_WINTER) != zone.utcoffset(_SUMMER)


def _english(locale: str) -> Locale:
    """English of the region in `locale`: the texts are English, but the order of a date and the clock are regional."""
    for tag in locale.replace("_", "-").split("-")[1:]:
        if len(tag) == 2 and tag.isalpha():
            try:
                return Locale("en", tag.upper())
            except UnknownLocaleError:
                break
    return Locale("en", "US")


def _plain_spaces(text: str) -> str:
    """CLDR puts a narrow no-break space before PM, which older mail programs show as a box."""
    return text.replace("\u202f", " ").replace("\u00a0", " ")
