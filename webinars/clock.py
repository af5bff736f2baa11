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


class SystemClock:
    """The machine's clock."""

    def now(self) -> datetime:
        return datetime.now(UTC)  # noqa: TID251 - the one place


class ShiftedClock:
    """Starts at a given moment and runs on from there, for tests that drive a whole process."""

    def __init__(self, starts_at: datetime) -> None:
        self._starts_at = starts_at.astimezone(UTC)
        self._started = time.monotonic()

    def now(self) -> datetime:
        return self._starts_at + timedelta(seconds=time.monotonic() - self._started)


class JumpWatch:
    """Sees that a clock was set: between two looks it went on by something else than time did.

    Args:
        steady: seconds that nobody sets. They stand still while a machine sleeps, and waking then is a jump.
    """

    def __init__(self, steady: Callable[[], float] = time.monotonic) -> None:
        self._steady = steady
        self._last: tuple[datetime, float] | None = None

    def jumped(self, now: datetime) -> timedelta:
        """By how much the clock went ahead of time since the last look; negative: fell behind."""
        last, self._last = self._last, (now, self._steady())
        if last is None:
            return timedelta()
        return (now - last[0]) - timedelta(seconds=self._last[1] - last[1])


class SetClock:
    """Stands still until it is set: for tests, and for the demo's past."""

    def __init__(self, now: datetime) -> None:
        self.set(now)

    def now(self) -> datetime:
        return self._now

    def set(self, now: datetime) -> None:
        self._now = now.astimezone(UTC)

    def advance(self, by: timedelta) -> None:
        self._now += by
