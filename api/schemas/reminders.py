"""Answers about reminders."""

from __future__ import annotations

from uuid import UUID

from pydantic import Field

from api.schemas.base import Answer, Moment, PageOf
from webinars.terms import Channel, MessageState


class LedgerItemPublic(Answer):
    """What was, is or will be of one reminder for one registrant."""

    registration_id: UUID = Field(description="Of the registration.", examples=["0192f0c1-7b5e-7c3a-9a43-5a7f9d2f8e11"])
    rule: str = Field(description="Which reminder.", examples=["24 h before"])
    channel: Channel = Field(description="How it reaches the registrant.", examples=["email"])
    due_at: Moment = Field(description="When it falls due.", examples=["2026-12-02T01:00:00Z"])
    state: MessageState = Field(description="What became of it.", examples=["planned"])
    reason: str | None = Field(description="Why it was or will not be sent.", examples=[None, "late"])


class LedgerPage(PageOf[LedgerItemPublic]):
    """The reminders of some registrants: `limit` counts registrants, each of whom may have several."""
