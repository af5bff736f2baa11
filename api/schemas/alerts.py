"""Bodies and answers about hearing of new sessions on a topic."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from api.schemas.base import Answer, Body, Line, PageOf


class AlertCreate(Body):
    """Somebody wants to hear of new sessions on a topic."""

    email: Line = Field(
        description="Where to write to. Nothing begins before the mailbox has confirmed it.",
        examples=["ana@mail.example"],
        max_length=320,
    )
    timezone: Line = Field(
        description="IANA name of the zone they read times in; mails come in the daytime there.",
        examples=["America/Denver"],
        max_length=64,
    )
    locale: str = Field(
        default="en-US",
        description="Language and region, which decide how dates are written.",
        examples=["en-US"],
        pattern=r"^[A-Za-z]{2,3}(-[A-Za-z]{2})?$",
    )
    consent: Literal[True] = Field(
        description="That they agreed to: “Tell me by e-mail about new webinars on this topic.”", examples=[True]
    )


class AlertAsked(Answer):
    """The same whoever asks, and whatever was before: what is true goes by mail."""

    topic: str = Field(description="Short name of the topic.", examples=["knee"])
    status: Literal["check_mailbox"] = Field(
        description="A mail asks whether it was them, at most one an hour.", examples=["check_mailbox"]
    )


class SubscriptionCount(Answer):
    """How many people wait for new sessions on a topic."""

    topic: str = Field(description="Short name of the topic.", examples=["knee"])
    active: int = Field(description="Who confirmed it and is told.", examples=[112])
    pending: int = Field(description="Who was asked to confirm it.", examples=[7])
    ended: int = Field(description="Who no longer wants it.", examples=[31])


class SubscriptionCounts(PageOf[SubscriptionCount]):
    """All topics in their order, on one page."""
