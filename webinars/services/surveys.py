"""The short survey after a session: one answer of each registrant, the newest."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from webinars.queries import audit as audit_queries
from webinars.queries import registrations as registrations_queries
from webinars.queries import sessions as sessions_queries
from webinars.queries import surveys as surveys_queries
from webinars.rules.surveys import Opinion, Results, results_of
from webinars.services import audit
from webinars.services.registrants import SHOWN_FOR
from webinars.services.replays import lock_after
from webinars.tables import SurveyReply
from webinars.terms import RegistrationStatus, new_id
from webinars.vault import Vault
from webinars.work import ReadWork, Work

_COMMENT = "survey_replies.comment"
_REVEAL = "surveys.reveal"
_MOST_COMMENTS = 500


@dataclass(frozen=True, slots=True)
class Comment:
    """What somebody wrote, without their name: whoever wants an answer asks for a call."""

    rating: int
    text: str
    written_at: datetime


def answer(work: Work, registration_id: UUID, opinion: Opinion, now: datetime) -> None:
    """Keep what a registrant thinks, in place of what they said before.

    Raises:
        Those of `replays.lock_after`.
    """
    registration, _ = lock_after(work, registration_id, now)
    reply = surveys_queries.find_reply(work.db, registration_id)
    if reply is None:
        reply = SurveyReply(
            id=new_id(now),
            registration_id=registration_id,
            session_id=registration.session_id,
            rating=opinion.rating,
            created_at=now,
            updated_at=now,
        )
        work.db.add(reply)
    reply.rating = opinion.rating
    reply.comment = work.vault.seal(_COMMENT, reply.id, opinion.comment) if opinion.comment else None
    reply.updated_at = now
    work.db.flush()


def replied_at(work: ReadWork, registration_id: UUID) -> datetime | None:
    """When a registrant answered last."""
    reply = surveys_queries.find_reply(work.db, registration_id)
    return reply.updated_at if reply else None


def results(work: ReadWork, session_id: UUID) -> Results:
    """What all registrants of a session answered.

    Raises:
        NotFound: if there is no such session.
    """
    sessions_queries.get_session(work.db, session_id)
    had_seats = registrations_queries.count_by_status(work.db, session_id).get(RegistrationStatus.confirmed, 0)
    return results_of(surveys_queries.count_ratings(work.db, session_id), had_seats)


def read_comments(work: Work, session_id: UUID, *, actor: str, now: datetime) -> list[Comment]:
    """What registrants of a session wrote, newest first. They may have told of their health, so it is noted who read
    it, if there is anything to read."""
    comments = _comments(work, session_id)
    if comments:
        audit.note(work, actor, "surveys.read_health", now, subject_id=session_id, fields=["comment"])
    return comments


def reveal(work: Work, session_id: UUID, *, actor: str, now: datetime) -> None:
    """Open what registrants of a session wrote to one host for a while. The note is what opens it.

    Raises:
        NotFound: if there is no such session.
    """
    sessions_queries.get_session(work.db, session_id)
    audit.note(work, actor, _REVEAL, now, subject_id=session_id, fields=["comment"])


def shown_until(work: ReadWork, session_id: UUID, *, actor: str, now: datetime) -> datetime | None:
    """Until when a host sees what registrants of a session wrote; None while it is closed to them."""
    since = now - SHOWN_FOR
    asked_at = audit_queries.last_noted_at(work.db, actor=actor, action=_REVEAL, subject_id=session_id, since=since)
    return asked_at + SHOWN_FOR if asked_at else None


def shown_comments(work: ReadWork, session_id: UUID, *, actor: str, now: datetime) -> list[Comment] | None:
    """What registrants of a session wrote, newest first; None for a host who has not asked for it."""
    return _comments(work, session_id) if shown_until(work, session_id, actor=actor, now=now) else None


def _comments(work: ReadWork, session_id: UUID) -> list[Comment]:
    replies: Sequence[SurveyReply] = surveys_queries.list_commented(work.db, session_id, _MOST_COMMENTS)
    return [Comment(reply.rating, _text(work.vault, reply), reply.updated_at) for reply in replies]


def _text(vault: Vault, reply: SurveyReply) -> str:
    return vault.open(_COMMENT, reply.id, reply.comment) if reply.comment else ""
