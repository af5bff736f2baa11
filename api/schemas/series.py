"""Bodies and answers about series."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

from pydantic import Field

from api.schemas.base import Answer, Body, Change, Line, left_out
from api.schemas.sessions import (
    Capacity,
    Minutes,
    RoomUrl,
    SessionDetail,
    StartsAtLocal,
    Timezone,
    WaitlistOpen,
    WallTimeText,
)

_Rrule = Annotated[
    Line,
    Field(
        description=(
            "A recurrence rule (RFC 5545 section 3.3.10) on the wall's clock, with COUNT or UNTIL: at most 200 "
            "sessions within two years. Its first date is `starts_at_local`."
        ),
        examples=["FREQ=WEEKLY;COUNT=8"],
        min_length=1,
        max_length=500,
    ),
]


class SeriesCreate(Body):
    """A new series. The wall time stays the same when the clocks change."""

    rrule: _Rrule
    starts_at_local: StartsAtLocal
    timezone: Timezone
    duration_minutes: Minutes
    capacity: Capacity
    room_url: RoomUrl = ""
    waitlist_open: WaitlistOpen = True


class SeriesUpdate(Change):
    """What is to be changed about a series, and so about those of its sessions to come that still follow it."""

    rrule: _Rrule = left_out()
    starts_at_local: StartsAtLocal = left_out()
    timezone: Timezone = left_out()
    duration_minutes: Minutes = left_out()
    capacity: Capacity = left_out()
    room_url: RoomUrl = left_out()
    waitlist_open: WaitlistOpen = left_out()


class SeriesDetail(Answer):
    """A series with all its sessions by start, past and cancelled ones too."""

    id: UUID = Field(description="Of the series.", examples=["0192f0c1-7b5e-7c3a-9a43-5a7f9d2f8e14"])
    webinar: str = Field(description="Short name of its webinar.", examples=["knee-options"])
    rrule: str = Field(description="The recurrence rule.", examples=["FREQ=WEEKLY;COUNT=8"])
    starts_at_local: WallTimeText = Field(
        description="What the clock on the wall shows at the first start, in `timezone`.", examples=["2026-12-02T18:00"]
    )
    timezone: str = Field(description="IANA zone of its sessions.", examples=["America/Denver"])
    duration_minutes: int = Field(description="Length of its sessions in minutes.", examples=[60])
    capacity: int = Field(description="Seats of each session.", examples=[40])
    room_url: str = Field(
        description="Where the join button of its sessions leads; empty while it is not set.",
        examples=["https://rooms.clinic.example/r/knee"],
    )
    waitlist_open: bool = Field(description="Whether one may wait for a seat when one is full.", examples=[True])
    version: int = Field(description="Grows with every change; its ETag says the same.", examples=[1])
    items: list[SessionDetail] = Field(
        description="Its sessions. Those that were changed by themselves may differ from what the series says.",
        examples=[[]],
    )
