"""What people agree to is kept with the very words they were asked."""

from __future__ import annotations

import hashlib
from uuid import UUID

import pytest

from tests.conftest import NOW
from webinars.errors import InvalidField
from webinars.services.consents import CONSENT_TEXTS, ConsentAnswer, rows


@pytest.mark.parametrize("is_granted", [True, False])
def test_an_answer_is_kept_with_the_words_it_was_given_to(is_granted: bool) -> None:
    for known in CONSENT_TEXTS:
        answer = ConsentAnswer(known.purpose, known.channel, is_granted, "form")
        (row,) = rows(UUID(int=1), [answer], "en-US", "10.0.0.0/24", NOW)
        assert (row["is_granted"], row["text_version"], row["method"]) == (is_granted, known.version, "form")
        assert row["text_hash"] == hashlib.sha256(known.words.encode()).hexdigest()
        assert (row["locale"], row["address_block"], row["created_at"]) == ("en-US", "10.0.0.0/24", NOW)


def test_no_answer_leaves_no_row() -> None:
    assert rows(UUID(int=1), [], "en-US", "", NOW) == []


@pytest.mark.parametrize(("purpose", "channel"), [("selling_my_data", "email"), ("topic_alerts", "pigeon")])
def test_consent_to_what_nobody_asked_is_refused(purpose: str, channel: str) -> None:
    with pytest.raises(InvalidField, match="topic_alerts by email"):
        rows(UUID(int=1), [ConsentAnswer(purpose, channel, is_granted=True, method="api")], "en-US", "", NOW)
