"""From the time a client gave, as a moment or as wall time, to wall time."""

from __future__ import annotations

from api.schemas.sessions import SessionCreate
from webinars.rules.sessions import wall_time
from webinars.terms import WallTime


def wall_of(body: SessionCreate) -> WallTime:
    """Raises:
    UnknownTimezone: if there is no such zone.
    """
    if "starts_at" in body.model_fields_set:
        return wall_time(body.starts_at, body.timezone)
    return WallTime(body.starts_at_local, body.timezone)
