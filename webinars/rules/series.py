"""What a recurrence rule comes to: times on a wall, each at its own moment; and which is which after a change."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from enum import StrEnum
from itertools import islice, zip_longest
from typing import NamedTuple

from dateutil.rrule import rrule, rrulestr

from webinars.errors import InvalidField, TimeDoesNotExist, TimeIsAmbiguous
from webinars.rules.sessions import start_of, wall_time
from webinars.terms import WallTime

MOST_SESSIONS = 200
LONGEST = timedelta(days=731)
"""From the first session to the last: two years, one of them a leap year."""
LONGEST_RULE = 500
_FIRST_YEAR, _LAST_YEAR = 2000, 2199
_NO_END = datetime(9999, 12, 31)  # noqa: DTZ001 - wall time has no zone
_FAR = 7600
"""Years by which a rule is worked out later than it is meant. The calendar repeats every 400 years, weekdays included,
so the dates are the same; but the library goes on looking until the year 9999, and this way it is there soon: a rule
that never comes true takes a fraction of a second instead of many."""

_DAYS = ("MO", "TU", "WE", "TH", "FR", "SA", "SU")
_DAY = f"(?:{'|'.join(_DAYS)})"
_NTH = r"[+-]?0{0,2}[1-9]\d{0,2}"
_CLOCK = r"\d{1,2}"
_PARTS = {
    "FREQ": "DAILY|WEEKLY|MONTHLY|YEARLY",
    "INTERVAL": r"[1-9]\d{0,3}",
    "COUNT": r"[1-9]\d{0,8}",
    "UNTIL": r"\d{8}(?:T\d{6}Z?)?",
    "WKST": _DAY,
    "BYDAY": rf"(?:{_NTH})?{_DAY}(?:,(?:{_NTH})?{_DAY})*",
    **dict.fromkeys(("BYMONTH", "BYMONTHDAY", "BYYEARDAY", "BYWEEKNO", "BYSETPOS"), rf"{_NTH}(?:,{_NTH})*"),
    **dict.fromkeys(("BYHOUR", "BYMINUTE", "BYSECOND"), rf"{_CLOCK}(?:,{_CLOCK})*"),
}
"""The parts of a rule (RFC 5545 section 3.3.10) and what each may say."""
_GARBLED = "This is no recurrence rule. Write one such as FREQ=WEEKLY;COUNT=8."
_TOO_FINE = "Sessions can follow each other daily, weekly, monthly or yearly, not more often."
_NOT_ALONE = "Give the rule alone: its start is the first session, and dates cannot be added to it or taken from it."
_ENDLESS = "Say when it ends: add COUNT, such as COUNT=8, or UNTIL, such as UNTIL=20261231."
_TWO_ENDS = "Give COUNT or UNTIL, not both."
_NO_NTH = "A number before a weekday, as in 2TU, needs FREQ=MONTHLY or FREQ=YEARLY."
_OVER = "It ends before the first session."
_NEVER = "No date fits this rule."
_TOO_MANY = f"A series has at most {MOST_SESSIONS} sessions. Choose an earlier end."
_TOO_LONG = "A series lasts at most two years. Choose an earlier end."


class Occurrence(NamedTuple):
    """One time that a rule gives."""

    local: datetime
    """Naive wall time."""
    starts_at: datetime
    """The moment at which the clock on that wall shows it."""


class Pattern(StrEnum):
    """The rules that nobody has to write: what hosts mostly want."""

    weekly = "weekly"
    fortnightly = "fortnightly"
    monthly = "monthly"
    """On the same weekday of the month: the second Tuesday, or the last one."""


def expand(text: str, start: WallTime) -> list[Occurrence]:
    """The sessions of a series, the first of them at `start`. The wall time stays when the clocks change.

    Raises:
        InvalidField: if `text` is no rule, has no end, gives too much, or does not give `start` itself.
        TimeDoesNotExist, TimeIsAmbiguous: naming the date on which the clocks skip or repeat the time of day.
        UnknownTimezone.
    """
    if not _FIRST_YEAR <= start.local.year <= _LAST_YEAR:
        raise InvalidField(f"The year must lie between {_FIRST_YEAR} and {_LAST_YEAR}.", field="starts_at_local")
    _moment(start)  # the faults of the start come before those of the rule
    return [Occurrence(local, _moment(WallTime(local, start.timezone))) for local in walls(text, start)]


def walls(text: str, start: WallTime) -> list[datetime]:
    """The wall times of a rule, whether they exist in the zone or not; `start` is one that `expand` takes.

    Raises:
        InvalidField: as for `expand`.
    """
    parts = _parts(text)
    count = int(parts.pop("COUNT", MOST_SESSIONS + 1))
    last = _last(parts.pop("UNTIL", ""), start.timezone)
    if last < start.local:
        raise _refusal(_OVER)
    found: list[datetime] = []
    for far in islice(_rule(parts, start.local), count):
        local = far.replace(year=far.year - _FAR)
        if local > last:
            break
        if not found and local != start.local:
            raise _refusal(
                f"The first session, on {_words(start.local)}, does not follow the rule, whose first date is "
                f"{_words(local)}. Change one of them, so that they agree."
            )
        if local - start.local > LONGEST:
            raise _refusal(_TOO_LONG)
        if len(found) == MOST_SESSIONS:
            raise _refusal(_TOO_MANY)
        found.append(local)
    if not found:
        raise _refusal(_NEVER)
    return found


def clean_rule(text: str) -> str:
    """A rule as it is kept: in capitals, without `RRULE:`.

    Raises:
        InvalidField: if it is none.
    """
    return ";".join(f"{name}={value}" for name, value in _parts(text).items())


def pair(former: Sequence[datetime], wanted: Sequence[datetime]) -> list[tuple[datetime | None, datetime | None]]:
    """Which wall time of a changed rule stands for which of the former one; None where there is no partner.

    Where the rules share wall times, those are each other's: the series grew, shrank or skips dates. Where they share
    none but some days, sessions of one day are each other's: the series goes to another time of day. Where they share
    not even days, the first is the first, the second the second and so on: the series goes to other days.
    """
    for likeness in (_exactly, datetime.date):
        if not {likeness(local) for local in former}.isdisjoint(map(likeness, wanted)):
            return _pair_by(likeness, former, wanted)
    return list(zip_longest(former, wanted))


def compose(pattern: Pattern, first: date, *, count: int | None = None, until: date | None = None) -> str:
    """The rule of a pattern, from a first day on; it ends after `count` sessions, or with the day `until`."""
    end = f"COUNT={count}" if until is None else f"UNTIL={until:%Y%m%d}"
    match pattern:
        case Pattern.weekly:
            return f"FREQ=WEEKLY;{end}"
        case Pattern.fortnightly:
            return f"FREQ=WEEKLY;INTERVAL=2;{end}"
        case Pattern.monthly:
            nth = (first.day - 1) // 7 + 1
            # Not every month has a fifth one: who begins there means the last.
            return f"FREQ=MONTHLY;{end};BYDAY={nth if nth < 5 else -1}{_DAYS[first.weekday()]}"


@dataclass(frozen=True, slots=True)
class Pieces:
    """What a rule of a pattern is made of."""

    pattern: Pattern
    count: int | None
    until: date | None


def read_pattern(text: str, first: date) -> Pieces | None:
    """The pieces of a rule that `compose` could have made for that first day; None for any other rule."""
    parts = _parts(text)
    count = int(parts["COUNT"]) if "COUNT" in parts else None
    until = None if count else datetime.strptime(parts["UNTIL"][:8], "%Y%m%d").date()  # noqa: DTZ007 - a day
    for pattern in Pattern:
        if _parts(compose(pattern, first, count=count, until=until)) == parts:
            return Pieces(pattern, count, until)
    return None


def _parts(text: str) -> dict[str, str]:
    text = text.strip().upper().removeprefix("RRULE:")
    if len(text) > LONGEST_RULE:
        raise _refusal(_GARBLED)
    if re.search(r"DTSTART|DTEND|EXDATE|EXRULE|RDATE|RRULE|\n", text):
        raise _refusal(_NOT_ALONE)
    if re.search(r"FREQ=(?:HOURLY|MINUTELY|SECONDLY)\b", text):
        raise _refusal(_TOO_FINE)
    pairs = [part.partition("=") for part in text.removesuffix(";").split(";")]
    parts = {name: value for name, _, value in pairs}
    fits = all(name in _PARTS and re.fullmatch(_PARTS[name], value, re.ASCII) for name, value in parts.items())
    if not fits or len(parts) < len(pairs) or "FREQ" not in parts:
        raise _refusal(_GARBLED)
    if "COUNT" not in parts and "UNTIL" not in parts:
        raise _refusal(_ENDLESS)
    if "COUNT" in parts and "UNTIL" in parts:
        raise _refusal(_TWO_ENDS)
    if parts["FREQ"] in {"DAILY", "WEEKLY"} and re.search(r"\d", parts.get("BYDAY", "")):
        raise _refusal(_NO_NTH)
    return parts


def _rule(parts: dict[str, str], start: datetime) -> rrule:
    text = ";".join(f"{name}={value}" for name, value in parts.items())
    try:
        rule = rrulestr(text, dtstart=start.replace(year=start.year + _FAR))
    except ValueError:
        raise _refusal(_GARBLED) from None
    assert isinstance(rule, rrule)  # noqa: S101 - a set comes of a rule with DTSTART or EXDATE alone
    return rule


def _last(until: str, timezone: str) -> datetime:
    """The last wall time that an UNTIL lets through: a day with all its hours, a moment in UTC as the wall shows it."""
    if not until:
        return _NO_END
    try:
        end = datetime.fromisoformat(until)
        if end.tzinfo is not None:
            return wall_time(end, timezone).local
    except (ValueError, OverflowError):
        raise _refusal(_GARBLED) from None
    return end if "T" in until else datetime.combine(end, time.max)


def _moment(wall: WallTime) -> datetime:
    try:
        return start_of(wall)
    except (TimeDoesNotExist, TimeIsAmbiguous) as refusal:
        skipped = isinstance(refusal, TimeDoesNotExist)
        happens = "forward over it: it does not exist" if skipped else "back over it: it comes twice"
        words = (
            f"On {_words(wall.local)} the clocks in {wall.timezone} go {happens}. "
            "Choose another time of day, or a rule that leaves that date out."
        )
        raise type(refusal)(words, **refusal.facts) from None


def _pair_by(
    likeness: Callable[[datetime], date], former: Sequence[datetime], wanted: Sequence[datetime]
) -> list[tuple[datetime | None, datetime | None]]:
    """In the order of what is alike; within one day in the order of the clock."""
    alike: dict[date, tuple[list[datetime], list[datetime]]] = defaultdict(lambda: ([], []))
    for side, locals_ in enumerate((former, wanted)):
        for local in locals_:
            alike[likeness(local)][side].append(local)
    return [both for key in sorted(alike) for both in zip_longest(*alike[key])]


def _exactly(local: datetime) -> date:
    return local


def _words(local: datetime) -> str:
    return f"{local:%A, %B} {local.day}, {local.year} at {local:%H:%M}"


def _refusal(words: str) -> InvalidField:
    return InvalidField(words, field="rrule")
