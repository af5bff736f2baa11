"""Bodies and answers about sessions."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal, Self
from uuid import UUID

from pydantic import AfterValidator, Field, NaiveDatetime, PlainSerializer, model_validator

from api.schemas.base import Answer, Body, Change, Line, Moment, PageOf, Slug, left_out
from webinars.terms import SessionStatus

WallTimeText = Annotated[datetime, PlainSerializer(lambda local: local.strftime("%Y-%m-%dT%H:%M"), return_type=str)]
"""Wall time in whole minutes, without an offset."""
_FIRST_YEAR, _LAST_YEAR = 2000, 2199


def _within_reach(moment: datetime) -> datetime:
    if not _FIRST_YEAR <= moment.year <= _LAST_YEAR:
        raise ValueError(f"the year must lie between {_FIRST_YEAR} and {_LAST_YEAR}")
    return moment


_Reachable = Annotated[Moment, AfterValidator(_within_reach)]
_StartsAt = Annotated[
    _Reachable,
    Field(description="Start as a moment. Give this or `starts_at_local`.", examples=["2026-12-03T01:00:00Z"]),
]
StartsAtLocal = Annotated[
    NaiveDatetime,
    AfterValidator(_within_reach),
    Field(
        description="Start as the clock on the wall in `timezone` shows it, in whole minutes, without an offset.",
        examples=["2026-12-02T18:00"],
    ),
]
Timezone = Annotated[
    Line, Field(description="IANA zone of the session.", examples=["America/Denver"], min_length=1, max_length=64)
]
Minutes = Annotated[int, Field(description="Length in minutes.", examples=[60], ge=5, le=600)]
Capacity = Annotated[int, Field(description="Seats in all.", examples=[40], ge=1, le=1_000_000)]
RoomUrl = Annotated[
    Line,
    Field(
        description="Where the join button leads: https, on a host that is allowed. The public never sees it.",
        examples=["https://rooms.clinic.example/r/knee"],
        max_length=1000,
    ),
]
WaitlistOpen = Annotated[bool, Field(description="Whether one may wait for a seat when it is full.", examples=[True])]
_OpensAt = Annotated[
    _Reachable | None,
    Field(description="Before this nobody registers; null: at once.", examples=["2026-11-01T15:00:00Z"]),
]
_ClosesAt = Annotated[
    _Reachable | None,
    Field(
        description="From this moment on nobody registers; null: until the start, which it cannot be later than.",
        examples=["2026-12-02T19:00:00Z"],
    ),
]
_Status = Annotated[
    Literal[SessionStatus.draft, SessionStatus.scheduled],
    Field(description="A draft is seen by hosts alone. Cancelling is a call of its own.", examples=["scheduled"]),
]


class SessionCreate(Body):
    """A new session. Its time is either `starts_at` or `starts_at_local`, always with `timezone`."""

    webinar: Annotated[Slug, Field(description="Short name of its webinar.", examples=["knee-options"])]
    starts_at: _StartsAt = left_out()
    starts_at_local: StartsAtLocal = left_out()
    timezone: Timezone
    duration_minutes: Minutes
    capacity: Capacity
    room_url: RoomUrl = ""
    waitlist_open: WaitlistOpen = True
    registration_opens_at: _OpensAt = None
    registration_closes_at: _ClosesAt = None
    status: _Status = SessionStatus.scheduled

    @model_validator(mode="after")
    def _one_start(self) -> Self:
        if len(self.model_fields_set & {"starts_at", "starts_at_local"}) != 1:
            raise ValueError("give exactly one of starts_at and starts_at_local")
        return self


class SessionUpdate(Change):
    """What is to be changed about a session. A new time moves it; a new `timezone` alone keeps the wall time.

    Fewer seats than are taken throw nobody out: they only let nobody else in.
    """

    starts_at: _StartsAt = left_out()
    starts_at_local: StartsAtLocal = left_out()
    timezone: Timezone = left_out()
    duration_minutes: Minutes = left_out()
    capacity: Capacity = left_out()
    room_url: RoomUrl = left_out()
    waitlist_open: WaitlistOpen = left_out()
    registration_opens_at: _OpensAt = left_out()
    registration_closes_at: _ClosesAt = left_out()
    status: _Status = left_out()

    @model_validator(mode="after")
    def _one_start(self) -> Self:
        if self.model_fields_set >= {"starts_at", "starts_at_local"}:
            raise ValueError("give only one of starts_at and starts_at_local")
        return self


class SessionPublic(Answer):
    """A session as anyone may see it."""

    id: UUID = Field(description="Of the session.", examples=["0192f0c1-7b5e-7c3a-9a43-5a7f9d2f8e12"])
    webinar: str = Field(description="Short name of its webinar.", examples=["knee-options"])
    series_id: UUID | None = Field(
        description="The series it belongs to; null if it was made by itself.",
        examples=["0192f0c1-7b5e-7c3a-9a43-5a7f9d2f8e14"],
    )
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
    registration_opens_at: Moment | None = Field(
        description="Before this nobody registers; null: at once.", examples=["2026-11-01T15:00:00Z"]
    )
    registration_closes_at: Moment | None = Field(
        description="From this moment on nobody registers; null: until the start.", examples=["2026-12-02T19:00:00Z"]
    )


class SessionDetail(SessionPublic):
    """A session for a token of scope `catalogue:write`."""

    is_exception: bool = Field(
        description="Whether it was changed by itself, so that a change of its series leaves it as it is.",
        examples=[False],
    )
    room_url: str = Field(
        description="Where the join button leads; empty while it is not set.",
        examples=["https://rooms.clinic.example/r/knee"],
    )
    seats_taken: int = Field(
        description="Seats of confirmed registrations, and seats kept for those they are offered to.", examples=[28]
    )
    waitlisted: int = Field(description="People who wait for a seat.", examples=[0])
    schedule_version: int = Field(
        description="Grows when it is moved, cancelled or reinstated: reminders of an older one are void.",
        examples=[0],
    )
    details_version: int = Field(
        description="Grows when registrants are told of another change, such as a new title: calendars follow.",
        examples=[0],
    )
    settled_at: Moment | None = Field(
        description="When attendance was taken as complete; null before.", examples=["2026-12-03T02:30:00Z"]
    )
    version: int = Field(description="Grows with every change; its ETag says the same.", examples=[1])


class SessionPage(PageOf[SessionPublic]):
    """A page of public sessions by start."""


class SessionDetailPage(PageOf[SessionDetail]):
    """A page of sessions by start, drafts included."""
