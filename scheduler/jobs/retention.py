"""What has been kept long enough goes."""

from __future__ import annotations

from datetime import datetime

from webinars.services import idempotency, rates, retention, subscriptions, suppressions
from webinars.work import Process


def run(process: Process, now: datetime) -> int:
    """Forget answered Idempotency-Keys after 24 hours, tries whose limits' windows are over, reports of mail servers
    after 30 days, and whoever did not confirm an alert, or ended it a month ago. Returns how many."""
    with process.work() as work:
        forgotten = idempotency.forget_old_keys(work, now) + rates.forget_old_counts(work, now)
        return forgotten + subscriptions.forget_old(work, now) + suppressions.forget_old_events(work, now)


def clear(process: Process, now: datetime) -> int:
    """Clear what was kept of people for as long as it may be. Returns how much."""
    return retention.clear_due(process, now)
