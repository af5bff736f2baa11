"""Series: real sessions from a rule, taken along when it changes, left alone when they went their own way."""

from __future__ import annotations

from datetime import datetime, timedelta
from email import message_from_bytes, policy
from typing import Any
from uuid import UUID

import pytest
import sqlalchemy as sa
from sqlmodel import col

from tests.conftest import NOW
from tests.factories import ACTOR, Factory
from tests.support.calendars import Entry, read_entry
from tests.support.scheduling import tick
from webinars.errors import (
    CapacityTooSmall,
    InvalidField,
    NotFound,
    SeriesOver,
    SessionStarted,
    TimeDoesNotExist,
    UnknownTimezone,
    VersionMismatch,
    WebinarsError,
)
from webinars.gateways.sendable import SendableMail
from webinars.queries.sessions import Scheduled
from webinars.services import series, sessions, webinars
from webinars.services.desk import Desk
from webinars.services.series import Deed, SeriesItem
from webinars.tables import AuditEntry, Message, Reminder, Series, WebinarSession
from webinars.terms import MessageKind, MessageState, SessionStatus, WallTime
from webinars.testing import MemoryMailer, SetClock
from webinars.work import Process

ROOM = "https://rooms.example/r/series"
FACTS: dict[str, Any] = {
    "webinar": "knee-options",
    "rrule": "FREQ=WEEKLY;COUNT=4",
    "wall": WallTime(datetime.fromisoformat("2026-03-03T18:00"), "America/Denver"),
    "duration_minutes": 60,
    "capacity": 10,
    "room_url": ROOM,
}
DAYS = ["2026-03-03T18:00", "2026-03-10T18:00", "2026-03-17T18:00", "2026-03-24T18:00"]


@pytest.fixture(autouse=True)
def webinar(factory: Factory) -> str:
    return factory.webinar("knee-options")


def create(process: Process, **facts: Any) -> SeriesItem:
    with process.work() as work:
        return series.create_series(work, **(FACTS | facts), actor=ACTOR, now=process.clock.now())


def update(process: Process, item: SeriesItem, version: int | None = None, **changes: Any) -> SeriesItem:
    """Changed, after a look at what the preview promised: the deed must keep it."""
    now = process.clock.now()
    with process.read() as work:
        promised = series.preview_update(work, item.series.id, changes, now)
    with process.work() as work:
        changed = series.update_series(work, item.series.id, changes, version=version, actor=ACTOR, now=now)
    after = {scheduled.session.id: scheduled.session for scheduled in changed.sessions}
    for step in promised:
        if step.deed is Deed.deleted:
            assert step.session is not None
            assert step.session.id not in after
        elif step.session is not None:
            assert after[step.session.id].starts_at == step.starts_at
            assert (step.deed is Deed.cancelled) <= (after[step.session.id].status is SessionStatus.cancelled)
    assert sum(step.deed is Deed.created for step in promised) == len(after.keys() - set(ids(item)))
    return changed


def edit(process: Process, session_id: UUID, **changes: Any) -> WebinarSession:
    with process.work() as work:
        return sessions.update_session(
            work, session_id, changes, version=None, actor=ACTOR, now=process.clock.now()
        ).session


def cancel_one(process: Process, session_id: UUID) -> None:
    with process.work() as work:
        sessions.cancel_session(work, session_id, version=None, actor=ACTOR, now=process.clock.now())


def told(process: Process, kind: MessageKind) -> list[UUID]:
    with process.read() as work:
        query = sa.select(col(Message.registration_id)).where(col(Message.kind) == kind)
        return sorted(work.db.scalars(query.where(col(Message.state) == MessageState.planned)))


def walls(item: SeriesItem) -> list[str]:
    """The wall times of the sessions that are on."""
    return [
        each.session.starts_at_local.isoformat(timespec="minutes")
        for each in item.sessions
        if each.session.status is SessionStatus.scheduled
    ]


def ids(item: SeriesItem) -> list[UUID]:
    return [each.session.id for each in item.sessions]


