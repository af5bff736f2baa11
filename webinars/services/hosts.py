"""Hosts' accounts and sign-ins."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache
from uuid import UUID

from pwdlib import PasswordHash

from webinars.errors import HostExists, InvalidField, SignInFailed
from webinars.queries import hosts as hosts_queries
from webinars.rules.registrations import clean_email, same_person
from webinars.services import audit
from webinars.tables import Host, SignIn
from webinars.terms import Role, new_id
from webinars.vault import Vault, secret_hash
from webinars.work import ReadWork, Work

SIGNED_IN_FOR = timedelta(hours=12)
SHORTEST_PASSWORD = 12
_hasher = PasswordHash.recommended()


@dataclass(frozen=True, slots=True)
class SignedIn:
    """A host at work."""

    host_id: UUID
    role: Role
    email: str

    @property
    def actor(self) -> str:
        return f"host:{self.host_id}"


def add_host(
    work: Work, email: str, role: Role, *, password: str | None, actor: str, now: datetime
) -> tuple[Host, str]:
    """Make an account. Without a password one is made up, to be shown once.

    Raises:
        InvalidField: if the address is none, or the password is shorter than 12 characters.
        HostExists: if the address has an account.
    """
    address = clean_email(email)
    index = work.vault.index("email", same_person(address))
    if hosts_queries.find_host(work.db, index) is not None:
        raise HostExists
    secret = password or secrets.token_urlsafe(15)
    if len(secret) < SHORTEST_PASSWORD:
        raise InvalidField(f"Choose a password of at least {SHORTEST_PASSWORD} characters.", field="password")
    host_id = new_id(now)
    host = Host(
        id=host_id,
        email=work.vault.seal("hosts.email", host_id, address),
        email_index=index,
        role=role,
        password_hash=_hasher.hash(secret),
        created_at=now,
    )
    work.db.add(host)
    audit.note(work, actor, "host.add", now, subject_id=host.id, fields=["email", "role"])
    return host, secret


def check_password(work: ReadWork, email: str, password: str) -> Host:
    """The host with this address and password. It takes long on purpose, and as long for no host at all.

    Raises:
        SignInFailed: without saying which of the two is wrong.
    """
    try:
        index = work.vault.index("email", same_person(clean_email(email)))
    except InvalidField:
        index = b""
    host = hosts_queries.find_host(work.db, index) if index else None
    is_right = _hasher.verify(password, host.password_hash if host else _hash_of_nobody())
    if host is None or host.is_disabled or not is_right:
        raise SignInFailed
    return host


def sign_in(work: Work, host_id: UUID, now: datetime) -> str:
    """Open the console for 12 hours. Returns the secret for the cookie; the table keeps only its hash."""
    hosts_queries.delete_expired_sign_ins(work.db, now)
    secret = secrets.token_urlsafe(32)
    work.db.add(
        SignIn(
            id=new_id(now),
            host_id=host_id,
            secret_hash=secret_hash(secret),
            created_at=now,
            expires_at=now + SIGNED_IN_FOR,
        )
    )
    audit.note(work, f"host:{host_id}", "host.sign_in", now, subject_id=host_id)
    return secret


def sign_out(work: Work, secret: str) -> None:
    hosts_queries.delete_sign_in(work.db, secret_hash(secret))


def signed_in(work: ReadWork, secret: str, now: datetime) -> SignedIn | None:
    """Whose cookie this is, if it still holds."""
    host = hosts_queries.find_signed_in(work.db, secret_hash(secret), now)
    return None if host is None else SignedIn(host.id, host.role, email_of(work.vault, host))


def email_of(vault: Vault, host: Host) -> str:
    return vault.open("hosts.email", host.id, host.email)


@lru_cache(maxsize=1)
def _hash_of_nobody() -> str:
    """Checked when there is no such host, so that the answer takes as long as for one who mistyped the password."""
    return _hasher.hash(secrets.token_urlsafe(16))
