"""How often somebody may do something lately, and how long to wait after that."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from math import ceil
from threading import Lock
from typing import NamedTuple

LONGEST = timedelta(hours=1)
"""No window is longer: after it a count says nothing any more."""
_MOST_TURNED_AWAY = 20_000


@dataclass(frozen=True, slots=True)
class Window:
    """So many tries within a time that begins with the first of them."""

    most: int
    """0: as many as one likes."""
    within: timedelta


@dataclass(frozen=True, slots=True)
class Limit:
    """A short window against bursts and a long one against patience. What the short one refuses, the long one does not
    count: whoever pressed a button too often in one minute has not used up the hour."""

    name: str
    short: Window
    long: Window

    @property
    def is_on(self) -> bool:
        return bool(self.short.most or self.long.most)


class Count(NamedTuple):
    """Of one bucket, once some tries have been added."""

    short_since: datetime
    short_count: int
    long_since: datetime
    long_count: int


def passed(window: Window, before: int, tries: int) -> int:
    """How many of some tries, the first ones, a window lets through that held `before`."""
    return tries if window.most == 0 else min(tries, max(0, window.most - before))


def let_through(limit: Limit, count: Count, tries: int) -> int:
    """How many of the tries that were added last, the first ones of them, were within the limit."""
    burst = passed(limit.short, count.short_count - tries, tries)
    return passed(limit.long, count.long_count - burst, burst)


def free_again_at(limit: Limit, count: Count) -> datetime:
    """When whoever was refused may try again: at the end of the last window that is full."""
    windows = ((limit.short, count.short_since, count.short_count), (limit.long, count.long_since, count.long_count))
    return max(since + window.within for window, since, held in windows if window.most and held >= window.most)


def seconds_until(moment: datetime, now: datetime) -> int:
    """What Retry-After says: whole seconds, at least one."""
    return max(1, ceil((moment - now).total_seconds()))


class TurnedAway:
    """Who was refused and until when, so that a flood of further tries costs nothing. Safe to share between threads.

    It holds so many and no more: when it is full, the oldest is forgotten, who is then counted again like anybody.
    """

    def __init__(self, most: int = _MOST_TURNED_AWAY) -> None:
        self._most = most
        self._until: dict[bytes, datetime] = {}
        self._lock = Lock()

    def __len__(self) -> int:
        return len(self._until)

    def note(self, bucket: bytes, until: datetime) -> None:
        with self._lock:
            self._until.pop(bucket, None)
            while len(self._until) >= self._most:
                del self._until[next(iter(self._until))]
            self._until[bucket] = until

    def until(self, bucket: bytes, now: datetime) -> datetime | None:
        """Until when this bucket is refused; None if it is not."""
        until = self._until.get(bucket)
        if until is None or now < until:
            return until
        with self._lock:
            if self._until.get(bucket) == until:
                del self._until[bucket]
        return None
