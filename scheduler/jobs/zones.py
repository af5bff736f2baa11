"""Time zones whose rules have changed move sessions: the wall time stays, the moment does not."""

from __future__ import annotations

from datetime import datetime

from webinars.services import rescheduling
from webinars.work import Process


def retime(process: Process, now: datetime) -> int:
    """Work out anew when sessions start. Returns how many moved."""
    return rescheduling.retime_sessions(process, now).moved
