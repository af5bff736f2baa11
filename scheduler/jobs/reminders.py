"""Reminders that have fallen due become messages."""

from __future__ import annotations

from datetime import datetime
from functools import partial

from webinars.services import reminders
from webinars.work import Process


def run(process: Process, now: datetime) -> int:
    """Take steps, each its own transaction, until no reminder is due. Returns how many were taken."""
    return process.until_done(partial(reminders.plan_due, now=now))


def reconcile(process: Process, now: datetime) -> int:
    """Heal what planning missed, or relied on in vain. Returns how many sessions lacked something."""
    with process.work() as work:
        missing = reminders.reconcile(work, now)
    process.until_done(partial(reminders.weigh_merged_again, now=now))
    return missing
