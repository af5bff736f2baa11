"""Invitations as two independent readers see them, and as RFC 5546 wants them."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest
import vobject
from hypothesis import given
from hypothesis import strategies as st
from ical.calendar_stream import IcsCalendarStream
from icalendar import Calendar, Event

from tests.webinars.documents.facts import NASTY_NAMES
from tests.webinars.documents.test_texts import ANY_TEXT
from webinars.documents.calendars import CalendarMethod, Invite, invite_file, session_file, session_uid
from webinars.documents.texts import calendar_name

UID = session_uid(UUID(int=7), "clinic.example")
STARTS_AT = datetime(2027, 4, 1, 16, 0, tzinfo=UTC)
INVITE = Invite(
    uid=UID,
    sequence=4,
    stamped_at=datetime(2027, 3, 1, 12, 30, tzinfo=UTC),
    created_at=datetime(2027, 1, 5, 9, 0, tzinfo=UTC),
    starts_at=STARTS_AT,
    ends_at=STARTS_AT + timedelta(hours=1),
    summary="Your webinar",
    organizer_name="Webinars",
    organizer_email="webinars@clinic.example",
    attendee_name="Ana Núñez",
    attendee_email="ana@mail.example",
    join_url="https://clinic.example/join/" + "a" * 43,
    change_url="https://clinic.example/my/" + "b" * 43,
    language="en",
    description="This link is yours alone.",
)


def lines_of(file: bytes) -> list[str]:
    return file.replace(b"\r\n ", b"").decode().split("\r\n")


def assert_well_formed(file: bytes) -> None:
    assert not re.search(rb"\r(?!\n)|(?<!\r)\n", file)
    assert max(map(len, file.split(b"\r\n"))) <= 75
    assert not re.search(rb"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]", file)
    assert file.count(b"BEGIN:VEVENT") == file.count(b"\r\nUID:") == 1


def assert_readers_agree(file: bytes, starts_at: datetime, summary: str | None = None) -> None:
    by_vobject = vobject.readOne(file.decode()).vevent
    (by_ical,) = IcsCalendarStream.calendar_from_ics(file.decode()).events
    assert by_vobject.uid.value == by_ical.uid == UID
    assert by_vobject.dtstart.value == by_ical.dtstart == starts_at
    assert by_vobject.summary.value == by_ical.summary
    if summary is not None:
        assert by_ical.summary == summary


@pytest.mark.parametrize(
    ("method", "itip", "status", "rsvp"),
    [
        (CalendarMethod.request, "REQUEST", ["STATUS:CONFIRMED"], "TRUE"),
        (CalendarMethod.cancel_session, "CANCEL", ["STATUS:CANCELLED"], "FALSE"),
        (CalendarMethod.cancel_registration, "CANCEL", [], "FALSE"),
    ],
)
def test_what_each_method_says(method: CalendarMethod, itip: str, status: list[str], rsvp: str) -> None:
    file = invite_file(method, INVITE)
    lines = lines_of(file)
    assert_well_formed(file)
    assert_readers_agree(file, STARTS_AT, "Your webinar")
    assert [line for line in lines if line.startswith("STATUS")] == status
    assert [line for line in lines if line.startswith("METHOD")] == [f"METHOD:{itip}"]
    (attendee,) = (line for line in lines if line.startswith("ATTENDEE"))
    assert attendee.endswith(":mailto:ana@mail.example")
    assert f"RSVP={rsvp}" in attendee
    assert 'CN="Ana Núñez"' in attendee
    for wanted in (
        f"UID:{UID}",
        "SEQUENCE:4",
        "DTSTAMP:20270301T123000Z",
        "CREATED:20270105T090000Z",
        "DTSTART:20270401T160000Z",
        "DTEND:20270401T170000Z",
        "ORGANIZER;CN=Webinars:mailto:webinars@clinic.example",
        "CLASS:PRIVATE",
        "TRANSP:OPAQUE",
    ):
        assert lines.count(wanted) == 1
    assert not any("VALARM" in line or "TZID" in line or "RRULE" in line for line in lines)


def test_a_request_says_where_to_go_in_every_field_a_program_may_show() -> None:
    lines = lines_of(invite_file(CalendarMethod.request, INVITE))
    assert f"LOCATION:{INVITE.join_url}" in lines
    assert f"URL:{INVITE.join_url}" in lines
    assert f"CONFERENCE;FEATURE=AUDIO,VIDEO;LABEL=Join webinar;VALUE=URI:{INVITE.join_url}" in lines
    (description,) = (line for line in lines if line.startswith("DESCRIPTION"))
    assert description.startswith(f"DESCRIPTION:Join: {INVITE.join_url}\\nChange or cancel: {INVITE.change_url}")


def test_a_cancellation_gives_no_link_away() -> None:
    for method in (CalendarMethod.cancel_session, CalendarMethod.cancel_registration):
        assert b"https://" not in invite_file(method, INVITE)


def test_one_registrants_lines_do_not_reach_another() -> None:
    first = invite_file(CalendarMethod.request, INVITE)
    second = invite_file(
        CalendarMethod.request, replace(INVITE, attendee_name="Bo", attendee_email="bo@mail.example", sequence=9)
    )
    assert b"ana@" not in second
    assert b"SEQUENCE:4" not in second
    assert first == invite_file(CalendarMethod.request, INVITE)


@pytest.mark.parametrize(
    "zone", [ZoneInfo("Europe/Berlin"), timezone(timedelta(hours=2)), ZoneInfo("Australia/Lord_Howe")]
)
def test_a_moment_is_written_in_utc_whatever_its_zone(zone: Any) -> None:
    file = invite_file(CalendarMethod.request, replace(INVITE, starts_at=STARTS_AT.astimezone(zone)))
    assert b"DTSTART:20270401T160000Z" in file


def test_both_sides_of_a_clock_change_are_told_apart() -> None:
    for fold, hour in ((0, 0), (1, 1)):
        local = datetime(2027, 10, 31, 2, 30, tzinfo=ZoneInfo("Europe/Berlin"), fold=fold)
        file = invite_file(
            CalendarMethod.request, replace(INVITE, starts_at=local, ends_at=local.astimezone(UTC) + timedelta(hours=1))
        )
        assert_readers_agree(file, datetime(2027, 10, 31, hour, 30, tzinfo=UTC))


def test_what_is_no_invitation_is_refused() -> None:
    naive = STARTS_AT.replace(tzinfo=None)
    for changes in ({"starts_at": naive}, {"ends_at": STARTS_AT}, {"attendee_email": "a@b, c@d"}, {"join_url": "x"}):
        with pytest.raises(ValueError, match=r"zone|ends|address"):
            invite_file(CalendarMethod.request, replace(INVITE, **changes))


@pytest.mark.parametrize("name", NASTY_NAMES)
def test_nasty_names_change_nothing_but_themselves(name: str) -> None:
    file = invite_file(CalendarMethod.request, replace(INVITE, attendee_name=name, organizer_name=name, summary=name))
    assert_well_formed(file)
    assert_readers_agree(file, STARTS_AT)
    event = vobject.readOne(file.decode()).vevent
    assert event.attendee.value == "mailto:ana@mail.example"
    assert event.attendee.params.get("CN", [""]) == [calendar_name(name)]


@given(name=ANY_TEXT, summary=ANY_TEXT, description=ANY_TEXT)
def test_any_text_parses(name: str, summary: str, description: str) -> None:
    invite = replace(INVITE, attendee_name=name, organizer_name=name, summary=summary, description=description)
    file = invite_file(CalendarMethod.request, invite)
    assert_well_formed(file)
    assert_readers_agree(file, STARTS_AT)


@given(st.integers(min_value=1, max_value=2000))
def test_long_links_are_folded_and_come_back(length: int) -> None:
    url = "https://clinic.example/" + "é%C3".replace("é", "e") * (length // 4)
    file = invite_file(CalendarMethod.request, replace(INVITE, join_url=url))
    assert_well_formed(file)
    assert vobject.readOne(file.decode()).vevent.url.value == url


def test_control_what_cleaning_prevents() -> None:
    """icalendar passes a NUL through, and a reader then refuses the whole file."""
    calendar, event = Calendar(), Event()
    for name, value in (("PRODID", "x"), ("VERSION", "2.0")):
        calendar.add(name, value)
    event.add("UID", UID)
    event.add("DTSTAMP", STARTS_AT)
    event.add("DTSTART", STARTS_AT)
    event.add("SUMMARY", "A\x00na")
    calendar.add_component(event)
    with pytest.raises(Exception, match="not valid ICS"):
        IcsCalendarStream.calendar_from_ics(calendar.to_ical().decode())


@pytest.mark.parametrize(("cancelled", "status"), [(False, "CONFIRMED"), (True, "CANCELLED")])
def test_the_file_to_download_has_nobody_in_it(cancelled: bool, status: str) -> None:
    file = session_file(
        uid=UID,
        sequence=2,
        updated_at=INVITE.stamped_at,
        created_at=INVITE.created_at,
        starts_at=STARTS_AT,
        ends_at=STARTS_AT + timedelta(hours=1),
        summary="Your webinar",
        organizer_name="Webinars",
        organizer_email="webinars@clinic.example",
        description="The link to join came by e-mail.",
        url="https://clinic.example/",
        cancelled=cancelled,
    )
    lines = lines_of(file)
    assert_well_formed(file)
    assert_readers_agree(file, STARTS_AT, "Your webinar")
    assert "METHOD:PUBLISH" in lines
    assert f"STATUS:{status}" in lines
    assert "LAST-MODIFIED:20270301T123000Z" in lines
    assert any(line.startswith("ORGANIZER") for line in lines)
    assert not any(line.startswith("ATTENDEE") for line in lines)
