"""Who gets a seat."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from webinars.rules.seating import OFFER_TIME, RACE, Seating, answer_by, is_race, next_in_line
from webinars.terms import RegistrationStatus

CONFIRMED, WAITLISTED, PENDING = (
    RegistrationStatus.confirmed,
    RegistrationStatus.waitlisted,
    RegistrationStatus.pending,
)
SEATS = st.integers(1, 2)


@pytest.mark.parametrize(
    ("capacity", "taken", "waiting", "waitlist_open", "wanted", "decided"),
    [
        (10, 0, 0, True, 1, CONFIRMED),
        (10, 9, 0, True, 1, CONFIRMED),
        (10, 9, 0, True, 2, WAITLISTED),  # a couple gets two seats or none
        (10, 8, 0, True, 2, CONFIRMED),
        (10, 10, 0, True, 1, WAITLISTED),
        (10, 9, 1, True, 1, WAITLISTED),  # who waits was there first
        (10, 10, 0, False, 1, None),
        (10, 9, 0, False, 2, None),
        (10, 12, 0, True, 1, WAITLISTED),  # seats were taken away by a host
    ],
)
def test_seats_decide(
    capacity: int, taken: int, waiting: int, waitlist_open: bool, wanted: int, decided: RegistrationStatus | None
) -> None:
    seating = Seating(capacity, taken, waiting, waitlist_open=waitlist_open, needs_approval=False)
    assert seating.decide(wanted) is decided


@pytest.mark.parametrize("taken", [0, 10])
def test_where_a_host_decides_everybody_is_pending(taken: int) -> None:
    seating = Seating(10, taken, 0, waitlist_open=False, needs_approval=True)
    assert seating.decide(1) is PENDING
    seating.admit(PENDING, 1)
    assert (seating.seats_taken, seating.waitlisted) == (taken, 0)


@given(st.integers(1, 40), st.lists(SEATS, max_size=100), st.booleans())
def test_whoever_comes_and_however_many_it_never_oversells(
    capacity: int, wishes: list[int], waitlist_open: bool
) -> None:
    seating = Seating(capacity, 0, 0, waitlist_open=waitlist_open, needs_approval=False)
    decided = []
    for seats in wishes:
        status = seating.decide(seats)
        if status is not None:
            seating.admit(status, seats)
        decided.append(status)
    seated = sum(seats for seats, status in zip(wishes, decided, strict=True) if status is CONFIRMED)
    assert seated == seating.seats_taken <= capacity
    assert decided.count(WAITLISTED) == seating.waitlisted
    if waitlist_open and WAITLISTED in decided:  # nobody who came later got in before somebody who waits
        assert CONFIRMED not in decided[decided.index(WAITLISTED) :]


@pytest.mark.parametrize(
    ("seats_left", "line", "seated"),
    [
        (0, [1], 0),
        (1, [], 0),
        (1, [1, 1], 1),
        (2, [1, 1, 1], 2),
        (3, [2, 1, 1], 2),
        (1, [2, 1], 0),  # the couple at the head is not overtaken
        (2, [1, 2, 1], 1),
    ],
)
def test_the_line_is_served_in_order(seats_left: int, line: list[int], seated: int) -> None:
    assert next_in_line(seats_left, line) == seated


@given(st.integers(0, 30), st.lists(SEATS, max_size=60))
def test_the_line_gets_all_that_fits_and_no_more(seats_left: int, line: list[int]) -> None:
    seated = next_in_line(seats_left, line)
    assert sum(line[:seated]) <= seats_left
    assert seated == len(line) or sum(line[: seated + 1]) > seats_left


@given(st.integers(-5, 30), st.integers(0, 30))
def test_seats_left_are_never_fewer_than_none(capacity: int, taken: int) -> None:
    assert Seating(capacity, taken, 0, waitlist_open=True, needs_approval=False).seats_left == max(0, capacity - taken)


def test_what_a_host_has_approved_takes_a_seat_at_once() -> None:
    seating = Seating(10, 0, 0, waitlist_open=True, needs_approval=True)
    assert seating.decide(1, is_approved=True) is CONFIRMED


def test_in_the_last_hours_a_free_seat_is_for_the_first_to_take_it() -> None:
    assert Seating(10, 9, 3, waitlist_open=True, needs_approval=False, is_race=True).decide(1) is CONFIRMED
    assert Seating(10, 10, 3, waitlist_open=True, needs_approval=False, is_race=True).decide(1) is WAITLISTED


START = datetime(2026, 3, 9, 15, tzinfo=UTC)


def test_the_last_hours_begin_at_their_first_moment() -> None:
    assert is_race(START, START - RACE)
    assert not is_race(START, START - RACE - timedelta(microseconds=1))


@given(st.timedeltas(RACE, timedelta(days=400)))
def test_an_offer_ends_within_a_day_and_well_before_the_start(left: timedelta) -> None:
    now = START - left
    until = answer_by(START, now)
    assert now + RACE * 0.25 <= until <= min(now + OFFER_TIME, START - left * 0.74)
