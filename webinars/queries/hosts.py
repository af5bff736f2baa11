"""Reads of hosts, their sign-ins and the tokens of the JSON API."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

import sqlalchemy as sa
from sqlmodel import col

from webinars.db import DbSession
from webinars.errors import NotFound
from webinars.tables import Host, SignIn, Token


def find_host(db: DbSession, email_index: bytes) -> Host | None:
    return db.scalar(sa.select(Host).where(col(Host.email_index) == email_index))


def get_host(db: DbSession, host_id: UUID) -> Host:
    """Raises:
    NotFound: if there is none.
    """
    host = db.get(Host, host_id, populate_existing=True)
    if host is None:
        raise NotFound
    return host


def find_signed_in(db: DbSession, secret_hash: bytes, now: datetime) -> Host | None:
    """The host of a sign-in that has not expired."""
    return db.scalar(
        sa.select(Host)
        .join(SignIn, col(SignIn.host_id) == col(Host.id))
        .where(col(SignIn.secret_hash) == secret_hash, col(SignIn.expires_at) > now, ~col(Host.is_disabled))
    )


def delete_sign_in(db: DbSession, secret_hash: bytes) -> None:
    db.execute(sa.delete(SignIn).where(col(SignIn.secret_hash) == secret_hash))


def delete_expired_sign_ins(db: DbSession, now: datetime) -> None:
    db.execute(sa.delete(SignIn).where(col(SignIn.expires_at) <= now))


def find_token(db: DbSession, secret_hash: bytes) -> Token | None:
    """A token that has not been revoked."""
    return db.scalar(sa.select(Token).where(col(Token.secret_hash) == secret_hash, col(Token.revoked_at).is_(None)))
