"""Keeps personal data unreadable at rest: sealed values, a blind index to find them by, and signed personal links.

Every key is derived from one secret (HKDF, RFC 5869), so that one variable is all an operator has to keep.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import os
from collections.abc import Sequence
from typing import NewType
from uuid import UUID

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from webinars.errors import LinkInvalid
from webinars.terms import LinkPurpose

Sealed = NewType("Sealed", bytes)
"""A value that only the vault can read: format byte, key id, nonce, AES-256-GCM ciphertext and tag."""

FORMAT = b"\x01"
_HEALTH = ".health_"
"""In a place: its column keeps what people told about their health, under a key of its own."""
_KEY_ID_BYTES = 4
_NONCE_BYTES = 12
_LINK_MAC_BYTES = 16


class VaultError(Exception):
    """A sealed value does not belong where it was found, or its key is gone."""


class Vault:
    """Seals, opens and finds personal data. Safe to share between threads."""

    def __init__(self, secret: str, previous_secret: str | None = None) -> None:
        secrets = [candidate for candidate in (previous_secret, secret) if candidate]
        self._common, self._health = _Ring(secrets, b"seal"), _Ring(secrets, b"health")
        self._index_key = _derive(secret, b"index")
        self._link_keys = [_derive(candidate, b"link") for candidate in (secret, previous_secret) if candidate]

    def seal(self, place: str, row: UUID, text: str) -> Sealed:
        """`text` made unreadable, bound to its `place` (`table.column`) and row: moved elsewhere it does not open.

        Columns whose names begin with `health_` have a key of their own.
        """
        ring = self._ring(place)
        nonce = os.urandom(_NONCE_BYTES)
        body = ring.ciphers[ring.newest].encrypt(nonce, text.encode(), _bound_to(place, row))
        return Sealed(FORMAT + ring.newest + nonce + body)

    def open(self, place: str, row: UUID, sealed: Sealed) -> str:
        """What was sealed.

        Raises:
            VaultError: if the value was changed, belongs to another place or row, or its key is not known.
        """
        key_id = sealed[1 : 1 + _KEY_ID_BYTES]
        cipher = self._ring(place).ciphers.get(key_id)
        if sealed[:1] != FORMAT or cipher is None:
            raise VaultError(f"no key opens this value of {place}: was SECRET_KEY changed without PREVIOUS_SECRET_KEY?")
        start = 1 + _KEY_ID_BYTES
        nonce, body = sealed[start : start + _NONCE_BYTES], sealed[start + _NONCE_BYTES :]
        try:
            return cipher.decrypt(nonce, body, _bound_to(place, row)).decode()
        except (InvalidTag, ValueError):  # ValueError: cut so short that not even a nonce is left
            raise VaultError(f"a sealed value of {place} was changed or moved") from None

    def index(self, kind: str, value: str) -> bytes:
        """A blind index: equal for equal values, useless without the key (a plain hash of an address is guessable)."""
        return hmac.digest(self._index_key, f"{kind}:{value}".encode(), "sha256")

    def link_token(self, purpose: LinkPurpose, registration_id: UUID, link_version: int) -> str:
        """The secret part of a personal link: 43 characters, the same each time, so that mails can be made late."""
        mac = _link_mac(self._link_keys[0], purpose, registration_id, link_version)
        return _encode(registration_id.bytes + mac)

    def read_link(self, token: str) -> UUID:
        """The registration a token claims to be for; to be believed only after `check_link`.

        Raises:
            LinkInvalid: if it has not even the form of one.
        """
        return UUID(bytes=_decode(token)[:16])

    def check_link(self, purpose: LinkPurpose, token: str, link_version: int) -> None:
        """Raises:
        LinkInvalid: unless the token was made here for this purpose and has not been revoked.
        """
        raw = _decode(token)
        registration_id = UUID(bytes=raw[:16])
        expected = [_link_mac(key, purpose, registration_id, link_version) for key in self._link_keys]
        if not any(hmac.compare_digest(raw[16:], mac) for mac in expected):
            raise LinkInvalid

    def _ring(self, place: str) -> _Ring:
        return self._health if _HEALTH in place else self._common


class _Ring:
    """The keys for one purpose, by their ids: the newest seals, each opens what it sealed."""

    def __init__(self, secrets: Sequence[str], purpose: bytes) -> None:
        self.ciphers: dict[bytes, AESGCM] = {}
        for secret in secrets:
            key = _derive(secret, purpose)
            self.newest = hashlib.sha256(b"id" + key).digest()[:_KEY_ID_BYTES]
            self.ciphers[self.newest] = AESGCM(key)


def secret_hash(secret: str) -> bytes:
    """How a random secret of at least 128 bits is kept: SHA-256, for it cannot be guessed."""
    return hashlib.sha256(secret.encode()).digest()


def _derive(secret: str, purpose: bytes) -> bytes:
    return HKDF(algorithm=SHA256(), length=32, salt=None, info=b"webinars/" + purpose).derive(secret.encode())


def _link_mac(key: bytes, purpose: LinkPurpose, registration_id: UUID, link_version: int) -> bytes:
    said = f"{purpose}:{registration_id.hex}:{link_version}".encode()
    return hmac.digest(key, said, "sha256")[:_LINK_MAC_BYTES]


def _bound_to(place: str, row: UUID) -> bytes:
    return place.encode() + b":" + row.bytes


def _encode(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def _decode(token: str) -> bytes:
    try:
        raw = base64.b64decode(token + "=" * (-len(token) % 4), altchars=b"-_", validate=True)
    except (binascii.Error, ValueError):
        raise LinkInvalid from None
    if len(raw) != 16 + _LINK_MAC_BYTES or _encode(raw) != token:
        raise LinkInvalid
    return raw
