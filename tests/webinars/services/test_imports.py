"""Importing registrants: all or nobody, in the file's order, never twice, never more than there are seats."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

import pytest
import sqlalchemy as sa
from sqlmodel import col

from tests.conftest import NOW
from tests.factories import ACTOR, Factory
from tests.webinars.services.looks import kinds_to, row, seats, withdraw
from webinars.errors import InvalidField, NotFound, RowsRefused, SessionCancelled, SessionNotOpen, SessionStarted
from webinars.queries import registrations as registrations_queries
from webinars.rules.visits import first_touch, last_touch
from webinars.services import imports, registrations
from webinars.services.imports import Imported, import_registrants, read_people
from webinars.tables import AuditEntry, Message, Registration, Webinar, WebinarSession
from webinars.tables.base import core
from webinars.terms import PublicationStatus, RegistrationStatus, SessionStatus
from webinars.testing import SetClock
from webinars.work import Process

HEAD = "email,name,seats,timezone,phone,question\n"


def people(*addresses: str, seats: int = 1) -> bytes:
    """A file with these people."""
    return (HEAD + "".join(f"{address}@mail.example,{address.title()},{seats},,,\n" for address in addresses)).encode()


def run(
    process: Process, session_id: UUID, content: bytes, *, dry_run: bool = False, sends_mail: bool = True
) -> Imported:
    with process.work() as work:
        return import_registrants(
            work,
            session_id,
            read_people(content),
            dry_run=dry_run,
            sends_mail=sends_mail,
            actor=ACTOR,
            now=process.clock.now(),
        )


def everything(process: Process) -> tuple[list[tuple[object, ...]], ...]:
    """All that an import may write."""
    with process.read() as work:
        return tuple(
            sorted(map(tuple, work.db.execute(sa.select(core(table)))), key=str)
            for table in (Registration, Message, AuditEntry, WebinarSession)
        )


def by_name(process: Process, session_id: UUID) -> list[tuple[str, str]]:
    """Names and states in the order they came."""
    with process.read() as work:
        found = registrations_queries.list_registrations(work.db, session_id, limit=1000)
        return [(registrations.name_of(work.vault, item), item.status.value) for item in found]


def test_the_order_of_the_file_is_the_order_of_arrival(process: Process, factory: Factory) -> None:
    session_id = factory.session(capacity=3).session.id
    done = run(process, session_id, people("cleo", "ana", "dora", "ben", "eva"))
    assert by_name(process, session_id) == [
        ("Cleo", "confirmed"),
        ("Ana", "confirmed"),
        ("Dora", "confirmed"),
        ("Ben", "waitlisted"),
        ("Eva", "waitlisted"),
    ]
    assert (done.rows, done.registered, dict(done.decided)) == (5, 5, {"confirmed": 3, "waitlisted": 2})
    assert seats(process, session_id) == (3, 2)
    with process.read() as work:
        line = registrations_queries.list_waitlist(work.db, session_id, 5)
        assert [registrations.name_of(work.vault, item) for item in line] == ["Ben", "Eva"]


def test_a_row_is_kept_in_full_and_has_no_consents(process: Process, factory: Factory) -> None:
    session_id = factory.session(timezone="America/Chicago").session.id
    head = "email,name,seats,phone,question,language,source\n"
    run(process, session_id, f"{head}ana@mail.example,Ana Núñez,2,+1 303,MRI?,es-US,open day\n".encode())
    with process.read() as work:
        (kept,) = registrations_queries.list_registrations(work.db, session_id, limit=5)
        assert registrations_queries.list_consents(work.db, kept.id) == []
        assert registrations.email_of(work.vault, kept) == "ana@mail.example"
        assert registrations.phone_of(work.vault, kept) == "+1 303"
        assert registrations.question_of(work.vault, kept) == "MRI?"
    assert (kept.timezone, kept.locale, kept.seats) == ("America/Chicago", "es-US", 2)
    assert last_touch(kept.source) == first_touch(kept.source) == {"src": "open day"}
    assert seats(process, session_id) == (2, 0)


def test_again_nobody_is_registered_twice_and_nobody_gets_a_second_mail(
    process: Process, factory: Factory, clock: SetClock
) -> None:
    session_id = factory.session(capacity=2).session.id
    run(process, session_id, people("ana", "ben", "cleo"))
    before = everything(process)
    clock.advance(timedelta(days=1))  # long after an answer to asking again would go out once more
    done = run(process, session_id, people("ana", "BEN", "cleo"))
    assert (done.already_registered, done.registered, done.skipped) == (3, 0, [])
    registrations_after, messages_after, audit_after, _ = everything(process)
    assert (registrations_after, messages_after) == before[:2]
    assert len(audit_after) == len(before[2]) + 1
    again = factory.registration(session_id, "ana@mail.example")  # the control: by any other way they are told again
    assert kinds_to(process, again.registration.id) == ["confirmation", "resent"]


def test_a_longer_list_adds_whom_it_adds(process: Process, factory: Factory) -> None:
    session_id = factory.session().session.id
    run(process, session_id, people("ana", "ben"))
    done = run(process, session_id, people("ana", "dora", "ben"))
    assert (done.already_registered, done.registered) == (2, 1)
    assert [name for name, _ in by_name(process, session_id)] == ["Ana", "Ben", "Dora"]


def test_a_list_brings_nobody_back_who_left(process: Process, factory: Factory) -> None:
    session_id = factory.session().session.id
    left = factory.registration(session_id, "ana@mail.example").registration.id
    withdraw(process, left)
    refused = factory.registration(session_id, "ben@mail.example").registration.id
    with process.work() as work:
        registrations.decline(work, refused, NOW)
    done = run(process, session_id, people("ana", "ben", "cleo"))
    assert [(item.line, item.column) for item in done.skipped] == [(2, "email"), (3, "email")]
    assert done.registered == 1
    assert [row(process, item).status.value for item in (left, refused)] == ["withdrawn", "declined"]
    assert factory.registration(session_id, "ana@mail.example").registration.id == left  # they themselves may


def test_an_address_that_comes_twice_counts_once_and_the_other_line_is_named(
    process: Process, factory: Factory
) -> None:
    session_id = factory.session().session.id
    done = run(process, session_id, people("ana", "ben", "ANA", "ana"))
    assert [(item.line, item.detail) for item in done.skipped] == [
        (4, "The same address as in line 2, which counts."),
        (5, "The same address as in line 2, which counts."),
    ]
    assert (done.rows, done.registered) == (4, 2)


def test_one_bad_row_and_nobody_is_registered(process: Process, factory: Factory) -> None:
    session_id = factory.session().session.id
    before = everything(process)
    content = people("ana", "ben") + b"nobody,,3,Mars/Olympus,,\n" + people("dora")[len(HEAD) :]
    with pytest.raises(RowsRefused) as refused:
        run(process, session_id, content)
    assert refused.value.facts["bad_rows"] == 1
    problems = refused.value.facts["problems"]
    assert [(item["line"], item["column"]) for item in problems] == [  # type: ignore[attr-defined]
        (4, "email"),
        (4, "name"),
        (4, "timezone"),
        (4, "seats"),
    ]
    assert everything(process) == before
    run(process, session_id, people("ana", "ben", "dora"))  # the control: without that row all of it is written
    assert all(now != then for now, then in zip(everything(process), before, strict=True))


def test_without_a_waitlist_whoever_finds_no_seat_is_a_bad_row(process: Process, factory: Factory) -> None:
    session_id = factory.session(capacity=2, waitlist_open=False).session.id
    factory.registration(session_id, "ana@mail.example")
    before = everything(process)
    with pytest.raises(RowsRefused) as refused:
        run(process, session_id, people("ana", "ben", "cleo", "dora"))
    assert [item["line"] for item in refused.value.facts["problems"]] == [4, 5]  # type: ignore[attr-defined]
    assert everything(process) == before
    assert run(process, session_id, people("ana", "ben")).registered == 1  # ana was there before and needs no seat
    assert seats(process, session_id) == (2, 0)


def test_the_first_200_bad_rows_are_named_and_all_counted(process: Process, factory: Factory) -> None:
    content = ("email,name\n" + "nobody,\n" * 300).encode()
    with pytest.raises(RowsRefused) as refused:
        run(process, factory.session().session.id, content)
    assert refused.value.facts["bad_rows"] == 300
    assert len(refused.value.facts["problems"]) == imports.MOST_SHOWN  # type: ignore[arg-type]


def test_a_dry_run_says_what_will_happen_and_writes_nothing(process: Process, factory: Factory) -> None:
    session_id = factory.session(capacity=2).session.id
    factory.registration(session_id, "ana@mail.example")
    content = people("ana", "ben", "cleo", "ben")
    before = everything(process)
    said = run(process, session_id, content, dry_run=True)
    assert everything(process) == before
    assert run(process, session_id, content) == said
    assert (said.already_registered, dict(said.decided)) == (1, {"confirmed": 1, "waitlisted": 1})


def test_a_dry_run_names_bad_rows_beside_what_would_become_of_the_good_ones(process: Process, factory: Factory) -> None:
    session_id = factory.session(capacity=1, waitlist_open=False).session.id
    said = run(process, session_id, people("ana") + b"nobody,Ben\n" + people("cleo")[len(HEAD) :], dry_run=True)
    assert [(item.line, item.column) for item in said.problems] == [(3, "email"), (4, "")]
    assert (said.bad_rows, dict(said.decided)) == (2, {"confirmed": 1})
    assert seats(process, session_id) == (0, 0)


def test_what_else_is_done_in_the_transaction_of_a_dry_run_stays(process: Process, factory: Factory) -> None:
    session_id = factory.session(capacity=5).session.id
    with process.work() as work:
        import_registrants(
            work, session_id, read_people(people("ana")), dry_run=True, sends_mail=True, actor=ACTOR, now=NOW
        )
        session = work.db.get_one(WebinarSession, session_id)
        assert session.seats_taken == 0  # not what the dry run counted
        session.room_url = "https://rooms.example/r/2"
    with process.read() as work:
        assert work.db.get_one(WebinarSession, session_id).room_url == "https://rooms.example/r/2"


def test_newcomers_are_told_unless_nobody_is_to_be(process: Process, factory: Factory) -> None:
    told, quiet = (factory.session(capacity=1).session.id for _ in range(2))
    run(process, told, people("ana", "ben"))
    run(process, quiet, people("ana", "ben"), sends_mail=False)
    assert kinds_of_session(process, told) == ["confirmation", "waitlisted"]
    assert kinds_of_session(process, quiet) == []
    assert [status for _, status in by_name(process, quiet)] == ["confirmed", "waitlisted"]


def kinds_of_session(process: Process, session_id: UUID) -> list[str]:
    with process.read() as work:
        query = sa.select(col(Message.kind)).where(col(Message.session_id) == session_id).order_by(col(Message.id))
        return [kind.value for kind in work.db.scalars(query)]


def test_a_host_still_decides_where_a_host_decides(process: Process, factory: Factory) -> None:
    session_id = factory.session(factory.webinar(needs_approval=True)).session.id
    done = run(process, session_id, people("ana", "ben"))
    assert dict(done.decided) == {RegistrationStatus.pending: 2}
    assert seats(process, session_id) == (0, 0)


def test_couples_get_two_seats_or_none_across_many_rows(process: Process, factory: Factory) -> None:
    session_id = factory.session(capacity=5).session.id
    run(process, session_id, people("ana", "ben", "cleo", seats=2))
    assert [status for _, status in by_name(process, session_id)] == ["confirmed", "confirmed", "waitlisted"]
    assert seats(process, session_id) == (4, 1)


def test_however_long_the_list_seats_are_sold_once_and_progress_is_told(
    process: Process, factory: Factory, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(imports, "_TOGETHER", 64)
    session_id = factory.session(capacity=100).session.id
    told: list[int] = []
    with process.work() as work:
        done = import_registrants(
            work,
            session_id,
            read_people(people(*(f"person{number:03}" for number in range(250)))),
            dry_run=False,
            sends_mail=True,
            actor=ACTOR,
            now=NOW,
            progress=told.append,
        )
    assert dict(done.decided) == {"confirmed": 100, "waitlisted": 150}
    assert told == [64, 128, 192, 250]
    assert seats(process, session_id) == (100, 150)
    came = by_name(process, session_id)
    assert [name for name, _ in came] == [f"Person{number:03}" for number in range(250)]
    assert [status for _, status in came] == ["confirmed"] * 100 + ["waitlisted"] * 150


def test_who_did_it_is_noted_with_columns_and_no_values(process: Process, factory: Factory) -> None:
    session_id = factory.session().session.id
    run(process, session_id, people("ana"), dry_run=True)
    run(process, session_id, people("ana"))
    with process.read() as work:
        notes = work.db.scalars(sa.select(AuditEntry).where(col(AuditEntry.action) == "registrations.import")).all()
    assert [(note.actor, note.subject_id) for note in notes] == [(ACTOR, session_id)]
    assert notes[0].fields == ["email", "name", "phone", "question", "seats", "timezone"]


def test_a_session_that_takes_nobody_takes_no_list(process: Process, factory: Factory, clock: SetClock) -> None:
    session = factory.session().session
    with pytest.raises(NotFound):
        run(process, UUID(int=1), people("ana"))
    for status, refusal in ((SessionStatus.draft, SessionNotOpen), (SessionStatus.cancelled, SessionCancelled)):
        with process.work() as work:
            work.db.execute(sa.update(WebinarSession).values(status=status))
        with pytest.raises(refusal):
            run(process, session.id, people("ana"), dry_run=True)
    with process.work() as work:
        work.db.execute(sa.update(WebinarSession).values(status=SessionStatus.scheduled))
        work.db.execute(sa.update(Webinar).values(status=PublicationStatus.archived))
    with pytest.raises(SessionNotOpen, match="Publish it first"):
        run(process, session.id, people("ana"))
    with process.work() as work:
        work.db.execute(sa.update(Webinar).values(status=PublicationStatus.published))
    clock.set(session.starts_at)
    with pytest.raises(SessionStarted):
        run(process, session.id, people("ana"))


def test_what_the_public_must_answer_a_list_need_not(process: Process, factory: Factory) -> None:
    webinar = factory.webinar()
    session_id = factory.session(webinar).session.id
    factory.question(webinar, is_required=True)
    with pytest.raises(InvalidField):
        factory.registration(session_id, "ben@mail.example")
    assert run(process, session_id, people("ana")).registered == 1


def test_the_time_in_which_the_public_may_register_does_not_bind_a_host(process: Process, factory: Factory) -> None:
    session_id = factory.session().session.id
    with process.work() as work:
        work.db.execute(sa.update(WebinarSession).values(registration_opens_at=NOW + timedelta(days=1)))
    with pytest.raises(SessionNotOpen):
        factory.registration(session_id, "ben@mail.example")
    assert run(process, session_id, people("ana")).registered == 1


def test_a_file_without_what_is_needed_is_refused_before_anything_is_locked() -> None:
    for content, words in ((b"", "first row"), (b"name\nAna\n", "“email”"), (b"email\nana@mail.example\n", "“name”")):
        with pytest.raises(InvalidField, match=words):
            read_people(content)


def test_a_file_with_nobody_in_it_registers_nobody(process: Process, factory: Factory) -> None:
    done = run(process, factory.session().session.id, HEAD.encode())
    assert (done.rows, done.registered, done.bad_rows) == (0, 0, 0)