def test_a_rule_makes_real_sessions_at_the_right_moments_with_their_reminders(process: Process) -> None:
    item = create(process)
    assert walls(item) == DAYS
    # The clocks go forward on March 8: the wall stays, the moment moves.
    assert [each.session.starts_at for each in item.sessions] == [
        datetime.fromisoformat(moment)
        for moment in ("2026-03-04T01:00Z", "2026-03-11T00:00Z", "2026-03-18T00:00Z", "2026-03-25T00:00Z")
    ]
    for each in item.sessions:
        session = each.session
        assert (session.series_id, session.series_starts_at_local) == (item.series.id, session.starts_at_local)
        assert (session.capacity, session.duration_minutes, session.room_url) == (10, 60, ROOM)
        assert not session.is_exception
    with process.read() as work:
        per_session = sa.select(sa.func.count()).select_from(Reminder).group_by(col(Reminder.session_id))
        assert list(work.db.scalars(per_session)) == [4, 4, 4, 4]
        assert [row.id for row in series.list_series(work, "knee-options")] == [item.series.id]
        assert series.get_series(work, item.series.id).series.rrule == "FREQ=WEEKLY;COUNT=4"


@pytest.mark.parametrize(
    ("facts", "refusal"),
    [
        ({"webinar": "nothing"}, NotFound),
        ({"rrule": "FREQ=WEEKLY"}, InvalidField),
        ({"rrule": "FREQ=WEEKLY;COUNT=201"}, InvalidField),
        ({"rrule": "FREQ=WEEKLY;BYDAY=FR;COUNT=3"}, InvalidField),
        ({"wall": WallTime(datetime.fromisoformat("2026-03-01T02:30"), "America/Denver")}, TimeDoesNotExist),
        ({"wall": WallTime(datetime.fromisoformat("2026-02-24T18:00"), "America/Denver")}, SessionStarted),
        ({"wall": WallTime(datetime.fromisoformat("2026-03-03T18:00"), "Mars/Olympus")}, UnknownTimezone),
        ({"capacity": 0}, CapacityTooSmall),
        ({"duration_minutes": 601}, InvalidField),
        ({"room_url": "http://rooms.example"}, InvalidField),
    ],
)
def test_a_series_that_cannot_be_makes_no_session_at_all(
    process: Process, facts: dict[str, Any], refusal: type[WebinarsError]
) -> None:
    with pytest.raises(refusal):
        create(process, **facts)
    with process.read() as work:
        for table in (Series, WebinarSession):
            assert work.db.scalar(sa.select(sa.func.count()).select_from(table)) == 0


def test_a_preview_gives_what_would_be_made(process: Process) -> None:
    wanted = {name: value for name, value in FACTS.items() if name != "webinar"}
    with process.read() as work:
        would = series.preview_creation(work, **wanted, now=NOW)
        with pytest.raises(SessionStarted):
            series.preview_creation(work, **wanted, now=would[0].starts_at)
        with pytest.raises(InvalidField):
            series.preview_creation(work, **(wanted | {"room_url": "http://rooms.example"}), now=NOW)
    assert [each.starts_at for each in would] == [each.session.starts_at for each in create(process).sessions]


def test_another_hour_moves_the_sessions_and_tells_their_registrants(process: Process, factory: Factory) -> None:
    item = create(process)
    seated = [factory.registration(session_id).registration.id for session_id in ids(item)[1:3]]
    moved = update(process, item, starts_at_local=datetime.fromisoformat("2026-03-03T19:00"))
    assert ids(moved) == ids(item)
    assert walls(moved) == [day.replace("18:00", "19:00") for day in DAYS]
    assert told(process, MessageKind.moved) == sorted(seated)
    assert told(process, MessageKind.session_cancelled) == []
    assert {each.session.schedule_version for each in moved.sessions} == {1}
    assert not any(each.session.is_exception for each in moved.sessions)
    assert (moved.series.version, moved.series.starts_at_local.hour) == (2, 19)


def test_another_weekday_moves_the_sessions_in_order(process: Process, factory: Factory) -> None:
    item = create(process, rrule="FREQ=WEEKLY;BYDAY=TU;COUNT=4")
    factory.registration(ids(item)[0])
    moved = update(
        process,
        item,
        starts_at_local=datetime.fromisoformat("2026-03-05T18:00"),
        rrule="FREQ=WEEKLY;BYDAY=TH;COUNT=4",
    )
    assert ids(moved) == ids(item)
    assert walls(moved) == ["2026-03-05T18:00", "2026-03-12T18:00", "2026-03-19T18:00", "2026-03-26T18:00"]
    assert len(told(process, MessageKind.moved)) == 1


