"""From what services return to what the API answers."""

from __future__ import annotations

from api.schemas.registrations import RegistrationPublic
from api.schemas.sessions import SessionPublic
from webinars.queries.sessions import Scheduled
from webinars.services import registrations
from webinars.tables import Registration
from webinars.vault import Vault


def session_public(item: Scheduled) -> SessionPublic:
    session, webinar = item.session, item.webinar
    return SessionPublic.model_construct(
        id=session.id,
        webinar=webinar.slug,
        title=webinar.title,
        status=session.status,
        starts_at=session.starts_at,
        ends_at=session.ends_at,
        starts_at_local=session.starts_at_local,
        timezone=session.timezone,
        duration_minutes=session.duration_minutes,
        capacity=session.capacity,
        seats_left=max(0, session.capacity - session.seats_taken),
        waitlist_open=session.waitlist_open,
    )


def registration_public(vault: Vault, registration: Registration) -> RegistrationPublic:
    return RegistrationPublic(
        id=registration.id,
        session_id=registration.session_id,
        status=registration.status,
        email=registrations.email_of(vault, registration),
        name=registrations.name_of(vault, registration),
        timezone=registration.timezone,
        locale=registration.locale,
        seats=registration.seats,
        source=registration.source,
        created_at=registration.created_at,
        updated_at=registration.updated_at,
        confirmed_at=registration.confirmed_at,
        waitlisted_at=registration.waitlisted_at,
        withdrawn_at=registration.withdrawn_at,
    )
