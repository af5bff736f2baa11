"""Every kind of calendar file as it leaves the building, byte for byte. `RENEW_SNAPSHOTS=1` writes them anew."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

import pytest

from tests.webinars.documents.test_calendars import INVITE, STARTS_AT
from tests.webinars.documents.test_feeds import EVENT
from webinars.documents.calendars import CalendarMethod, invite_file, session_file
from webinars.documents.feeds import feed_file

FOLDER = Path(__file__).parent / "golden"
LONG_URL = "https://clinic.example/j/" + "Aa1-_" * 111
"""580 characters."""
NASTY = replace(
    INVITE,
    organizer_name='Prof. Dr. "Jö" Ärztin, MD; Klinik: Süd',
    attendee_name="Ana, Núñez; 👩‍👩‍👧‍👦 漢字",
    summary="Your webinar, with us; and all of 👩‍⚕️ yours \\ ours " + "ü" * 40,
    description="One; two, three\\four\r\nBCC:evil@x.example\x00\nend",
    join_url=LONG_URL,
)
FILES = {
    "request": invite_file(CalendarMethod.request, INVITE),
    "request_nasty": invite_file(CalendarMethod.request, NASTY),
    "cancel_session": invite_file(CalendarMethod.cancel_session, INVITE),
    "cancel_registration": invite_file(CalendarMethod.cancel_registration, INVITE),
    "publish": session_file(
        uid=INVITE.uid,
        sequence=2,
        updated_at=INVITE.stamped_at,
        created_at=INVITE.created_at,
        starts_at=STARTS_AT,
        ends_at=INVITE.ends_at,
        summary=INVITE.summary,
        organizer_name=INVITE.organizer_name,
        organizer_email=INVITE.organizer_email,
        description="Your personal link to join is in the e-mail you get from us.",
        url="https://clinic.example/sessions/7/register",
    ),
    "feed": feed_file(
        "Clinic: Süd, all; of it",
        [
            EVENT,
            replace(EVENT, uid="ses-8@clinic.example", summary=NASTY.summary, url=LONG_URL, is_private=False),
            replace(EVENT, uid="ses-9@clinic.example", organizer_name=NASTY.organizer_name, is_cancelled=True),
        ],
        source_url="https://clinic.example/calendar/all.ics",
    ),
}
_EVERY_EVENT = {"UID", "SEQUENCE", "DTSTAMP", "DTSTART", "DTEND", "SUMMARY", "ORGANIZER"}
RULES = {
    "request": ("REQUEST", {"ATTENDEE"}, set(), ["CONFIRMED"]),
    "request_nasty": ("REQUEST", {"ATTENDEE"}, set(), ["CONFIRMED"]),
    "cancel_session": ("CANCEL", {"ATTENDEE"}, {"URL", "CONFERENCE"}, ["CANCELLED"]),
    "cancel_registration": ("CANCEL", {"ATTENDEE"}, {"URL", "CONFERENCE"}, []),
    "publish": ("PUBLISH", {"STATUS"}, {"ATTENDEE"}, ["CONFIRMED"]),
    "feed": ("PUBLISH", {"STATUS"}, {"ATTENDEE"}, ["CONFIRMED", "CONFIRMED", "CANCELLED"]),
}
"""RFC 5546 sections 3.2.1, 3.2.2 and 3.2.5: the METHOD, what must be there, what must not, and each STATUS."""
_NEVER = {"RRULE", "RDATE", "RECURRENCE-ID", "TZID", "ACTION", "TRIGGER"}


@pytest.mark.parametrize("name", FILES)
def test_the_files_are_what_they_were(name: str) -> None:
    path = FOLDER / f"{name}.ics"
    if os.environ.get("RENEW_SNAPSHOTS"):
        path.write_bytes(FILES[name])
    assert FILES[name] == path.read_bytes()


@pytest.mark.parametrize("name", FILES)
def test_each_method_has_what_it_must_and_nothing_that_it_must_not(name: str) -> None:
    method, needed, forbidden, statuses = RULES[name]
    lines = FILES[name].replace(b"\r\n ", b"").decode().split("\r\n")
    names = [line.partition(":")[0].partition(";")[0] for line in lines]
    assert lines.count(f"METHOD:{method}") == 1
    assert [line.removeprefix("STATUS:") for line in lines if line.startswith("STATUS:")] == statuses
    events = names.count("BEGIN") - 1
    for wanted in _EVERY_EVENT | needed:
        assert names.count(wanted) == events, wanted
    assert not (forbidden | _NEVER) & set(names)
    assert names.index("UID") > names.index("BEGIN", 1), "the calendar itself has none"


@pytest.mark.parametrize("name", FILES)
def test_no_line_is_too_long_or_torn(name: str) -> None:
    for line in FILES[name].split(b"\r\n"):
        assert len(line) <= 75
        assert b"\r" not in line
        assert b"\n" not in line
        line.decode()
