"""Wall times as people read them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from webinars.documents.times import shown_time, time_left

STARTS_AT = datetime(2027, 3, 19, 0, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("timezone", "locale", "full", "short"),
    [
        (
            "America/Denver",
            "en-US",
            "Thursday, March 18, 2027, 6:00 PM Mountain Time (America/Denver)",
            "Thu, Mar 18, 6:00 PM",
        ),
        (
            "America/Phoenix",
            "en-US",
            "Thursday, March 18, 2027, 5:00 PM Mountain Standard Time (America/Phoenix)",
            "Thu, Mar 18, 5:00 PM",
        ),
        (
            "Europe/Berlin",
            "de-DE",
            "Friday, 19 March 2027, 01:00 Central European Time (Europe/Berlin)",
            "Fri, 19 Mar, 01:00",
        ),
        (
            "Asia/Kathmandu",
            "en-XX",
            "Friday, March 19, 2027, 5:45 AM Nepal Time (Asia/Kathmandu)",
            "Fri, Mar 19, 5:45 AM",
        ),
        ("UTC", "en", "Friday, March 19, 2027, 12:00 AM Coordinated Universal Time (UTC)", "Fri, Mar 19, 12:00 AM"),
        ("Etc/GMT+5", "x", "Thursday, March 18, 2027, 7:00 PM (Etc/GMT+5)", "Thu, Mar 18, 7:00 PM"),
    ],
)
def test_a_moment_on_the_wall(timezone: str, locale: str, full: str, short: str) -> None:
    shown = shown_time(STARTS_AT, timezone, locale)
    assert (shown.full, shown.short) == (full, short)


@pytest.mark.parametrize(
    ("lead", "words"),
    [
        (timedelta(minutes=-5), "now"),
        (timedelta(minutes=2), "now"),
        (timedelta(minutes=6), "in 6 minutes"),
        (timedelta(minutes=9, seconds=51), "in 10 minutes"),
        (timedelta(minutes=28), "in 30 minutes"),
        (timedelta(minutes=58), "in 1 hour"),
        (timedelta(hours=3), "in 3 hours"),
        (timedelta(hours=17), "today"),
        (timedelta(hours=24), "tomorrow"),
        (timedelta(hours=41), "tomorrow"),
        (timedelta(hours=43), "in 2 days"),
        (timedelta(days=7), "in 7 days"),
    ],
)
def test_how_far_off_the_start_is(lead: timedelta, words: str) -> None:
    assert time_left(lead, STARTS_AT, "America/Denver") == words


def test_tomorrow_follows_the_registrants_calendar() -> None:
    starts_at = datetime(2027, 3, 19, 20, 0, tzinfo=ZoneInfo("Australia/Sydney")).astimezone(UTC)
    assert time_left(timedelta(hours=19), starts_at, "Australia/Sydney") == "today"
    assert time_left(timedelta(hours=19), starts_at, "America/Denver") == "tomorrow"
