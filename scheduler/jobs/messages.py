"""What waits in the ledger and should not."""

from __future__ import annotations

from datetime import datetime
from functools import partial

from webinars.services import claims
from webinars.work import Process


def expire(process: Process, now: datetime) -> int:
    """Complete what has become useless, whether or not anything can be sent. Returns how much."""
    return process.until_done(partial(claims.expire, now=now))


def pull_in(process: Process, now: datetime) -> int:
    """Bring nearer what waits for a moment by a clock that was set back. Returns how much."""
    return process.until_done(partial(claims.pull_in, now=now))
