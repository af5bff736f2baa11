"""What the privacy page promises, taken from what the program does."""

from __future__ import annotations

from dataclasses import dataclass

from webinars.services.links import VALID_AFTER_SESSION
from webinars.services.retention import AFTER_SESSION, EVIDENCE_KEPT, LOGS_KEPT
from webinars.services.subscriptions import ENDED_FOR, UNCONFIRMED_FOR
from webinars.tables import Retention

_DAYS_OF_A_YEAR = 365


@dataclass(frozen=True, slots=True)
class Periods:
    """How long what is kept: days, unless a name says years."""

    health: int
    """What was told about health, after the session."""
    personal: int
    """All else that names a person, after the session."""
    link: int
    """How long a personal link works after the session."""
    unconfirmed: int
    """An address that was to hear of a topic, and never confirmed it."""
    ended: int
    """One that does not want to hear of it any more."""
    logs: int
    evidence_years: int


def periods() -> Periods:
    return Periods(
        health=AFTER_SESSION[Retention.health].days,
        personal=AFTER_SESSION[Retention.personal].days,
        link=VALID_AFTER_SESSION.days,
        unconfirmed=UNCONFIRMED_FOR.days,
        ended=ENDED_FOR.days,
        logs=LOGS_KEPT.days,
        evidence_years=EVIDENCE_KEPT.days // _DAYS_OF_A_YEAR,
    )
