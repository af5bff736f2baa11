"""How much may leave by a way of sending now: its token bucket, and the breaker that leaves a broken way alone."""

from __future__ import annotations

import random
from dataclasses import dataclass
from datetime import datetime, timedelta

from webinars.rules.suppressions import status_in

FIRST_PAUSE = timedelta(seconds=30)
LONGEST_PAUSE = timedelta(minutes=2)
"""A way is tried so often at least, which harms no server: some reminders are of use for ten minutes."""
LONGEST_WISH = timedelta(minutes=5)
"""How long a server's own Retry-After is heeded at most, for the same reason."""
CLOCKS_DIFFER = timedelta(minutes=1)
"""What the clocks of two workers may differ by. What was noted further ahead was noted by a clock that was set back."""
_ITS_OWN_SUBJECTS = frozenset({"3", "4"})
"""The mail system and its network (RFC 3463 section 3). A mailbox (2) or a policy such as greylisting (7) is about the
recipient."""
_MAILBOX_BUSY = 450
"""The reply that is about a mailbox where no status says more (RFC 5321 section 4.2.3)."""
_ALMOST = 1e-6
"""Of a token: sums of fractions may miss a whole one by less."""


@dataclass(frozen=True, slots=True)
class Condition:
    """What is known of a way of sending."""

    tokens: float
    refilled_at: datetime
    paused_until: datetime | None
    failures: int
    """How often it was found broken since a message last left."""
    failed_at: datetime | None = None
    """When it was last found broken."""

    def is_open(self, now: datetime) -> bool:
        """Whether the breaker is open: nothing is tried. A pause that has yet to begin is none: the clock was set back,
        and would have to go all that way again."""
        if self.paused_until is None or now >= self.paused_until:
            return False
        return self.failed_at is None or not was_set_back(self.failed_at, now)

    def is_on_trial(self, now: datetime) -> bool:
        """Whether one message may try if it works again."""
        return self.failures > 0 and not self.is_open(now)


def was_set_back(noted_at: datetime, now: datetime) -> bool:
    """Whether a clock must have been set back since it said `noted_at`."""
    return noted_at - now > CLOCKS_DIFFER


def burst(rate: float) -> float:
    """How many may leave at once after a rest."""
    return max(rate, 1.0)


def tokens_at(condition: Condition, now: datetime, rate: float) -> float:
    """What the bucket holds at `now`; `rate` is in messages per second. After a clock was set back it is full: how long
    ago it was refilled nobody knows."""
    if was_set_back(condition.refilled_at, now):
        return burst(rate)
    passed = max((now - condition.refilled_at).total_seconds(), 0.0)  # another worker's clock may be a little ahead
    return min(burst(rate), condition.tokens + passed * rate)


def refilled_at(condition: Condition, now: datetime) -> datetime:
    """Up to when a bucket is refilled once something was taken at `now`: never twice for the same time, though clocks
    differ a little."""
    return now if was_set_back(condition.refilled_at, now) else max(condition.refilled_at, now)


def most_now(condition: Condition | None, now: datetime, rate: float, batch: int) -> int:
    """How many messages of a batch may be taken.

    Args:
        condition: None where nothing ever went wrong and nothing was counted.
        rate: messages per second, 0 for as many as there are.
    """
    if condition is not None and condition.is_open(now):
        return 0
    most = batch
    if rate:
        most = min(batch, int((tokens_at(condition, now, rate) if condition else burst(rate)) + _ALMOST))
    return min(most, 1) if condition is not None and condition.is_on_trial(now) else most


def pause_after(failures: int, wish: timedelta | None, spread: random.Random) -> timedelta:
    """How long to leave a way alone that was found broken `failures` times in a row.

    It doubles from half a minute to two minutes, less up to a fifth, so that not all come back at once. What the server
    itself asked for (`wish`) is granted, within reason.
    """
    doubled = FIRST_PAUSE * (1 << min(failures - 1, 10))
    pause = min(doubled, LONGEST_PAUSE) * spread.uniform(0.8, 1.0)
    return max(pause, min(wish, LONGEST_WISH)) if wish is not None else pause


def is_about_server(words: str, code: int | None) -> bool:
    """Whether a server that postpones a mail speaks of itself, not of the recipient.

    Args:
        words: of its reply, which may hold an enhanced status.
        code: its reply code or HTTP status.
    """
    status = status_in(words)
    if status is None:
        return code != _MAILBOX_BUSY
    return status.split(".")[1] in _ITS_OWN_SUBJECTS
