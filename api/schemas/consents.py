"""Bodies and answers about what registrants agree to."""

from __future__ import annotations

from pydantic import Field

from api.schemas.base import Answer, Body, Moment
from api.schemas.registrations import ConsentCreate


class ConsentsCreate(Body):
    """A registrant's later answers: to agree, or to take it back."""

    consents: list[ConsentCreate] = Field(
        description="The answers. `granted: false` takes back what was agreed to.",
        examples=[[{"purpose": "topic_alerts", "channel": "email", "granted": False}]],
        min_length=1,
        max_length=10,
    )


class ConsentPublic(Answer):
    """One answer, as evidence of it."""

    purpose: str = Field(description="What was asked for.", examples=["topic_alerts"])
    channel: str = Field(description="By which channel.", examples=["email"])
    granted: bool = Field(description="Yes or no.", examples=[False])
    text_version: str = Field(description="Version of the words that were shown.", examples=["2026-11"])
    text_hash: str = Field(
        description="SHA-256 of these words, in hex.",
        examples=["60303ae22b998861bce3b28f33eec1be758a213c86c93c076dbe9f558c11c752"],
    )
    locale: str = Field(description="Language they were shown in.", examples=["en-US"])
    method: str = Field(
        description="How it was answered: `form`, `api`, `unsubscribe` (the link in a mail) or `page` (their own).",
        examples=["api"],
    )
    address_block: str = Field(description="The network (/24 or /64) it came from.", examples=["203.0.113.0/24"])
    created_at: Moment = Field(description="When.", examples=["2026-11-22T14:00:00Z"])


class ConsentList(Answer):
    """All answers of a registrant, oldest first: for each purpose and channel the newest one holds."""

    items: list[ConsentPublic] = Field(description="The answers.", examples=[[]])