def test_another_zone_keeps_the_wall_and_moves_the_moment(process: Process) -> None:
    item = create(process)
    moved = update(process, item, timezone="America/New_York")
    assert (ids(moved), walls(moved)) == (ids(item), DAYS)
    gaps = {
        before.session.starts_at - after.session.starts_at
        for before, after in zip(item.sessions, moved.sessions, strict=True)
    }
    assert gaps == {timedelta(hours=2)}


def test_what_is_no_move_reaches_every_session_and_tells_nobody(process: Process, factory: Factory) -> None:
    item = create(process, capacity=1)
    for _ in range(2):
        factory.registration(ids(item)[0])
    changed = update(process, item, capacity=20, room_url="https://rooms.example/r/2", waitlist_open=False)
    for each in changed.sessions:
        session = each.session
        assert (session.capacity, session.room_url, session.waitlist_open) == (20, "https://rooms.example/r/2", False)
        assert (session.schedule_version, session.is_exception) == (0, False)
    assert told(process, MessageKind.moved) == []


def test_what_the_rule_drops_is_cancelled_with_a_notice_or_vanishes(process: Process, factory: Factory) -> None:
    item = create(process)
    seated = factory.registration(ids(item)[3]).registration.id
    shorter = update(process, item, rrule="FREQ=WEEKLY;COUNT=2")
    assert walls(shorter) == DAYS[:2]
    assert ids(shorter) == [*ids(item)[:2], ids(item)[3]]  # nobody had registered for the third
    assert shorter.sessions[-1].session.status is SessionStatus.cancelled
    assert not shorter.sessions[-1].session.is_exception
    assert told(process, MessageKind.session_cancelled) == [seated]


def test_what_the_rule_adds_becomes_sessions(process: Process) -> None:
    item = create(process)
    longer = update(process, item, rrule="FREQ=WEEKLY;COUNT=6")
    assert ids(longer)[:4] == ids(item)
    assert walls(longer) == [*DAYS, "2026-03-31T18:00", "2026-04-07T18:00"]
    assert {each.session.capacity for each in longer.sessions} == {10}


def test_every_other_week_keeps_those_that_stay(process: Process, factory: Factory) -> None:
    item = create(process)
    for session_id in ids(item):
        factory.registration(session_id)
    sparser = update(process, item, rrule="FREQ=WEEKLY;INTERVAL=2;COUNT=3")
    assert walls(sparser) == ["2026-03-03T18:00", "2026-03-17T18:00", "2026-03-31T18:00"]
    assert told(process, MessageKind.moved) == []
    assert len(told(process, MessageKind.session_cancelled)) == 2


@pytest.mark.parametrize(
    "own",
    [
        {"starts_at_local": datetime.fromisoformat("2026-03-11T17:00")},
        {"duration_minutes": 90},
        {"capacity": 3},
        {"room_url": "https://rooms.example/own"},
        {"waitlist_open": False},
    ],
)
def test_a_session_changed_by_itself_goes_its_own_way(process: Process, factory: Factory, own: dict[str, Any]) -> None:
    item = create(process)
    own_id = ids(item)[1]
    factory.registration(own_id)
    before = edit(process, own_id, **own)
    assert before.is_exception
    changed = update(
        process,
        item,
        starts_at_local=datetime.fromisoformat("2026-03-03T20:00"),
        capacity=30,
        duration_minutes=45,
        rrule="FREQ=WEEKLY;COUNT=5",
    )
    after = next(each.session for each in changed.sessions if each.session.id == own_id)
    kept = ("starts_at", "ends_at", "capacity", "room_url", "waitlist_open", "version", "schedule_version")
    assert {name: getattr(after, name) for name in kept} == {name: getattr(before, name) for name in kept}
    # Its place is taken: the 10th gets no second session.
    assert sorted(ids(changed))[:4] == sorted(ids(item))
    assert len(changed.sessions) == 5
    dropped = update(process, changed, rrule="FREQ=WEEKLY;COUNT=1")
    assert own_id in ids(dropped)
    assert next(each.session for each in dropped.sessions if each.session.id == own_id).status.value == "scheduled"


