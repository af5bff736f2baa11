"""Registering people from a file: all of them or nobody, and as often as one likes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field
from datetime import datetime
from urllib.parse import parse_qsl
from uuid import UUID

from webinars.documents.sheets import read_sheet
from webinars.errors import RowsRefused, SessionFull, SessionNotOpen
from webinars.queries import registrations as registrations_queries
from webinars.queries import sessions as sessions_queries
from webinars.queries.sessions import Scheduled
from webinars.rules.imports import HEADINGS, Newcomer, RowProblem, check_columns, read_row
from webinars.rules.registrations import same_person
from webinars.rules.visits import Touch, clean_touch, journey
from webinars.services import audit
from webinars.services.registering import RegistrationRequest, register
from webinars.services.seats import check_to_come
from webinars.terms import ACTIVE, RegistrationStatus
from webinars.work import Work

MOST_SHOWN = 200
"""How many rows are named, however many are bad."""
_TOGETHER = 1000
"""How many are registered with one look at who is known. A PostgreSQL without statistics of its tables yet reads all
that was written so far for each look: with the desk's 128, 10,000 rows took 15 s there instead of 6."""
_DRAFT = "This session is a draft, or its webinar is not published. Publish it first."
_LEFT = (
    "This person was registered before and is not any more. A list does not bring them back: they may register "
    "themselves, or a host may let them in again."
)


@dataclass(frozen=True, slots=True)
class People:
    """A file, read: whom it is about, and what is wrong with it."""

    columns: frozenset[str]
    unknown_columns: Sequence[str]
    rows: int
    newcomers: Sequence[Newcomer]
    problems: Sequence[RowProblem]
    """Of rows that nobody can be registered from."""
    repeats: Sequence[RowProblem]
    """Rows with an address that stands further up already: the first one counts."""


@dataclass(slots=True)
class Imported:
    """What became of the rows, or would. Each row is in one of the counts."""

    rows: int
    unknown_columns: Sequence[str]
    decided: Counter[RegistrationStatus] = field(default_factory=Counter)
    """New registrations by what they became."""
    already_registered: int = 0
    skipped: list[RowProblem] = field(default_factory=list)
    """Rows that were passed over, one entry each, and why."""
    problems: list[RowProblem] = field(default_factory=list)
    """What is wrong with bad rows; there may be several entries for one."""

    @property
    def registered(self) -> int:
        return self.decided.total()

    @property
    def bad_rows(self) -> int:
        return len({problem.line for problem in self.problems})


def read_people(content: bytes) -> People:
    """Whom a CSV file is about. Needs no database, so that nobody waits for it.

    Raises:
        InvalidField: if it is no such file, too large, or has not the columns that are needed.
    """
    sheet = read_sheet(content, HEADINGS)
    check_columns(sheet.columns)
    lines: dict[str, int] = {}
    newcomers: list[Newcomer] = []
    problems: list[RowProblem] = []
    repeats: list[RowProblem] = []
    for row in sheet.rows:
        read = read_row(row.line, row.cells, has_surplus=row.has_surplus)
        if not isinstance(read, Newcomer):
            problems += read
        elif (first := lines.setdefault(same_person(read.email), row.line)) != row.line:
            repeats.append(RowProblem(row.line, "email", f"The same address as in line {first}, which counts."))
        else:
            newcomers.append(read)
    return People(sheet.columns, sheet.unknown_columns, len(sheet.rows), newcomers, problems, repeats)


def import_registrants(
    work: Work,
    session_id: UUID,
    people: People,
    *,
    dry_run: bool,
    sends_mail: bool,
    actor: str,
    now: datetime,
    progress: Callable[[int], object] | None = None,
) -> Imported:
    """Register everybody in a file, in its order, in one transaction; who is registered already stays as they are.

    Args:
        people: from `read_people`.
        dry_run: decide all the same, then take it back. Bad rows are then part of the answer.
        sends_mail: whether each newcomer is told how matters stand.
        progress: is told now and then how many have been decided.

    Raises:
        RowsRefused: if a row is bad, or there is no place for it; then nothing is written.
        NotFound, SessionNotOpen, SessionStarted, SessionCancelled.
    """
    item = sessions_queries.lock_session(work.db, session_id)
    if not item.is_public:
        raise SessionNotOpen(_DRAFT)
    check_to_come(item, now)
    before = work.db.begin_nested()
    done = Imported(people.rows, people.unknown_columns, skipped=[*people.repeats], problems=[*people.problems])
    for start in range(0, len(people.newcomers), _TOGETHER):
        some = people.newcomers[start : start + _TOGETHER]
        _register(work, item, some, done, is_quiet=not sends_mail, now=now)
        if progress:
            progress(start + len(some))
    for rows in (done.skipped, done.problems):
        rows.sort(key=lambda row: row.line)
    if dry_run or done.problems:
        before.rollback()
        work.db.expire_all()
    else:
        before.commit()
        audit.note(work, actor, "registrations.import", now, subject_id=session_id, fields=sorted(people.columns))
    if done.problems and not dry_run:
        raise RowsRefused(bad_rows=done.bad_rows, problems=[asdict(problem) for problem in done.problems[:MOST_SHOWN]])
    return done


def _register(
    work: Work, item: Scheduled, newcomers: Sequence[Newcomer], done: Imported, *, is_quiet: bool, now: datetime
) -> None:
    """Register those of them who never were; the session is locked, so nobody comes in between."""
    session = item.session
    people = [(session.id, work.vault.index("email", same_person(newcomer.email))) for newcomer in newcomers]
    known = registrations_queries.find_places(work.db, people)
    new: list[Newcomer] = []
    for newcomer, person in zip(newcomers, people, strict=True):
        if person not in known:
            new.append(newcomer)
        elif known[person].status in ACTIVE:
            done.already_registered += 1
        else:
            done.skipped.append(RowProblem(newcomer.line, "email", _LEFT))
    requests = [_request(session.id, newcomer, session.timezone, is_quiet=is_quiet) for newcomer in new]
    for newcomer, outcome in zip(new, register(work, requests, now) if requests else [], strict=True):
        if isinstance(outcome, SessionFull):
            done.problems.append(RowProblem(newcomer.line, "", outcome.detail))
        elif isinstance(outcome, Exception):
            raise outcome
        else:
            done.decided[outcome.registration.status] += 1


def _request(session_id: UUID, newcomer: Newcomer, timezone: str, *, is_quiet: bool) -> RegistrationRequest:
    return RegistrationRequest(
        session_id=session_id,
        email=newcomer.email,
        name=newcomer.name,
        timezone=newcomer.timezone or timezone,
        locale=newcomer.locale,
        seats=newcomer.seats,
        phone=newcomer.phone,
        question=newcomer.question,
        source=journey(_touch(newcomer.source)),
        by_host=True,
        is_quiet=is_quiet,
    )


def _touch(source: str) -> Touch:
    """A word, or what an export says."""
    return clean_touch(dict(parse_qsl(source))) or clean_touch({"src": source})
