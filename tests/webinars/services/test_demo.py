"""The demo: a place that looks lived in, and never in production."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.conftest import NOW, SECRET, make_settings
from webinars.errors import CannotStart
from webinars.services import attendance, calls, demo, follow_ups, hosts, sessions, surveys, webinars
from webinars.terms import Role, TaskState
from webinars.testing import MemoryMailer, SetClock
from webinars.work import Process


@pytest.mark.long
def test_the_demo_fills_an_empty_database_once(process: Process, mailer: MemoryMailer) -> None:
    assert demo.is_wanted(process)
    demo.load(process, NOW)
    with process.read() as work:
        coming = sessions.list_sessions(work, starts_from=NOW, limit=200).items
        (past,) = sessions.list_sessions(work, starts_until=NOW, limit=200).items
        present = attendance.list_attendance(work, past.session.id, cursor=None, limit=50).items
        after = follow_ups.list_follow_ups(work, past.session.id, cursor=None, limit=50).items
        offers = webinars.list_webinars(work)
        to_call = calls.list_calls(work, state=TaskState.open, cursor=None, limit=50, actor="test", now=NOW).items
        answers = surveys.results(work, past.session.id)
    assert len(coming) == 2 * len(offers)
    assert past.session.settled_at is not None
    assert {item.attendance.state.value for item in present if item.attendance} == {"attended", "left_early", "no_show"}
    assert {item.message.state.value for item in after if item.message} == {"sent"}
    assert sorted(call.kind.value for call in to_call if call.kind) == ["candidacy", "packet"]
    assert (answers.replies, answers.asked, answers.average) == (2, 5, 4.5)
    assert past.webinar.replay_url
    assert mailer.mails == []  # invented people get no mail
    password = demo.host_password(process)
    assert password is not None
    with process.read() as work:
        assert hosts.check_password(work, demo.HOST_EMAIL, password).role is Role.owner
    assert not demo.is_wanted(process)
    with pytest.raises(CannotStart, match="only fills an empty database"):
        demo.load(process, NOW)


def test_the_demo_is_refused_in_production(sqlite_url: str, tmp_path: Path) -> None:
    settings = make_settings(
        sqlite_url,
        tmp_path,
        environment="production",
        secret_key=SECRET,
        mail_url="smtp://mail.example",
        base_url="https://clinic.example",
    )
    process = Process(settings, clock=SetClock(NOW), mail=MemoryMailer())
    with pytest.raises(CannotStart, match="not for production"):
        demo.load(process, NOW)
    process.close()
