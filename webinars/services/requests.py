"""What registrants ask for after a session. All of it lands on the hosts' list of people to call (calls.py)."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from webinars.errors import InvalidField
from webinars.queries import requests as requests_queries
from webinars.queries.pages import Page, page_of, read_cursor
from webinars.rules.requests import Wish
from webinars.services import audit, erasure, messages
from webinars.services.catalogue import check_version
from webinars.services.replays import lock_after
from webinars.tables import Registration, Request
from webinars.terms import CallTime, MessageKind, RecentMri, RequestKind, TaskState, new_id
from webinars.vault import Vault
from webinars.work import ReadWork, Work

PACKET_EVERY = timedelta(hours=1)
"""How often a registrant gets the packet, however often they press the button."""
_DETAILS, _NOTE = "requests.details", "requests.note"


@dataclass(frozen=True, slots=True)
class RequestItem:
    """A request as hosts work it off."""

    request: Request
    note: str
    """The host's own."""
    wish: Wish | None
    """What the registrant told; None unless it was asked for (`with_wishes`), or where nothing was told."""


def ask_evaluation(work: Work, registration_id: UUID, wish: Wish, now: datetime) -> Request:
    """Ask to be evaluated as a candidate. Asked again, the newest wish holds, and is to be called about again.

    Raises:
        Those of `replays.lock_after`.
    """
    registration, _ = lock_after(work, registration_id, now)
    request = _put(work, registration, RequestKind.candidacy, now)
    request.details = work.vault.seal(_DETAILS, request.id, json.dumps(asdict(wish), ensure_ascii=False))
    work.db.flush()
    return request


def ask_packet(work: Work, registration_id: UUID, now: datetime) -> bool:
    """Ask for the information packet: it comes by mail, at most once an hour. Where a webinar has none to send, a host
    reads of the wish all the same.

    Returns:
        Whether a mail is planned.

    Raises:
        Those of `replays.lock_after`.
    """
    registration, item = lock_after(work, registration_id, now)
    _put(work, registration, RequestKind.packet, now)
    work.db.flush()
    if not item.webinar.packet_url:
        return False
    hour = int(now.timestamp() // PACKET_EVERY.total_seconds())
    row = messages.registration_row(MessageKind.packet, registration, item.session, now)
    row["dedupe_key"] = f"{MessageKind.packet}:{registration_id.hex}:{hour}"
    return messages.plan(work, [row]) == 1


def requests_of(work: ReadWork, registration_id: UUID) -> dict[RequestKind, Request]:
    """What a registrant asked for, by kind."""
    return {request.kind: request for request in requests_queries.list_requests_of(work.db, registration_id)}


def list_requests(
    work: ReadWork, *, state: TaskState | None, kind: RequestKind | None, cursor: str | None, limit: int
) -> Page[RequestItem]:
    """A page of requests, the oldest first.

    Raises:
        InvalidField: if the cursor was not made here.
    """
    rows = requests_queries.list_requests(work.db, state=state, kind=kind, after=read_cursor(cursor), limit=limit + 1)
    items = [RequestItem(row, note_of(work.vault, row), None) for row in rows]
    return page_of(items, [row.id for row in rows], limit)


def with_wishes(work: Work, items: Sequence[RequestItem], *, actor: str, now: datetime) -> list[RequestItem]:
    """The same with what registrants told. It is about their health, so it is noted who read it."""
    opened = [replace(item, wish=wish_of(work.vault, item.request)) for item in items]
    for item in opened:
        if item.wish is not None:
            audit.note(work, actor, "requests.read_health", now, subject_id=item.request.id, fields=["details"])
    return opened


def update_request(
    work: Work, request_id: UUID, changes: Mapping[str, Any], *, version: int | None, actor: str, now: datetime
) -> RequestItem:
    """Change the host's task or note.

    Args:
        changes: any of `state` and `note`.

    Raises:
        NotFound, VersionMismatch.
        InvalidField: if it would be neither open nor done.
        RegistrationErased: if whoever asked has been erased.
    """
    erasure.keep_out(work, requests_queries.get_request(work.db, request_id).registration_id)
    request = requests_queries.lock_request(work.db, request_id)
    check_version(request.version, version)
    if "state" in changes:
        request.state = TaskState(changes["state"])
        if request.state is TaskState.none:
            raise InvalidField("A request is open or done.", field="state")
    if "note" in changes:
        text = changes["note"]
        request.note = work.vault.seal(_NOTE, request.id, text) if text else None
    request.version += 1
    request.updated_at = now
    audit.note(work, actor, "request.update", now, subject_id=request.id, fields=list(changes))
    return RequestItem(request, note_of(work.vault, request), None)


def wish_of(vault: Vault, request: Request) -> Wish | None:
    """What somebody told who asks for an evaluation; None where nothing was told, or nothing is kept any more."""
    if request.details is None:
        return None
    told = json.loads(vault.open(_DETAILS, request.id, request.details))
    return Wish(RecentMri(told["recent_mri"]), CallTime(told["call_time"]), told["phone"], told["words"])


def note_of(vault: Vault, request: Request) -> str:
    """The host's note."""
    return vault.open(_NOTE, request.id, request.note) if request.note else ""


def _put(work: Work, registration: Registration, kind: RequestKind, now: datetime) -> Request:
    """The one request of a kind, open: made now, or asked for again."""
    request = requests_queries.find_request(work.db, registration.id, kind)
    if request is None:
        request = Request(
            id=new_id(now),
            registration_id=registration.id,
            session_id=registration.session_id,
            kind=kind,
            version=0,
            created_at=now,
            updated_at=now,
        )
        work.db.add(request)
    request.state = TaskState.open
    request.version += 1
    request.updated_at = now
    return request
