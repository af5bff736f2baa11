"""Taking consents back over the API."""

from __future__ import annotations

import httpx
import pytest

from tests.api.conftest import Caller
from tests.conftest import NOW
from tests.factories import Factory
from webinars.services.consents import CONSENT_TEXTS, ConsentAnswer
from webinars.terms import Scope

BACK = {"consents": [{"purpose": "topic_alerts", "channel": "email", "granted": False}]}


@pytest.fixture
def path(factory: Factory) -> str:
    yes = ConsentAnswer("topic_alerts", "email", is_granted=True, method="form")
    registered = factory.registration(factory.session().session.id, consents=[yes], address_block="10.0.0.0/24")
    return f"/registrations/{registered.registration.id}/consents"


def test_a_consent_is_taken_back_and_the_evidence_of_both_is_answered(api: httpx.Client, path: str) -> None:
    answered = api.post(path, json=BACK)
    assert answered.status_code == 201
    given, taken_back = answered.json()["items"]
    alike = {
        "purpose": "topic_alerts",
        "channel": "email",
        "text_version": CONSENT_TEXTS[0].version,
        "text_hash": CONSENT_TEXTS[0].digest_in("en-US"),
        "locale": "en-US",
        "created_at": NOW.isoformat().replace("+00:00", "Z"),
    }
    assert given == alike | {"granted": True, "method": "form", "address_block": "10.0.0.0/24"}
    assert taken_back == alike | {"granted": False, "method": "api", "address_block": "127.0.0.0/24"}


def test_the_same_key_adds_one_row(api: httpx.Client, path: str) -> None:
    answers = [api.post(path, json=BACK, headers={"Idempotency-Key": "one"}) for _ in range(3)]
    assert [len(answer.json()["items"]) for answer in answers] == [2, 2, 2]
    assert answers[-1].headers["idempotency-replayed"] == "true"
    assert len(api.post(path, json=BACK).json()["items"]) == 3


@pytest.mark.parametrize(
    "body", [{}, {"consents": []}, {"consents": [{"purpose": "topic_alerts", "channel": "pigeon", "granted": False}]}]
)
def test_what_nobody_asked_cannot_be_answered(api: httpx.Client, path: str, body: dict[str, object]) -> None:
    assert api.post(path, json=body).status_code == 422


def test_reading_is_not_enough(caller: Caller, public: httpx.Client, path: str) -> None:
    assert caller(Scope.registrations_read).post(path, json=BACK).status_code == 403
    assert public.post(path, json=BACK).status_code == 401
