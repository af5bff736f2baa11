"""What routes are handed: the process, the time, a transaction, the caller."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Annotated

from fastapi import Depends, Header, Request

from webinars.errors import NotAllowed, TokenInvalid, VersionMismatch, VersionMissing
from webinars.services import tokens
from webinars.services.desk import Desk
from webinars.services.tokens import Bearer
from webinars.terms import Scope
from webinars.work import Process, ReadWork, Work

_REMEMBER_TOKEN = timedelta(seconds=5)
_REMEMBER_TOKENS = 100
_LONGEST_VERSION = 20


def get_process(request: Request) -> Process:
    process: Process = request.app.state.process
    return process


def get_desk(request: Request) -> Desk:
    desk: Desk = request.app.state.desk
    return desk


ProcessDep = Annotated[Process, Depends(get_process)]
DeskDep = Annotated[Desk, Depends(get_desk)]


def get_now(process: ProcessDep) -> datetime:
    """The moment of the request: read once."""
    return process.clock.now()


def get_work(process: ProcessDep) -> Iterator[Work]:
    """A transaction that commits before the answer leaves (`scope="function"`), so that no 201 precedes a failure."""
    with process.work() as work:
        yield work


def get_read(process: ProcessDep) -> Iterator[ReadWork]:
    with process.read() as work:
        yield work


NowDep = Annotated[datetime, Depends(get_now)]
WorkDep = Annotated[Work, Depends(get_work, scope="function")]
ReadDep = Annotated[ReadWork, Depends(get_read, scope="function")]


@dataclass(slots=True)
class Bearers:
    """Tokens seen a moment ago, so that a burst does not look each one up; a revoked one ends within 5 s."""

    process: Process
    _seen: dict[str, tuple[datetime, Bearer]] = field(default_factory=dict)

    def find(self, request: Request) -> Bearer | None:
        """The caller's token; None if there is none.

        Raises:
            TokenInvalid: if there is one that is not valid.
        """
        kind, _, secret = request.headers.get("authorization", "").partition(" ")
        if not kind:
            return None
        if kind.lower() != "bearer" or not secret.strip():
            raise TokenInvalid
        return self._find(secret.strip())

    def _find(self, secret: str) -> Bearer:
        now = self.process.clock.now()
        seen = self._seen.get(secret)
        if seen and abs(now - seen[0]) < _REMEMBER_TOKEN:
            return seen[1]
        if len(self._seen) >= _REMEMBER_TOKENS:
            self._seen.clear()
        with self.process.read() as work:
            bearer = tokens.find_bearer(work, secret)
        self._seen[secret] = (now, bearer)
        return bearer


def get_bearer(request: Request) -> Bearer | None:
    bearers: Bearers = request.app.state.bearers
    return bearers.find(request)


MaybeBearerDep = Annotated[Bearer | None, Depends(get_bearer)]


def get_answers_work(process: ProcessDep, bearer: MaybeBearerDep) -> Iterator[ReadWork]:
    """For what shows answers. Who may read those about health gets a transaction in which that is noted."""
    reads_health = bearer is not None and Scope.health_read in bearer.scopes
    with process.work() if reads_health else process.read() as work:
        yield work


AnswersWorkDep = Annotated[ReadWork, Depends(get_answers_work, scope="function")]


@dataclass(frozen=True, slots=True)
class Needs:
    """A dependency that lets only tokens with `scope` through. The permission matrix is read from the routes."""

    scope: Scope

    def __call__(self, bearer: MaybeBearerDep) -> Bearer:
        if bearer is None:
            raise TokenInvalid
        if self.scope not in bearer.scopes:
            raise NotAllowed(f"This call needs a token with the scope {self.scope.value}.", scope=self.scope.value)
        return bearer


def sees_drafts(bearer: MaybeBearerDep) -> bool:
    """Whether the caller sees more than what is published."""
    return bearer is not None and Scope.catalogue_write in bearer.scopes


SeesDraftsDep = Annotated[bool, Depends(sees_drafts)]
CatalogueWriter = Annotated[Bearer, Depends(Needs(Scope.catalogue_write))]
RegistrationsReader = Annotated[Bearer, Depends(Needs(Scope.registrations_read))]
RegistrationsWriter = Annotated[Bearer, Depends(Needs(Scope.registrations_write))]
MessagesReader = Annotated[Bearer, Depends(Needs(Scope.messages_read))]
MessagesWriter = Annotated[Bearer, Depends(Needs(Scope.messages_write))]
AttendanceReader = Annotated[Bearer, Depends(Needs(Scope.attendance_read))]
AttendanceWriter = Annotated[Bearer, Depends(Needs(Scope.attendance_write))]


def get_seen_version(
    if_match: Annotated[
        str | None, Header(alias="If-Match", description='The ETag of what is changed, such as `"3"`, or `*`.')
    ] = None,
) -> int | None:
    """The version the caller has seen, from If-Match; None for `*`.

    Raises:
        VersionMissing: without the header.
        VersionMismatch: with one that is no ETag of ours.
    """
    if if_match is None:
        raise VersionMissing
    if if_match.strip() == "*":
        return None
    text = if_match.strip().removeprefix("W/").strip('"')
    if not text.isdecimal() or len(text) > _LONGEST_VERSION:
        raise VersionMismatch
    return int(text)


SeenVersionDep = Annotated[int | None, Depends(get_seen_version)]
