"""What has been kept long enough goes."""

from __future__ import annotations

from datetime import datetime

from webinars.services import idempotency
from webinars.work import Process


def run(process: Process, now: datetime) -> int:
    """Forget answered Idempotency-Keys after 24 hours. Returns how many."""
    with process.work() as work:
        return idempotency.forget_old_keys(work, now)
