"""A demo that looks lived in: the catalogue, sessions in the coming weeks, and one that has taken place."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from uuid import UUID

from webinars.clock import SetClock
from webinars.errors import CannotStart, WebinarsError
from webinars.gateways.mail import MemoryMailer
from webinars.queries import catalogue as catalogue_queries
from webinars.queries.sessions import Scheduled
from webinars.rules.requests import Wish
from webinars.rules.sessions import wall_time
from webinars.rules.surveys import Opinion
from webinars.services import (
    attendance,
    catalogue,
    follow_ups,
    hosts,
    reminders,
    replays,
    requests,
    sessions,
    surveys,
    webinars,
)
from webinars.services.attendance import Report
from webinars.services.delivery import Sender
from webinars.services.demo_catalogue import AREAS, PRESENTERS, WEBINARS
from webinars.services.registering import Registered, RegistrationRequest, register
from webinars.settings import Environment
from webinars.terms import AttendanceSource, CallTime, PublicationStatus, RecentMri, Role, WallTime
from webinars.work import Process, Work

HOST_EMAIL = "host@clinic.example"
_ACTOR = "demo"
_ZONES = ("America/Denver", "America/New_York", "America/Phoenix", "America/Chicago", "America/Los_Angeles")
_PEOPLE = (
    ("Ana Núñez", 0, 60),
    ("Robert Ellison", 3, 58),
    ("Grace Okafor", 0, 15),
    ("Thomas Weller", None, None),
    ("Linda Marsh", 6, 60),
)
"""Name, minute joined, minute left, of the session that has taken place."""


def is_wanted(process: Process) -> bool:
    """Whether nothing is offered yet."""
    with process.read() as work:
        return catalogue_queries.is_empty(work.db)


def load(process: Process, now: datetime) -> None:
    """Fill an empty database with the demo.

    Raises:
        CannotStart: in production, or when something is offered already.
    """
    if process.settings.environment is Environment.production:
        raise CannotStart("The demo is not for production: it invents people.")
    if not is_wanted(process):
        raise CannotStart("There is a catalogue already; the demo only fills an empty database.")
    with _at(process, now - timedelta(days=21)) as past, past.work() as work:
        _offer(work, past.clock.now())
    _hold_past_session(process, now)
    with process.work() as work:
        _schedule(work, now)
    _add_host(process, now)


def host_password(process: Process) -> str | None:
    """The demo host's password, kept beside the development database."""
    path = _password_file(process)
    return path.read_text(encoding="utf-8").strip() if path.exists() else None


def _offer(work: Work, now: datetime) -> None:
    for position, (slug, name, conditions) in enumerate(AREAS):
        catalogue.create_topic(work, slug=slug, name=name, parent=None, position=position * 100, actor=_ACTOR, now=now)
        for number, condition in enumerate(conditions, start=1):
            catalogue.create_topic(
                work,
                slug=f"{slug}-{number}",
                name=condition,
                parent=slug,
                position=position * 100 + number,
                actor=_ACTOR,
                now=now,
            )
    for presenter in PRESENTERS:
        catalogue.create_presenter(
            work,
            slug=presenter.slug,
            name=presenter.name,
            credentials=presenter.credentials,
            biography=presenter.biography,
            actor=_ACTOR,
            now=now,
        )
    for webinar in WEBINARS:
        facts = {
            "slug": webinar.slug,
            "title": webinar.title,
            "summary": webinar.summary,
            "description": "What you will learn:\n\n" + "\n".join(f"- {line}" for line in webinar.learn),
            "status": PublicationStatus.published,
            "asks_question": True,
        }
        topics = [webinar.topic] if webinar.topic else []
        webinars.create_webinar(work, facts, topics=topics, presenters=[webinar.presenter], actor=_ACTOR, now=now)


