"""Bodies and answers about reminder rules."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

from pydantic import Field

from api.schemas.base import Answer, Body, Change, Line, Moment, PageOf, Prose, left_out
from api.schemas.texts import Language
from webinars.rules.reminders import EARLIEST, LATEST
from webinars.rules.texts import LONGEST_BODY
from webinars.terms import Anchor, Audience, Channel

_MOST_MINUTES = 60 * 24 * 60
_Name = Annotated[
    Line, Field(description="What the ledger calls it; left empty, it says the time.", examples=["3 h before"])
]
_Anchor = Annotated[Anchor, Field(description="What the time counts from.", examples=["start"])]
_Days = Annotated[
    int,
    Field(
        description=(
            "Days before (negative) or after it. The wall time in the session's zone stays, whatever the clocks do "
            f"({EARLIEST.days} to {LATEST.days})."
        ),
        examples=[0],
        ge=-366,
        le=366,
    ),
]
_Minutes = Annotated[
    int,
    Field(
        description="Minutes before (negative) or after that. They are exact.",
        examples=[-180],
        ge=-_MOST_MINUTES,
        le=_MOST_MINUTES,
    ),
]
_Audience = Annotated[
    Audience,
    Field(
        description="`absent`: only who has not joined a session that has begun, up to two hours after the start.",
        examples=["everyone"],
    ),
]
_Channel = Annotated[
    Channel, Field(description="How it reaches them. Texts go to whoever agreed to them.", examples=["email"])
]
_Texts = Annotated[
    dict[Language, Annotated[Prose, Field(max_length=LONGEST_BODY)]],
    Field(
        description="By language: the host's own words instead of the usual ones, with variables. Whoever reads a "
        "language that is not there gets the usual words in it.",
        examples=[{"en": "See you soon, {{ name }}.", "es": "Hasta pronto, {{ name }}."}],
    ),
]
_IsEnabled = Annotated[bool, Field(description="Whether it is sent.", examples=[True])]


class ReminderRuleCreate(Body):
    """A new reminder, for all sessions to come that it holds for."""

    name: _Name = ""
    anchor: _Anchor = Anchor.start
    offset_days: _Days = 0
    offset_minutes: _Minutes
    audience: _Audience = Audience.everyone
    channel: _Channel = Channel.email
    texts: _Texts = Field(default_factory=dict)
    is_enabled: _IsEnabled = True


class ReminderRuleUpdate(Change):
    """What is to be changed about a reminder. What it has sent is not sent again at another time."""

    name: _Name = left_out()
    anchor: _Anchor = left_out()
    offset_days: _Days = left_out()
    offset_minutes: _Minutes = left_out()
    audience: _Audience = left_out()
    channel: _Channel = left_out()
    texts: _Texts = left_out()
    is_enabled: _IsEnabled = left_out()


class ReminderRulePublic(Answer):
    """A reminder rule."""

    id: UUID = Field(description="Of the rule.", examples=["0192f0c1-7b5e-7c3a-9a43-5a7f9d2f8e71"])
    session_id: UUID | None = Field(
        description="The session whose own it is; null: of the webinar, for all sessions without their own.",
        examples=[None],
    )
    origin_id: UUID | None = Field(
        description="The webinar's rule it was copied from: what one has sent, the other does not send again.",
        examples=[None],
    )
    name: str = Field(description="What the ledger calls it.", examples=["3 h before"])
    anchor: Anchor = Field(description="What the time counts from.", examples=["start"])
    offset_days: int = Field(description="Days before (negative) or after it, by the calendar.", examples=[0])
    offset_minutes: int = Field(description="Minutes before (negative) or after that, exact.", examples=[-180])
    audience: Audience = Field(description="For whom.", examples=["everyone"])
    channel: Channel = Field(description="How it reaches them.", examples=["email"])
    texts: dict[str, str] = Field(
        description="By language: the host's own words; one that is not there: the usual ones.",
        examples=[{"en": "See you soon, {{ name }}."}],
    )
    is_enabled: bool = Field(description="Whether it is sent.", examples=[True])
    version: int = Field(description="Grows with every change; its ETag says the same.", examples=[1])
    created_at: Moment = Field(description="When it was made.", examples=["2026-11-22T14:00:00Z"])


class ReminderRulePage(PageOf[ReminderRulePublic]):
    """All the reminders that hold, earliest first."""