def test_control_a_session_that_follows_is_taken_along(process: Process) -> None:
    item = create(process)
    unchanged = edit(process, ids(item)[1], capacity=10, room_url=ROOM, waitlist_open=True)
    assert not unchanged.is_exception  # saving a form without a change is no edit
    changed = update(process, item, capacity=30)
    assert {each.session.capacity for each in changed.sessions} == {30}


def test_a_session_cancelled_or_deleted_by_itself_does_not_come_back(process: Process, factory: Factory) -> None:
    item = create(process)
    factory.registration(ids(item)[1])
    cancel_one(process, ids(item)[1])
    with process.work() as work:
        sessions.delete_session(work, ids(item)[2], actor=ACTOR, now=NOW)
    for changes in (
        {"capacity": 30},
        {"starts_at_local": datetime.fromisoformat("2026-03-03T19:00")},
        {"rrule": "FREQ=WEEKLY;COUNT=5"},
        {"starts_at_local": datetime.fromisoformat("2026-03-04T19:00")},
    ):
        item = update(process, item, **changes)
    assert walls(item) == ["2026-03-04T19:00", "2026-03-25T19:00", "2026-04-01T19:00"]
    (gone,) = [each.session for each in item.sessions if each.session.status is SessionStatus.cancelled]
    assert gone.is_exception


def test_a_date_dropped_and_taken_up_again_is_a_new_session(process: Process, factory: Factory) -> None:
    item = create(process)
    factory.registration(ids(item)[3])
    shorter = update(process, item, rrule="FREQ=WEEKLY;COUNT=3")
    again = update(process, shorter, rrule="FREQ=WEEKLY;COUNT=4")
    assert walls(again) == DAYS
    later = update(process, again, starts_at_local=datetime.fromisoformat("2026-03-03T19:00"))
    assert walls(later) == [day.replace("18:00", "19:00") for day in DAYS]
    assert len(later.sessions) == 5  # four, and the one that was called off


def test_what_has_started_stays_and_nothing_is_made_in_the_past(
    process: Process, factory: Factory, clock: SetClock
) -> None:
    item = create(process)
    past = ids(item)[0]
    factory.registration(past)
    clock.set(datetime.fromisoformat("2026-03-11T16:00Z"))  # the second was yesterday; it is Wednesday morning
    moved = update(
        process, item, starts_at_local=datetime.fromisoformat("2026-03-02T19:00"), rrule="FREQ=DAILY;INTERVAL=7;COUNT=4"
    )
    assert walls(moved) == [*DAYS[:2], "2026-03-16T19:00", "2026-03-23T19:00"]
    assert told(process, MessageKind.moved) == []
    denser = update(process, moved, rrule="FREQ=DAILY;COUNT=22")
    assert walls(denser)[:3] == [*DAYS[:2], "2026-03-11T19:00"]
    assert walls(denser)[-1] == "2026-03-23T19:00"


def test_a_session_that_would_move_into_the_past_stays(process: Process, clock: SetClock, factory: Factory) -> None:
    item = create(process)
    factory.registration(ids(item)[1])
    clock.set(datetime.fromisoformat("2026-03-10T16:00Z"))  # ten in the morning of the second session's day
    moved = update(process, item, starts_at_local=datetime.fromisoformat("2026-03-02T18:00"), capacity=12)
    assert walls(moved) == [*DAYS[:2], "2026-03-16T18:00", "2026-03-23T18:00"]
    assert [each.session.capacity for each in moved.sessions] == [10, 12, 12, 12]


def test_a_change_that_cannot_be_changes_nothing(process: Process) -> None:
    item = create(process)
    for changes, refusal in (
        ({"rrule": "FREQ=WEEKLY;BYDAY=FR;COUNT=4"}, InvalidField),
        ({"starts_at_local": datetime.fromisoformat("2026-03-01T02:30")}, TimeDoesNotExist),
        ({"capacity": 0}, CapacityTooSmall),
        ({"room_url": "http://rooms.example"}, InvalidField),
        ({"duration_minutes": 1}, InvalidField),
    ):
        with pytest.raises(refusal):
            update(process, item, **changes)
    with pytest.raises(VersionMismatch):
        update(process, item, version=2, capacity=11)
    with process.read() as work:
        same = series.get_series(work, item.series.id)
    assert (same.series.version, walls(same), ids(same)) == (1, DAYS, ids(item))


