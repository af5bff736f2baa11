"""Wall times as people read them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from webinars.documents.times import TimeLeft, shown_time, time_left

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
            "en-DE",
            "Friday, 19 March 2027, 01:00 Central European Time (Europe/Berlin)",
            "Fri, 19 Mar, 01:00",
        ),
        (
            "Asia/Kathmandu",
            "en-XX",
            "Friday, March 19, 2027, 5:45 AM Nepal Time (Asia/Kathmandu)",
            "Fri, Mar 19, 5:45 AM",
        ),
        (
            "America/Denver",
            "es-US",
            "jueves, 18 de marzo de 2027, 6:00 p.m. hora de las Montañas Rocosas (America/Denver)",
            "jue, 18 de mar, 6:00 p.m.",
        ),
        (
            "America/Denver",
            "es-ES",
            "jueves, 18 de marzo de 2027, 18:00 hora de las Montañas Rocosas (America/Denver)",
            "jue, 18 mar, 18:00",
        ),
        ("Etc/GMT+5", "es", "jueves, 18 de marzo de 2027, 7:00 p.m. (Etc/GMT+5)", "jue, 18 de mar, 7:00 p.m."),
        ("UTC", "en", "Friday, March 19, 2027, 12:00 AM Coordinated Universal Time (UTC)", "Fri, Mar 19, 12:00 AM"),
        ("Etc/GMT+5", "x", "Thursday, March 18, 2027, 7:00 PM (Etc/GMT+5)", "Thu, Mar 18, 7:00 PM"),
    ],
)
def test_a_moment_on_the_wall(timezone: str, locale: str, full: str, short: str) -> None:
    shown = shown_time(STARTS_AT, timezone, locale)
    assert (shown.full, shown.short) == (full, short)


@pytest.mark.parametrize(
    ("lead", "unit", "english", "spanish"),
    [
        (timedelta(minutes=-5), "now", "now", "ahora"),
        (timedelta(minutes=2), "now", "now", "ahora"),
        (timedelta(minutes=6), "minutes", "in 6 minutes", "en 6 minutos"),
        (timedelta(minutes=9, seconds=51), "minutes", "in 10 minutes", "en 10 minutos"),
        (timedelta(minutes=28), "minutes", "in 30 minutes", "en 30 minutos"),
        (timedelta(minutes=58), "hours", "in 1 hour", "en 1 hora"),
        (timedelta(hours=3), "hours", "in 3 hours", "en 3 horas"),
        (timedelta(hours=17), "today", "today", "hoy"),
        (timedelta(hours=24), "tomorrow", "tomorrow", "mañana"),
        (timedelta(hours=41), "tomorrow", "tomorrow", "mañana"),
        (timedelta(hours=43), "days", "in 2 days", "en 2 días"),
        (timedelta(days=7), "days", "in 7 days", "en 7 días"),
    ],
)
def test_how_far_off_the_start_is(lead: timedelta, unit: str, english: str, spanish: str) -> None:
    assert time_left(lead, STARTS_AT, "America/Denver", "en") == TimeLeft(unit, english)
    assert time_left(lead, STARTS_AT, "America/Denver", "es") == TimeLeft(unit, spanish)


def test_tomorrow_follows_the_registrants_calendar() -> None:
    starts_at = datetime(2027, 3, 19, 20, 0, tzinfo=ZoneInfo("Australia/Sydney")).astimezone(UTC)
    assert time_left(timedelta(hours=19), starts_at, "Australia/Sydney", "en").unit == "today"
    assert time_left(timedelta(hours=19), starts_at, "America/Denver", "en").unit == "tomorrow"
