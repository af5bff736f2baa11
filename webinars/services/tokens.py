"""Keys of the JSON API."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from webinars.errors import TokenInvalid
from webinars.queries import hosts as hosts_queries
from webinars.services import audit
from webinars.tables import Token
from webinars.terms import Scope, new_id
from webinars.vault import secret_hash
from webinars.work import ReadWork, Work

PREFIX = "web_"
"""Makes a leaked key easy to find."""


@dataclass(frozen=True, slots=True)
class Bearer:
    """Who calls, and what they may do."""

    token_id: UUID
    scopes: frozenset[Scope]

    @property
    def actor(self) -> str:
        return f"token:{self.token_id}"


def create_token(work: Work, name: str, scopes: Sequence[Scope], *, actor: str, now: datetime) -> str:
    """Make a key. Returns it for the only time; the table keeps its hash."""
    secret = PREFIX + secrets.token_urlsafe(32)
    token = Token(
        id=new_id(now),
        name=name,
        secret_hash=secret_hash(secret),
        scopes=sorted({scope.value for scope in scopes}),
        created_at=now,
    )
    work.db.add(token)
    audit.note(work, actor, "token.create", now, subject_id=token.id, fields=["scopes"])
    return secret


def find_bearer(work: ReadWork, secret: str) -> Bearer:
    """Raises:
    TokenInvalid: if there is no such key, or it was revoked.
    """
    token = hosts_queries.find_token(work.db, secret_hash(secret))
    if token is None:
        raise TokenInvalid
    return Bearer(token.id, frozenset(Scope(scope) for scope in token.scopes))
