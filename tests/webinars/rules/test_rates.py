"""Limits: what is within them, and how long whoever is not has to wait."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st

from tests.conftest import NOW
from webinars.rules.rates import (
    LONGEST,
    Count,
    Limit,
    TurnedAway,
    Window,
    free_again_at,
    let_through,
    passed,
    seconds_until,
)
from webinars.services.rates import RESEND, SIGN_IN, VISIT, WRONG_LINK, register_limit
from webinars.settings import Settings

MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)
REGISTER = Limit("register", Window(5, MINUTE), Window(20, HOUR))
bounds = st.integers(min_value=0, max_value=6)
numbers = st.integers(min_value=0, max_value=12)


def one_by_one(limit: Limit, count: Count, tries: int) -> tuple[Count, list[bool]]:
    """What the words of a limit come to, one try after the other."""
    answers = []
    for _ in range(tries):
        is_in_short = limit.short.most == 0 or count.short_count < limit.short.most
        is_in_long = limit.long.most == 0 or count.long_count < limit.long.most
        answers.append(is_in_short and is_in_long)
        count = count._replace(short_count=count.short_count + 1, long_count=count.long_count + is_in_short)
    return count, answers


@given(short=bounds, long=bounds, before=numbers, long_before=numbers, tries=numbers)
def test_many_at_once_get_what_they_would_get_in_turn(
    short: int, long: int, before: int, long_before: int, tries: int
) -> None:
    limit = Limit("any", Window(short, MINUTE), Window(long, HOUR))
    after, answers = one_by_one(limit, Count(NOW, before, NOW, long_before), tries)
    allowed = let_through(limit, after, tries)
    assert answers == [True] * allowed + [False] * (tries - allowed)
    assert after.long_count == long_before + passed(limit.short, before, tries)


@given(most=st.integers(min_value=1, max_value=50), before=numbers, tries=numbers)
def test_a_window_never_lets_more_through_than_it_holds(most: int, before: int, tries: int) -> None:
    window = Window(most, MINUTE)
    assert min(before, most) + passed(window, before, tries) <= most
    assert passed(replace(window, most=0), before, tries) == tries


def test_whoever_is_refused_waits_for_the_last_window_that_is_full() -> None:
    since, later = NOW, NOW + 30 * MINUTE
    assert free_again_at(REGISTER, Count(later, 6, since, 10)) == later + MINUTE
    assert free_again_at(REGISTER, Count(later, 2, since, 21)) == since + HOUR
    assert free_again_at(REGISTER, Count(later, 6, since, 20)) == since + HOUR
    assert free_again_at(replace(REGISTER, long=Window(0, HOUR)), Count(later, 6, since, 99)) == later + MINUTE


def test_waiting_is_said_in_whole_seconds_and_never_as_nothing() -> None:
    for left, said in ((59.2, 60), (1.0, 1), (0.2, 1), (0.0, 1)):
        assert seconds_until(NOW + timedelta(seconds=left), NOW) == said


def test_a_limit_without_bounds_is_off() -> None:
    off = Limit("any", Window(0, MINUTE), Window(0, HOUR))
    assert (off.is_on, REGISTER.is_on, replace(off, long=Window(1, HOUR)).is_on) == (False, True, True)
    assert let_through(off, Count(NOW, 10**6, NOW, 10**6), 1000) == 1000


def test_no_window_is_longer_than_counts_are_kept() -> None:
    limits = (SIGN_IN, WRONG_LINK, VISIT, RESEND, register_limit(Settings()))
    assert max(window.within for limit in limits for window in (limit.short, limit.long)) <= LONGEST


def test_what_the_public_may_do_by_default() -> None:
    assert register_limit(Settings()) == REGISTER


def test_who_was_turned_away_is_remembered_until_the_time_is_over() -> None:
    memory = TurnedAway()
    memory.note(b"a", NOW + MINUTE)
    assert memory.until(b"a", NOW + 59 * timedelta(seconds=1)) == NOW + MINUTE
    assert memory.until(b"b", NOW) is None
    assert memory.until(b"a", NOW + MINUTE) is None
    assert len(memory) == 0


def test_the_memory_holds_so_many_and_forgets_the_oldest() -> None:
    memory = TurnedAway(most=3)
    for name in (b"a", b"b", b"c", b"a", b"d"):
        memory.note(name, NOW + MINUTE)
    assert len(memory) == 3
    assert [memory.until(name, NOW) is not None for name in (b"a", b"b", b"c", b"d")] == [True, False, True, True]
