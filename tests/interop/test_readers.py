"""Other people's calendar readers: all of them see the same in every file that leaves the building."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest
import vobject
from ical.calendar_stream import IcsCalendarStream
from icalendar import Calendar

from tests.support.programs import missing
from tests.webinars.documents.test_golden import FILES, FOLDER
from tools.prepare_tests import SYSTEM_PYTHON, has_javascript_readers, has_libical

HERE = Path(__file__).parent
Events = list[dict[str, Any]]
LINES = {"uid": "UID", "starts_at": "DTSTART", "summary": "SUMMARY", "url": "URL"}


def expected(file: bytes) -> Events:
    """What the file says, by its plain lines."""
    found: Events = []
    for line in file.replace(b"\r\n ", b"").decode().split("\r\n"):
        head, _, value = line.partition(":")
        name = head.partition(";")[0]
        if line == "BEGIN:VEVENT":
            found.append(dict.fromkeys((*LINES, "organizer", "attendee")))
        for key, wanted in LINES.items():
            if name == wanted and found:
                found[-1][key] = value.replace("\\,", ",").replace("\\;", ";")
        if name in {"ORGANIZER", "ATTENDEE"}:
            common_name = head.partition("CN=")[2]
            quoted = common_name.startswith('"')
            found[-1][name.lower()] = common_name[1:].partition('"')[0] if quoted else common_name.partition(";")[0]
    return sorted(found, key=lambda event: str(event["uid"]))


def in_order(events: Events) -> Events:
    return sorted(events, key=lambda event: str(event["uid"]))


def by_vobject(file: bytes) -> Events:
    def name_of(event: Any, kind: str) -> str | None:
        return getattr(event, kind).params["CN"][0] if hasattr(event, kind) else None

    return [
        {
            "uid": event.uid.value,
            "starts_at": f"{event.dtstart.value:%Y%m%dT%H%M%SZ}",
            "summary": event.summary.value,
            "organizer": name_of(event, "organizer"),
            "attendee": name_of(event, "attendee"),
            "url": event.url.value if hasattr(event, "url") else None,
        }
        for event in vobject.readOne(file.decode()).vevent_list
    ]


def by_ical(file: bytes) -> Events:
    return [
        {
            "uid": event.uid,
            "starts_at": f"{event.dtstart:%Y%m%dT%H%M%SZ}",
            "summary": event.summary,
            "organizer": event.organizer.common_name if event.organizer else None,
            "attendee": event.attendees[0].common_name if event.attendees else None,
            "url": str(event.url) if event.url else None,
        }
        for event in IcsCalendarStream.calendar_from_ics(file.decode()).events
    ]


def by_icalendar(file: bytes) -> Events:
    return [
        {
            "uid": str(event["UID"]),
            "starts_at": f"{event.decoded('DTSTART'):%Y%m%dT%H%M%SZ}",
            "summary": str(event["SUMMARY"]),
            "organizer": str(event["ORGANIZER"].params["CN"]),
            "attendee": str(event["ATTENDEE"].params["CN"]) if "ATTENDEE" in event else None,
            "url": str(event["URL"]) if "URL" in event else None,
        }
        for event in Calendar.from_ical(file).walk("VEVENT")
    ]


def printed(command: list[str], file: bytes) -> Any:
    done = subprocess.run(command, input=file, capture_output=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr.decode()
    return json.loads(done.stdout)


@pytest.mark.parametrize("name", FILES)
def test_readers_in_python_agree(name: str) -> None:
    file = (FOLDER / f"{name}.ics").read_bytes()
    wanted = expected(file)
    assert len(wanted) == file.count(b"BEGIN:VEVENT")
    for reader in (by_vobject, by_ical, by_icalendar):
        assert in_order(reader(file)) == wanted, reader.__name__


@pytest.mark.parametrize("name", FILES)
def test_libical_agrees(name: str) -> None:
    if not has_libical():
        missing("libical")
    file = (FOLDER / f"{name}.ics").read_bytes()
    read = printed([SYSTEM_PYTHON, str(HERE / "read_libical.py")], file)
    assert read["errors"] == 0
    assert in_order(read["events"]) == expected(file)


@pytest.mark.parametrize("name", FILES)
def test_readers_in_javascript_agree(name: str) -> None:
    if not has_javascript_readers():
        missing("node with ical.js and node-ical")
    file = (FOLDER / f"{name}.ics").read_bytes()
    read = printed(["node", str(HERE / "read_js.mjs")], file)
    assert in_order(read["ical.js"]) == expected(file)
    assert in_order(read["node-ical"]) == expected(file)


def test_control_a_reader_that_is_misled_would_be_seen() -> None:
    """A name with a comma and a semicolon that is not quoted, as the parameter of an address."""
    file = (FOLDER / "request.ics").read_bytes().replace(b'CN="Ana N', b'CN=Ana; N"')
    with pytest.raises(Exception):  # noqa: B017, PT011 - each reader stumbles in its own way
        assert by_vobject(file) == by_ical(file) == expected((FOLDER / "request.ics").read_bytes())
