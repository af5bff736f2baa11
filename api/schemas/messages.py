"""Answers about messages."""

from __future__ import annotations

from uuid import UUID

from pydantic import Field

from api.schemas.base import Answer, Body, Moment, PageOf
from webinars.terms import Channel, MessageKind, MessageState


class MessagePublic(Answer):
    """A row of the ledger: a message, what became of it and why."""

    id: UUID = Field(description="Of the message.", examples=["0192f0c1-7b5e-7c3a-9a43-5a7f9d2f8e51"])
    kind: MessageKind = Field(description="What it is about.", examples=["confirmation"])
    channel: Channel = Field(description="How it reaches the registrant.", examples=["email"])
    registration_id: UUID | None = Field(
        description="Of the registration it is for; null where it is for a subscriber.",
        examples=["0192f0c1-7b5e-7c3a-9a43-5a7f9d2f8e11"],
    )
    session_id: UUID | None = Field(
        description="Of the session it is about, if it is about one.", examples=["0192f0c1-7b5e-7c3a-9a43-5a7f9d2f8e12"]
    )
    state: MessageState = Field(description="What became of it.", examples=["sent"])
    reason: str | None = Field(description="Why it was not sent.", examples=[None, "superseded"])
    due_at: Moment = Field(description="When it was to be sent.", examples=["2026-12-02T01:00:00Z"])
    sent_at: Moment | None = Field(description="When it was handed over.", examples=["2026-12-02T01:00:01Z"])
    deadline_at: Moment = Field(description="From when on it is useless.", examples=["2026-12-03T00:00:00Z"])
    attempts: int = Field(description="How often it was tried.", examples=[1])
    last_error: str | None = Field(
        description="What the mail server said last, without addresses.", examples=[None, "550 mailbox unavailable"]
    )


class MessagePage(PageOf[MessagePublic]):
    """A page of the ledger, in the order of planning."""


class MessagesRetry(Body):
    """Which failed messages are to be tried again; without any of these, all."""

    session_id: UUID | None = Field(
        default=None, description="Only those about this session.", examples=["0192f0c1-7b5e-7c3a-9a43-5a7f9d2f8e12"]
    )
    channel: Channel | None = Field(default=None, description="Only those that go this way.", examples=["email"])


class MessagesRetried(Answer):
    """What came of it."""

    retried: int = Field(description="How many are due again.", examples=[12])
