"""What a process counts while it sends. A scheduler writes it down with its heartbeat, for others to show."""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter
from datetime import datetime
from threading import Lock
from typing import Any

DELAYS_S = (0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 300.0, 900.0, 3600.0)
"""Upper bounds of the classes of delay, in seconds; a last class has none."""
COUNTED = ("sent", "failed", "missed", "late", "doubles", "unplanned")
"""`late`: somebody else had taken the message when it was done. `doubles`: planned twice, and kept once. `unplanned`: a
reminder whose messages could not be made, each time."""

_NOTED = ("missed_at", "unplanned_at", "ticked_at", "mailed_at", "refused_at")


class Tally:
    """Grows from the start of the process. Safe to use from several threads."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._counts: Counter[str] = Counter()
        self._delays = [0] * (len(DELAYS_S) + 1)
        self._delay_sum = 0.0
        self._at: dict[str, str | None] = dict.fromkeys(_NOTED)

    def count(self, name: str, how_many: int = 1) -> None:
        """Raises:
        ValueError: if nothing by that name is counted.
        """
        if name not in COUNTED:
            raise ValueError(name)
        if how_many:
            with self._lock:
                self._counts[name] += how_many

    def count_sent(self, delay_s: float) -> None:
        """A message left, so long after it was due."""
        delay = max(delay_s, 0.0)
        with self._lock:
            self._counts["sent"] += 1
            self._delays[bisect_left(DELAYS_S, delay)] += 1
            self._delay_sum += delay

    def note_mailed(self, now: datetime) -> None:
        """A mail left."""
        with self._lock:
            self._at["mailed_at"] = now.isoformat()

    def note_refused(self, now: datetime) -> None:
        """A mail has failed, and not because of whom it was to: it was refused for the way we send, or not made."""
        with self._lock:
            self._at["refused_at"] = now.isoformat()

    def count_missed(self, now: datetime, how_many: int = 1) -> None:
        """Messages have become useless, made or not: one for each person who was to get it."""
        if how_many:
            with self._lock:
                self._counts["missed"] += how_many
                self._at["missed_at"] = now.isoformat()

    def count_unplanned(self, now: datetime) -> None:
        """The messages of a reminder could not be made; it is tried again."""
        with self._lock:
            self._counts["unplanned"] += 1
            self._at["unplanned_at"] = now.isoformat()

    def note_tick(self, now: datetime) -> None:
        """All jobs of the tick of `now` have ended well."""
        with self._lock:
            self._at["ticked_at"] = now.isoformat()

    def figures(self) -> dict[str, Any]:
        """All of it, as JSON takes it."""
        with self._lock:
            return {
                **{name: self._counts[name] for name in COUNTED},
                "delays": list(self._delays),
                "delay_sum": round(self._delay_sum, 3),
                **self._at,
            }
