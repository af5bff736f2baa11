"""The people who run webinars, and their sign-ins."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from webinars.tables.base import Retention, Table, blind_index, enum, moment, reference, sealed
from webinars.terms import Role
from webinars.vault import Sealed


class Host(Table, table=True):
    """An account of the console."""

    __tablename__ = "hosts"

    email: Sealed = sealed(Retention.record)
    email_index: bytes = blind_index(Retention.record, unique=True)
    role: Role = enum(Role)
    password_hash: str
    """Argon2id."""
    is_disabled: bool = False
    feed_version: int = 0
    """Growing it revokes the address of the host's calendar feed."""
    created_at: datetime = moment()


class SignIn(Table, table=True):
    """A browser that has signed in. The cookie holds the secret, the table its hash."""

    __tablename__ = "sign_ins"

    host_id: UUID = reference("hosts.id", index=True, ondelete="CASCADE", keep=Retention.log)
    secret_hash: bytes = blind_index(Retention.log, unique=True)
    created_at: datetime = moment(keep=Retention.log)
    expires_at: datetime = moment(keep=Retention.log)
