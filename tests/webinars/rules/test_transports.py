"""Token bucket and breaker, as plain arithmetic."""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from webinars.rules.transports import (
    CLOCKS_DIFFER,
    FIRST_PAUSE,
    LONGEST_PAUSE,
    LONGEST_WISH,
    Condition,
    burst,
    is_about_server,
    most_now,
    pause_after,
    refilled_at,
    tokens_at,
)

NOW = datetime(2026, 3, 2, 15, 0, tzinfo=UTC)
SECOND = timedelta(seconds=1)
WELL = Condition(0.0, NOW, None, 0)


@pytest.mark.parametrize(("rate", "most"), [(0.1, 1.0), (1, 1.0), (10, 10.0)])
def test_a_rest_is_worth_one_second_but_at_least_one_message(rate: float, most: float) -> None:
    assert burst(rate) == most
    assert tokens_at(WELL, NOW + timedelta(days=1), rate) == most


def test_tokens_trickle_in_and_a_clock_that_is_a_little_behind_takes_none_away() -> None:
    assert tokens_at(WELL, NOW + SECOND / 2, 10) == 5.0
    assert tokens_at(Condition(3.0, NOW, None, 0), NOW - CLOCKS_DIFFER, 10) == 3.0


def test_after_a_clock_was_set_back_the_bucket_is_full_and_fills_from_there() -> None:
    back = NOW - timedelta(hours=2)
    assert tokens_at(WELL, back, 10) == 10.0
    spent = Condition(0.0, refilled_at(WELL, back), None, 0)
    assert tokens_at(spent, back + SECOND / 2, 10) == 5.0


@given(st.lists(st.tuples(st.floats(0.001, 5), st.booleans()), min_size=1, max_size=60))
def test_two_workers_whose_clocks_differ_a_little_take_no_more_than_one(steps: list[tuple[float, bool]]) -> None:
    rate, behind = 7.0, timedelta(seconds=20)
    condition, now, taken = Condition(burst(rate), NOW, None, 0), NOW, 0
    for pause, is_behind in steps:
        now += timedelta(seconds=pause)
        own = now - behind if is_behind else now
        count = most_now(condition, own, rate, 50)
        condition = Condition(tokens_at(condition, own, rate) - count, refilled_at(condition, own), None, 0)
        taken += count
    assert taken <= burst(rate) + rate * (now - NOW).total_seconds() + 1e-3


def test_control_a_mark_that_goes_back_with_the_slower_clock_lets_too_much_through() -> None:
    rate, condition, taken = 7.0, Condition(7.0, NOW, None, 0), 0
    for number in range(20):  # all of it within two seconds
        own = NOW + number * SECOND / 10 - (20 * SECOND if number % 2 else timedelta())
        count = most_now(condition, own, rate, 3)
        condition = Condition(tokens_at(condition, own, rate) - count, own, None, 0)
        taken += count
    assert taken > 2 * (burst(rate) + rate * 2)


@given(st.lists(st.floats(0.001, 5), min_size=1, max_size=60), st.sampled_from([0.3, 1, 7, 50]))
def test_no_stretch_of_time_takes_more_than_its_rate_and_one_burst(pauses: list[float], rate: float) -> None:
    condition, now, taken = Condition(burst(rate), NOW, None, 0), NOW, 0
    for pause in pauses:
        now += timedelta(seconds=pause)
        count = most_now(condition, now, rate, 50)
        condition = Condition(tokens_at(condition, now, rate) - count, now, None, 0)
        taken += count
    assert taken <= burst(rate) + rate * (now - NOW).total_seconds() + 1e-3


def test_without_a_rate_a_whole_batch_may_go() -> None:
    assert most_now(None, NOW, 0, 50) == most_now(WELL, NOW, 0, 50) == 50
    assert most_now(None, NOW, 7, 50) == 7
    assert most_now(WELL, NOW, 7, 50) == 0


def test_an_open_breaker_lets_nothing_through_and_a_half_open_one_a_single_message() -> None:
    broken = Condition(50.0, NOW, NOW + 30 * SECOND, 2)
    assert most_now(broken, NOW + 29 * SECOND, 0, 50) == 0
    assert most_now(broken, NOW + 30 * SECOND, 0, 50) == 1
    assert most_now(broken, NOW + 30 * SECOND, 50, 50) == 1
    assert broken.is_open(NOW)
    assert broken.is_on_trial(NOW + 30 * SECOND)
    assert not WELL.is_on_trial(NOW)


def test_a_pause_by_a_clock_that_was_set_back_since_is_none() -> None:
    broken = Condition(50.0, NOW, NOW + 30 * SECOND, 1, NOW)
    assert broken.is_open(NOW - CLOCKS_DIFFER)  # another worker's clock
    assert not broken.is_open(NOW - CLOCKS_DIFFER - SECOND)
    assert broken.is_on_trial(NOW - timedelta(hours=2))
    assert Condition(50.0, NOW, NOW + 30 * SECOND, 1).is_open(NOW - timedelta(hours=2))  # the control: it would be open


class Fixed(random.Random):
    def uniform(self, a: float, b: float) -> float:
        return b


def test_pauses_double_from_half_a_minute_to_two() -> None:
    pauses = [pause_after(failures, None, Fixed()) for failures in (1, 2, 3, 4, 5, 6, 7, 1000)]
    minutes = [pause / timedelta(minutes=1) for pause in pauses]
    assert minutes == [0.5, 1, 2, 2, 2, 2, 2, 2]


@given(st.integers(1, 10_000), st.randoms(use_true_random=False))
def test_pauses_are_spread_but_never_longer(failures: int, spread: random.Random) -> None:
    assert FIRST_PAUSE * 0.8 <= pause_after(failures, None, spread) <= LONGEST_PAUSE


def test_a_wish_is_granted_within_reason() -> None:
    assert pause_after(1, timedelta(minutes=4), Fixed()) == timedelta(minutes=4)
    assert pause_after(1, SECOND, Fixed()) == FIRST_PAUSE
    assert pause_after(1, timedelta(days=30), Fixed()) == LONGEST_WISH


@pytest.mark.parametrize(
    ("code", "words", "is_its_own"),
    [
        (451, "4.3.0 Temporary lookup failure", True),
        (452, "4.3.1 insufficient system storage", True),
        (451, "4.4.2 timed out", True),
        (451, "local error in processing", True),
        (500, "internal error", True),
        (None, "the answer broke off", True),
        (450, "mailbox busy", False),
        (450, "4.2.0 greylisted", False),
        (452, "4.2.2 mailbox full", False),
        (451, "4.7.1 greylisted, come back in 300 seconds", False),
        (450, "4.1.2 domain not found", False),
    ],
)
def test_what_postpones_a_mail_is_the_server_or_whom_it_is_for(code: int | None, words: str, is_its_own: bool) -> None:
    assert is_about_server(words, code) is is_its_own
