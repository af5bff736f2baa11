"""Personal data at rest: who may open what, and what a stolen file tells."""

from __future__ import annotations

import base64
import hashlib
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from webinars.errors import LinkInvalid
from webinars.terms import LinkPurpose
from webinars.vault import Sealed, Vault, VaultError, secret_hash

PLACE, ROW = "registrations.email", UUID(int=7)
OLD, NEW = "the old secret, long enough to be one", "the new secret, long enough to be one"
VAULT = Vault(NEW)


@given(st.text(max_size=200))
def test_what_is_sealed_opens_again(text: str) -> None:
    assert VAULT.open(PLACE, ROW, VAULT.seal(PLACE, ROW, text)) == text


def test_equal_values_look_different_each_time() -> None:
    sealed = {VAULT.seal(PLACE, ROW, "ana@mail.example") for _ in range(20)}
    assert len(sealed) == 20
    assert not any(b"ana" in bytes(value) for value in sealed)


@pytest.mark.parametrize(("place", "row"), [("registrations.name", ROW), ("hosts.email", ROW), (PLACE, UUID(int=8))])
def test_a_value_moved_to_another_column_or_row_does_not_open(place: str, row: UUID) -> None:
    with pytest.raises(VaultError, match="changed or moved"):
        VAULT.open(place, row, VAULT.seal(PLACE, ROW, "ana@mail.example"))


def test_a_value_changed_in_any_byte_does_not_open() -> None:
    sealed = VAULT.seal(PLACE, ROW, "ana")
    for position in range(len(sealed)):
        changed = bytearray(sealed)
        changed[position] ^= 1
        with pytest.raises(VaultError):
            VAULT.open(PLACE, ROW, Sealed(bytes(changed)))
    for shortened in (sealed[:-1], sealed[:5], b""):
        with pytest.raises(VaultError):
            VAULT.open(PLACE, ROW, Sealed(shortened))


def test_what_the_previous_secret_sealed_still_opens() -> None:
    sealed = Vault(OLD).seal(PLACE, ROW, "ana")
    assert Vault(NEW, OLD).open(PLACE, ROW, sealed) == "ana"
    with pytest.raises(VaultError, match="PREVIOUS_SECRET_KEY"):
        Vault(NEW).open(PLACE, ROW, sealed)


def test_with_two_secrets_the_new_one_seals() -> None:
    assert Vault(NEW).open(PLACE, ROW, Vault(NEW, OLD).seal(PLACE, ROW, "ana")) == "ana"


def test_health_columns_have_a_key_of_their_own() -> None:
    place = "answers.health_value"
    health, common = VAULT.seal(place, ROW, "blood thinners"), VAULT.seal(PLACE, ROW, "ana")
    assert VAULT.open(place, ROW, health) == "blood thinners"
    assert _key_id(health) != _key_id(common) == _key_id(VAULT.seal("answers.value", ROW, "ana"))
    without = Vault(NEW)
    without._health = without._common  # as if everybody who has the common key had this one too
    with pytest.raises(VaultError, match="no key opens"):
        without.open(place, ROW, health)
    assert without.open(PLACE, ROW, common) == "ana"


def test_the_common_key_does_not_open_what_the_health_key_sealed() -> None:
    """Not even with the place as it was: the key is another one, not only its name."""
    place = "answers.health_value"
    sealed = VAULT.seal(place, ROW, "blood thinners")
    without = Vault(NEW)
    without._health.ciphers[_key_id(sealed)] = without._common.ciphers[without._common.newest]
    with pytest.raises(VaultError, match="changed or moved"):
        without.open(place, ROW, sealed)


def test_the_previous_secret_opens_health_columns_too() -> None:
    place = "answers.health_value"
    sealed = Vault(OLD).seal(place, ROW, "blood thinners")
    assert Vault(NEW, OLD).open(place, ROW, sealed) == "blood thinners"
    assert _key_id(Vault(NEW, OLD).seal(place, ROW, "x")) == _key_id(VAULT.seal(place, ROW, "x"))
    with pytest.raises(VaultError, match="PREVIOUS_SECRET_KEY"):
        Vault(NEW).open(place, ROW, sealed)


def _key_id(sealed: Sealed) -> bytes:
    return sealed[1:5]


def test_a_blind_index_finds_equal_values_and_says_nothing_without_the_key() -> None:
    index = VAULT.index("email", "ana@mail.example")
    assert index == Vault(NEW).index("email", "ana@mail.example")
    assert index != VAULT.index("email", "ben@mail.example")
    assert index != VAULT.index("registration", "ana@mail.example")
    assert index != Vault(OLD).index("email", "ana@mail.example")
    assert index != hashlib.sha256(b"ana@mail.example").digest()  # that could be guessed


def test_a_link_opens_one_registration_for_one_purpose() -> None:
    token = VAULT.link_token(LinkPurpose.manage, ROW, 0)
    assert len(token) == 43
    assert token == VAULT.link_token(LinkPurpose.manage, ROW, 0)  # a repeated mail is the same mail
    assert VAULT.read_link(token) == ROW
    VAULT.check_link(LinkPurpose.manage, token, 0)
    with pytest.raises(LinkInvalid):
        VAULT.check_link(LinkPurpose.enter, token, 0)


def test_a_revoked_link_opens_nothing() -> None:
    with pytest.raises(LinkInvalid):
        VAULT.check_link(LinkPurpose.manage, VAULT.link_token(LinkPurpose.manage, ROW, 0), 1)


def test_a_link_cannot_be_made_from_another() -> None:
    raw = base64.urlsafe_b64decode(VAULT.link_token(LinkPurpose.manage, ROW, 0) + "=")
    for forged in (UUID(int=8).bytes + raw[16:], raw[:16] + bytes(16), raw[:16] + bytes([raw[16] ^ 1]) + raw[17:]):
        token = base64.urlsafe_b64encode(forged).rstrip(b"=").decode()
        with pytest.raises(LinkInvalid):
            VAULT.check_link(LinkPurpose.manage, token, 0)


@pytest.mark.parametrize("token", ["", "a", "ä" * 43, "a" * 42, "a" * 44, "=" * 43, "a" * 42 + "\n", "a" * 42 + "/"])
def test_what_is_no_link_is_refused(token: str) -> None:
    with pytest.raises(LinkInvalid):
        VAULT.read_link(token)


@given(st.text(max_size=60))
def test_whatever_is_typed_is_a_link_or_refused(token: str) -> None:
    with pytest.raises(LinkInvalid):
        VAULT.check_link(LinkPurpose.enter, token, 0)


def test_one_link_has_one_spelling() -> None:
    """Base64 has spare bits at the end: only one way to set them is ours."""
    token = VAULT.link_token(LinkPurpose.manage, ROW, 0)
    alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    accepted = []
    for letter in alphabet:
        try:
            VAULT.check_link(LinkPurpose.manage, token[:-1] + letter, 0)
        except LinkInvalid:
            continue
        accepted.append(letter)
    assert accepted == [token[-1]]


def test_a_random_secret_is_kept_as_its_hash() -> None:
    assert secret_hash("web_secret") == hashlib.sha256(b"web_secret").digest()


def test_a_link_made_under_the_previous_secret_still_opens() -> None:
    token = Vault(OLD).link_token(LinkPurpose.enter, ROW, 0)
    Vault(NEW, OLD).check_link(LinkPurpose.enter, token, 0)
    with pytest.raises(LinkInvalid):
        VAULT.check_link(LinkPurpose.enter, token, 0)
