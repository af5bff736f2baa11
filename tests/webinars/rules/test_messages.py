"""How urgent a message is, how long it helps, and whether it still makes sense."""

from __future__ import annotations

import random
from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from webinars.rules.messages import (
    LAST_TRY,
    PRIORITIES,
    RETRY_AFTER,
    Situation,
    deadline,
    in_time,
    is_pressing,
    least_priority,
    objection,
    priority,
    retry_at,
)
from webinars.terms import (
    ACTIVE,
    REMINDER_KINDS,
    AttendanceState,
    MessageKind,
    RegistrationStatus,
    SessionStatus,
    SkipReason,
)

NOW = datetime(2026, 3, 2, 15, tzinfo=UTC)
START = NOW + timedelta(days=7)
END = START + timedelta(hours=1)
Status = RegistrationStatus
CANCELLED, SUPERSEDED = SkipReason.cancelled, SkipReason.superseded


def situation(
    status: RegistrationStatus = Status.confirmed,
    session: SessionStatus = SessionStatus.scheduled,
    version: int = 3,
    *,
    has_joined: bool = False,
    attendance: AttendanceState | None = None,
) -> Situation:
    return Situation(status, session, version, has_joined, attendance)


def object_to(kind: MessageKind, now: Situation) -> SkipReason | None:
    """To a message made for version 3 of the schedule."""
    return objection(kind, 3, now)


MAKES_SENSE_FOR = {
    MessageKind.confirmation: {Status.confirmed},
    MessageKind.offered: {Status.offered},
    MessageKind.lapsed: {Status.lapsed},
    MessageKind.seat_free: {Status.waitlisted},
    MessageKind.reminder: {Status.confirmed},
    MessageKind.not_there: {Status.confirmed},
    MessageKind.waitlisted: {Status.waitlisted},
    MessageKind.pending: {Status.pending},
    # Whoever has no seat must lose the entry; who has one again gets a new invite.
    MessageKind.declined: set(Status) - {Status.confirmed},
    MessageKind.withdrawn: set(Status) - {Status.confirmed},
    MessageKind.resent: set(ACTIVE),
    MessageKind.moved: set(ACTIVE),
    MessageKind.updated: {Status.confirmed},
    MessageKind.reinstated: set(ACTIVE),
    MessageKind.cannot_come: {Status.confirmed},
    MessageKind.session_cancelled: set(),  # of a session that is not
    MessageKind.follow_up: {Status.confirmed},
    MessageKind.packet: {Status.confirmed},
}
FOR_REGISTRANTS = [kind for kind in MessageKind if kind not in {MessageKind.alert_check, MessageKind.alert}]
"""The others go to subscribers, and are looked over in services/alerts.py."""


@pytest.mark.parametrize("kind", FOR_REGISTRANTS)
def test_a_message_goes_only_to_whom_it_is_true_of(kind: MessageKind) -> None:
    assert {status for status in Status if object_to(kind, situation(status)) is None} == MAKES_SENSE_FOR[kind]


@pytest.mark.parametrize("kind", FOR_REGISTRANTS)
def test_of_a_cancelled_session_only_its_end_is_told(kind: MessageKind) -> None:
    told = {status for status in Status if object_to(kind, situation(status, SessionStatus.cancelled)) is None}
    goodbyes = dict.fromkeys((MessageKind.withdrawn, MessageKind.declined), set(Status) - {Status.confirmed})
    assert told == (set(Status) if kind is MessageKind.session_cancelled else goodbyes.get(kind, set()))


@pytest.mark.parametrize("kind", [*REMINDER_KINDS, MessageKind.moved, MessageKind.reinstated])
def test_what_was_made_for_an_older_time_is_superseded(kind: MessageKind) -> None:
    assert object_to(kind, situation(version=4)) is SUPERSEDED
    assert object_to(MessageKind.confirmation, situation(version=4)) is None  # it says the new time


@pytest.mark.parametrize("kind", REMINDER_KINDS)
def test_who_is_there_already_needs_no_reminder(kind: MessageKind) -> None:
    there = situation(has_joined=True)
    assert object_to(kind, there) is SkipReason.joined
    assert object_to(kind, replace(there, is_for_later=True)) is None  # it comes after the end
    assert object_to(MessageKind.follow_up, situation(has_joined=True)) is None


def test_of_whom_nothing_is_known_no_follow_up_speaks() -> None:
    assert object_to(MessageKind.follow_up, situation(attendance=AttendanceState.attended)) is None
    assert object_to(MessageKind.follow_up, situation(attendance=AttendanceState.unknown)) is SkipReason.segment


@pytest.mark.parametrize(("minutes", "rank"), [(10, 1), (50, 1), (60, 1), (61, 2), (23 * 60, 2)])
def test_answers_come_before_reminders_and_what_is_soon_useless_before_what_can_wait(minutes: int, rank: int) -> None:
    ranks = {kind: priority(kind, NOW, NOW + timedelta(minutes=minutes)) for kind in MessageKind}
    assert {kind for kind in MessageKind if ranks[kind] == rank} == set(REMINDER_KINDS)
    assert {kind for kind in MessageKind if ranks[kind] == 3} == {MessageKind.follow_up, MessageKind.alert}
    assert set(ranks.values()) == {0, rank, 3} < set(PRIORITIES)


