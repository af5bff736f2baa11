"""From wall time to moments, over every kind of clock change."""

from __future__ import annotations

from contextlib import nullcontext
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.zones import new_zone_data
from webinars.errors import (
    CapacityTooSmall,
    InvalidField,
    SessionStarted,
    TimeDoesNotExist,
    TimeIsAmbiguous,
    UnknownTimezone,
)
from webinars.rules.sessions import (
    check_capacity,
    check_minutes,
    forget_zones,
    future_start,
    is_live,
    is_to_come,
    start_of,
    usable_zone,
    wall_time,
    zone,
)
from webinars.terms import SessionStatus, WallTime

START = datetime(2026, 3, 9, 15, tzinfo=UTC)
DECADE = (datetime.fromisoformat("2025-01-01"), datetime.fromisoformat("2035-12-31"))
ZONES = (
    "Africa/Cairo",
    "Africa/Casablanca",
    "America/Denver",
    "America/Havana",
    "America/Los_Angeles",
    "America/New_York",
    "America/Phoenix",
    "America/Santiago",
    "America/Sao_Paulo",
    "America/St_Johns",
    "Asia/Kathmandu",
    "Asia/Kolkata",
    "Asia/Tehran",
    "Australia/Lord_Howe",
    "Australia/Sydney",
    "Europe/Berlin",
    "Europe/London",
    "Pacific/Apia",
    "Pacific/Chatham",
    "UTC",
)


def wall(text: str, timezone: str) -> WallTime:
    return WallTime(datetime.fromisoformat(text), timezone)


@pytest.mark.parametrize(
    ("text", "timezone", "moment"),
    [
        ("2026-03-07T18:00", "America/Denver", "2026-03-08T01:00Z"),
        ("2026-03-08T18:00", "America/Denver", "2026-03-09T00:00Z"),  # one day later is 23 hours later
        ("2026-01-15T18:00", "America/Phoenix", "2026-01-16T01:00Z"),
        ("2026-07-15T18:00", "America/Phoenix", "2026-07-16T01:00Z"),
        ("2026-03-08T18:00", "Asia/Kathmandu", "2026-03-08T12:15Z"),
        ("2026-03-08T18:00", "Europe/London", "2026-03-08T18:00Z"),
    ],
)
def test_a_wall_shows_its_time_at_one_moment(text: str, timezone: str, moment: str) -> None:
    assert start_of(wall(text, timezone)) == datetime.fromisoformat(moment)


@pytest.mark.parametrize(
    ("timezone", "first_gone", "next_there"),
    [
        ("America/Denver", "2026-03-08T02:00", "2026-03-08T03:00"),
        ("America/New_York", "2026-03-08T02:00", "2026-03-08T03:00"),
        ("Europe/Berlin", "2026-03-29T02:00", "2026-03-29T03:00"),
        ("Australia/Lord_Howe", "2026-10-04T02:00", "2026-10-04T02:30"),
        ("America/Santiago", "2026-09-06T00:00", "2026-09-06T01:00"),
        ("Africa/Cairo", "2026-04-24T00:00", "2026-04-24T01:00"),
        ("Pacific/Apia", "2011-12-30T00:00", "2011-12-31T00:00"),  # a whole day that never was
    ],
)
def test_a_time_the_clocks_skip_is_refused(timezone: str, first_gone: str, next_there: str) -> None:
    gone, there = wall(first_gone, timezone), wall(next_there, timezone)
    minute = timedelta(minutes=1)
    for missing in (gone.local, gone.local + minute, there.local - minute):
        with pytest.raises(TimeDoesNotExist):
            start_of(WallTime(missing, timezone))
    last_before = start_of(WallTime(gone.local - minute, timezone))
    assert start_of(there) - last_before == minute


@pytest.mark.parametrize(
    ("timezone", "first_twice", "next_once"),
    [
        ("America/Denver", "2026-11-01T01:00", "2026-11-01T02:00"),
        ("America/New_York", "2026-11-01T01:00", "2026-11-01T02:00"),
        ("Europe/Berlin", "2026-10-25T02:00", "2026-10-25T03:00"),
        ("Australia/Lord_Howe", "2026-04-05T01:30", "2026-04-05T02:00"),
        ("America/Santiago", "2026-04-04T23:00", "2026-04-05T00:00"),
        ("Africa/Cairo", "2026-10-29T23:00", "2026-10-30T00:00"),
    ],
)
def test_a_time_that_comes_twice_is_refused(timezone: str, first_twice: str, next_once: str) -> None:
    twice, once = wall(first_twice, timezone), wall(next_once, timezone)
    minute = timedelta(minutes=1)
    for double in (twice.local, once.local - minute):
        with pytest.raises(TimeIsAmbiguous):
            start_of(WallTime(double, timezone))
    last_before = start_of(WallTime(twice.local - minute, timezone))
    doubled = once.local - twice.local
    assert start_of(once) - last_before == minute + 2 * doubled


