"""What people agree to is kept with the very words they were asked."""

from __future__ import annotations

import hashlib
from datetime import timedelta
from uuid import UUID

import pytest
import sqlalchemy as sa

from tests.conftest import NOW
from tests.factories import ACTOR, Factory
from webinars.errors import InvalidField, NotFound, RegistrationNotActive
from webinars.services import consents, erasure
from webinars.services.consents import CONSENT_TEXTS, ConsentAnswer, rows
from webinars.tables import AuditEntry, Consent
from webinars.translations import words_of
from webinars.work import Process


@pytest.mark.parametrize("is_granted", [True, False])
def test_an_answer_is_kept_with_the_words_it_was_given_to(is_granted: bool) -> None:
    for known in CONSENT_TEXTS:
        answer = ConsentAnswer(known.purpose, known.channel, is_granted, "form")
        (spanish,) = rows(UUID(int=1), [answer], "es-MX", "", NOW)
        assert spanish["text_hash"] == hashlib.sha256(words_of("es").say(known.words).encode()).hexdigest()
        (row,) = rows(UUID(int=1), [answer], "en-US", "10.0.0.0/24", NOW)
        assert row["text_hash"] != spanish["text_hash"]
        assert (row["is_granted"], row["text_version"], row["method"]) == (is_granted, known.version, "form")
        assert row["text_hash"] == hashlib.sha256(known.words.encode()).hexdigest()
        assert (row["locale"], row["address_block"], row["created_at"]) == ("en-US", "10.0.0.0/24", NOW)


def test_no_answer_leaves_no_row() -> None:
    assert rows(UUID(int=1), [], "en-US", "", NOW) == []


@pytest.mark.parametrize(("purpose", "channel"), [("selling_my_data", "email"), ("topic_alerts", "pigeon")])
def test_consent_to_what_nobody_asked_is_refused(purpose: str, channel: str) -> None:
    with pytest.raises(InvalidField, match="topic_alerts by email"):
        rows(UUID(int=1), [ConsentAnswer(purpose, channel, is_granted=True, method="api")], "en-US", "", NOW)


def say(process: Process, registration_id: UUID, is_granted: bool, minutes: int) -> None:
    answer = ConsentAnswer("topic_alerts", "email", is_granted, "api")
    with process.work() as work:
        consents.answer(
            work,
            registration_id,
            [answer],
            address_block="203.0.113.0/24",
            actor=ACTOR,
            now=NOW + timedelta(minutes=minutes),
        )


def kept(process: Process) -> list[Consent]:
    with process.read() as work:
        return list(work.db.scalars(sa.select(Consent).order_by(sa.text("id"))))


def test_taking_a_consent_back_is_a_new_row_beside_the_old_one(process: Process, factory: Factory) -> None:
    yes = ConsentAnswer("topic_alerts", "email", is_granted=True, method="form")
    registered = factory.registration(
        factory.session().session.id, consents=[yes], locale="es-US", address_block="10.0.0.0/24"
    )
    (before,) = kept(process)
    say(process, registered.registration.id, is_granted=False, minutes=5)
    say(process, registered.registration.id, is_granted=True, minutes=9)
    rows_now = kept(process)
    assert rows_now[0].model_dump() == before.model_dump()
    assert [row.is_granted for row in rows_now] == [True, False, True]
    taken_back = rows_now[1]
    assert taken_back.model_dump(exclude={"id", "registration_id"}) == {
        "purpose": "topic_alerts",
        "channel": "email",
        "is_granted": False,
        "text_version": before.text_version,
        "text_hash": before.text_hash,
        "locale": "es-US",
        "method": "api",
        "address_block": "203.0.113.0/24",
        "created_at": NOW + timedelta(minutes=5),
    }
    with process.read() as work:
        noted = work.db.scalars(sa.select(AuditEntry).where(sa.text("action = 'registration.consent'"))).all()
        assert [entry.fields for entry in noted] == [["topic_alerts"]] * 2


def test_nobody_and_the_erased_agree_to_nothing(process: Process, factory: Factory) -> None:
    with pytest.raises(NotFound):
        say(process, UUID(int=1), is_granted=False, minutes=1)
    erased = factory.registration(factory.session().session.id).registration.id
    with process.work() as work:
        erasure.erase(work, erased, actor=ACTOR, now=NOW)
    with pytest.raises(RegistrationNotActive):
        say(process, erased, is_granted=True, minutes=1)
    assert kept(process) == []
