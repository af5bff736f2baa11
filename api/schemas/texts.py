"""Bodies and answers about the hosts' own words for messages."""

from __future__ import annotations

from typing import Annotated, Literal
from uuid import UUID

from pydantic import Field

from api.schemas.base import Answer, Body, Line, Moment, PageOf, Prose, Slug
from webinars.rules.texts import LONGEST_BODY, LONGEST_SUBJECT
from webinars.terms import MessageKind

Language = Literal["en", "es"]
_Subject = Annotated[
    Line,
    Field(
        description="One line that names no area and no condition, with variables; empty: the usual one.",
        examples=["See you soon: {{ title }}, {{ when }}"],
        max_length=LONGEST_SUBJECT,
    ),
]
_Body = Annotated[
    Prose,
    Field(
        description="Plain text with variables; a blank line begins a paragraph. Empty: the usual text.",
        examples=["We look forward to seeing you, {{ name }}.\n\nPlease have your questions ready."],
        max_length=LONGEST_BODY,
    ),
]


class TextSave(Body):
    """A host's own words for a kind of message. One of the two may be empty."""

    subject: _Subject = ""
    body: _Body = ""


class TextPublic(Answer):
    """A host's own words for a kind of message."""

    webinar: str | None = Field(
        description="Short name of the webinar; null for all that have no words of their own.",
        examples=["knee-options", None],
    )
    kind: MessageKind = Field(description="What the message is about.", examples=["confirmation"])
    locale: str = Field(description="The language.", examples=["es"])
    subject: str = Field(description="With variables; empty: the usual one.", examples=["See you soon: {{ title }}"])
    body: str = Field(description="With variables; empty: the usual text.", examples=["We look forward to seeing you."])
    version: int = Field(description="Grows with every change; its ETag says the same.", examples=[1])
    updated_at: Moment = Field(description="When it was last changed.", examples=["2026-11-20T16:00:00Z"])


class TextPage(PageOf[TextPublic]):
    """All words written for a webinar, or for all of them."""


class TextPreview(Body):
    """What to show a message of."""

    webinar: Slug | None = Field(default=None, description="Short name of a webinar.", examples=["knee-options"])
    kind: MessageKind = Field(description="What the message is about.", examples=["confirmation"])
    locale: Language = Field(default="en", description="The language.", examples=["es"])
    words: TextSave | None = Field(
        default=None, description="What to try out; null: what is kept, or the usual words.", examples=[None]
    )
    registration_id: UUID | None = Field(
        default=None,
        description="Whom to make it for; null: somebody made up. It has their personal links, so that it takes the "
        "scope `registrations:write` as well.",
        examples=[None, "0192f0c1-7b5e-7c3a-9a43-5a7f9d2f8e11"],
    )


class PreviewPublic(Answer):
    """A message as it would be sent now."""

    subject: str = Field(description="The subject.", examples=["Confirmed: Your webinar on Thu, Mar 18, 6:00 PM"])
    plain: str = Field(description="The text part.", examples=["Hello Maria,\n\nThank you for registering."])
    html: str = Field(description="The HTML part.", examples=['<!DOCTYPE html><html lang="en">…</html>'])
