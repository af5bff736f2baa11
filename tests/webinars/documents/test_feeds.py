from __future__ import annotations

import re
import time
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
import vobject
from hypothesis import given
from ical.calendar_stream import IcsCalendarStream
from icalendar import Calendar, Event

from tests.webinars.documents.facts import NASTY_NAMES
from tests.webinars.documents.test_texts import ANY_TEXT
from webinars.documents.calendars import session_uid
from webinars.documents.feeds import FeedEvent, feed_file
from webinars.documents.texts import calendar_text

STARTS_AT = datetime(2027, 4, 1, 16, 0, tzinfo=UTC)
EVENT = FeedEvent(
    uid=session_uid(UUID(int=7), "clinic.example"),
    sequence=4,
    updated_at=datetime(2027, 3, 1, 12, 30, tzinfo=UTC),
    created_at=datetime(2027, 1, 5, 9, 0, tzinfo=UTC),
    starts_at=STARTS_AT,
    ends_at=STARTS_AT + timedelta(hours=1),
    summary="Your webinar",
    description="Join: https://clinic.example/j/a\nThis link is yours alone, really; keep it.",
    url="https://clinic.example/j/a",
    organizer_name="Webinars",
    organizer_email="webinars@clinic.example",
    is_private=True,
    is_cancelled=False,
)


def lines_of(file: bytes) -> list[str]:
    return file.replace(b"\r\n ", b"").decode().split("\r\n")


def assert_well_formed(file: bytes) -> None:
    assert not re.search(rb"\r(?!\n)|(?<!\r)\n", file)
    assert max(map(len, file.split(b"\r\n"))) <= 75
    assert not re.search(rb"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]", file)
    file.decode()
    for line in file.split(b"\r\n"):
        line.decode()  # no character is torn apart


def test_what_a_feed_says() -> None:
    file = feed_file("My webinars", [EVENT], source_url="https://clinic.example/calendar/all.ics")
    assert_well_formed(file)
    assert lines_of(file) == [
        "BEGIN:VCALENDAR",
        "VERSION:2.0",
        "PRODID:-//webinars//webinars//EN",
        "CALSCALE:GREGORIAN",
        "METHOD:PUBLISH",
        "NAME:My webinars",
        "X-WR-CALNAME:My webinars",
        "REFRESH-INTERVAL;VALUE=DURATION:PT1H",
        "X-PUBLISHED-TTL:PT1H",
        "SOURCE;VALUE=URI:https://clinic.example/calendar/all.ics",
        "BEGIN:VEVENT",
        "UID:ses-00000000-0000-0000-0000-000000000007@clinic.example",
        "SEQUENCE:4",
        "DTSTAMP:20270301T123000Z",
        "CREATED:20270105T090000Z",
        "LAST-MODIFIED:20270301T123000Z",
        "DTSTART:20270401T160000Z",
        "DTEND:20270401T170000Z",
        "SUMMARY:Your webinar",
        "STATUS:CONFIRMED",
        'ORGANIZER;CN="Webinars":mailto:webinars@clinic.example',
        "CLASS:PRIVATE",
        "TRANSP:OPAQUE",
        "URL:https://clinic.example/j/a",
        r"DESCRIPTION:Join: https://clinic.example/j/a\nThis link is yours alone\, really\; keep it.",
        "END:VEVENT",
        "END:VCALENDAR",
        "",
    ]


def test_a_feed_has_no_uid_of_its_own_and_nobody_attends() -> None:
    lines = lines_of(feed_file("x", [EVENT, replace(EVENT, uid="other@clinic.example")]))
    assert len([line for line in lines if line.startswith("UID:")]) == 2
    assert not [line for line in lines if line.startswith(("ATTENDEE", "SOURCE"))]


def test_what_is_cancelled_says_so_in_words_too() -> None:
    lines = lines_of(feed_file("x", [replace(EVENT, is_cancelled=True)]))
    assert {"SUMMARY:Cancelled: Your webinar", "STATUS:CANCELLED", "TRANSP:TRANSPARENT"} <= set(lines)


def test_what_is_for_everybody_makes_nobody_busy() -> None:
    lines = lines_of(feed_file("x", [replace(EVENT, is_private=False)]))
    assert {"CLASS:PUBLIC", "TRANSP:TRANSPARENT"} <= set(lines)


def test_the_same_facts_are_the_same_bytes() -> None:
    assert feed_file("x", [EVENT]) == feed_file("x", [replace(EVENT)])
    assert feed_file("x", [EVENT]) != feed_file("x", [replace(EVENT, sequence=5)])


@pytest.mark.parametrize("text", NASTY_NAMES)
def test_nasty_texts_change_nothing_but_themselves(text: str) -> None:
    file = feed_file(text, [replace(EVENT, summary=text, description=text, organizer_name=text)])
    assert_well_formed(file)
    event = vobject.readOne(file.decode()).vevent
    (by_ical,) = IcsCalendarStream.calendar_from_ics(file.decode()).events
    assert event.dtstart.value == by_ical.dtstart == STARTS_AT
    assert event.organizer.value == "mailto:webinars@clinic.example"


@given(text=ANY_TEXT)
def test_any_text_is_written_as_icalendar_would(text: str) -> None:
    file = feed_file("x", [replace(EVENT, description=text)])
    assert_well_formed(file)
    theirs = Event()
    theirs.add("DESCRIPTION", calendar_text(text))
    (wanted,) = (line for line in lines_of(theirs.to_ical()) if line.startswith("DESCRIPTION"))
    assert wanted in lines_of(file)
    (event,) = Calendar.from_ical(file).walk("VEVENT")
    assert str(event["DESCRIPTION"]) == calendar_text(text)


def test_two_thousand_events_are_written_in_under_a_second() -> None:
    events = [replace(EVENT, uid=f"ses-{number}@clinic.example") for number in range(2000)]
    started = time.process_time()
    file = feed_file("x", events)
    assert time.process_time() - started < 1
    assert file.count(b"\r\nBEGIN:VEVENT\r\n") == 2000


def test_what_is_no_event_is_refused() -> None:
    for changes in (
        {"starts_at": STARTS_AT.replace(tzinfo=None)},
        {"ends_at": STARTS_AT},
        {"url": "x"},
        {"organizer_email": "a@b, c@d"},
    ):
        with pytest.raises(ValueError, match=r"zone|ends|address"):
            feed_file("x", [replace(EVENT, **changes)])  # type: ignore[arg-type]
