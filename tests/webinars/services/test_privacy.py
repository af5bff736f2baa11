"""What the privacy page promises is what the program does."""

from __future__ import annotations

from dataclasses import astuple
from datetime import timedelta

import pytest

from webinars.services import links, privacy, retention, subscriptions
from webinars.services.privacy import Periods, periods


def test_the_page_promises_what_the_requirements_ask_for() -> None:
    assert periods() == Periods(health=30, personal=90, link=30, unconfirmed=7, ended=30, logs=30, evidence_years=6)


@pytest.mark.parametrize("name", ["LOGS_KEPT", "EVIDENCE_KEPT", "VALID_AFTER_SESSION", "ENDED_FOR", "UNCONFIRMED_FOR"])
def test_a_change_of_what_is_done_is_a_change_of_what_is_promised(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    done = {key: value for part in (links, retention, subscriptions) for key, value in vars(part).items()}
    before = astuple(periods())
    monkeypatch.setattr(privacy, name, done[name] + timedelta(days=730))
    assert sum(one != other for one, other in zip(before, astuple(periods()), strict=True)) == 1
