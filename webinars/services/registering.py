"""Registering: the only way to a seat. Single requests, API batches and imports all come here, as lists."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any
from uuid import UUID

from webinars.errors import IdempotencyMismatch, NotFound, SessionFull, TooManyRequests, WebinarsError
from webinars.queries import registrations as registrations_queries
from webinars.queries import sessions as sessions_queries
from webinars.queries.registrations import Person, Place
from webinars.queries.sessions import Scheduled
from webinars.rules.questions import CleanAnswer
from webinars.rules.registrations import same_person
from webinars.rules.seating import Seating
from webinars.services import consents, messages, questions, rates
from webinars.services.consents import ConsentAnswer
from webinars.services.rates import by_block, by_person, register_limit
from webinars.services.registrations import email_of, name_of, phone_of, question_of
from webinars.services.seats import A_NEW_START, ANSWER_TO, as_of, check_open, check_to_come, count_seats, seating_of
from webinars.tables import Question, Registration
from webinars.terms import ACTIVE, RegistrationStatus, new_id
from webinars.vault import Sealed, Vault
from webinars.work import Work


@dataclass(frozen=True, slots=True)
class Idempotency:
    """A client's key for one request, hashed, and the hash of what it asked for."""

    key_hash: bytes
    request_hash: bytes


@dataclass(frozen=True, slots=True)
class RegistrationRequest:
    """What somebody asks for. Address and name are clean already (rules/registrations.py)."""

    session_id: UUID
    email: str
    name: str
    timezone: str
    locale: str = "en"
    seats: int = 1
    phone: str | None = None
    question: str | None = None
    answers: Mapping[str, Any] = field(default_factory=dict)
    """To the webinar's questions: JSON values by question id."""
    answers_from: UUID | None = None
    """A registration of the same person whose answers stand for this one: then nothing is asked again."""
    consents: Sequence[ConsentAnswer] = ()
    source: dict[str, Any] = field(default_factory=dict)
    address_block: str = ""
    idempotency: Idempotency | None = None
    is_approved: bool = False
    """Whether a host has said yes already."""
    by_host: bool = False
    """Whether a host asks: then the time in which the public may register does not count, nor what must be answered."""
    is_limited: bool = False
    """Whether the public asks, who may not do so as often as they like."""
    knows_truth: bool = False
    """Whether a token asks that may know who is registered: whoever is gets their registration, full or not."""
    is_quiet: bool = False
    """Whether no mail says how matters stand: whoever asks tells the registrant by other means."""


@dataclass(frozen=True, slots=True)
class Registered:
    """The answer to a request."""

    registration: Place
    public_status: RegistrationStatus
    """What a stranger may be told: the state a newcomer gets at this moment, whoever asked."""
    is_repeat: bool
    """Whether this person was registered before."""
    is_replay: bool
    """Whether the same Idempotency-Key was answered before."""
    scheduled: Scheduled
    """The session after the batch."""


Outcome = Registered | WebinarsError
_REPEAT = "repeat"
"""What a kept outcome says beside the status when the person was registered before."""


@dataclass(slots=True)
class _Batch:
    """What a batch will write."""

    now: datetime
    seatings: dict[UUID, Seating] = field(default_factory=dict)
    known: dict[Person, Place] = field(default_factory=dict)
    new: list[dict[str, Any]] = field(default_factory=list)
    messages: list[dict[str, Any]] = field(default_factory=list)
    consents: list[dict[str, Any]] = field(default_factory=list)
    asked: dict[UUID, list[Question]] = field(default_factory=dict)
    """What is asked, by webinar."""
    answers: list[dict[str, Any]] = field(default_factory=list)
    unanswered: list[UUID] = field(default_factory=list)
    """Registrations whose earlier answers end."""
    answers_from: dict[UUID, UUID] = field(default_factory=dict)
    keys: dict[bytes, dict[str, Any]] = field(default_factory=dict)


