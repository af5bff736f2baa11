"""Makes what tests need, through the services, free of surprises: what is not asked for has one plain default."""

from __future__ import annotations

from datetime import datetime, timedelta
from itertools import count
from typing import Any
from uuid import UUID

from webinars.queries.sessions import Scheduled
from webinars.rules.sessions import wall_time
from webinars.services import catalogue, hosts, questions, registering, sessions, tokens, webinars
from webinars.services.registering import Registered, RegistrationRequest
from webinars.terms import PublicationStatus, QuestionKind, Role, Scope
from webinars.work import Process

ACTOR = "test"
PASSWORD = "correct horse battery"


class Factory:
    """Each call is one transaction at the process's present time."""

    def __init__(self, process: Process) -> None:
        self.process = process
        self._numbers = count(1)

    @property
    def now(self) -> datetime:
        return self.process.clock.now()

    def topic(self, slug: str = "knee", name: str = "Knee", parent: str | None = None) -> str:
        with self.process.work() as work:
            catalogue.create_topic(work, slug=slug, name=name, parent=parent, position=0, actor=ACTOR, now=self.now)
        return slug

    def presenter(self, slug: str = "maria-castellan", name: str = "Dr. Maria Castellan") -> str:
        with self.process.work() as work:
            catalogue.create_presenter(
                work, slug=slug, name=name, credentials="MD", biography="", actor=ACTOR, now=self.now
            )
        return slug

    def webinar(
        self,
        slug: str = "knee-options",
        *,
        topics: tuple[str, ...] = (),
        presenters: tuple[str, ...] = (),
        **facts: object,
    ) -> str:
        """A published webinar."""
        columns = {"slug": slug, "title": "Knee pain: options", "status": PublicationStatus.published} | facts
        with self.process.work() as work:
            webinars.create_webinar(work, columns, topics=topics, presenters=presenters, actor=ACTOR, now=self.now)
        return slug

    def question(self, webinar: str, kind: str = "text", label: str = "How did you hear of us?", **facts: Any) -> UUID:
        """A question of a webinar, after those it has; one with choices is about knees."""
        sides = [{"key": "left", "label": "Left knee"}, {"key": "right", "label": "Right knee"}]
        given: dict[str, Any] = {"kind": QuestionKind(kind), "label": label}
        if kind in {"choice", "choices"}:
            given["choices"] = sides
        with self.process.work() as work:
            return questions.create_question(work, webinar, given | facts, actor=ACTOR, now=self.now).id

    def session(
        self,
        webinar: str | None = None,
        *,
        starts_in: timedelta = timedelta(days=7),
        timezone: str = "America/Denver",
        capacity: int = 10,
        waitlist_open: bool = True,
        minutes: int = 60,
        room_url: str = "https://rooms.example/r/1",
    ) -> Scheduled:
        """A scheduled session of a webinar, of a new one if none is named."""
        slug = webinar or self.webinar(f"webinar-{next(self._numbers)}")
        with self.process.work() as work:
            return sessions.create_session(
                work,
                webinar=slug,
                wall=wall_time(self.now + starts_in, timezone),
                duration_minutes=minutes,
                capacity=capacity,
                waitlist_open=waitlist_open,
                room_url=room_url,
                actor=ACTOR,
                now=self.now,
            )

    def request(self, session_id: UUID, email: str | None = None, **facts: object) -> RegistrationRequest:
        values: dict[str, object] = {
            "session_id": session_id,
            "email": email or f"person{next(self._numbers)}@mail.example",
            "name": "Ana Núñez",
            "timezone": "America/Denver",
            "locale": "en-US",
        }
        return RegistrationRequest(**(values | facts))  # type: ignore[arg-type]

    def registration(self, session_id: UUID, email: str | None = None, **facts: object) -> Registered:
        """Somebody registered; a refusal is raised."""
        with self.process.work() as work:
            outcome = registering.register(work, [self.request(session_id, email, **facts)], self.now)[0]
            if isinstance(outcome, Exception):
                raise outcome
            return outcome

    def token(self, *scopes: Scope) -> str:
        """A key with these scopes, or with all."""
        with self.process.work() as work:
            return tokens.create_token(work, "test", scopes or tuple(Scope), actor=ACTOR, now=self.now)

    def host(self, email: str = "host@clinic.example", role: Role = Role.owner) -> str:
        """An account; gives its password."""
        with self.process.work() as work:
            _, secret = hosts.add_host(work, email, role, password=PASSWORD, actor=ACTOR, now=self.now)
        return secret
