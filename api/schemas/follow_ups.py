"""Bodies and answers about follow-ups."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

from pydantic import Field

from api.schemas.base import Answer, Change, PageOf, Prose, left_out
from webinars.terms import AttendanceState, MessageState, TaskState

_Task = Annotated[TaskState, Field(description="State of the host's task.", examples=["done"])]
_Note = Annotated[
    Prose,
    Field(
        description="The host's note, kept as health information; empty clears it.",
        examples=["Called back, comes in May."],
        max_length=4000,
    ),
]


class FollowUpUpdate(Change):
    """What is to be changed about a follow-up."""

    task: _Task = left_out()
    note: _Note = left_out()


class FollowUpPublic(Answer):
    """The follow-up of one registration."""

    id: UUID = Field(description="Of the follow-up.", examples=["0192f0c1-7b5e-7c3a-9a43-5a7f9d2f8e61"])
    registration_id: UUID = Field(description="Of the registration.", examples=["0192f0c1-7b5e-7c3a-9a43-5a7f9d2f8e11"])
    segment: AttendanceState = Field(description="What attendance was when the session settled.", examples=["no_show"])
    message_state: MessageState | None = Field(
        description="What became of its mail; null where there is none.", examples=["sent"]
    )
    message_reason: str | None = Field(description="Why its mail was not sent.", examples=[None, "segment"])
    task: TaskState = Field(description="State of the host's task.", examples=["open"])
    note: str = Field(description="The host's note.", examples=["Called back, comes in May."])
    version: int = Field(description="Grows with every change: what If-Match must name.", examples=[1])


class FollowUpPage(PageOf[FollowUpPublic]):
    """A page of a session's follow-ups."""
