"""Sending what the ledger says is due: claim under a lease, look once more, send outside any transaction, complete.

Exactly once over SMTP is impossible (RFC 1047): between the server's last reply and our commit nobody knows. What
holds: one row per key, one completion per message, and a repeat only after a crash in that gap, with the same
Message-ID, Date and calendar version, so that readers recognise it.
"""

from __future__ import annotations

import random
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from threading import Event, Lock
from uuid import UUID, uuid4

import structlog

from webinars.documents.mails import MailFacts, compose_mail, message_id_for
from webinars.gateways.mail_errors import MailError, MailRefused, MailTransportDown
from webinars.queries import messages as messages_queries
from webinars.queries.messages import Dispatch
from webinars.rules.messages import Situation, objection, retry_at
from webinars.services import registrations
from webinars.services.links import link
from webinars.services.sessions import find_alternative, next_session_of
from webinars.terms import AttendanceState, LinkPurpose, MessageKind, MessageState, SkipReason
from webinars.work import Process, ReadWork, Work

LEASE = timedelta(seconds=90)
BATCH = 50
_LEAST_LEASE_LEFT = 70.0
"""Seconds. With less, another worker might take the message while a slow server still has it: a mail may take 60."""
PAUSE = timedelta(seconds=30)
"""How long a transport that is down is left alone."""
_log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Claimed:
    """A batch under one lease."""

    lease: UUID
    until: float
    """On the monotonic clock, which nobody sets."""
    ready: list[tuple[Dispatch, MailFacts]]


class Sender:
    """Sends from one process, over a few connections at once."""

    def __init__(self, process: Process) -> None:
        self._process = process
        self._pool = ThreadPoolExecutor(process.settings.mail_connections, thread_name_prefix="mail")
        self._spread = random.Random()  # noqa: S311 - spreads retries, guards nothing
        self._paused_until: datetime | None = None
        self._stopping = Event()
        self._sending = Lock()

    def send_due(self, now: datetime, *, for_at_most: timedelta | None = None) -> int:
        """Send what is due from `now` on, batch by batch, the most urgent first.

        Args:
            now: the present moment.
            for_at_most: begin no further batch after this time, so that what else is due gets its turn.

        Returns:
            How many messages were claimed.
        """
        claimed_in_all, started = 0, time.monotonic()
        with self._sending:
            while not self._stopping.is_set():
                # Time goes on while much is sent: leases and deadlines of a later batch count from its own moment.
                passed = timedelta(seconds=time.monotonic() - started)
                moment = now + passed
                if self._is_paused(moment) or (claimed_in_all and for_at_most is not None and passed > for_at_most):
                    break
                with self._process.work() as work:
                    claimed, count = claim(work, moment)
                claimed_in_all += count
                list(self._pool.map(partial(self._send, claimed, moment), claimed.ready))
                if count == 0:  # not before: a registrant's second calendar message waits for the first to be done
                    break
        return claimed_in_all

    def stop(self) -> None:
        """Finish what is being sent, hand back the rest."""
        self._stopping.set()
        with self._sending:
            self._pool.shutdown(wait=True)

    def _is_paused(self, now: datetime) -> bool:
        return self._paused_until is not None and now < self._paused_until

    def _send(self, claimed: Claimed, now: datetime, item: tuple[Dispatch, MailFacts]) -> None:
        dispatch, facts = item
        message_id = dispatch.message.id
        lease_left = claimed.until - time.monotonic()
        if self._stopping.is_set() or self._is_paused(now) or lease_left < _LEAST_LEASE_LEFT:
            with self._process.work() as work:
                messages_queries.release_messages(work.db, [message_id], claimed.lease)
            return
        try:
            self._process.mail.send(compose_mail(facts))
        except MailError as error:
            self._note_trouble(claimed, dispatch, error, now)
        except Exception as error:  # noqa: BLE001 - one bad message must not hold up the others
            self._fail(claimed, dispatch, f"{type(error).__name__}: the mail could not be made", "internal")
        else:
            self._complete(claimed, message_id, MessageState.sent, sent_at=self._process.clock.now(), last_error=None)

    def _note_trouble(self, claimed: Claimed, dispatch: Dispatch, error: MailError, now: datetime) -> None:
        message = dispatch.message
        if isinstance(error, MailRefused):
            self._fail(claimed, dispatch, error.reason, "refused")
            return
        attempts, again = message.attempts, retry_at(now, message.attempts, message.deadline_at, self._spread)
        if isinstance(error, MailTransportDown):
            # The message was never tried: it keeps its attempts and goes out as soon as the transport is back.
            self._paused_until = now + PAUSE
            attempts, again = attempts - 1, self._paused_until
            _log.warning("mail.transport_down", reason=error.reason)
        if again is None or again >= message.deadline_at:
            state, reason = MessageState.missed, SkipReason.expired.value
        else:
            state, reason = MessageState.planned, None
        self._complete(
            claimed,
            message.id,
            state,
            reason=reason,
            attempts=attempts,
            next_attempt_at=again or now,
            last_error=error.reason,
        )

    def _fail(self, claimed: Claimed, dispatch: Dispatch, words: str, reason: str) -> None:
        _log.warning("message.failed", message_id=str(dispatch.message.id), reason=reason)
        self._complete(claimed, dispatch.message.id, MessageState.failed, reason=reason, last_error=words[:500])

    def _complete(
        self,
        claimed: Claimed,
        message_id: UUID,
        state: MessageState,
        *,
        reason: str | None = None,
        **values: object,
    ) -> None:
        with self._process.work() as work:
            in_time = messages_queries.complete_message(
                work.db, message_id, claimed.lease, state, reason=reason, **values
            )
        if not in_time:
            _log.warning("message.late_completion", message_id=str(message_id))


