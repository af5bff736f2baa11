"""Says a moment the way a clock on somebody's wall shows it, in the words of their language."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Literal
from zoneinfo import ZoneInfo

from babel import Locale
from babel.dates import format_date, format_skeleton, format_time, get_timezone_name

from webinars.terms import utc
from webinars.translations import locale_of, words_of

_WINTER, _SUMMER = datetime(2030, 1, 1), datetime(2030, 7, 1)  # noqa: DTZ001 - wall times of whatever zone
_NO_PLACE = "ZZ"  # the place of UTC, which CLDR has a name for all the same


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


@dataclass(frozen=True, slots=True)
class TimeLeft:
    """How far off a start is."""

    unit: Literal["now", "minutes", "hours", "today", "tomorrow", "days"]
    words: str
    """`now`, `in 10 minutes`, `tomorrow`, `in 7 days`, in the reader's language."""


@lru_cache(maxsize=4096)  # a session's registrants share a few zones; Babel takes 0.1 ms for each
def shown_time(moment: datetime, timezone: str, locale: str) -> ShownTime:
    """`moment` on a wall clock in `timezone` (IANA name), in the language of `locale` and as its region orders it.

    Raises:
        ZoneInfoNotFoundError: if there is no such zone.
        ValueError: if `moment` carries none.
    """
    zone = ZoneInfo(timezone)
    style = locale_of(locale)
    local = utc(moment).astimezone(zone)
    date = _plain_spaces(format_date(local, "full", locale=style))
    clock = _plain_spaces(format_time(local, "short", locale=style, tzinfo=zone))
    day = _plain_spaces(format_skeleton("MMMEd", local, tzinfo=zone, locale=style))
    named = _plain_spaces(zone_name(timezone, style))
    return ShownTime(full=f"{date}, {clock} {named}", short=f"{day}, {clock}", date=date, clock=clock, zone=named)


def zone_name(timezone: str, locale: Locale) -> str:
    """`Mountain Time (America/Denver)`: what people say, and what leaves no doubt.

    Where the clocks never change it is `Mountain Standard Time (America/Phoenix)`, as browsers say too: in summer that
    is an hour away from Mountain Time.
    """
    zone = ZoneInfo(timezone)
    no_place = locale.territories[_NO_PLACE]
    name = get_timezone_name(zone, width="long", zone_variant="generic", locale=locale)
    if no_place in name or not _changes_clocks(zone):
        name = get_timezone_name(zone, width="long", zone_variant="standard", locale=locale)
    return f"({timezone})" if no_place in name else f"{name} ({timezone})"


def time_left(lead: timedelta, starts_at: datetime, timezone: str, language: str) -> TimeLeft:
    """How far off the start is, as one says it: `in 10 minutes`, `in 1 hour`, `tomorrow`, `in 7 days`, or `now`.

    `lead` is measured when the mail is made, so a mail that comes late says what is true then. `tomorrow` is a matter
    of the calendar in the registrant's `timezone`, not of hours.
    """
    words = words_of(language)
    minutes, hours = round(lead / timedelta(minutes=1)), round(lead / timedelta(hours=1))
    if minutes <= 2:
        return TimeLeft("now", words.gettext("now"))
    if minutes < 53:
        count = minutes if minutes < 8 else 5 * round(minutes / 5)
        return TimeLeft("minutes", words.ngettext("in %(num)s minute", "in %(num)s minutes", count) % {"num": count})
    if hours <= 12:
        return TimeLeft("hours", words.ngettext("in %(num)s hour", "in %(num)s hours", hours) % {"num": hours})
    zone = ZoneInfo(timezone)
    days = (starts_at.astimezone(zone).date() - (starts_at - lead).astimezone(zone).date()).days
    if days == 0:
        return TimeLeft("today", words.gettext("today"))
    if days == 1:
        return TimeLeft("tomorrow", words.gettext("tomorrow"))
    return TimeLeft("days", words.ngettext("in %(num)s day", "in %(num)s days", days) % {"num": days})


def _changes_clocks(zone: ZoneInfo) -> bool:
    """Whether winter and summer differ there, by the rules that hold now."""
    return zone.utcoffset(_WINTER) != zone.utcoffset(_SUMMER)


def _plain_spaces(text: str) -> str:
    """CLDR puts a narrow no-break space before PM, which older mail programs show as a box."""
    return text.replace("\u202f", " ").replace("\u00a0", " ")
