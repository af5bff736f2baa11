"""The door: who gets in, and when. What a visitor sees of it is tested with the pages."""

from __future__ import annotations

from datetime import timedelta

import pytest

from tests.conftest import NOW
from tests.factories import ACTOR, Factory
from webinars.services import sessions
from webinars.services.joining import Door, DoorState, enter
from webinars.services.registering import Registered
from webinars.terms import LinkPurpose, RegistrationStatus
from webinars.testing import SetClock
from webinars.work import Process

ROOM = "https://rooms.example/r/1"


def press(process: Process, registered: Registered) -> Door:
    token = process.vault.link_token(LinkPurpose.enter, registered.registration.id, 0)
    return enter(process, token, process.clock.now())


@pytest.mark.parametrize(
    ("minutes", "state"),
    [
        (-16, DoorState.early),
        (-15, DoorState.open),
        (0, DoorState.open),
        (59, DoorState.open),
        (60, DoorState.ended),
    ],
)
def test_the_room_opens_a_quarter_of_an_hour_before_and_closes_at_the_end(
    process: Process, factory: Factory, clock: SetClock, minutes: int, state: DoorState
) -> None:
    session = factory.session(room_url=ROOM).session
    ana = factory.registration(session.id)
    clock.set(session.starts_at + timedelta(minutes=minutes))
    door = press(process, ana)
    assert (door.state, door.room_url) == (state, ROOM if state is DoorState.open else "")


def test_there_is_no_way_into_a_cancelled_session_or_one_without_a_room(
    process: Process, factory: Factory, clock: SetClock
) -> None:
    session, bare = factory.session().session, factory.session(room_url="").session
    ana, ben = factory.registration(session.id), factory.registration(bare.id)
    with process.work() as work:
        sessions.cancel_session(work, session.id, version=None, actor=ACTOR, now=NOW)
    clock.set(session.starts_at)
    assert (press(process, ana).state, press(process, ben).state) == (DoorState.cancelled, DoorState.room_missing)


def test_whatever_becomes_of_a_registration_the_door_has_words_for_it() -> None:
    without_seat = set(RegistrationStatus) - {RegistrationStatus.confirmed}
    assert {DoorState(status.value) for status in without_seat} <= set(DoorState)
