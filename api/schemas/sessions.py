"""Bodies and answers about sessions."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated
from uuid import UUID

from pydantic import Field, PlainSerializer

from api.schemas.base import Answer, Moment
from webinars.terms import SessionStatus

WallTimeText = Annotated[datetime, PlainSerializer(lambda local: local.strftime("%Y-%m-%dT%H:%M"), return_type=str)]
"""Wall time in whole minutes, without an offset."""


class SessionPublic(Answer):
    """A session as anyone may see it."""

    id: UUID = Field(description="Of the session.", examples=["0192f0c1-7b5e-7c3a-9a43-5a7f9d2f8e12"])
    webinar: str = Field(description="Short name of its webinar.", examples=["knee-options"])
    title: str = Field(description="Title of its webinar.", examples=["Knee pain: options before surgery"])
    status: SessionStatus = Field(description="State of the session.", examples=["scheduled"])
    starts_at: Moment = Field(description="Start, in UTC.", examples=["2026-12-03T01:00:00Z"])
    ends_at: Moment = Field(description="End, in UTC.", examples=["2026-12-03T02:00:00Z"])
    starts_at_local: WallTimeText = Field(
        description="What the clock on the wall shows at the start, in `timezone`.", examples=["2026-12-02T18:00"]
    )
    timezone: str = Field(description="IANA zone of the session.", examples=["America/Denver"])
    duration_minutes: int = Field(description="Length in minutes.", examples=[60])
    capacity: int = Field(description="Seats in all.", examples=[40])
    seats_left: int = Field(description="Seats free at this moment.", examples=[12])
    waitlist_open: bool = Field(description="Whether one may wait for a seat when it is full.", examples=[True])
