"""Who waits for new sessions on a topic hears of them."""

from __future__ import annotations

from datetime import datetime
from functools import partial

from webinars.services import alerts
from webinars.work import Process


def run(process: Process, now: datetime) -> int:
    """Plan an alert for everybody for whom there is news. Returns how many."""
    return alerts.plan(process, now)


def ask_consenting(process: Process, now: datetime) -> int:
    """Ask those who agreed to alerts when they registered whether it was them. Returns how many."""
    return process.until_done(partial(alerts.ask_consenting, now=now))
