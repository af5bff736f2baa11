"""Idempotency-Keys: the same key with the same request gets the same answer, for 24 hours."""

from __future__ import annotations

import hashlib
from datetime import datetime, timedelta

from webinars.queries import registrations as registrations_queries
from webinars.services.registrations import Idempotency
from webinars.work import Work

KEPT_FOR = timedelta(hours=24)


def read_key(scope: str, key: str | None, body: bytes) -> Idempotency | None:
    """A client's key, made safe to store.

    Args:
        scope: who calls and what for: the same key of another client, or for another call, is another key.
        key: the header's value.
        body: the request as it came, so that a key reused for something else is noticed.
    """
    if not key:
        return None
    return Idempotency(hashlib.sha256(f"{scope}\n{key}".encode()).digest(), hashlib.sha256(body).digest())


def forget_old_keys(work: Work, now: datetime) -> int:
    """Returns how many were forgotten."""
    return registrations_queries.delete_idempotency_keys(work.db, now - KEPT_FOR)
