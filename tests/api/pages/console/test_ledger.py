"""After registering: messages, reminders, attendance and follow-ups at the console."""

from __future__ import annotations

import random
from datetime import timedelta
from uuid import UUID, uuid4

import httpx
import pytest

from tests.factories import Factory
from webinars.clock import SetClock
from webinars.gateways.mail import MailTransportDown
from webinars.queries.messages import get_message
from webinars.queries.sessions import Scheduled
from webinars.services import attendance, follow_ups, messages, registrations, transports
from webinars.services.attendance import Report
from webinars.terms import AttendanceSource, MessageState, TaskState
from webinars.work import Process


@pytest.fixture
def item(sqlite_factory: Factory) -> Scheduled:
    """A session that begins soon enough for a sign-in to last."""
    return sqlite_factory.session(starts_in=timedelta(hours=2))


@pytest.fixture
def ana(sqlite_factory: Factory, item: Scheduled) -> UUID:
    return sqlite_factory.registration(item.session.id).registration.id


def _only_message(process: Process, session_id: UUID) -> UUID:
    with process.read() as work:
        (row,) = messages.list_messages(work, session_id=session_id, cursor=None, limit=5).items
    return row.id


def _fail(process: Process, message_id: UUID) -> None:
    with process.work() as work:
        message = get_message(work.db, message_id)
        message.state, message.reason, message.attempts = MessageState.failed, "refused", 1


def test_a_failed_message_is_tried_again(
    console: httpx.Client, sqlite_process: Process, item: Scheduled, ana: UUID
) -> None:
    path = f"/console/sessions/{item.session.id}/messages"
    message_id = _only_message(sqlite_process, item.session.id)
    refused = console.post(f"/console/messages/{message_id}/retry", data={"back": path})
    assert refused.headers["location"] == f"{path}?refused=message_not_retriable"
    _fail(sqlite_process, message_id)
    page = console.get(f"{path}?state=failed").text
    assert "Failed" in page
    assert "the server it was given to refused it" in page
    assert f'href="{path}?state=failed">messages failed' in console.get(f"/console/sessions/{item.session.id}").text
    assert "Ana Núñez" in page
    answer = console.post(f"/console/messages/{message_id}/retry", data={"back": f"{path}?state=failed"})
    assert answer.headers["location"] == f"{path}?state=failed&done=retried"
    with sqlite_process.read() as work:
        assert get_message(work.db, message_id).state is MessageState.planned


def test_viewers_see_messages_but_cannot_retry(
    viewer: httpx.Client, sqlite_process: Process, item: Scheduled, ana: UUID
) -> None:
    message_id = _only_message(sqlite_process, item.session.id)
    _fail(sqlite_process, message_id)
    page = viewer.get(f"/console/sessions/{item.session.id}/messages").text
    assert "Failed" in page
    assert "Try again" not in page
    assert viewer.post(f"/console/messages/{message_id}/retry").status_code == 403


def test_unknown_messages_get_a_page_that_says_so(console: httpx.Client) -> None:
    assert console.post(f"/console/messages/{uuid4()}/retry").status_code == 404


def test_the_reminders_of_each_registrant(console: httpx.Client, item: Scheduled, ana: UUID) -> None:
    path = f"/console/sessions/{item.session.id}/reminders"
    everything = console.get(path).text
    for words in ("24 h before", "1 h before", "10 min before", "Ana Núñez", "Planned"):
        assert words in everything, words
    coming = console.get(f"{path}?only_coming=true").text
    assert "<td>24 h before</td>" not in coming
    assert "<td>10 min before</td>" in coming


def test_attendance_before_and_after_it_settles(
    console: httpx.Client,
    sqlite_process: Process,
    clock: SetClock,
    item: Scheduled,
    ana: UUID,
) -> None:
    session, path = item.session, f"/console/sessions/{item.session.id}/attendance"
    assert "Not seen yet" in console.get(path).text
    clock.set(session.starts_at)
    with sqlite_process.work() as work:
        registration, _ = registrations.get_registration(work, ana)
        attendance.note_click(work, registration, clock.now())
    assert "Pressed the join button" in console.get(path).text
    clock.set(session.ends_at)
    stranger = Report(None, "somebody@else.example", session.starts_at, None)
    stay = Report(ana, None, session.starts_at, session.ends_at, AttendanceSource.provider)
    with sqlite_process.work() as work:
        attendance.record(work, session.id, [stay, stranger], clock.now())
    page = console.get(path).text
    assert "Was seen in the room" in page
    assert "<strong>1</strong> report of somebody in the room belongs to no registration yet" in page
    clock.advance(timedelta(minutes=31))
    with sqlite_process.work() as work:
        assert follow_ups.settle_due(work, clock.now()) == session.id
    page = console.get(path).text
    for words in ("Attended", "60", "100 %", "Joining and leaving reported"):
        assert words in page, words


