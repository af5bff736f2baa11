"""Reminders that have fallen due become messages."""

from __future__ import annotations

from datetime import datetime

from webinars.services import reminders
from webinars.work import Process


def run(process: Process, now: datetime) -> int:
    """Take steps, each its own transaction, until no reminder is due. Returns how many were taken."""
    steps = 0
    while True:
        with process.work() as work:
            if not reminders.plan_due(work, now):
                return steps
        steps += 1


def reconcile(process: Process, now: datetime) -> int:
    """Heal what planning missed, or relied on in vain. Returns how many sessions lacked something."""
    with process.work() as work:
        missing = reminders.reconcile(work, now)
    while True:
        with process.work() as work:
            if not reminders.weigh_merged_again(work, now):
                return missing
