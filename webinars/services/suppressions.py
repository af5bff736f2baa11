"""Addresses that take no mail: they are marked, nothing more is sent there, and hosts see it and put it right."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from webinars.gateways.mail_errors import MailRefused, RecipientRefused
from webinars.queries import messages as messages_queries
from webinars.queries import sessions as sessions_queries
from webinars.queries import suppressions as suppressions_queries
from webinars.queries.sessions import Scheduled
from webinars.queries.suppressions import Posted
from webinars.rules.registrations import same_person
from webinars.rules.suppressions import (
    PURPOSES,
    STRIKES,
    STRIKES_WITHIN,
    Verdict,
    may_send,
    verdict_on_refusal,
)
from webinars.services import audit, messages, seats
from webinars.services.seats import ANSWER_TO
from webinars.tables import Message, Registration, Suppression, WebinarSession
from webinars.terms import (
    ACTIVE,
    REMINDER_KINDS,
    Channel,
    MessageKind,
    MessageState,
    SkipReason,
    SuppressionReason,
    new_id,
)
from webinars.work import Process, ReadWork, Work

_LONGEST_DETAIL = 200
_MOST_MESSAGES = 200
_EVENTS_KEPT = timedelta(days=30)
_SAID_BY_AN_ANSWER = frozenset(
    {
        *ANSWER_TO.values(),
        *REMINDER_KINDS,
        MessageKind.resent,
        MessageKind.moved,
        MessageKind.updated,
        MessageKind.reinstated,
    }
)
"""What one new answer says as well: when it is and how to join."""


def mark(
    work: Work, email_index: bytes, reason: SuppressionReason, detail: str, *, message_id: UUID | None, now: datetime
) -> None:
    """Send nothing more to an address. Twice is once.

    Args:
        detail: in a server's words, without addresses.
        message_id: what came back.
    """
    row = {
        "id": new_id(now),
        "email_index": email_index,
        "reason": reason,
        "detail": detail[:_LONGEST_DETAIL],
        "message_id": message_id,
        "created_at": now,
    }
    suppressions_queries.upsert_mark(work.db, row)


def strike(work: Work, posted: Posted, detail: str, now: datetime) -> None:
    """Count a mail that could not be delivered against its address; the third one in a fortnight marks it."""
    suppressions_queries.note_strike(work.db, posted.message_id, posted.link_version)
    if suppressions_queries.count_strikes(work.db, posted.email_index, now - STRIKES_WITHIN) >= STRIKES:
        mark(work, posted.email_index, SuppressionReason.bounced, detail, message_id=posted.message_id, now=now)


def is_ours(error: MailRefused) -> bool:
    """Whether a mail was refused for the way we send, which would meet others too."""
    return _verdict(error) is Verdict.ours


def _verdict(error: MailRefused) -> Verdict:
    return verdict_on_refusal(error.reason, at_recipient=isinstance(error, RecipientRefused))


def note_refusal(process: Process, message_id: UUID, email: str, error: MailRefused, now: datetime) -> None:
    """Draw the conclusions of a 5xx, once it is written down that the message has failed.

    Args:
        email: the address that was refused, which may have been corrected while the server thought.
    """
    verdict = _verdict(error)
    if verdict is Verdict.ours:
        return
    index = process.vault.index("email", same_person(email))
    with process.work() as work:
        posted = suppressions_queries.find_posted(work.db, message_id)
        if posted is None or not suppressions_queries.is_known(work.db, index):
            return
        if verdict is Verdict.hard:
            mark(work, index, SuppressionReason.bounced, error.reason, message_id=message_id, now=now)
        elif posted.email_index == index:
            strike(work, posted, error.reason, now)


def find_objections(work: ReadWork, message_ids: Sequence[UUID]) -> dict[UUID, SkipReason]:
    """Which of these messages their recipients' addresses do not take, or the recipients do not want. Two statements
    for all of them."""
    unwanted: dict[UUID, bool] = {}
    about = suppressions_queries.list_consents_about(work.db, message_ids, PURPOSES)
    for message_id, kind, purpose, is_granted in about:
        if PURPOSES[kind] == purpose:
            unwanted[message_id] = not is_granted  # the newest answer comes last, and holds
    found = {message_id: SkipReason.consent for message_id, is_unwanted in unwanted.items() if is_unwanted}
    for message_id, kind, reason in suppressions_queries.find_marked(work.db, message_ids):
        if not may_send(kind, reason):
            found[message_id] = SkipReason.suppressed
    return found


def marks_of(work: ReadWork, registrations: Sequence[Registration]) -> dict[UUID, Suppression]:
    """The marks on the addresses of these registrations."""
    marks = suppressions_queries.find_marks(work.db, {bytes(row.email_index) for row in registrations})
    return {row.id: marks[index] for row in registrations if (index := bytes(row.email_index)) in marks}


def count_marked(work: ReadWork, session_id: UUID) -> int:
    """How many of those who hold or hope for a seat of a session are at a marked address."""
    return suppressions_queries.count_marked(work.db, session_id=session_id).get(session_id, 0)


def list_troubled(work: ReadWork, now: datetime) -> list[tuple[Scheduled, int]]:
    """Sessions that are not over with how many of their registrants are at marked addresses, the next one first."""
    counts = suppressions_queries.count_marked(work.db, ends_after=now)
    return [(sessions_queries.get_session(work.db, session_id), count) for session_id, count in counts.items()]


def lift(work: Work, registration_id: UUID, *, actor: str, now: datetime) -> bool:
    """Open the way to a registrant's address again, and send what it missed and is still of use. False if it is open.

    Raises:
        NotFound: if there is no such registration.
    """
    registration, item = seats.lock_registration(work, registration_id)
    if not suppressions_queries.delete_mark(work.db, bytes(registration.email_index)):
        return False
    audit.note(work, actor, "suppression.lift", now, subject_id=registration_id)
    if any(message.kind in _SAID_BY_AN_ANSWER for message in _lost(work, registration_id, now)):
        answer_again(work, registration, item.session, now)
    send_lost(work, registration, item.session, now)
    return True


def answer_again(work: Work, registration: Registration, session: WebinarSession, now: datetime) -> None:
    """Send a registrant of a locked session how matters stand, with an invite of a newer version than any before."""
    if registration.status not in ACTIVE or now >= session.ends_at:
        return
    registration.revision += 1
    work.db.flush()
    messages_queries.drop_planned(
        work.db, reason=SkipReason.superseded, kinds=tuple(ANSWER_TO.values()), registration_id=registration.id
    )
    kind = ANSWER_TO[registration.status]
    messages.plan(work, [messages.registration_row(kind, registration, session, now)])


def send_lost(work: Work, registration: Registration, session: WebinarSession, now: datetime) -> int:
    """Plan again, once, what did not arrive and is still of use, but for what `answer_again` says. Returns how many."""
    lost = [message for message in _lost(work, registration.id, now) if message.kind not in _SAID_BY_AN_ANSWER]
    rows = [_again(message, registration, session, now) for message in lost]
    planned = messages.plan(work, rows)
    for message, row in zip(lost, rows, strict=True):
        suppressions_queries.repoint_follow_up(work.db, message.id, row["id"])
    return planned


def take_in(work: Work, sender: str, name: str, now: datetime) -> bool:
    """Note a report under what its sender calls it. False if it was taken in before: then it changes nothing."""
    digest = work.vault.index("inbound", f"{sender}:{name}")
    return suppressions_queries.note_event(work.db, {"id": new_id(now), "digest": digest, "created_at": now})


def forget_old_events(work: Work, now: datetime) -> int:
    """Forget what was reported 30 days ago. Returns how many."""
    return suppressions_queries.delete_events(work.db, now - _EVENTS_KEPT)


def _lost(work: ReadWork, registration_id: UUID, now: datetime) -> list[Message]:
    """Mails that did not arrive and are not useless yet; those that were planned again since are not among them."""
    newest: dict[str, Message] = {}
    for message in messages_queries.list_messages(work.db, registration_ids=[registration_id], limit=_MOST_MESSAGES):
        newest[_base(message.dedupe_key)] = message
    return [
        message
        for message in newest.values()
        if message.channel is Channel.email
        and message.deadline_at > now
        and (
            message.state in {MessageState.bounced, MessageState.failed}
            or (message.state is MessageState.skipped and message.reason == SkipReason.suppressed)
        )
    ]


def _again(message: Message, registration: Registration, session: WebinarSession, now: datetime) -> dict[str, Any]:
    row = messages.message_row(
        message.kind,
        dedupe_key=f"{_base(message.dedupe_key)}#{int(now.timestamp() * 1000)}",
        registration_id=registration.id,
        revision=registration.revision,
        session=session,
        now=now,
        deadline_at=message.deadline_at,
        rule_id=message.rule_id,
        facts={name: value for name, value in message.facts.items() if name != "strike"},
    )
    return row | {"schedule_version": message.schedule_version}


def _base(dedupe_key: str) -> str:
    return dedupe_key.partition("#")[0]