def test_a_follow_up_becomes_a_call(
    console: httpx.Client,
    viewer: httpx.Client,
    sqlite_process: Process,
    clock: SetClock,
    item: Scheduled,
    ana: UUID,
) -> None:
    path = f"/console/sessions/{item.session.id}/follow-ups"
    assert "Follow-ups are made once attendance has settled." in console.get(path).text
    clock.set(item.session.ends_at + timedelta(hours=2))
    with sqlite_process.work() as work:
        follow_ups.settle_due(work, clock.now())
        (row,) = follow_ups.list_follow_ups(work, item.session.id, cursor=None, limit=5).items
    deed = f"/console/follow-ups/{row.follow_up.id}"
    page = console.get(path).text
    assert "Did not come" in page
    assert "Planned" in page
    assert 'id="note-1-hint">They can read it, too' in page
    assert 'name="note" aria-describedby="note-1-hint"' in page
    form = {"task": "open", "note": "Call after <b>five</b>", "version": "1", "back": path}
    assert viewer.post(deed, data=form).status_code == 403
    assert console.post(deed, data=form).headers["location"] == f"{path}?done=saved"
    page = console.get(path).text
    assert "To call" in page
    assert "Call after &lt;b&gt;five&lt;/b&gt;" in page
    outdated = console.post(deed, data=form | {"task": "done"})
    assert outdated.headers["location"] == f"{path}?refused=version_mismatch"
    with sqlite_process.read() as work:
        (row,) = follow_ups.list_follow_ups(work, item.session.id, cursor=None, limit=5).items
    assert row.follow_up.task is TaskState.open
    assert console.post(f"/console/follow-ups/{uuid4()}", data=form).status_code == 404


def test_all_that_failed_is_tried_again_at_once(
    console: httpx.Client, viewer: httpx.Client, sqlite_process: Process, item: Scheduled, ana: UUID
) -> None:
    message_id = _only_message(sqlite_process, item.session.id)
    assert "None." in console.get("/console/messages").text
    _fail(sqlite_process, message_id)
    path = f"/console/sessions/{item.session.id}/messages"
    for page in (console.get("/console/messages").text, console.get(path).text):
        assert 'action="/console/messages/retry"' in page
    seen = viewer.get("/console/messages").text
    assert "Ana Núñez" in seen
    assert 'action="/console/messages/retry"' not in seen
    assert viewer.post("/console/messages/retry").status_code == 403
    other = console.post("/console/messages/retry", data={"session_id": str(uuid4()), "back": path})
    assert other.headers["location"] == f"{path}?done=retried_all"
    with sqlite_process.read() as work:
        assert get_message(work.db, message_id).state is MessageState.failed
    done = console.post("/console/messages/retry", data={"session_id": str(item.session.id), "back": path})
    assert done.headers["location"] == f"{path}?done=retried_all"
    with sqlite_process.read() as work:
        assert get_message(work.db, message_id).state is MessageState.planned


def test_hosts_see_when_sending_is_in_trouble(console: httpx.Client, sqlite_process: Process) -> None:
    now = sqlite_process.clock.now()
    assert "All that was due has left." in console.get("/console/messages").text
    assert "does not work" not in console.get("/console").text
    for name in ("memory", "postmark"):  # that one was left for another provider long ago
        transports.note_down(sqlite_process, name, MailTransportDown("550 away"), now, random.Random(1), is_trial=False)
    home = console.get("/console").text
    assert "Sending by memory does not work" in home
    assert "postmark" not in home
    assert "Tell whoever runs this program." in home
    assert "See what is stuck" in home
    page = console.get("/console/messages").text
    assert "left alone until" in page
    assert "550 away" in page
    assert "postmark" not in page
