"""Idempotency-Keys: the same key with the same request gets the same answer, for 24 hours.

Registering keeps what it decided (services/registering.py). All else a token sends keeps the answer itself, sealed,
in the transaction of the work: a crash leaves neither, so no key is ever stuck.
"""

from __future__ import annotations

import hashlib
import json
import os
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from uuid import UUID

from webinars.errors import IdempotencyMismatch
from webinars.queries import idempotency as idempotency_queries
from webinars.queries import registrations as registrations_queries
from webinars.services.registering import Idempotency
from webinars.terms import new_id
from webinars.work import Work

KEPT_FOR = timedelta(hours=24)
_PLACE = "kept_answers.answer"
_HASH_BYTES = 32


@dataclass(frozen=True, slots=True)
class Said:
    """An answer as it went out."""

    status: int
    etag: str | None
    body: str


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


def find_said(work: Work, key: Idempotency, now: datetime) -> Said | None:
    """What was answered to this key; None if it is new: then it is taken, and `keep` must follow.

    Raises:
        IdempotencyMismatch: if it was used for another request, or spoke of somebody who has been erased since.
    """
    row = {"id": new_id(now), "key_hash": key.key_hash, "request_hash": key.request_hash, "created_at": now}
    if idempotency_queries.claim_key(work.db, row):
        return None
    kept = idempotency_queries.get_kept(work.db, key.key_hash)
    if kept.request_hash != key.request_hash or kept.answer is None:
        raise IdempotencyMismatch
    return Said(**json.loads(work.vault.open(_PLACE, kept.id, kept.answer)))


def keep(work: Work, key: Idempotency, said: Said) -> None:
    """Keep an answer with the work it stands for."""
    kept = idempotency_queries.get_kept(work.db, key.key_hash)
    kept.answer = work.vault.seal(_PLACE, kept.id, json.dumps(asdict(said)))


def forget_person(work: Work, registration_id: UUID) -> None:
    """Take away what was answered about a registration, and the hashes of what was asked: they can be guessed at.

    Which answers speak of it is read in the answers themselves: each has the registration's id wherever it has anything
    of the person. The keys stay until their 24 hours are over: a program that sends its request once more is refused,
    and brings nobody back who has been erased.
    """
    name, nothing = str(registration_id), os.urandom(_HASH_BYTES)
    answers = idempotency_queries.read_answers(work.db)
    telling = [row_id for row_id, answer in answers if name in work.vault.open(_PLACE, row_id, answer)]
    idempotency_queries.void_answers(work.db, telling, nothing)
    idempotency_queries.void_keys(work.db, registration_id, nothing)


def forget_old_keys(work: Work, now: datetime) -> int:
    """Returns how many were forgotten."""
    before = now - KEPT_FOR
    return registrations_queries.delete_idempotency_keys(work.db, before) + idempotency_queries.delete_kept(
        work.db, before
    )
