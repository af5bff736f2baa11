"""The scheduler, for tests that need one of its rounds and no more."""

from __future__ import annotations

from datetime import datetime

from scheduler.loop import Scheduler
from webinars.work import Process


def tick(process: Process, now: datetime) -> int:
    """Do all that is due, and let go of what a scheduler keeps open. Returns how much it did."""
    scheduler = Scheduler(process)
    try:
        return scheduler.tick(now)
    finally:
        scheduler.stop()
