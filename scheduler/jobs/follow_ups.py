"""Sessions that ended long enough ago settle."""

from __future__ import annotations

from datetime import datetime

from webinars.services import follow_ups
from webinars.work import Process


def run(process: Process, now: datetime) -> int:
    """Settle one session after the other, each in its own transaction. Returns how many."""
    settled = 0
    while True:
        with process.work() as work:
            if follow_ups.settle_due(work, now) is None:
                return settled
        settled += 1