@given(
    st.datetimes(*DECADE).map(lambda local: local.replace(second=0, microsecond=0)),
    st.sampled_from(ZONES),
)
def test_there_and_back_is_where_it_began_over_ten_years_of_twenty_zones(local: datetime, timezone: str) -> None:
    try:
        moment = start_of(WallTime(local, timezone))
    except TimeDoesNotExist:
        shown = {wall_time(local.replace(tzinfo=UTC) + timedelta(minutes=15 * n), timezone) for n in range(-96, 97)}
        assert WallTime(local, timezone) not in shown
    except TimeIsAmbiguous:
        doubles = [local.replace(tzinfo=zone(timezone), fold=fold).astimezone(UTC) for fold in (0, 1)]
        assert doubles[0] < doubles[1]
        assert {wall_time(double, timezone) for double in doubles} == {WallTime(local, timezone)}
    else:
        assert moment.tzinfo is UTC
        assert wall_time(moment, timezone) == WallTime(local, timezone)


@given(st.datetimes(*DECADE, timezones=st.just(UTC)), st.sampled_from(ZONES))
def test_a_moment_is_shown_as_python_shows_it(moment: datetime, timezone: str) -> None:
    assert wall_time(moment, timezone).local == moment.astimezone(zone(timezone)).replace(tzinfo=None)


@pytest.mark.parametrize(
    ("name", "goes_by"), [("Asia/Tokyo", "Asia/Tokyo"), ("US/Pacific-New", "America/Denver"), ("", "America/Denver")]
)
def test_whose_zone_is_no_more_goes_by_another(name: str, goes_by: str) -> None:
    assert usable_zone(name, "America/Denver") == goes_by


@pytest.mark.parametrize(
    "name", ["", "Denver", "america/denver", "America/denver", "../etc/passwd", "UTC+3", "Mars/Phobos"]
)
def test_a_zone_that_is_none_is_refused(name: str) -> None:
    with pytest.raises(UnknownTimezone):
        start_of(wall("2026-03-09T18:00", name))


@pytest.mark.parametrize(
    "text", ["2026-03-09T18:00Z", "2026-03-09T18:00-07:00", "2026-03-09T18:00:30", "2026-03-09T18:00:00.5"]
)
def test_a_wall_time_has_no_offset_and_no_seconds(text: str) -> None:
    with pytest.raises(InvalidField) as refusal:
        start_of(wall(text, "America/Denver"))
    assert refusal.value.facts == {"field": "starts_at_local"}


def test_registration_is_open_until_the_start_of_a_scheduled_session() -> None:
    second = timedelta(seconds=1)
    assert is_to_come(SessionStatus.scheduled, START, START - second)
    assert not is_to_come(SessionStatus.scheduled, START, START)
    assert not is_to_come(SessionStatus.draft, START, START - second)
    assert not is_to_come(SessionStatus.cancelled, START, START - second)


def test_the_room_is_open_from_a_while_before_the_start_to_the_end() -> None:
    end, before, second = START + timedelta(hours=1), timedelta(minutes=15), timedelta(seconds=1)
    moments = [START - before - second, START - before, START, end - second, end]
    assert [is_live(START, end, before, moment) for moment in moments] == [False, True, True, True, False]


def test_zones_are_read_anew_when_their_data_has_changed(tmp_path: Path) -> None:
    wall = WallTime(datetime.fromisoformat("2026-07-01T18:00"), "America/Denver")
    before = start_of(wall)
    with new_zone_data(tmp_path) as decree:
        decree("America/Denver", "America/Chicago")
        assert start_of(wall) == before, "control: what was read stays read"
        forget_zones()
        assert start_of(wall) == before - timedelta(hours=1)
    assert start_of(wall) == before


def test_a_start_lies_ahead() -> None:
    ahead = wall("2026-07-01T18:00", "America/Denver")
    starts_at = start_of(ahead)
    assert future_start(ahead, starts_at - timedelta(seconds=1)) == starts_at
    with pytest.raises(SessionStarted):
        future_start(ahead, starts_at)


@pytest.mark.parametrize(("minutes", "fits"), [(4, False), (5, True), (600, True), (601, False)])
def test_a_session_takes_five_minutes_to_ten_hours(minutes: int, fits: bool) -> None:
    with nullcontext() if fits else pytest.raises(InvalidField, match="5 to 600 minutes"):
        check_minutes(minutes)


def test_a_session_has_a_seat() -> None:
    check_capacity(1)
    with pytest.raises(CapacityTooSmall):
        check_capacity(0)
