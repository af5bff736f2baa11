"""After a session: who may do what its registrants may do then, and who went to the replay."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from webinars.errors import RegistrationNotActive, SessionCancelled, SessionNotOver
from webinars.queries.sessions import Scheduled
from webinars.services import seats
from webinars.tables import Registration
from webinars.terms import RegistrationStatus, SessionStatus
from webinars.work import Work


def lock_after(work: Work, registration_id: UUID, now: datetime) -> tuple[Registration, Scheduled]:
    """A registration whose session is over, locked for what its registrant does then.

    Raises:
        NotFound: if there is no such registration.
        RegistrationNotActive: if they had no seat, or were erased.
        SessionCancelled, SessionNotOver.
    """
    registration, item = seats.lock_registration(work, registration_id)
    if registration.status is not RegistrationStatus.confirmed or registration.erased_at is not None:
        raise RegistrationNotActive
    if item.session.status is SessionStatus.cancelled:
        raise SessionCancelled
    if now < item.session.ends_at:
        raise SessionNotOver
    return registration, item


def watch(work: Work, registration_id: UUID, now: datetime) -> str:
    """Note that a registrant goes to the replay; the first time is what is kept.

    Returns:
        Where the replay is; empty while there is none, and then nothing is noted.

    Raises:
        Those of `lock_after`.
    """
    registration, item = lock_after(work, registration_id, now)
    if item.webinar.replay_url and registration.replayed_at is None:
        registration.replayed_at = now
    return item.webinar.replay_url
