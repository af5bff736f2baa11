"""Accounts of the console: a password is checked, a sign-in lasts, and neither can be guessed from the tables."""

from __future__ import annotations

from datetime import timedelta

import pytest
import sqlalchemy as sa

from tests.conftest import NOW
from tests.factories import ACTOR, PASSWORD, Factory
from webinars.errors import HostExists, InvalidField, SignInFailed
from webinars.services import hosts
from webinars.tables import Host, SignIn
from webinars.terms import Role
from webinars.work import Process

EMAIL = "host@clinic.example"


def sign_in(process: Process, email: str = EMAIL, password: str = PASSWORD) -> str:
    with process.read() as work:
        host = hosts.check_password(work, email, password)
    with process.work() as work:
        return hosts.sign_in(work, host.id, NOW)


def test_who_knows_the_password_is_let_in_for_twelve_hours(process: Process, factory: Factory) -> None:
    factory.host(EMAIL, Role.manager)
    secret = sign_in(process, " HOST@clinic.example ")
    for hours, expected in ((0, Role.manager), (11.99, Role.manager), (12, None)):
        with process.read() as work:
            found = hosts.signed_in(work, secret, NOW + timedelta(hours=hours))
        assert (found.role if found else None) == expected
    with process.read() as work:
        kept = work.db.scalars(sa.select(SignIn)).one()
    assert secret.encode() not in kept.secret_hash


@pytest.mark.parametrize(
    ("email", "password"),
    [(EMAIL, "wrong"), (EMAIL, ""), ("nobody@clinic.example", PASSWORD), ("no address", PASSWORD), ("", "")],
)
def test_who_does_not_is_not_told_what_was_wrong(process: Process, factory: Factory, email: str, password: str) -> None:
    factory.host(EMAIL)
    with pytest.raises(SignInFailed) as refusal:
        sign_in(process, email, password)
    assert refusal.value.detail == SignInFailed.words


def test_signing_out_ends_it(process: Process, factory: Factory) -> None:
    factory.host(EMAIL)
    secret = sign_in(process)
    with process.work() as work:
        hosts.sign_out(work, secret)
    with process.read() as work:
        assert hosts.signed_in(work, secret, NOW) is None


def test_a_disabled_host_is_out_at_once(process: Process, factory: Factory) -> None:
    factory.host(EMAIL)
    secret = sign_in(process)
    with process.work() as work:
        work.db.execute(sa.update(Host).values(is_disabled=True))
    with process.read() as work:
        assert hosts.signed_in(work, secret, NOW) is None
    with pytest.raises(SignInFailed):
        sign_in(process)


def test_a_made_up_password_is_shown_once_and_kept_as_a_hash(process: Process) -> None:
    with process.work() as work:
        host, secret = hosts.add_host(work, EMAIL, Role.owner, password=None, actor=ACTOR, now=NOW)
    assert len(secret) >= 20
    assert host.password_hash.startswith("$argon2id$")
    assert hosts.email_of(process.vault, host) == EMAIL
    assert sign_in(process, EMAIL, secret)


def test_what_makes_no_account_is_refused(process: Process, factory: Factory) -> None:
    factory.host(EMAIL)
    with pytest.raises(HostExists):
        factory.host("Host@Clinic.example")
    with pytest.raises(InvalidField), process.work() as work:
        hosts.add_host(work, "x@clinic.example", Role.owner, password="too short", actor=ACTOR, now=NOW)