def register(work: Work, requests: Sequence[RegistrationRequest], now: datetime) -> list[Outcome]:
    """Register people, in the order they are given; a refusal is an outcome and stops nobody else.

    Count the tries of the public, lock the sessions, look who is known, decide, write: six statements whatever the size
    of the batch.
    """
    refused = _too_many(work, requests, now)
    if not refused:
        return _register(work, requests, now)
    going = [request for position, request in enumerate(requests) if position not in refused]
    outcomes = iter(_register(work, going, now) if going else ())
    return [refused[position] if position in refused else next(outcomes) for position in range(len(requests))]


def _too_many(work: Work, requests: Sequence[RegistrationRequest], now: datetime) -> dict[int, TooManyRequests]:
    """Those of the public who ask too often, by their place in the batch, known people and strangers alike.

    Counted before any session is locked, in all processes alike, or they might wait for each other in a circle. Whoever
    asks again for an answer that was given to the same key gets it, however often.
    """
    limited = [position for position, request in enumerate(requests) if request.is_limited]
    if not limited:
        return {}
    tries = [
        (by_block(request.address_block), by_person(same_person(request.email)))
        for request in (requests[position] for position in limited)
    ]
    waited = zip(limited, rates.take(work, register_limit(work.settings), tries, now), strict=True)
    waits = {position: wait for position, wait in waited if wait}
    if not waits:
        return {}
    answered = _answered(work, [requests[position] for position in waits])
    going = {request.idempotency for position, request in enumerate(requests) if position not in waits}

    def is_replay(key: Idempotency | None) -> bool:
        """Of the same request: another one under a used key is a new try."""
        if key is None:
            return False
        return key in going or answered.get(key.key_hash, (b"",))[0] == key.request_hash

    return {
        position: TooManyRequests(retry_after=wait)
        for position, wait in waits.items()
        if not is_replay(requests[position].idempotency)
    }


def _register(work: Work, requests: Sequence[RegistrationRequest], now: datetime) -> list[Outcome]:
    people = [(request.session_id, work.vault.index("email", same_person(request.email))) for request in requests]
    scheduled = sessions_queries.lock_sessions(work.db, list({request.session_id for request in requests}))
    answered = _answered(work, requests)  # below the lock: another process may be answering to the same key
    batch = _Batch(now, known=registrations_queries.find_places(work.db, people))
    batch.asked = questions.lock_asked(work, scheduled.values())
    batch.seatings = {session_id: seating_of(item, now) for session_id, item in scheduled.items()}
    outcomes: list[Outcome] = []
    for request, person in zip(requests, people, strict=True):
        try:
            replay = _replay(work, request, answered, batch, scheduled)
            outcomes.append(replay or _decide(work, batch, request, person, scheduled))
        except WebinarsError as refusal:
            outcomes.append(refusal)
    _write(work, batch, scheduled)
    return outcomes


def request_again(vault: Vault, registration: Registration, session_id: UUID) -> RegistrationRequest:
    """The request with which a host lets a registrant in once more, here or in another session."""
    return RegistrationRequest(
        session_id=session_id,
        email=email_of(vault, registration),
        name=name_of(vault, registration),
        timezone=registration.timezone,
        locale=registration.locale,
        seats=registration.seats,
        phone=phone_of(vault, registration),
        question=question_of(vault, registration),
        answers_from=registration.id,
        source=registration.source,
        is_approved=True,
        by_host=True,
    )


def _answered(work: Work, requests: Sequence[RegistrationRequest]) -> dict[bytes, tuple[bytes, UUID, str]]:
    hashes = [request.idempotency.key_hash for request in requests if request.idempotency]
    if not hashes:
        return {}
    keys = registrations_queries.find_idempotency_keys(work.db, hashes)
    return {key_hash: (key.request_hash, key.subject_id, key.outcome) for key_hash, key in keys.items()}


