"""Bodies and answers about what registrants ask for after a session."""

from __future__ import annotations

from typing import Annotated, Literal
from uuid import UUID

from pydantic import Field

from api.schemas.base import Answer, Change, Moment, PageOf, Prose, left_out
from webinars.terms import CallTime, RecentMri, RequestKind, TaskState


class RequestUpdate(Change):
    """What is to be changed about a request."""

    state: Annotated[
        Literal[TaskState.open, TaskState.done],
        Field(description="Whether somebody is still to be called.", examples=["done"]),
    ] = left_out()
    note: Annotated[
        Prose,
        Field(
            description="The host's note, kept as health information; empty clears it.",
            examples=["Called, comes in May."],
            max_length=4000,
        ),
    ] = left_out()


class WishPublic(Answer):
    """What somebody told who asks for an evaluation."""

    recent_mri: RecentMri = Field(description="Whether there is a recent MRI.", examples=["not_sure"])
    call_time: CallTime = Field(description="When a call suits them, on their own clock.", examples=["morning"])
    phone: str = Field(description="The number to call.", examples=["+1 303 555 0134"])
    words: str = Field(description="What else they wrote.", examples=["Mornings are best."])


class RequestPublic(Answer):
    """What one registrant asks for."""

    id: UUID = Field(description="Of the request.", examples=["0192f0c1-7b5e-7c3a-9a43-5a7f9d2f8e61"])
    registration_id: UUID = Field(description="Of the registration.", examples=["0192f0c1-7b5e-7c3a-9a43-5a7f9d2f8e11"])
    session_id: UUID = Field(description="Of the session.", examples=["0192f0c1-7b5e-7c3a-9a43-5a7f9d2f8e21"])
    kind: RequestKind = Field(
        description="`candidacy`: to be evaluated. `packet`: the information packet.", examples=["candidacy"]
    )
    state: TaskState = Field(description="Whether somebody is still to be called.", examples=["open"])
    details: WishPublic | None = Field(
        description="What they told; only with the scope `health:read`, and null where nothing was told.",
        examples=[None],
    )
    note: str = Field(description="The host's note.", examples=["Called, comes in May."])
    version: int = Field(description="Grows with every change: what If-Match must name.", examples=[1])
    created_at: Moment = Field(description="When it was asked for first.", examples=["2026-12-03T02:10:00Z"])
    updated_at: Moment = Field(description="When it last changed.", examples=["2026-12-03T02:10:00Z"])


class RequestPage(PageOf[RequestPublic]):
    """A page of requests, the oldest first."""
