"""Who came: clicks and reports as intervals, and what they come to."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from webinars.errors import InvalidField, NotFound
from webinars.queries import attendance as attendance_queries
from webinars.queries import registrations as registrations_queries
from webinars.queries import sessions as sessions_queries
from webinars.queries.pages import Page, page_of, read_cursor
from webinars.rules.attendance import Stay, Summary, summarize
from webinars.rules.messages import USEFUL_AFTER_SESSION
from webinars.rules.registrations import clean_email, same_person
from webinars.services import messages
from webinars.tables import Attendance, Registration, WebinarSession
from webinars.terms import AttendanceSource, AttendanceState, Evidence, RegistrationStatus, new_id
from webinars.work import ReadWork, Work


@dataclass(frozen=True, slots=True)
class Report:
    """Somebody's word that a person was in the room: of a registration, or of an address."""

    registration_id: UUID | None
    email: str | None
    joined_at: datetime
    left_at: datetime | None
    source: AttendanceSource = AttendanceSource.report


@dataclass(frozen=True, slots=True)
class Recorded:
    """How many reports found their registration, and how many wait to be matched by hand."""

    matched: int
    unmatched: int


@dataclass(frozen=True, slots=True)
class AttendanceItem:
    """A registrant's attendance; None until the session has settled."""

    registration: Registration
    attendance: Attendance | None


def note_click(work: Work, registration: Registration, now: datetime) -> None:
    """Note that a registrant pressed the button; joining.py has seen to it that they may."""
    _put(work, registration.session_id, registration.id, AttendanceSource.click, now, None, now)


def record(work: Work, session_id: UUID, reports: Sequence[Report], now: datetime) -> Recorded:
    """Take in reports of joining and leaving. The same report again changes nothing; a leave may be added later.

    Reports that come after the session has settled work its attendance out again: follow-ups that went out stay, those
    that wait speak of what is known now, and of whom nothing was known gets theirs.

    Raises:
        NotFound: if there is no such session.
        InvalidField: if a report is of nobody, of another session's registration, or leaves before it joins.
    """
    session = sessions_queries.lock_session(work.db, session_id).session
    matched = 0
    for position, report in enumerate(reports):
        _check(report, position, now)
        registration = _match(work, session_id, report, position)
        if registration is not None:
            matched += 1
            _put(work, session_id, registration.id, report.source, report.joined_at, report.left_at, now)
        else:
            _put_unmatched(work, session_id, report, now)
    if session.settled_at is not None:
        summaries = work_out(work, session_id, now)
        attendance_queries.correct_segments(work.db, [(who, summary.state) for who, _, summary in summaries])
        _follow_up_late(work, session, summaries, now)
    return Recorded(matched, len(reports) - matched)


def work_out(work: Work, session_id: UUID, now: datetime) -> list[tuple[UUID, int, Summary]]:
    """Write what attendance comes to for every confirmed registration of a session.

    Returns:
        `(registration id, revision, summary)` of each.
    """
    session = sessions_queries.get_session(work.db, session_id).session
    stays: dict[UUID, list[Stay]] = defaultdict(list)
    for interval in attendance_queries.list_intervals(work.db, session_id):
        if interval.registration_id is not None:
            stays[interval.registration_id].append(Stay(interval.source, interval.joined_at, interval.left_at))
    confirmed = registrations_queries.list_confirmed(work.db, session_id)
    summaries = [
        (registration_id, revision, summarize(stays[registration_id], session.starts_at, session.ends_at))
        for registration_id, revision in confirmed
    ]
    attendance_queries.delete_attendance(work.db, session_id)
    attendance_queries.insert_attendance(
        work.db,
        [
            {
                "id": new_id(now),
                "registration_id": registration_id,
                "session_id": session_id,
                "state": summary.state,
                "minutes": summary.minutes,
                "share": summary.share,
                "evidence": summary.evidence,
                "settled_at": now,
            }
            for registration_id, _, summary in summaries
        ],
    )
    return summaries


