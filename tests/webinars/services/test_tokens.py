"""Keys of the API: shown once, kept as a hash, good until revoked."""

from __future__ import annotations

import pytest
import sqlalchemy as sa

from tests.conftest import NOW
from tests.factories import Factory
from webinars.errors import TokenInvalid
from webinars.services import tokens
from webinars.tables import Token
from webinars.terms import Scope
from webinars.work import Process


def test_a_key_may_do_what_it_was_made_for(process: Process, factory: Factory) -> None:
    secret = factory.token(Scope.attendance_write, Scope.attendance_read)
    with process.read() as work:
        bearer = tokens.find_bearer(work, secret)
        kept = work.db.scalars(sa.select(Token)).one()
    assert bearer.scopes == {Scope.attendance_read, Scope.attendance_write}
    assert bearer.actor == f"token:{kept.id}"
    assert secret.startswith(tokens.PREFIX)
    assert secret.encode() not in kept.secret_hash


@pytest.mark.parametrize("secret", ["", "web_", "web_nothing", "nothing"])
def test_what_is_no_key_opens_nothing(process: Process, factory: Factory, secret: str) -> None:
    factory.token()
    with pytest.raises(TokenInvalid), process.read() as work:
        tokens.find_bearer(work, secret)


def test_a_revoked_key_opens_nothing(process: Process, factory: Factory) -> None:
    secret = factory.token()
    with process.work() as work:
        work.db.execute(sa.update(Token).values(revoked_at=NOW))
    with pytest.raises(TokenInvalid), process.read() as work:
        tokens.find_bearer(work, secret)
