"""What there is to be attacked: a demo that looks lived in, a session in every state, and keys of every kind."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import sqlalchemy as sa

from tests.factories import Factory
from webinars.services import branding, demo, hosts, series, sessions
from webinars.services.links import link
from webinars.tables import Registration, Request, SurveyReply, Webinar
from webinars.tables.base import core
from webinars.terms import LinkPurpose, Role, Scope, WallTime
from webinars.work import Process

READING = (Scope.registrations_read, Scope.messages_read, Scope.attendance_read)
"""What the token of somebody who may only look can do."""
_KINDS = {
    "session_id": "sessions",
    "registration_id": "registrations",
    "series_id": "series",
    "question_id": "questions",
    "message_id": "messages",
    "follow_up_id": "follow_ups",
    "request_id": "requests",
}


@dataclass(frozen=True, slots=True)
class Targets:
    """What a request can name, and what it can be sent with."""

    ids: dict[str, list[str]]
    """Of everything that exists, by the name it has in paths."""
    slugs: dict[str, list[str]]
    """By the first part of a path, such as `webinars`."""
    closed_sessions: list[str]
    """Nobody can register for one of these: full without a waitlist, cancelled, over."""
    full_token: str
    reading_token: str
    viewer_cookie: str
    """Of a host who may only look."""
    manager_cookie: str
    manage_token: str
    """Of a registrant's own link."""
    after_token: str
    """Of the link to what comes after a session."""


NOBODY = Targets({}, {}, [], "i7x", "i7x", "i7x", "i7x", "i7x", "i7x")
"""Nothing is there, and no key fits."""


def fill(process: Process) -> Targets:
    """Fill an empty database. Nobody in it has told of their health: that such a thing was read is noted."""
    now = process.clock.now()
    demo.load(process, now)
    with process.work() as work:
        work.db.execute(sa.update(core(Registration)).values(question=None))
        work.db.execute(sa.update(core(Request)).values(details=None))
        work.db.execute(sa.update(core(SurveyReply)).values(comment=None))
    factory = Factory(process)
    webinar = factory.webinar("hip-options", topics=("hip",), presenters=())
    factory.question(webinar, "choice", "Which knee?", is_required=True)
    factory.question(webinar, "text", "Since when does it hurt?", sensitivity="health")
    taken = factory.session("knee-options", capacity=1, waitlist_open=False).session
    registered = factory.registration(taken.id, "ana.one@mail.example")
    waiting = factory.session("knee-options", capacity=1).session
    for _ in range(3):
        factory.registration(waiting.id)
    cancelled = factory.session("knee-options", starts_in=timedelta(days=8)).session
    with process.work() as work:
        branding.save_branding(work, {"name": "Evergreen"}, version=0, actor="test", now=now)
        sessions.cancel_session(work, cancelled.id, version=None, actor="test", now=now)
        wall = WallTime((now + timedelta(days=30)).replace(tzinfo=None), "America/Denver")
        series.create_series(
            work,
            webinar=webinar,
            rrule="FREQ=WEEKLY;COUNT=3",
            wall=wall,
            duration_minutes=60,
            capacity=5,
            actor="test",
            now=now,
        )
    past = next(item for item in _all(process, "sessions") if item.ends_at < now)
    with process.read() as work:
        came = work.db.scalars(sa.select(Registration).where(Registration.session_id == past.id)).first()
        assert came is not None
    whole_link = link(process.settings, process.vault, LinkPurpose.manage, registered.registration)
    return Targets(
        ids={name: [str(row.id) for row in _all(process, table)] for name, table in _KINDS.items()},
        slugs={table: [row.slug for row in _all(process, table)] for table in ("webinars", "topics", "presenters")},
        closed_sessions=[str(session.id) for session in (taken, cancelled, past)],
        full_token=factory.token(),
        reading_token=factory.token(*READING),
        viewer_cookie=_signed_in(process, factory, Role.viewer),
        manager_cookie=_signed_in(process, factory, Role.manager),
        manage_token=whole_link.rpartition("/")[2],
        after_token=link(process.settings, process.vault, LinkPurpose.enter, came).rpartition("/")[2],
    )


def _all(process: Process, table: str) -> list[sa.Row[Any]]:
    known = core(Webinar).metadata.tables[table]
    with process.read() as work:
        found = list(work.db.execute(sa.select(known).order_by(known.c.id)))
    assert found, table
    return found


def _signed_in(process: Process, factory: Factory, role: Role) -> str:
    email = f"{role}@clinic.example"
    factory.host(email, role)
    with process.work() as work:
        host = hosts.check_password(work, email, "correct horse battery")
        return hosts.sign_in(work, host.id, process.clock.now())
