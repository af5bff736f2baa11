"""Offers that nobody answers end, and free seats reach those who wait."""

from __future__ import annotations

from datetime import datetime

from webinars.services import waitlist
from webinars.work import Process


def end_offers(process: Process, now: datetime) -> int:
    """End the offers whose time is over. Returns how many."""
    return waitlist.end_offers(process, now)


def serve(process: Process, now: datetime) -> int:
    """Offer seats that are free while people wait. Returns how many were told."""
    return waitlist.serve_all(process, now)
