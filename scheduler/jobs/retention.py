"""What has been kept long enough goes."""

from __future__ import annotations

from datetime import datetime

from webinars.services import idempotency, rates
from webinars.work import Process


def run(process: Process, now: datetime) -> int:
    """Forget answered Idempotency-Keys after 24 hours, and tries whose limits' windows are over. Returns how many."""
    with process.work() as work:
        return idempotency.forget_old_keys(work, now) + rates.forget_old_counts(work, now)
