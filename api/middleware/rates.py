"""How often one network may try what can be guessed."""

from __future__ import annotations

import time
from math import ceil

from limits import RateLimitItem, parse
from limits.storage import MemoryStorage
from limits.strategies import MovingWindowRateLimiter

from webinars.errors import TooManyRequests
from webinars.rules.registrations import address_block

SIGN_IN = parse("5/15minutes")
WRONG_LINK = parse("30/minute")


class Rates:
    """Counts tries in memory, per process: enough to stop guessing, and nothing about visitors is stored."""

    def __init__(self) -> None:
        self._limiter = MovingWindowRateLimiter(MemoryStorage())

    def check(self, item: RateLimitItem, *who: str) -> None:
        """Raises:
        TooManyRequests: if there were too many tries already.
        """
        if not self._limiter.test(item, *who):
            window = self._limiter.get_window_stats(item, *who)
            raise TooManyRequests(retry_after=max(1, ceil(window.reset_time - _wall_seconds())))

    def count(self, item: RateLimitItem, *who: str) -> None:
        """Note one try."""
        self._limiter.hit(item, *who)


def network(address: str | None) -> str:
    """The network a request comes from."""
    return address_block(address or "") or "unknown"


def _wall_seconds() -> float:
    return time.time()  # noqa: TID251 - the limiter's own clock, which is no business of the webinars'
