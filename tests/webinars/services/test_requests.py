"""What registrants ask for: one request of a kind, sealed, opened to who may, worked off once."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from uuid import UUID

import pytest
import sqlalchemy as sa

from tests.conftest import NOW
from tests.factories import ACTOR, Factory
from tests.webinars.documents.facts import plain_of
from webinars.errors import InvalidField, NotFound, RegistrationErased, VersionMismatch
from webinars.rules.requests import Wish
from webinars.rules.surveys import Opinion
from webinars.services import erasure, requests, retention, surveys
from webinars.services.delivery import Sender
from webinars.tables import AuditEntry, Message, SurveyReply
from webinars.terms import CallTime, MessageKind, RecentMri, RequestKind, TaskState
from webinars.testing import MemoryMailer, SetClock
from webinars.work import Process

OVER = NOW + timedelta(days=7, hours=1)
HOUR = timedelta(hours=1)
WISH = Wish(RecentMri.not_sure, CallTime.morning, "303 555 0134", "The left meniscus")


@pytest.fixture
def session_id(factory: Factory) -> UUID:
    return factory.session(factory.webinar(packet_url="https://files.example/p.pdf")).session.id


@pytest.fixture
def ana(factory: Factory, session_id: UUID) -> UUID:
    return factory.registration(session_id, "ana@mail.example").registration.id


def listed(process: Process, **wanted: object) -> list[requests.RequestItem]:
    asked: dict[str, object] = {"state": None, "kind": None, "cursor": None, "limit": 50} | wanted
    with process.read() as work:
        return list(requests.list_requests(work, **asked).items)  # type: ignore[arg-type]


def test_asked_again_is_one_request_that_is_open_again(process: Process, ana: UUID) -> None:
    with process.work() as work:
        request = requests.ask_evaluation(work, ana, WISH, OVER)
        assert request.details is not None
        assert b"meniscus" not in bytes(request.details)
    with process.work() as work:
        changes = {"state": TaskState.done, "note": "Called back about the left side."}
        item = requests.update_request(work, request.id, changes, version=1, actor=ACTOR, now=OVER + HOUR)
        assert (item.request.state, item.request.version, item.note) == (TaskState.done, 2, changes["note"])
    newer = Wish(RecentMri.yes, CallTime.evening, "303 555 0199")
    with process.work() as work:
        requests.ask_evaluation(work, ana, newer, OVER + 2 * HOUR)
    (item,) = listed(process)
    assert (item.request.id, item.request.state, item.request.version) == (request.id, TaskState.open, 3)
    assert (item.note, item.wish) == ("Called back about the left side.", None)  # nobody asked to read it
    assert requests.wish_of(process.vault, item.request) == newer


def test_what_they_told_is_opened_with_a_note_for_each(process: Process, ana: UUID) -> None:
    with process.work() as work:
        request = requests.ask_evaluation(work, ana, WISH, OVER)
        requests.ask_packet(work, ana, OVER)
    items = listed(process)
    assert [item.request.kind for item in items] == [RequestKind.candidacy, RequestKind.packet]
    with process.work() as work:
        opened = requests.with_wishes(work, items, actor=ACTOR, now=OVER)
    assert [item.wish for item in opened] == [WISH, None]
    with process.read() as work:
        query = sa.select(AuditEntry).where(sa.text("action = 'requests.read_health'"))
        assert [entry.subject_id for entry in work.db.scalars(query)] == [request.id]


def test_requests_are_filtered_and_paged_the_oldest_first(process: Process, factory: Factory, session_id: UUID) -> None:
    people = [factory.registration(session_id).registration.id for _ in range(3)]
    for later, who in enumerate(people):
        with process.work() as work:
            requests.ask_evaluation(work, who, WISH, OVER + later * HOUR)
            requests.ask_packet(work, who, OVER + later * HOUR)
    assert [item.request.registration_id for item in listed(process, kind=RequestKind.packet)] == people
    assert len(listed(process, state=TaskState.open)) == 6
    assert listed(process, state=TaskState.done) == []
    with process.read() as work:
        first = requests.list_requests(work, state=None, kind=None, cursor=None, limit=4)
        rest = requests.list_requests(work, state=None, kind=None, cursor=first.next, limit=4)
    assert [item.request.id for item in (*first.items, *rest.items)] == [item.request.id for item in listed(process)]


def test_a_request_is_open_or_done_and_nobody_overwrites_anothers_change(process: Process, ana: UUID) -> None:
    with process.work() as work:
        request = requests.ask_evaluation(work, ana, WISH, OVER)

    def change(request_id: UUID, changes: dict[str, str], version: int | None) -> None:
        with process.work() as work:
            requests.update_request(work, request_id, changes, version=version, actor=ACTOR, now=OVER)

    with pytest.raises(InvalidField):
        change(request.id, {"state": "none"}, None)
    with pytest.raises(VersionMismatch):
        change(request.id, {"note": "x"}, 7)
    with pytest.raises(NotFound):
        change(UUID(int=1), {}, None)
    change(request.id, {"note": "x"}, 1)
    change(request.id, {"note": ""}, None)
    assert [(item.note, item.request.note) for item in listed(process)] == [("", None)]


def test_nothing_is_written_of_who_has_been_erased(process: Process, ana: UUID) -> None:
    with process.work() as work:
        request = requests.ask_evaluation(work, ana, WISH, OVER)

    def note(text: str) -> None:
        with process.work() as work:
            requests.update_request(work, request.id, {"note": text}, version=None, actor=ACTOR, now=OVER)

    note("Ana's left knee")  # the control
    with process.work() as work:
        erasure.erase(work, ana, actor=ACTOR, now=OVER)
    with pytest.raises(RegistrationErased):
        note("Ana's left knee")
    assert [(item.note, item.request.state) for item in listed(process)] == [("", TaskState.none)]


def test_what_is_told_on_the_last_days_is_there_for_whoever_calls(process: Process, ana: UUID) -> None:
    day = timedelta(days=1)
    asked_at = OVER + 29 * day
    with process.work() as work:
        requests.ask_evaluation(work, ana, WISH, asked_at)
    retention.clear_due(process, asked_at + 30 * day)
    assert [requests.wish_of(process.vault, item.request) for item in listed(process)] == [WISH]
    retention.clear_due(process, asked_at + 30 * day + timedelta(seconds=1))
    assert [requests.wish_of(process.vault, item.request) for item in listed(process)] == [None]


def test_a_host_who_touches_it_again_and_again_keeps_nobody_for_ever(process: Process, ana: UUID) -> None:
    with process.work() as work:
        request = requests.ask_evaluation(work, ana, WISH, OVER)
    touched_at = OVER + timedelta(days=89)
    with process.work() as work:
        requests.update_request(work, request.id, {"state": "open"}, version=None, actor=ACTOR, now=touched_at)
    retention.clear_due(process, touched_at)
    assert [requests.wish_of(process.vault, item.request) for item in listed(process)] == [WISH]
    retention.clear_due(process, touched_at + timedelta(days=1, seconds=1))
    assert [requests.wish_of(process.vault, item.request) for item in listed(process)] == [None]


def test_the_packet_is_mailed_once_an_hour_to_who_asks(
    process: Process, ana: UUID, clock: SetClock, mailer: MemoryMailer
) -> None:
    clock.set(OVER)
    for moment, is_planned in ((OVER, True), (OVER + timedelta(minutes=59), False), (OVER + HOUR, True)):
        with process.work() as work:
            assert requests.ask_packet(work, ana, moment) == is_planned
    sender = Sender(process)
    sender.send_due(OVER)
    sender.stop()
    mail = next(mail for mail in mailer.to("ana@mail.example") if mail.subject == "What you asked us for")
    assert "https://files.example/p.pdf" in plain_of(mail)
    assert len(listed(process)) == 1


def test_without_a_packet_to_mail_a_host_reads_of_the_wish(process: Process, factory: Factory) -> None:
    who = factory.registration(factory.session().session.id).registration.id
    with process.work() as work:
        assert requests.ask_packet(work, who, OVER) is False
    assert [item.request.state for item in listed(process)] == [TaskState.open]
    with process.read() as work:
        assert MessageKind.packet not in set(work.db.scalars(sa.select(Message.kind)))


def test_a_button_that_is_pressed_many_times_at_once_is_pressed_once(process: Process, ana: UUID) -> None:
    def press(number: int) -> None:
        with process.work() as work:
            requests.ask_packet(work, ana, OVER)
        with process.work() as work:
            surveys.answer(work, ana, Opinion(1 + number % 5), OVER)

    with ThreadPoolExecutor(8) as crowd:
        list(crowd.map(press, range(16)))
    with process.read() as work:
        mails = work.db.scalars(sa.select(Message.id).where(sa.text("kind = 'packet'"))).all()
        assert len(mails) == 1
        assert work.db.scalar(sa.select(sa.func.count()).select_from(SurveyReply)) == 1
    assert [item.request.version for item in listed(process)] == [16]