def list_attendance(work: ReadWork, session_id: UUID, *, cursor: str | None, limit: int) -> Page[AttendanceItem]:
    """A page of a session's confirmed registrations with their attendance.

    Raises:
        NotFound: if there is no such session.
    """
    sessions_queries.get_session(work.db, session_id)
    rows = registrations_queries.list_registrations(
        work.db, session_id, statuses=[RegistrationStatus.confirmed], after=read_cursor(cursor), limit=limit + 1
    )
    known = attendance_queries.attendance_of(work.db, [row.id for row in rows])
    items = [AttendanceItem(row, known.get(row.id)) for row in rows]
    return page_of(items, [row.id for row in rows], limit)


def attendance_of(work: ReadWork, registration_id: UUID) -> Attendance | None:
    """What attendance came to for one registrant; None until their session has settled."""
    return attendance_queries.attendance_of(work.db, [registration_id]).get(registration_id)


def count_unmatched(work: ReadWork, session_id: UUID) -> int:
    """Reports that belong to no registration yet."""
    return attendance_queries.count_unmatched(work.db, session_id)


def present_evidence(work: ReadWork, session_id: UUID) -> dict[UUID, Evidence]:
    """Who has shown up so far, for the console's live view: by registration, before anything has settled."""
    found: dict[UUID, Evidence] = {}
    for interval in attendance_queries.list_intervals(work.db, session_id):
        if interval.registration_id is not None:
            clicked = interval.source is AttendanceSource.click
            if not clicked or interval.registration_id not in found:
                found[interval.registration_id] = Evidence.clicked if clicked else Evidence.joined
    return found


def _follow_up_late(
    work: Work, session: WebinarSession, summaries: Sequence[tuple[UUID, int, Summary]], now: datetime
) -> None:
    if now > session.ends_at + USEFUL_AFTER_SESSION:
        return
    unwritten = attendance_queries.list_unwritten(work.db, session.id)
    mails = {
        who: messages.follow_up_row(who, revision, session, summary.state, now)
        for who, revision, summary in summaries
        if who in unwritten and summary.state is not AttendanceState.unknown
    }
    messages.plan(work, list(mails.values()))
    attendance_queries.set_messages(work.db, {who: mail["id"] for who, mail in mails.items()})


def _check(report: Report, position: int, now: datetime) -> None:
    if (report.registration_id is None) == (report.email is None):
        raise InvalidField(
            f"Report {position + 1}: give either registration_id or email.", field=f"{position}.registration_id"
        )
    if report.left_at is not None and report.left_at < report.joined_at:
        raise InvalidField(f"Report {position + 1}: left_at lies before joined_at.", field=f"{position}.left_at")
    if report.joined_at > now:
        raise InvalidField(f"Report {position + 1}: joined_at lies in the future.", field=f"{position}.joined_at")


def _match(work: Work, session_id: UUID, report: Report, position: int) -> Registration | None:
    if report.registration_id is None:
        index = work.vault.index("email", same_person(clean_email(report.email or "")))
        return registrations_queries.find_by_index(work.db, session_id, index)
    try:
        registration = registrations_queries.get_registration(work.db, report.registration_id)
    except NotFound:
        registration = None
    if registration is None or registration.session_id != session_id:
        raise InvalidField(
            f"Report {position + 1}: this session has no such registration.", field=f"{position}.registration_id"
        )
    return registration


def _put(
    work: Work,
    session_id: UUID,
    registration_id: UUID,
    source: AttendanceSource,
    joined_at: datetime,
    left_at: datetime | None,
    now: datetime,
) -> None:
    attendance_queries.put_interval(
        work.db,
        {
            "id": new_id(now),
            "session_id": session_id,
            "registration_id": registration_id,
            "person_index": work.vault.index("registration", registration_id.hex),
            "source": source,
            "joined_at": joined_at,
            "left_at": left_at,
            "created_at": now,
        },
    )


def _put_unmatched(work: Work, session_id: UUID, report: Report, now: datetime) -> None:
    """Kept until a host matches it: somebody came, and a mistyped address must not make them a no-show."""
    email = clean_email(report.email or "")
    row_id = new_id(now)
    attendance_queries.put_interval(
        work.db,
        {
            "id": row_id,
            "session_id": session_id,
            "registration_id": None,
            "person_index": work.vault.index("email", same_person(email)),
            "email": work.vault.seal("attendance_intervals.email", row_id, email),
            "source": report.source,
            "joined_at": report.joined_at,
            "left_at": report.left_at,
            "created_at": now,
        },
    )
