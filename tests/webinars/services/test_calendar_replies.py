"""What becomes of replies: noted, asked about, and only with proof and permission a seat that is free."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import NOW, make_settings
from tests.factories import ACTOR, Factory
from tests.support.replies import AUTHSERV, reply_mail
from tests.webinars.services.looks import kinds_to, row, seats
from webinars.documents.calendars import session_uid
from webinars.queries.sessions import Scheduled
from webinars.services import calendar_replies, erasure, sessions
from webinars.services.calendar_replies import Outcome
from webinars.terms import CalendarReply, RegistrationStatus
from webinars.testing import MemoryMailer, SetClock
from webinars.work import Process

ANA = "ana@mail.example"
PROOF = f"{AUTHSERV}; dmarc=pass header.from=mail.example"
MINUTE = timedelta(minutes=1)
Reply = Callable[..., Outcome]


@pytest.fixture
def process(database_url: str, tmp_path: Path, clock: SetClock, mailer: MemoryMailer) -> Iterator[Process]:
    settings = make_settings(database_url, tmp_path, inbound_authserv_id=AUTHSERV)
    process = Process(settings, clock=clock, mail=mailer)
    yield process
    process.close()


@pytest.fixture
def reply(process: Process) -> Reply:
    """Hands in a reply to an invite for a session; gives what became of it."""

    def send(item: Scheduled, partstat: str = "DECLINED", **changes: Any) -> Outcome:
        facts = {
            "uid": session_uid(item.session.id, "clinic.example"),
            "email": ANA,
            "partstat": partstat,
            "stamped_at": process.clock.now(),
        }
        with process.work() as work:
            return calendar_replies.take_reply(work, reply_mail(**(facts | changes)), process.clock.now())

    return send


def noted(process: Process, registration_id: Any) -> tuple[CalendarReply | None, int | None]:
    registration = row(process, registration_id)
    return registration.calendar_reply, registration.calendar_reply_sequence


def test_an_answer_is_noted_and_nothing_else(process: Process, factory: Factory, reply: Reply) -> None:
    item = factory.session()
    who = factory.registration(item.session.id, ANA).registration.id
    assert reply(item, "ACCEPTED") is Outcome.noted
    assert noted(process, who) == (CalendarReply.accepted, 0)
    assert row(process, who).calendar_replied_at == NOW
    assert kinds_to(process, who) == ["confirmation"]


def test_who_declines_keeps_the_seat_and_is_asked_once(
    process: Process, factory: Factory, reply: Reply, clock: SetClock
) -> None:
    item = factory.session()
    who = factory.registration(item.session.id, ANA).registration.id
    assert reply(item, results=[PROOF]) is Outcome.asked, "the webinar does not allow more"
    clock.advance(MINUTE)
    assert reply(item, "ACCEPTED") is Outcome.noted
    clock.advance(MINUTE)
    assert reply(item) is Outcome.asked
    assert kinds_to(process, who) == ["confirmation", "cannot_come"]
    assert row(process, who).status is RegistrationStatus.confirmed
    assert seats(process, item.session.id) == (1, 0)


def test_with_permission_and_proof_declining_frees_the_seat(process: Process, factory: Factory, reply: Reply) -> None:
    item = factory.session(factory.webinar(frees_declined_seats=True), capacity=1)
    who = factory.registration(item.session.id, ANA).registration.id
    waiting = factory.registration(item.session.id).registration.id
    assert reply(item, results=[PROOF]) is Outcome.freed
    assert row(process, who).status is RegistrationStatus.withdrawn
    assert kinds_to(process, who) == ["confirmation", "withdrawn"]
    assert row(process, waiting).status is RegistrationStatus.offered
    assert reply(item, results=[PROOF]) is Outcome.stale


@pytest.mark.parametrize(
    "results",
    [
        [],
        [f"{AUTHSERV}; dmarc=none header.from=mail.example"],
        ["evil.example; dmarc=pass header.from=mail.example"],
        ["evil.example; none", PROOF],
    ],
)
def test_without_proof_it_frees_nothing(process: Process, factory: Factory, reply: Reply, results: list[str]) -> None:
    item = factory.session(factory.webinar(frees_declined_seats=True))
    who = factory.registration(item.session.id, ANA).registration.id
    assert reply(item, results=results) is Outcome.asked
    assert row(process, who).status is RegistrationStatus.confirmed


def test_a_forgery_changes_nothing(process: Process, factory: Factory, reply: Reply) -> None:
    item = factory.session(factory.webinar(frees_declined_seats=True))
    who = factory.registration(item.session.id, ANA).registration.id
    before = row(process, who).updated_at
    assert reply(item, results=[f"{AUTHSERV}; dmarc=fail header.from=mail.example"]) is Outcome.ignored
    assert noted(process, who) == (None, None)
    assert row(process, who).updated_at == before
    assert kinds_to(process, who) == ["confirmation"]


def test_a_replay_changes_nothing(process: Process, factory: Factory, reply: Reply, clock: SetClock) -> None:
    item = factory.session()
    who = factory.registration(item.session.id, ANA).registration.id
    for _ in range(2):
        reply(item, "DECLINED", stamped_at=NOW)
    clock.advance(2 * MINUTE)
    assert reply(item, "ACCEPTED", stamped_at=NOW + MINUTE) is Outcome.noted
    before = row(process, who).updated_at
    for partstat in ("DECLINED", "ACCEPTED"):
        assert reply(item, partstat, stamped_at=NOW) is Outcome.stale
        assert reply(item, partstat, stamped_at=NOW + MINUTE) is Outcome.stale
    assert noted(process, who) == (CalendarReply.accepted, 0)
    assert row(process, who).updated_at == before
    assert kinds_to(process, who) == ["confirmation", "cannot_come"]


def test_an_answer_to_the_old_time_says_nothing_of_the_new_one(
    process: Process, factory: Factory, reply: Reply
) -> None:
    item = factory.session()
    who = factory.registration(item.session.id, ANA).registration.id
    reply(item, "ACCEPTED")
    with process.work() as work:
        sessions.update_session(
            work, item.session.id, {"duration_minutes": 45}, version=None, actor=ACTOR, now=process.clock.now()
        )
    assert reply(item, stamped_at=NOW + MINUTE) is Outcome.stale
    assert reply(item, stamped_at=NOW + MINUTE, sequence=2) is Outcome.stale, "that invite was never sent"
    assert noted(process, who) == (CalendarReply.accepted, 0)
    assert reply(item, sequence=1) is Outcome.asked
    assert noted(process, who) == (CalendarReply.declined, 1)


def test_a_stamp_from_the_future_does_not_make_later_answers_old(
    process: Process, factory: Factory, reply: Reply
) -> None:
    item = factory.session()
    who = factory.registration(item.session.id, ANA).registration.id
    assert reply(item, stamped_at=NOW + timedelta(days=400)) is Outcome.stale
    assert reply(item, "ACCEPTED", stamped_at=NOW) is Outcome.noted
    assert noted(process, who) == (CalendarReply.accepted, 0)


@pytest.mark.parametrize(
    "changes",
    [
        {"email": "bo@mail.example"},
        {"uid": "ses-00000000-0000-0000-0000-000000000007@clinic.example"},
        {"uid": "ses-nonsense@clinic.example"},
        {"method": "REQUEST"},
    ],
)
def test_what_is_no_answer_to_an_invite_of_ours_is_ignored(
    process: Process, factory: Factory, reply: Reply, changes: dict[str, str]
) -> None:
    item = factory.session()
    who = factory.registration(item.session.id, ANA).registration.id
    assert reply(item, **changes) is Outcome.ignored
    assert reply(item, uid=session_uid(item.session.id, "evil.example")) is Outcome.ignored
    assert noted(process, who) == (None, None)


def test_letter_case_of_the_address_does_not_matter(factory: Factory, reply: Reply) -> None:
    item = factory.session()
    factory.registration(item.session.id, ANA)
    assert reply(item, "ACCEPTED", email="Ana@Mail.example") is Outcome.noted


def test_who_was_never_invited_or_is_erased_has_nothing_to_answer(
    process: Process, factory: Factory, reply: Reply
) -> None:
    item = factory.session(capacity=1)
    gone = factory.registration(item.session.id, "bo@mail.example").registration.id
    who = factory.registration(item.session.id, ANA).registration.id
    assert reply(item) is Outcome.ignored, "on the waitlist"
    with process.work() as work:
        erasure.erase(work, gone, actor=ACTOR, now=NOW)
    assert reply(item, email="bo@mail.example") is Outcome.ignored
    assert noted(process, who) == (None, None)


def test_nobody_is_asked_to_give_up_a_seat_in_what_has_begun(
    factory: Factory, reply: Reply, clock: SetClock, process: Process
) -> None:
    item = factory.session()
    who = factory.registration(item.session.id, ANA).registration.id
    clock.set(item.session.starts_at)
    assert reply(item) is Outcome.noted
    assert kinds_to(process, who) == ["confirmation"]