def test_a_session_whose_registration_opens_too_late_to_move_along_is_named(process: Process) -> None:
    item = create(process)
    opens_at = datetime.fromisoformat("2026-03-16T15:00Z")
    assert not edit(process, ids(item)[2], registration_opens_at=opens_at).is_exception
    with pytest.raises(InvalidField, match="the session of March 17 opens only after"):
        update(process, item, starts_at_local=datetime.fromisoformat("2026-03-02T09:00"))
    later = update(process, item, starts_at_local=datetime.fromisoformat("2026-03-04T09:00"))
    assert later.sessions[2].session.registration_opens_at == opens_at


def test_ending_a_series_cancels_what_is_to_come_and_twice_is_once(
    process: Process, factory: Factory, clock: SetClock
) -> None:
    item = create(process)
    own_id = ids(item)[2]
    edit(process, own_id, capacity=3)
    seated = [factory.registration(session_id).registration.id for session_id in ids(item)]
    clock.set(item.sessions[0].session.ends_at)
    with process.read() as work:
        would = series.preview_cancellation(work, item.series.id, clock.now())
    assert [(step.deed, step.told) for step in would] == [(Deed.cancelled, 1)] * 3
    for _ in range(2):
        with process.work() as work:
            ended = series.cancel_series(work, item.series.id, version=1, actor=ACTOR, now=clock.now())
        assert walls(ended) == DAYS[:1]
        assert ended.series.version == 2
    assert told(process, MessageKind.session_cancelled) == sorted(seated[1:])
    with pytest.raises(SeriesOver):  # nothing comes back
        update(process, ended, capacity=20)
    longer = update(process, ended, rrule="FREQ=WEEKLY;COUNT=5")  # but there may be more
    assert walls(longer) == [DAYS[0], "2026-03-31T18:00"]
    with pytest.raises(NotFound), process.work() as work:
        series.cancel_series(work, UUID(int=1), version=None, actor=ACTOR, now=clock.now())


def test_a_webinar_whose_series_has_no_session_left_can_be_deleted(process: Process) -> None:
    item = create(process)
    with pytest.raises(InvalidField), process.work() as work:
        webinars.delete_webinar(work, "knee-options", actor=ACTOR, now=NOW)
    with process.work() as work:
        for session_id in ids(item):
            sessions.delete_session(work, session_id, actor=ACTOR, now=NOW)
        webinars.delete_webinar(work, "knee-options", actor=ACTOR, now=NOW)
    with pytest.raises(NotFound), process.read() as work:
        series.get_series(work, item.series.id)


def test_who_did_what_is_noted_for_the_series_and_each_session(process: Process) -> None:
    item = create(process, rrule="FREQ=WEEKLY;COUNT=2")
    update(process, item, capacity=20)
    with process.work() as work:
        series.cancel_series(work, item.series.id, version=None, actor=ACTOR, now=NOW)
    with process.read() as work:
        query = sa.select(AuditEntry).where(col(AuditEntry.subject_id).in_([item.series.id, ids(item)[0]]))
        notes = [(note.action, note.fields) for note in work.db.scalars(query.order_by(col(AuditEntry.id)))]
    assert notes == [
        ("series.create", []),
        ("session.create", []),
        ("series.update", ["capacity"]),
        ("session.update", ["capacity"]),
        ("series.cancel", []),
        ("session.cancel", []),
    ]


def test_registering_for_three_dates_brings_three_invites_of_their_own(
    process: Process, factory: Factory, mailer: MemoryMailer
) -> None:
    chosen: list[Scheduled] = list(create(process).sessions)[:3]
    desk = Desk(process)
    answers = [desk.submit(factory.request(each.session.id, "ana@mail.example")) for each in chosen]
    assert {answer.result(timeout=30).public_status.value for answer in answers} == {"confirmed"}
    desk.close()
    tick(process, NOW)
    assert len(mailer.mails) == 3
    invites = [invite_in(mail) for mail in mailer.to("ana@mail.example")]
    assert len({invite.uid for invite in invites}) == 3
    assert sorted(invite.starts_at for invite in invites) == [each.session.starts_at for each in chosen]


def invite_in(mail: SendableMail) -> Entry:
    message = message_from_bytes(mail.raw, policy=policy.default)
    (part,) = [part for part in message.walk() if part.get_content_type() == "text/calendar"]
    return read_entry(part.get_content())