def _replay(
    work: Work,
    request: RegistrationRequest,
    answered: dict[bytes, tuple[bytes, UUID, str]],
    batch: _Batch,
    scheduled: dict[UUID, Scheduled],
) -> Registered | None:
    """The answer that the same key got before.

    Raises:
        IdempotencyMismatch: if it was used for another request.
    """
    key = request.idempotency
    if key is None:
        return None
    if key.key_hash in answered:
        request_hash, registration_id, said = answered[key.key_hash]
        registration = registrations_queries.get_place(work.db, registration_id)
    elif key.key_hash in batch.keys:
        row = batch.keys[key.key_hash]
        request_hash, said = row["request_hash"], row["outcome"]
        registration = batch.known[_person_of(batch, row["subject_id"])]
    else:
        return None
    if request_hash != key.request_hash:
        raise IdempotencyMismatch
    word, _, repeat = said.partition(" ")
    item = scheduled[request.session_id]
    return Registered(registration, RegistrationStatus(word), is_repeat=bool(repeat), is_replay=True, scheduled=item)


def _person_of(batch: _Batch, registration_id: UUID) -> Person:
    return next(person for person, known in batch.known.items() if known.id == registration_id)


def _decide(
    work: Work, batch: _Batch, request: RegistrationRequest, person: Person, scheduled: dict[UUID, Scheduled]
) -> Registered:
    item = scheduled.get(request.session_id)
    if item is None:
        raise NotFound
    known = batch.known.get(person)
    if request.knows_truth and known is not None and known.status in ACTIVE:
        return _answer(batch, request, known, known.status, item, is_repeat=True)
    if not item.is_public:
        raise NotFound
    (check_to_come if request.by_host else check_open)(item, batch.now)
    asked = batch.asked.get(item.webinar.id, [])
    answers = questions.clean_answers(asked, request.answers, needs_all=not (request.by_host or request.answers_from))
    seating = batch.seatings[request.session_id]
    status = seating.decide(request.seats, is_approved=request.is_approved)
    if known is not None and known.status in ACTIVE:
        was_told = batch.now - known.updated_at < messages.RESEND_EVERY
        if not was_told and not request.is_quiet:
            batch.messages.append(messages.resent_row(known, item.session, batch.now))
        if status is None:
            raise SessionFull
        return _answer(batch, request, known, status, item, is_repeat=True)
    if status is None:
        raise SessionFull
    registration = _let_in(work, batch, request, person, status, answers)
    if not request.is_quiet:
        kind = ANSWER_TO[registration.status]
        batch.messages.append(messages.registration_row(kind, registration, item.session, batch.now))
    return _answer(batch, request, registration, status, item, is_repeat=False)


def _let_in(
    work: Work,
    batch: _Batch,
    request: RegistrationRequest,
    person: Person,
    status: RegistrationStatus,
    answers: Sequence[CleanAnswer],
) -> Place:
    """Give somebody a place who had none: a seat, a place in the line, or a host's decision to wait for."""
    known = batch.known.get(person)
    if known is not None and known.status is RegistrationStatus.declined and not request.is_approved:
        status = RegistrationStatus.pending  # a host said no: only a host can say yes again
    registration_id = known.id if known else new_id(batch.now)
    batch.consents += consents.rows(registration_id, request.consents, request.locale, request.address_block, batch.now)
    if batch.asked:
        _collect_answers(work.vault, batch, request, registration_id, answers, is_known=known is not None)
    batch.seatings[request.session_id].admit(status, request.seats)
    if known is None:
        registration = _add(work.vault, batch, request, person, registration_id, status)
    else:
        registration = _come_back(work, known, request, status, batch.now)
    batch.known[person] = registration
    return registration


