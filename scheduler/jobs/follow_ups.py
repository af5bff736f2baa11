"""Sessions that ended long enough ago settle."""

from __future__ import annotations

from datetime import datetime

from webinars.services import follow_ups
from webinars.work import Process


def run(process: Process, now: datetime) -> int:
    """Settle one session after the other, each in its own transaction. Returns how many."""
    return process.until_done(lambda work: follow_ups.settle_due(work, now) is not None)
