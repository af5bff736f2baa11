"""From what somebody typed, over the API or on a page, to a request that the desk takes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from uuid import UUID

from webinars.rules.registrations import clean_email, clean_name
from webinars.rules.sessions import zone
from webinars.services.consents import ConsentAnswer
from webinars.services.registering import Idempotency, RegistrationRequest


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
    consents: Sequence[ConsentAnswer],
    source: Mapping[str, str],
    address_block: str,
    idempotency: Idempotency | None,
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
        consents=consents,
        source=dict(source),
        address_block=address_block,
        idempotency=idempotency,
    )
