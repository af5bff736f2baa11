"""The people whom hosts are to call: who asked for something after a session, and of whom nobody knows whether they
came. Names are in the open; how to reach them and what they told is shown to who asks for it, which is noted."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from webinars.queries import audit as audit_queries
from webinars.queries import calls as calls_queries
from webinars.queries.calls import CallRow
from webinars.queries.pages import Page, page_of, read_cursor
from webinars.rules.registrations import mask_email
from webinars.rules.requests import Wish
from webinars.services import audit, follow_ups, requests
from webinars.services.registrants import ERASED, SHOWN_FOR
from webinars.services.registrations import email_of, name_of, phone_of
from webinars.tables import FollowUp, Registration, Request, Webinar, WebinarSession
from webinars.terms import RequestKind, TaskState
from webinars.vault import Vault
from webinars.work import ReadWork, Work

_REVEAL = "calls.reveal"


@dataclass(frozen=True, slots=True)
class Call:
    """Somebody to call, and why."""

    task: Request | FollowUp
    registration: Registration
    session: WebinarSession
    webinar: Webinar
    name: str
    email: str
    """Masked, unless this host has asked for it."""
    phone: str
    """The one they named with their wish, else that of the registration; empty unless this host has asked for it."""
    wish: Wish | None
    """What they told; None unless this host has asked for it."""
    note: str
    state: TaskState

    @property
    def kind(self) -> RequestKind | None:
        """What they asked for; None where a follow-up asks for the call."""
        return self.task.kind if isinstance(self.task, Request) else None


def list_calls(
    work: ReadWork, *, state: TaskState, cursor: str | None, limit: int, actor: str, now: datetime
) -> Page[Call]:
    """A page of calls: of those to make the oldest first, of those that are done the newest.

    Raises:
        InvalidField: if the cursor was not made here.
    """
    rows = calls_queries.list_calls(
        work.db,
        state=state,
        newest_first=state is TaskState.done,
        after=read_cursor(cursor),
        limit=limit + 1,
    )
    is_open = shown_until(work, actor=actor, now=now) is not None
    calls = [_call(work.vault, row, is_open=is_open) for row in rows]
    return page_of(calls, [call.task.id for call in calls], limit)


def count_open(work: ReadWork) -> int:
    """How many people are to be called."""
    return calls_queries.count_open(work.db)


def reveal(work: Work, *, actor: str, now: datetime) -> None:
    """Open how to reach people, and what they told, to one host for a while. The note is what opens it."""
    audit.note(work, actor, _REVEAL, now, fields=["email", "phone", "details"])


def shown_until(work: ReadWork, *, actor: str, now: datetime) -> datetime | None:
    """Until when a host sees it; None while it is closed to them."""
    since = now - SHOWN_FOR
    asked_at = audit_queries.last_noted_at(work.db, actor=actor, action=_REVEAL, subject_id=None, since=since)
    return asked_at + SHOWN_FOR if asked_at else None


def _call(vault: Vault, row: CallRow, *, is_open: bool) -> Call:
    task, registration = row.task, row.registration
    email = email_of(vault, registration)
    if isinstance(task, Request):
        note, state = requests.note_of(vault, task), task.state
        wish = requests.wish_of(vault, task) if is_open else None
    else:
        note, state, wish = follow_ups.note_of(vault, task), task.task, None
    phone = (wish.phone if wish else phone_of(vault, registration) or "") if is_open else ""
    return Call(
        task=task,
        registration=registration,
        session=row.session,
        webinar=row.webinar,
        name=name_of(vault, registration) or ERASED,
        email=email if is_open or not email else mask_email(email),
        phone=phone,
        wish=wish,
        note=note,
        state=state,
    )
