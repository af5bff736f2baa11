"""The only place that reads the time."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Protocol

FORWARD_JUMP = timedelta(seconds=60)
"""What a clock must go ahead of time by to have been set: less is mended by the machine's own time service."""


class Clock(Protocol):
    """Says what time it is, as an aware moment in UTC."""

    def now(self) -> datetime: ...

    def steady(self) -> float:
        """A count of seconds that nobody sets. It stands still while a machine sleeps."""


class SystemClock:
    """The machine's clock."""

    def now(self) -> datetime:
        return datetime.now(UTC)  # noqa: TID251 - the one place

    def steady(self) -> float:
        return time.monotonic()


class ShiftedClock:
    """Starts at a given moment and runs on from there, for tests that drive a whole process."""

    def __init__(self, starts_at: datetime) -> None:
        self._starts_at = starts_at.astimezone(UTC)
        self._started = time.monotonic()

    def now(self) -> datetime:
        return self._starts_at + timedelta(seconds=self.steady() - self._started)

    def steady(self) -> float:
        return time.monotonic()


class Present:
    """The present moment for whoever was given it once and then works for a while: it goes on, and does not jump."""

    def __init__(self, clock: Clock, now: datetime) -> None:
        self._clock = clock
        self._began_at, self._began = now, clock.steady()

    def now(self) -> datetime:
        return self._began_at + timedelta(seconds=self._clock.steady() - self._began)


class JumpWatch:
    """Sees that a clock was set: between two looks it went on by something else than time did. Waking is a jump, too,
    after a sleep of the machine.

    Args:
        steady: seconds that nobody sets.
    """

    def __init__(self, steady: Callable[[], float] = time.monotonic) -> None:
        self._steady = steady
        self._last: tuple[datetime, float] | None = None

    def jumped(self, now: datetime) -> timedelta:
        """By how much the clock went ahead of time since the last look; negative: fell behind."""
        ahead = self.ahead(now)
        self._last = (now, self._steady())
        return ahead

    def ahead(self, now: datetime) -> timedelta:
        """The same, said in passing: it does not count as a look."""
        if self._last is None:
            return timedelta()
        seen_at, seen = self._last
        return (now - seen_at) - timedelta(seconds=self._steady() - seen)


class SetClock:
    """Stands still until it is set, and so do its seconds: for tests, and for the demo's past."""

    def __init__(self, now: datetime) -> None:
        self.set(now)
        self._began_at = self._now

    def now(self) -> datetime:
        return self._now

    def steady(self) -> float:
        return (self._now - self._began_at).total_seconds()

    def set(self, now: datetime) -> None:
        self._now = now.astimezone(UTC)

    def advance(self, by: timedelta) -> None:
        self._now += by
