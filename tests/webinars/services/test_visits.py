"""Visits and what became of them, by where they came from."""

from __future__ import annotations

from datetime import timedelta
from functools import partial

import pytest
import sqlalchemy as sa

from tests.concurrency.load import at_once
from tests.conftest import NOW
from tests.factories import Factory
from tests.webinars.services.looks import withdraw
from webinars.errors import NotFound
from webinars.rules.visits import OTHER, Touch, journey
from webinars.services import attendance, follow_ups, moves, visits
from webinars.services.attendance import Report
from webinars.services.visits import MOST_SOURCES, SourceCounts
from webinars.tables import VisitCount
from webinars.terms import PublicationStatus
from webinars.testing import SetClock
from webinars.work import Process

BLOG, MAIL = {"utm_source": "blog"}, {"utm_source": "mail"}
DAY = timedelta(days=1)


@pytest.fixture
def slug(factory: Factory) -> str:
    return factory.webinar("knee-options")


def look(process: Process, slug: str, touch: Touch, *, is_form: bool = False, days: int = 0) -> None:
    with process.work() as work:
        visits.count_visit(work, slug, touch, is_form=is_form, now=NOW + days * DAY)


def sources(process: Process, slug: str, most: int = 200) -> list[SourceCounts]:
    with process.read() as work:
        return visits.list_sources(work, slug, most=most)


def rows(process: Process) -> list[tuple[str, Touch, int, int]]:
    with process.read() as work:
        found = work.db.scalars(sa.select(VisitCount).order_by(sa.text("day, visits desc")))
        return [(row.day.isoformat(), row.source, row.visits, row.forms) for row in found]


def test_looks_are_counted_by_day_and_source(process: Process, slug: str) -> None:
    for touch in (BLOG, BLOG | {"utm_term": "knee"}, MAIL):
        look(process, slug, touch)
    look(process, slug, BLOG, is_form=True)
    look(process, slug, BLOG, days=1)
    assert rows(process) == [("2026-03-02", BLOG, 2, 1), ("2026-03-02", MAIL, 1, 0), ("2026-03-03", BLOG, 1, 0)]
    assert sources(process, slug) == [SourceCounts(BLOG, visits=3, forms=1), SourceCounts(MAIL, visits=1)]


def test_what_the_public_cannot_see_has_no_visitors(process: Process, factory: Factory) -> None:
    factory.webinar("hidden", status=PublicationStatus.draft)
    for name in ("hidden", "nothing", "", "\x00knee-options", "\ud800"):
        look(process, name, BLOG)
    assert rows(process) == []
    with pytest.raises(NotFound):
        sources(process, "nothing")


def test_made_up_sources_do_not_fill_the_table(process: Process, slug: str) -> None:
    with process.work() as work:
        for number in range(MOST_SOURCES + 30):
            visits.count_visit(work, slug, {"src": f"s{number}"}, is_form=False, now=NOW)
        visits.count_visit(work, slug, {"src": "s7"}, is_form=False, now=NOW)  # known already: still counted by itself
    kept = {row[1]["src"]: row[2] for row in rows(process)}
    assert len(kept) == MOST_SOURCES + 1
    assert (kept["other"], kept["s7"], kept["s199"]) == (30, 2, 1)
    look(process, slug, {"src": "s220"}, days=1)  # another day has room again
    assert rows(process)[-1][1] == {"src": "s220"}


def test_many_at_once_are_all_counted(process: Process, slug: str) -> None:
    at_once([partial(look, process, slug, BLOG)] * 40)
    assert rows(process) == [("2026-03-02", BLOG, 40, 0)]


def test_registrations_and_attendance_count_by_the_newest_arrival(
    process: Process, factory: Factory, slug: str, clock: SetClock
) -> None:
    session = factory.session(slug).session
    people = [
        ("ana", journey(BLOG)),
        ("ben", journey(BLOG | {"utm_content": "footer", "referrer": "https://x.example/y"})),
        ("cleo", journey(MAIL, BLOG)),
        ("dora", journey({"referrer": "https://x.example/a"})),
        ("emil", journey({"referrer": "https://x.example/b/c"})),
        ("fay", {}),
    ]
    for name, source in people:
        factory.registration(session.id, f"{name}@mail.example", source=source)
    look(process, slug, BLOG)
    clock.set(session.ends_at)
    with process.work() as work:
        end = session.ends_at
        reports = [Report(None, f"{name}@mail.example", session.starts_at, end) for name in ("ana", "cleo")]
        reports.append(Report(None, "ben@mail.example", session.starts_at, session.starts_at + timedelta(minutes=15)))
        attendance.record(work, session.id, reports, end)
    with process.work() as work:
        follow_ups.settle_due(work, session.ends_at + timedelta(hours=1))
    assert sources(process, slug) == [
        SourceCounts(BLOG, visits=1, registrations=2, attended=2),  # one of them left early, but came
        SourceCounts({"referrer": "https://x.example"}, registrations=2),
        SourceCounts(MAIL, registrations=1, attended=1),
        SourceCounts({}, registrations=1),
    ]


def test_who_withdrew_did_register_and_who_moved_did_so_once(process: Process, factory: Factory, slug: str) -> None:
    here, there = (factory.session(slug, starts_in=timedelta(days=days)).session.id for days in (7, 14))
    gone = factory.registration(here, "ana@mail.example", source=journey(BLOG)).registration.id
    withdraw(process, gone)
    moved = factory.registration(here, "ben@mail.example", source=journey(MAIL)).registration.id
    with process.work() as work:
        moves.move(work, moved, there, by_host=False, now=NOW)
    assert sources(process, slug) == [SourceCounts(BLOG, registrations=1), SourceCounts(MAIL, registrations=1)]


def test_other_webinars_do_not_count(process: Process, factory: Factory, slug: str) -> None:
    other = factory.session().session
    factory.registration(other.id, source=journey(BLOG))
    assert sources(process, slug) == []


def test_beyond_so_many_the_rest_is_one(process: Process, slug: str) -> None:
    for number in range(5):
        for _ in range(number + 1):
            look(process, slug, {"src": f"s{number}"})
    assert sources(process, slug, most=3) == [
        SourceCounts({"src": "s4"}, visits=5),
        SourceCounts({"src": "s3"}, visits=4),
        SourceCounts(OTHER, visits=6),
    ]


def test_the_number_of_statements_does_not_grow_with_the_sources(process: Process, factory: Factory, slug: str) -> None:
    session_id = factory.session(slug).session.id
    for number in range(12):
        look(process, slug, {"src": f"s{number}"})
        factory.registration(session_id, source=journey({"src": f"s{number}"}))
    seen: list[str] = []
    sa.event.listen(process.engines.read, "before_cursor_execute", lambda *facts: seen.append(facts[2]))
    assert len(sources(process, slug)) == 12
    assert len(seen) <= 4  # BEGIN, the webinar, the visits, the registrations
