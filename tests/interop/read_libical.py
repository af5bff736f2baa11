"""Reads a calendar file with libical, for whoever runs it with the system's Python: events as JSON."""

import json
import sys

import gi

gi.require_version("ICalGLib", "3.0")
from gi.repository import ICalGLib  # noqa: E402


def _property(component, kind):
    return component.get_first_property(getattr(ICalGLib.PropertyKind, f"{kind}_PROPERTY"))


def _common_name(event, kind):
    found = _property(event, kind)
    name = found.get_first_parameter(ICalGLib.ParameterKind.CN_PARAMETER) if found else None
    return name.get_cn() if name else None


def _events(calendar):
    event = calendar.get_first_component(ICalGLib.ComponentKind.VEVENT_COMPONENT)
    while event is not None:
        url = _property(event, "URL")
        yield {
            "uid": event.get_uid(),
            "starts_at": event.get_dtstart().as_ical_string(),
            "summary": event.get_summary(),
            "organizer": _common_name(event, "ORGANIZER"),
            "attendee": _common_name(event, "ATTENDEE"),
            "url": url.get_url() if url else None,
        }
        event = calendar.get_next_component(ICalGLib.ComponentKind.VEVENT_COMPONENT)


calendar = ICalGLib.Component.new_from_string(sys.stdin.buffer.read().decode())
json.dump({"errors": calendar.count_errors(), "events": list(_events(calendar))}, sys.stdout)
