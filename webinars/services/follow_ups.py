"""After a session: attendance settles, and each registrant gets the follow-up that fits what happened."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from webinars.errors import NotFound
from webinars.queries import attendance as attendance_queries
from webinars.queries import messages as messages_queries
from webinars.queries import sessions as sessions_queries
from webinars.queries.pages import Page, page_of, read_cursor
from webinars.rules.attendance import LONGEST_WAIT_FOR_REPORTS, Summary
from webinars.services import attendance, audit, erasure, messages
from webinars.services.catalogue import check_version
from webinars.tables import FollowUp, Message, WebinarSession
from webinars.terms import AttendanceState, TaskState, new_id
from webinars.vault import Vault
from webinars.work import ReadWork, Work


@dataclass(frozen=True, slots=True)
class FollowUpItem:
    """A follow-up with its mail, if it has one."""

    follow_up: FollowUp
    message: Message | None


def settle_due(work: Work, now: datetime) -> UUID | None:
    """Settle one session that ended long enough ago: attendance, follow-ups and their mails, in one transaction. One of
    which nobody has reported anything is waited for: who came must not be told that they were missed.

    Returns:
        The session, or None when no session waits.
    """
    settle_after = work.settings.settle_after
    unreported_before = now - max(settle_after, LONGEST_WAIT_FOR_REPORTS)
    item = sessions_queries.claim_unsettled(work.db, now - settle_after, unreported_before=unreported_before)
    if item is None:
        return None
    session = item.session
    summaries = attendance.work_out(work, session.id, now)
    follow_ups = [_row(registration_id, session, summary, now) for registration_id, _, summary in summaries]
    mails = {
        registration_id: messages.follow_up_row(registration_id, revision, session, summary.state, now)
        for registration_id, revision, summary in summaries
        if summary.state is not AttendanceState.unknown
    }
    messages.plan(work, list(mails.values()))
    for row in follow_ups:
        mail = mails.get(row["registration_id"])
        row["message_id"] = mail["id"] if mail else None
    attendance_queries.insert_follow_ups(work.db, follow_ups)
    session.settled_at = now
    return session.id


def list_follow_ups(work: ReadWork, session_id: UUID, *, cursor: str | None, limit: int) -> Page[FollowUpItem]:
    """A page of a session's follow-ups.

    Raises:
        NotFound: if there is no such session.
    """
    sessions_queries.get_session(work.db, session_id)
    rows = attendance_queries.list_follow_ups(work.db, session_id, after=read_cursor(cursor), limit=limit + 1)
    items = [FollowUpItem(follow_up, message) for follow_up, message in rows]
    return page_of(items, [item.follow_up.id for item in items], limit)


def update_follow_up(
    work: Work, follow_up_id: UUID, changes: Mapping[str, Any], *, version: int | None, actor: str, now: datetime
) -> FollowUpItem:
    """Change the host's task or note.

    Args:
        changes: any of `task` and `note`.

    Raises:
        NotFound, VersionMismatch.
        RegistrationErased: if whoever was to be called has been erased.
    """
    follow_up = work.db.get(FollowUp, follow_up_id)
    if follow_up is None:
        raise NotFound
    erasure.keep_out(work, follow_up.registration_id)
    work.db.refresh(follow_up, with_for_update=True)
    check_version(follow_up.version, version)
    if "task" in changes:
        follow_up.task = TaskState(changes["task"])
    if "note" in changes:
        text = changes["note"]
        follow_up.note = work.vault.seal("follow_ups.note", follow_up.id, text) if text else None
    follow_up.version += 1
    follow_up.updated_at = now
    audit.note(work, actor, "follow_up.update", now, subject_id=follow_up.id, fields=list(changes))
    message_id = follow_up.message_id
    return FollowUpItem(follow_up, messages_queries.get_message(work.db, message_id) if message_id else None)


def note_of(vault: Vault, follow_up: FollowUp) -> str:
    """The host's note."""
    return vault.open("follow_ups.note", follow_up.id, follow_up.note) if follow_up.note else ""


def _row(registration_id: UUID, session: WebinarSession, summary: Summary, now: datetime) -> dict[str, Any]:
    return {
        "id": new_id(now),
        "registration_id": registration_id,
        "session_id": session.id,
        "segment": summary.state,
        "message_id": None,
        # Nobody knows whether they came: a person looks at it.
        "task": TaskState.open if summary.state is AttendanceState.unknown else TaskState.none,
        "version": 1,
        "created_at": now,
        "updated_at": now,
    }
