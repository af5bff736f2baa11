"""What waits in the ledger and should not."""

from __future__ import annotations

from datetime import datetime

from webinars.services import claims
from webinars.work import Process


def expire(process: Process, now: datetime) -> int:
    """Complete what has become useless, whether or not anything can be sent. Returns how much."""
    expired = 0
    while True:
        with process.work() as work:
            count = claims.expire(work, now)
        if count == 0:
            return expired
        expired += count


def pull_in(process: Process, now: datetime) -> int:
    """Bring nearer what waits for a moment by a clock that was set back. Returns how much."""
    pulled_in = 0
    while True:
        with process.work() as work:
            count = claims.pull_in(work, now)
        if count == 0:
            return pulled_in
        pulled_in += count