def _collect_answers(
    vault: Vault,
    batch: _Batch,
    request: RegistrationRequest,
    registration_id: UUID,
    answers: Sequence[CleanAnswer],
    *,
    is_known: bool,
) -> None:
    """Whoever comes back answers anew; whom a host lets in again, or who moves, has answered."""
    if request.answers_from == registration_id:
        return
    if is_known:
        batch.unanswered.append(registration_id)
    if request.answers_from is not None:
        batch.answers_from[registration_id] = request.answers_from
    batch.answers += questions.answer_rows(vault, answers, registration_id, batch.now)


def _answer(
    batch: _Batch,
    request: RegistrationRequest,
    registration: Place,
    status: RegistrationStatus,
    item: Scheduled,
    *,
    is_repeat: bool,
) -> Registered:
    if request.idempotency is not None:
        batch.keys[request.idempotency.key_hash] = {
            "id": new_id(batch.now),
            "key_hash": request.idempotency.key_hash,
            "request_hash": request.idempotency.request_hash,
            "outcome": f"{status.value} {_REPEAT}" if is_repeat else status.value,
            "subject_id": registration.id,
            "created_at": batch.now,
        }
    return Registered(registration, status, is_repeat=is_repeat, is_replay=False, scheduled=item)


def _write(work: Work, batch: _Batch, scheduled: dict[UUID, Scheduled]) -> None:
    """Registrations, consents, messages, keys, counters; and the last guard against overselling."""
    if batch.new:
        registrations_queries.insert_registrations(work.db, batch.new)
    if batch.consents:
        registrations_queries.insert_consents(work.db, batch.consents)
    if batch.asked:
        questions.keep_answers(work, batch.answers, replaced=batch.unanswered, copies=batch.answers_from, now=batch.now)
    if batch.messages:
        messages.plan(work, batch.messages)
    if batch.keys:
        registrations_queries.insert_idempotency_keys(work.db, list(batch.keys.values()))
    for session_id, seating in batch.seatings.items():
        count_seats(work, scheduled[session_id], seating)


def _add(
    vault: Vault,
    batch: _Batch,
    request: RegistrationRequest,
    person: Person,
    registration_id: UUID,
    status: RegistrationStatus,
) -> Place:
    state = as_of(status, batch.now)
    batch.new.append(
        {
            "id": registration_id,
            "session_id": request.session_id,
            "email_index": person[1],
            "revision": 0,
            "link_version": 0,
            "created_at": batch.now,
            **_personal(vault, registration_id, request),
            **state,
        }
    )
    return Place(
        registration_id, request.session_id, status, request.seats, 0, 0, state["has_invite"], state["updated_at"]
    )


def _come_back(
    work: Work, known: Place, request: RegistrationRequest, status: RegistrationStatus, now: datetime
) -> Place:
    """Whoever withdrew gets the same registration back, at the end of the line."""
    state = as_of(status, now)
    state["has_invite"] = known.has_invite or state["has_invite"]
    state["revision"] = known.revision + 1
    registrations_queries.update_registration(
        work.db, known.id, _personal(work.vault, known.id, request) | A_NEW_START | state
    )
    keeps_farewell = known.has_invite and status is not RegistrationStatus.confirmed
    messages.drop_answers(work, known.id, keeps_farewell=keeps_farewell)
    registrations_queries.forget_replacements(work.db, known.id)  # whoever comes back means this place, too
    return replace(
        known,
        status=status,
        seats=request.seats,
        revision=state["revision"],
        has_invite=state["has_invite"],
        updated_at=now,
    )


def _personal(vault: Vault, registration_id: UUID, request: RegistrationRequest) -> dict[str, Any]:
    def sealed(column: str, text: str | None) -> Sealed | None:
        return vault.seal(f"registrations.{column}", registration_id, text) if text else None

    return {
        "email": sealed("email", request.email),
        "name": sealed("name", request.name),
        "phone": sealed("phone", request.phone),
        "question": sealed("question", request.question),
        "timezone": request.timezone,
        "locale": request.locale,
        "seats": request.seats,
        "source": request.source,
    }