def _schedule(work: Work, now: datetime) -> None:
    """Two sessions of each webinar in the coming weeks, in the evening of the clinic that holds them."""
    for number, webinar in enumerate(WEBINARS):
        for later in (0, 14):
            timezone = _ZONES[(number + later // 14) % len(_ZONES)]
            day = now + timedelta(days=3 + number * 2 + later)
            capacity = 6 if number == 1 else 40
            _create(work, webinar.slug, day, timezone, capacity=capacity, now=now)


def _create(work: Work, slug: str, day: datetime, timezone: str, *, capacity: int, now: datetime) -> Scheduled:
    local = wall_time(day, timezone).local.replace(hour=18, minute=0, second=0, microsecond=0)
    return sessions.create_session(
        work,
        webinar=slug,
        wall=WallTime(local, timezone),
        duration_minutes=60,
        capacity=capacity,
        room_url="https://rooms.clinic.example/demo",
        actor=_ACTOR,
        now=now,
    )


def _hold_past_session(process: Process, now: datetime) -> None:
    """Live through a session that ended some days ago, hour by hour, with mails that reach nobody."""
    with _at(process, now - timedelta(days=14)) as past:
        with past.work() as work:
            item = _create(
                work, "knee-options", now - timedelta(days=5), "America/Denver", capacity=30, now=past.clock.now()
            )
            people = _register_people(work, item, past.clock.now())
        _pass_time(past, past.clock.now())
        starts_at, ends_at = item.session.starts_at, item.session.ends_at
        for before in (timedelta(hours=24), timedelta(hours=1), timedelta(minutes=10)):
            _pass_time(past, starts_at - before)
        past.clock.set(ends_at + timedelta(minutes=5))
        with past.work() as work:
            attendance.record(work, item.session.id, _reports(people, starts_at), past.clock.now())
            _add_replay(work, past.clock.now())
        _pass_time(past, ends_at + process.settings.settle_after)
        past.clock.set(ends_at + timedelta(hours=20))
        with past.work() as work:
            _look_back(work, [person.registration.id for person in people], past.clock.now())
        _pass_time(past, past.clock.now())


def _add_replay(work: Work, now: datetime) -> None:
    facts = {"replay_url": "https://video.clinic.example/demo", "packet_url": "https://files.clinic.example/packet.pdf"}
    webinars.update_webinar(
        work, "knee-options", facts, topics=None, presenters=None, version=None, actor=_ACTOR, now=now
    )


def _look_back(work: Work, people: list[UUID], now: datetime) -> None:
    """What some of them did on the day after."""
    ana, robert, grace, thomas, _ = people
    surveys.answer(work, ana, Opinion(5, "Calm and clear. I would have liked more time for questions."), now)
    surveys.answer(work, robert, Opinion(4), now)
    replays.watch(work, thomas, now)
    requests.ask_packet(work, ana, now)
    wish = Wish(RecentMri.not_sure, CallTime.morning, "+1 303 555 0134", "My daughter will be with me on the phone.")
    requests.ask_evaluation(work, grace, wish, now)


class _PastProcess(Process):
    """The same database at another time, with mails that reach nobody."""

    clock: SetClock


@contextmanager
def _at(process: Process, now: datetime) -> Iterator[_PastProcess]:
    past = _PastProcess(process.settings, clock=SetClock(now), mail=MemoryMailer())
    try:
        yield past
    finally:
        past.close()


def _register_people(work: Work, item: Scheduled, now: datetime) -> list[Registered]:
    requests = [
        RegistrationRequest(
            session_id=item.session.id,
            email=f"{name.split()[0].lower()}@mail.example",
            name=name,
            timezone="America/Denver",
            locale="en-US",
        )
        for name, _, _ in _PEOPLE
    ]
    people = []
    for outcome in register(work, requests, now):
        if isinstance(outcome, WebinarsError):
            raise outcome
        people.append(outcome)
    return people


def _reports(people: list[Registered], starts_at: datetime) -> list[Report]:
    return [
        Report(
            registration_id=person.registration.id,
            email=None,
            joined_at=starts_at + timedelta(minutes=joined),
            left_at=starts_at + timedelta(minutes=left),
            source=AttendanceSource.report,
        )
        for person, (_, joined, left) in zip(people, _PEOPLE, strict=True)
        if joined is not None and left is not None
    ]


def _pass_time(past: _PastProcess, now: datetime) -> None:
    past.clock.set(now)
    with past.work() as work:
        while reminders.plan_due(work, now):
            pass
        follow_ups.settle_due(work, now)
    sender = Sender(past)
    sender.send_due(now)
    sender.stop()


def _add_host(process: Process, now: datetime) -> None:
    with process.work() as work:
        _, password = hosts.add_host(work, HOST_EMAIL, Role.owner, password=None, actor=_ACTOR, now=now)
    path = _password_file(process)
    path.parent.mkdir(parents=True, exist_ok=True)
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8") as file:
        file.write(password)


def _password_file(process: Process) -> Path:
    return process.settings.var_dir / "demo-host.password"
