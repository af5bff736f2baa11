"""Who may do what comes after a session, and who went to the replay."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from uuid import UUID

import pytest

from tests.conftest import NOW
from tests.factories import ACTOR, Factory
from webinars.errors import NotFound, RegistrationNotActive, SessionCancelled, SessionNotOver
from webinars.rules.requests import Wish
from webinars.rules.surveys import Opinion
from webinars.services import erasure, registrations, replays, requests, sessions, surveys
from webinars.tables import Registration
from webinars.terms import CallTime, RecentMri
from webinars.work import Process, Work

OVER = NOW + timedelta(days=7, hours=1)
WISH = Wish(RecentMri.yes, CallTime.any_time, "303 555 0134")
DEEDS: dict[str, Callable[[Work, UUID], object]] = {
    "replay": lambda work, who: replays.watch(work, who, OVER),
    "survey": lambda work, who: surveys.answer(work, who, Opinion(3), OVER),
    "evaluation": lambda work, who: requests.ask_evaluation(work, who, WISH, OVER),
    "packet": lambda work, who: requests.ask_packet(work, who, OVER),
}


@pytest.mark.parametrize("name", DEEDS)
def test_it_is_for_whoever_had_a_seat_in_a_session_that_took_place(
    sqlite_process: Process, sqlite_factory: Factory, name: str
) -> None:
    deed, process, make = DEEDS[name], sqlite_process, sqlite_factory
    slug = make.webinar(replay_url="https://replay.example/1")
    here = make.session(slug, capacity=3).session.id
    came, left, erased = (make.registration(here).registration.id for _ in range(3))
    waiting = make.registration(here).registration.id
    later = make.registration(make.session(slug, starts_in=timedelta(days=9)).session.id).registration.id
    off = make.session(slug).session.id
    cancelled = make.registration(off).registration.id
    with process.work() as work:
        sessions.cancel_session(work, off, version=None, actor=ACTOR, now=NOW)
        erasure.erase(work, erased, actor=ACTOR, now=OVER)
        registrations.decline(work, left, NOW)
    refusals = [
        (left, RegistrationNotActive),
        (erased, RegistrationNotActive),
        (waiting, RegistrationNotActive),
        (cancelled, SessionCancelled),
        (later, SessionNotOver),
        (UUID(int=1), NotFound),
    ]
    for registration_id, refusal in refusals:
        with pytest.raises(refusal), process.work() as work:
            deed(work, registration_id)
    with process.work() as work:
        deed(work, came)


def test_the_first_visit_is_kept_and_without_a_replay_there_is_none(process: Process, factory: Factory) -> None:
    addresses = ("https://replay.example/1", "")
    watched, nothing = (
        factory.registration(factory.session(factory.webinar(f"w-{n}", replay_url=url)).session.id).registration.id
        for n, url in enumerate(addresses)
    )
    for moment in (OVER, OVER + timedelta(hours=1)):
        with process.work() as work:
            assert [replays.watch(work, who, moment) for who in (watched, nothing)] == list(addresses)
    with process.read() as work:
        assert work.db.get_one(Registration, watched).replayed_at == OVER
        assert work.db.get_one(Registration, nothing).replayed_at is None