def test_a_tenth_of_the_batches_is_left_to_what_is_less_urgent_and_of_that_a_tenth_to_the_least() -> None:
    turns = Counter(least_priority(number) for number in range(1, 10_001))
    assert turns == {0: 9000, 1: 900, 2: 90, 3: 10}
    assert least_priority(1) == 0  # the first one goes by urgency


@pytest.mark.parametrize(
    ("kind", "until"),
    [
        (MessageKind.confirmation, END),
        (MessageKind.offered, START),
        (MessageKind.lapsed, START),
        (MessageKind.seat_free, START),
        (MessageKind.resent, END),
        (MessageKind.moved, END),
        (MessageKind.updated, END),
        (MessageKind.reinstated, END),
        (MessageKind.cannot_come, START),
        (MessageKind.waitlisted, START),
        (MessageKind.pending, START),
        (MessageKind.reminder, START),
        (MessageKind.withdrawn, max(END, NOW + timedelta(days=3))),
        (MessageKind.declined, max(END, NOW + timedelta(days=3))),
        (MessageKind.session_cancelled, max(END, NOW + timedelta(days=3))),
        (MessageKind.follow_up, END + timedelta(days=7)),
        (MessageKind.packet, max(END, NOW + timedelta(days=3))),
    ],
)
def test_how_long_a_message_helps(kind: MessageKind, until: datetime) -> None:
    assert deadline(kind, NOW, START, END) == until


@pytest.mark.parametrize("kind", MessageKind)
def test_a_follow_up_made_late_still_has_its_week(kind: MessageKind) -> None:
    late = END + timedelta(days=30)
    if kind is MessageKind.follow_up:
        assert deadline(kind, late, START, END) == late + timedelta(days=7)


@given(st.integers(1, 20), st.integers(0, 2**32))
def test_waits_grow_and_are_spread_by_a_fifth(attempts: int, seed: int) -> None:
    seconds = RETRY_AFTER[min(attempts, len(RETRY_AFTER)) - 1]
    again = retry_at(NOW, attempts, NOW + timedelta(days=2), random.Random(seed))
    assert again is not None
    assert 0.8 * seconds <= (again - NOW).total_seconds() <= 1.2 * seconds


def test_what_has_used_up_a_quarter_of_its_time_presses() -> None:
    due, deadline_at = NOW, NOW + timedelta(minutes=10)
    assert not is_pressing(due, deadline_at, NOW + timedelta(minutes=2, seconds=30))
    assert is_pressing(due, deadline_at, NOW + timedelta(minutes=2, seconds=31))


def test_there_is_no_retry_after_the_deadline() -> None:
    assert retry_at(NOW, 1, NOW + timedelta(seconds=24), random.Random(1)) is None
    assert retry_at(NOW, 1, NOW + timedelta(seconds=37), random.Random(1)) is not None


def test_a_wish_of_the_server_is_a_pause_at_least() -> None:
    end, spread = NOW + timedelta(days=1), random.Random(1)
    assert retry_at(NOW, 1, end, spread, wish=timedelta(hours=1)) == NOW + timedelta(hours=1)
    again = retry_at(NOW, 1, end, spread, wish=timedelta(seconds=1))
    assert again is not None
    assert again >= NOW + timedelta(seconds=24)
    assert retry_at(NOW, 1, end, spread, wish=timedelta(days=2)) == end - LAST_TRY


@pytest.mark.parametrize(
    ("attempts", "left", "wish"),
    [
        (3, timedelta(minutes=7, seconds=30), None),  # "10 min before" the third time: greylisting takes five minutes
        (1, timedelta(minutes=50), timedelta(hours=1)),
        (9, timedelta(hours=2), None),
    ],
)
def test_what_would_come_too_late_is_tried_once_more_before_the_deadline(
    attempts: int, left: timedelta, wish: timedelta | None
) -> None:
    spread = random.Random(1)
    last = retry_at(NOW, attempts, NOW + left, spread, wish=wish)
    assert last == NOW + left - LAST_TRY
    assert retry_at(last, attempts + 1, NOW + left, spread, wish=wish) is None  # and then it is missed


@given(st.integers(1, 20), st.integers(0, 4 * 3600), st.integers(0, 7200), st.integers(0, 2**32))
def test_every_attempt_is_before_the_deadline_and_none_right_behind_another(
    attempts: int, left: int, wish: int, seed: int
) -> None:
    now, end, spread, tries = NOW, NOW + timedelta(seconds=left), random.Random(seed), 0
    while (again := retry_at(now, attempts + tries, end, spread, wish=timedelta(seconds=wish))) is not None:
        assert again - now >= timedelta(seconds=24)
        assert again < end
        now, tries = again, tries + 1
    assert tries <= len(RETRY_AFTER) + 1
    assert tries >= (left >= 84)  # while there is time, nobody gives up


def test_a_way_that_is_left_alone_for_longer_is_tried_once_more_before_the_deadline() -> None:
    end = NOW + timedelta(minutes=10)
    assert in_time(NOW, NOW + timedelta(minutes=4), end) == NOW + timedelta(minutes=4)
    assert in_time(NOW, end, end) == end - LAST_TRY
    assert in_time(end - LAST_TRY, end, end) is None


def test_a_seat_that_is_gone_again_is_not_told_of() -> None:
    waiting = situation(Status.waitlisted)
    assert object_to(MessageKind.seat_free, replace(waiting, has_free_seat=False)) is SUPERSEDED
    assert object_to(MessageKind.waitlisted, replace(waiting, has_free_seat=False)) is None