def claim(work: Work, now: datetime) -> tuple[Claimed, int]:
    """Take a batch of due messages. What makes no sense any more is completed at once, with the reason.

    Returns:
        What is to be sent, and how many messages were taken in all.
    """
    lease, until = uuid4(), time.monotonic() + LEASE.total_seconds()
    taken = messages_queries.claim_messages(work.db, lease=lease, now=now, until=now + LEASE, limit=BATCH)
    ready = []
    for dispatch in messages_queries.load_dispatches(work.db, taken) if taken else []:
        message = dispatch.message
        reason = _objection(dispatch)
        if reason is not None:
            messages_queries.complete_message(work.db, message.id, lease, MessageState.skipped, reason=reason.value)
        elif now >= message.deadline_at:
            messages_queries.complete_message(
                work.db, message.id, lease, MessageState.missed, reason=SkipReason.expired.value
            )
        else:
            try:
                ready.append((dispatch, facts_of(work, dispatch, now)))
            except Exception as error:  # noqa: BLE001 - one row that cannot be read must not hold up all others
                _log.error("message.unreadable", message_id=str(message.id), error=type(error).__name__)
                messages_queries.complete_message(work.db, message.id, lease, MessageState.failed, reason="internal")
    return Claimed(lease, until, ready), len(taken)


def _objection(dispatch: Dispatch) -> SkipReason | None:
    message, session = dispatch.message, dispatch.session
    if dispatch.registration.erased_at is not None:
        return SkipReason.erased
    situation = Situation(
        dispatch.registration.status,
        session.status,
        session.schedule_version,
        dispatch.has_joined,
        dispatch.attendance,
    )
    return objection(message.kind, message.schedule_version, situation)


def facts_of(work: ReadWork, dispatch: Dispatch, now: datetime) -> MailFacts:
    """What the mail of a message says if it is sent at `now`."""
    message, registration, session, webinar = (
        dispatch.message,
        dispatch.registration,
        dispatch.session,
        dispatch.webinar,
    )
    settings, vault = work.settings, work.vault
    return MailFacts(
        kind=message.kind,
        status=registration.status,
        name=registrations.name_of(vault, registration),
        email=registrations.email_of(vault, registration),
        timezone=registration.timezone,
        locale=registration.locale,
        organization_name=settings.organization_name,
        organization_phone=settings.organization_phone,
        mail_from=settings.mail_from,
        sender_name=settings.sender_name,
        public_title=webinar.public_title,
        session_id=session.id,
        starts_at=session.starts_at,
        ends_at=session.ends_at,
        session_timezone=session.timezone,
        former_starts_at=_moment(message.facts.get("former_starts_at")),
        former_timezone=message.facts.get("former_timezone"),
        offer_expires_at=registration.offer_expires_at,
        moved_to=_moment(message.facts.get("moved_to")),
        other_starts_at=_other_date(work, dispatch, now),
        join_url=link(settings, vault, LinkPurpose.enter, registration),
        manage_url=link(settings, vault, LinkPurpose.manage, registration),
        base_url=settings.base_url,
        registration_id=registration.id,
        sequence=message.sequence,
        message_id=message_id_for(message.dedupe_key, settings.mail_from),
        composed_at=message.first_attempt_at or now,
        created_at=session.created_at,
        had_invite=registration.has_invite,
        segment=_segment(dispatch),
        lead=session.starts_at - now if message.kind is MessageKind.reminder else None,
        next_session_url=_next_session_url(work, dispatch, now),
        replay_url=webinar.replay_url or None,
    )


_OFFERS_NEXT = frozenset({MessageKind.session_cancelled, MessageKind.follow_up, MessageKind.withdrawn})


def _next_session_url(work: ReadWork, dispatch: Dispatch, now: datetime) -> str | None:
    """Where to register for the next session, in mails about one that is over for the registrant."""
    if dispatch.message.kind not in _OFFERS_NEXT:
        return None
    following = next_session_of(work, dispatch.webinar, dispatch.session, now)
    return f"{work.settings.base_url}/sessions/{following.id}/register" if following else None


_OFFERS_ANOTHER = frozenset({MessageKind.waitlisted, MessageKind.lapsed})


def _other_date(work: ReadWork, dispatch: Dispatch, now: datetime) -> datetime | None:
    """When there are free places, for whoever has none here."""
    if dispatch.message.kind not in _OFFERS_ANOTHER:
        return None
    other = find_alternative(work, dispatch.webinar, dispatch.session, dispatch.registration.seats, now)
    return other.starts_at if other else None


def _moment(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None


def _segment(dispatch: Dispatch) -> AttendanceState | None:
    """What a follow-up speaks of: the attendance as it is known now, for a report may have come after the planning."""
    word = dispatch.message.facts.get("segment")
    return dispatch.attendance or AttendanceState(word) if word else None
