"""What a process counts, and how it tells it."""

from __future__ import annotations

import json
from functools import partial

import pytest

from tests.concurrency.load import at_once
from tests.conftest import NOW
from webinars.tally import DELAYS_S, Tally


def test_delays_fall_into_classes_with_their_upper_bound_in_them() -> None:
    tally = Tally()
    for delay in (-1.0, 0.1, 0.11, 3600.0, 3601.0):
        tally.count_sent(delay)
    figures = tally.figures()
    assert figures["sent"] == 5
    assert figures["delays"] == [2, 1, *[0] * (len(DELAYS_S) - 3), 1, 1]
    assert figures["delay_sum"] == pytest.approx(7201.21)


def test_nothing_is_lost_between_threads() -> None:
    tally = Tally()

    def count() -> None:
        for _ in range(500):
            tally.count_sent(1.0)
            tally.count("failed")

    at_once([partial(count) for _ in range(4)])
    assert (tally.figures()["sent"], tally.figures()["failed"]) == (2000, 2000)


def test_it_can_be_written_as_json_and_says_when_something_was_missed() -> None:
    tally = Tally()
    assert json.loads(json.dumps(tally.figures()))["missed_at"] is None
    tally.count_missed(NOW)
    assert json.loads(json.dumps(tally.figures()))["missed_at"] == NOW.isoformat()
    tally.count_missed(NOW, 3)
    assert tally.figures()["missed"] == 4


def test_nothing_missed_is_no_moment_to_remember() -> None:
    tally = Tally()
    tally.count_missed(NOW, 0)
    assert (tally.figures()["missed"], tally.figures()["missed_at"]) == (0, None)


def test_it_says_when_planning_failed_and_when_a_tick_went_well() -> None:
    tally = Tally()
    tally.count_unplanned(NOW)
    tally.note_tick(NOW)
    figures = json.loads(json.dumps(tally.figures()))
    assert (figures["unplanned"], figures["unplanned_at"], figures["ticked_at"]) == (1, *[NOW.isoformat()] * 2)


def test_only_what_is_known_is_counted() -> None:
    with pytest.raises(ValueError, match="unheard"):
        Tally().count("unheard")


def test_it_says_when_a_mail_last_left_and_when_one_was_refused() -> None:
    tally = Tally()
    tally.note_mailed(NOW)
    tally.note_refused(NOW)
    figures = json.loads(json.dumps(tally.figures()))
    assert (figures["mailed_at"], figures["refused_at"]) == (NOW.isoformat(), NOW.isoformat())
