"""A calendar as the recipient of our mails has it: two independent readers must agree on every entry."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

import vobject
from ical.calendar_stream import IcsCalendarStream


@dataclass(frozen=True, slots=True)
class Entry:
    """What an invite or a cancellation says."""

    method: str
    uid: str
    sequence: int
    starts_at: datetime
    ends_at: datetime
    summary: str
    status: str | None


def read_entry(file: str) -> Entry:
    """The one entry of a calendar part; an error if the readers see different things."""
    by_vobject, by_ical = _by_vobject(file), _by_ical(file)
    assert by_vobject == by_ical
    return by_vobject


def _by_vobject(file: str) -> Entry:
    calendar: Any = vobject.readOne(file)
    event = calendar.vevent
    return Entry(
        method=calendar.method.value,
        uid=event.uid.value,
        sequence=int(event.sequence.value),
        starts_at=event.dtstart.value,
        ends_at=event.dtend.value,
        summary=event.summary.value,
        status=event.status.value if hasattr(event, "status") else None,
    )


def _by_ical(file: str) -> Entry:
    calendar = IcsCalendarStream.calendar_from_ics(file)
    (event,) = calendar.events
    assert isinstance(event.dtstart, datetime)
    assert isinstance(event.dtend, datetime)
    return Entry(
        method=calendar.method or "",
        uid=event.uid,
        sequence=event.sequence or 0,
        starts_at=event.dtstart,
        ends_at=event.dtend,
        summary=event.summary or "",
        status=event.status.value if event.status else None,
    )


class PersonalCalendar:
    """Applies invites and cancellations the way RFC 5546 says: the highest SEQUENCE wins, whatever arrives when."""

    def __init__(self) -> None:
        self._entries: dict[str, Entry] = {}

    def take(self, file: str) -> None:
        entry = read_entry(file)
        known = self._entries.get(entry.uid)
        if known is None or entry.sequence >= known.sequence:
            self._entries[entry.uid] = entry

    @property
    def shown(self) -> list[Entry]:
        """What its owner sees."""
        return [entry for entry in self._entries.values() if entry.method != "CANCEL"]
