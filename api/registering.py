"""From what somebody typed, over the API or on a page, to a request that the desk takes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any
from uuid import UUID

from api.schemas.registrations import SourceCreate
from webinars.errors import IdempotencyMismatch, TooManyRequests, WebinarsError
from webinars.rules.registrations import clean_email, clean_name
from webinars.rules.sessions import zone
from webinars.rules.visits import Touch, clean_touch, journey
from webinars.services.consents import ConsentAnswer
from webinars.services.desk import Desk
from webinars.services.registering import Idempotency, Outcome, RegistrationRequest


def registration_request(
    session_id: UUID,
    *,
    email: str,
    name: str,
    timezone: str,
    locale: str,
    seats: int,
    phone: str | None,
    question: str | None,
    answers: Mapping[str, Any],
    consents: Sequence[ConsentAnswer],
    source: dict[str, Touch],
    address_block: str,
    idempotency: Idempotency | None,
    knows_truth: bool = False,
    is_limited: bool,
) -> RegistrationRequest:
    """Raises:
    InvalidField, UnknownTimezone: with the field that is wrong.
    """
    zone(timezone)
    return RegistrationRequest(
        session_id=session_id,
        email=clean_email(email),
        name=clean_name(name),
        timezone=timezone,
        locale=locale,
        seats=seats,
        phone=phone,
        question=question,
        answers=answers,
        consents=consents,
        source=source,
        address_block=address_block,
        idempotency=idempotency,
        knows_truth=knows_truth,
        is_limited=is_limited,
    )


def kept_source(source: SourceCreate) -> dict[str, Touch]:
    """What a registration keeps of the source that a client names."""
    if not source.model_fields_set:
        return {}
    first = clean_touch(source.first.model_dump()) if source.first else {}
    return journey(clean_touch(source.model_dump()), first)


def submit_together(desk: Desk, requests: Sequence[RegistrationRequest]) -> list[Outcome]:
    """Queue what one person wants, then wait for each. The public's are one try: the first of them asks for all.

    Raises:
        TooManyRequests: if it is one too many.
    """
    if not requests or not requests[0].is_limited:
        return _wait_for(desk, requests)
    first = _wait_for(desk, requests[:1])
    if isinstance(first[0], TooManyRequests):
        raise first[0]
    if isinstance(first[0], IdempotencyMismatch):  # nothing was counted: the rest is refused alike
        return first * len(requests)
    return first + _wait_for(desk, [replace(wanted, is_limited=False) for wanted in requests[1:]])


def _wait_for(desk: Desk, requests: Sequence[RegistrationRequest]) -> list[Outcome]:
    futures = [desk.submit(wanted) for wanted in requests]
    outcomes: list[Outcome] = []
    for future in futures:
        try:
            outcomes.append(future.result())
        except WebinarsError as refusal:
            outcomes.append(refusal)
    return outcomes
