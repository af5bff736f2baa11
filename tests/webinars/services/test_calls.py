"""The list of people to call: requests and open follow-ups in one order, and what of them is shown to whom."""

from __future__ import annotations

from datetime import datetime, timedelta
from uuid import UUID

import pytest
import sqlalchemy as sa

from tests.conftest import NOW
from tests.factories import ACTOR, Factory
from webinars.db import DbSession
from webinars.queries import calls as calls_queries
from webinars.queries.pages import Page
from webinars.rules.requests import Wish
from webinars.services import attendance, calls, follow_ups, registrations, requests
from webinars.services.calls import Call
from webinars.terms import CallTime, RecentMri, RequestKind, TaskState
from webinars.work import Process

OVER = NOW + timedelta(days=7, hours=1)
SETTLED = OVER + timedelta(hours=2)
WISH = Wish(RecentMri.yes, CallTime.any_time, "303 555 0134", "The left knee")


@pytest.fixture
def people(process: Process, factory: Factory) -> list[UUID]:
    """Three who had a seat: the first asked for an evaluation, the second only pressed the button, the third asked for
    the packet after the session had settled."""
    session_id = factory.session().session.id
    ana, bo, cy = (
        factory.registration(session_id, f"{name}@mail.example", name=name.title(), phone="+1 303 555 0199")
        for name in ("ana", "bo", "cy")
    )
    with process.work() as work:
        registration, item = registrations.get_registration(work, bo.registration.id)
        attendance.note_click(work, registration, item.session.starts_at)
    with process.work() as work:
        requests.ask_evaluation(work, ana.registration.id, WISH, OVER)
    with process.work() as work:
        assert follow_ups.settle_due(work, SETTLED) == session_id
    with process.work() as work:
        requests.ask_packet(work, cy.registration.id, SETTLED + timedelta(hours=1))
    return [each.registration.id for each in (ana, bo, cy)]


def listed(
    process: Process, state: TaskState = TaskState.open, cursor: str | None = None, limit: int = 50, **of: object
) -> Page[Call]:
    moment = of.get("now", SETTLED)
    assert isinstance(moment, datetime)
    with process.read() as work:
        return calls.list_calls(work, state=state, cursor=cursor, limit=limit, actor=ACTOR, now=moment)


def test_the_oldest_wait_first_whatever_they_wait_for(process: Process, people: list[UUID]) -> None:
    page = listed(process)
    assert [call.registration.id for call in page.items] == people
    assert [call.kind for call in page.items] == [RequestKind.candidacy, None, RequestKind.packet]
    assert [call.name for call in page.items] == ["Ana", "Bo", "Cy"]
    with process.read() as work:
        assert calls.count_open(work) == 3
    first = listed(process, limit=2)
    assert [call.name for call in (*first.items, *listed(process, cursor=first.next, limit=2).items)] == [
        "Ana",
        "Bo",
        "Cy",
    ]


def test_what_is_done_is_off_the_list_and_the_newest_of_it_comes_first(process: Process, people: list[UUID]) -> None:
    ana, bo, _ = listed(process).items
    with process.work() as work:
        requests.update_request(work, ana.task.id, {"state": "done"}, version=None, actor=ACTOR, now=SETTLED)
        follow_ups.update_follow_up(work, bo.task.id, {"task": "done"}, version=None, actor=ACTOR, now=SETTLED)
        assert calls.count_open(work) == 1
    assert [call.name for call in listed(process).items] == ["Cy"]
    page = listed(process, TaskState.done, limit=1)
    assert [call.name for call in page.items] == ["Bo"]
    assert [call.name for call in listed(process, TaskState.done, page.next).items] == ["Ana"]


def test_how_to_reach_them_and_what_they_told_is_shown_to_who_asks(process: Process, people: list[UUID]) -> None:
    hidden = [(call.email, call.phone, call.wish) for call in listed(process).items]
    assert hidden[0] == ("a•••@m•••.example", "", None)
    with process.work() as work:
        calls.reveal(work, actor=ACTOR, now=SETTLED)
        calls.reveal(work, actor="somebody else", now=SETTLED + timedelta(hours=1))
    ana, bo, _ = listed(process).items
    assert (ana.email, ana.phone, ana.wish) == ("ana@mail.example", "303 555 0134", WISH)  # the number they named
    assert (bo.email, bo.phone, bo.wish) == ("bo@mail.example", "+1 303 555 0199", None)
    later = listed(process, now=SETTLED + timedelta(minutes=15))
    assert [(call.email, call.phone, call.wish) for call in later.items] == hidden


def test_what_is_open_is_counted_in_indexes(process: Process) -> None:
    """They are counted for every page of the console, and stand beside a million follow-ups without a task."""
    with process.read() as work:
        plans = [plan_of(work.db, count) for count in calls_queries.COUNTS_OF_OPEN]
    for plan, index in zip(plans, ("ix_requests_state_id", "ix_follow_ups_task_id"), strict=True):
        assert index in plan


def plan_of(db: DbSession, count: sa.Select[int]) -> str:
    bind = db.get_bind()
    statement = count.compile(bind, compile_kwargs={"literal_binds": True})
    if bind.dialect.name != "postgresql":
        return str(db.execute(sa.text(f"EXPLAIN QUERY PLAN {statement}")).all())
    db.execute(sa.text("SET LOCAL enable_seqscan = off"))  # the tables are empty
    return str(db.execute(sa.text(f"EXPLAIN {statement}")).all())
