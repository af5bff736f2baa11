"""The way into the room. Whoever has a seat gets in, even when nothing can be written down."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

import structlog

from webinars.rules.sessions import is_live
from webinars.services import attendance
from webinars.services.links import open_link
from webinars.services.sessions import next_session_of
from webinars.tables import Registration, Webinar, WebinarSession
from webinars.terms import LinkPurpose, RegistrationStatus, SessionStatus
from webinars.work import Process, ReadWork

LONGEST_WAIT_S = 2.0
"""How long somebody at the door waits for the click to be written down."""
_log = structlog.get_logger()


class DoorState(StrEnum):
    """What whoever holds a join link finds."""

    early = "early"
    open = "open"
    room_missing = "room_missing"
    ended = "ended"
    cancelled = "cancelled"
    offered = "offered"
    waitlisted = "waitlisted"
    pending = "pending"
    declined = "declined"
    withdrawn = "withdrawn"
    lapsed = "lapsed"


@dataclass(frozen=True, slots=True)
class Door:
    """A registrant's way in, as it stands at a moment."""

    state: DoorState
    registration: Registration
    session: WebinarSession
    webinar: Webinar
    opens_at: datetime
    room_url: str
    """Empty unless the door is open."""
    following: WebinarSession | None
    """The next session, where this one is not to be."""


_OFFERS_NEXT = frozenset({DoorState.cancelled, DoorState.declined, DoorState.withdrawn, DoorState.lapsed})


def find_door(work: ReadWork, token: str, now: datetime) -> Door:
    """Changes nothing: mail scanners open links too.

    Raises:
        LinkInvalid: if the link was not made here, was revoked or expired.
    """
    registration, item = open_link(work, LinkPurpose.enter, token, now)
    session, webinar = item.session, item.webinar
    opens_at = work.settings.join_opens_at(session.starts_at)
    state = _state(
        registration, session, is_live(session.starts_at, session.ends_at, session.starts_at - opens_at, now), now
    )
    return Door(
        state=state,
        registration=registration,
        session=session,
        webinar=webinar,
        opens_at=opens_at,
        room_url=session.room_url if state is DoorState.open else "",
        following=next_session_of(work, webinar, session, now) if state in _OFFERS_NEXT else None,
    )


def enter(process: Process, token: str, now: datetime) -> Door:
    """Note that somebody pressed the button; `room_url` says where to. It leads there whether noting works or not.

    Raises:
        LinkInvalid: as `find_door`.
    """
    with process.read() as work:
        door = find_door(work, token, now)
    if door.state is DoorState.open:
        note = threading.Thread(target=_note, args=(process, door.registration, now), name="join-note", daemon=True)
        note.start()
        note.join(LONGEST_WAIT_S)
    return door


def _note(process: Process, registration: Registration, now: datetime) -> None:
    try:
        with process.work() as work:
            attendance.note_click(work, registration, now)
    except Exception as error:  # noqa: BLE001 - whatever it is, nobody is kept out for it
        _log.error("join.not_noted", error=type(error).__name__, registration_id=str(registration.id))


def _state(registration: Registration, session: WebinarSession, is_open: bool, now: datetime) -> DoorState:
    if session.status is SessionStatus.cancelled:
        return DoorState.cancelled
    if registration.status is not RegistrationStatus.confirmed:
        return DoorState(registration.status.value)
    if is_open:
        return DoorState.open if session.room_url else DoorState.room_missing
    return DoorState.early if now < session.starts_at else DoorState.ended
