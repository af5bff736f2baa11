"""Bodies and answers about attendance."""

from __future__ import annotations

from typing import Annotated, Any, Self
from uuid import UUID

from pydantic import BeforeValidator, Field, model_validator

from api.schemas.base import Answer, Body, Line, Moment, PageOf
from webinars.terms import AttendanceSource, AttendanceState, Evidence

MOST_INTERVALS = 1000
LONGEST_SOURCE = 40


def _known_source(given: Any) -> Any:
    is_foreign = isinstance(given, str) and given not in set(AttendanceSource) and len(given) <= LONGEST_SOURCE
    return AttendanceSource.report if is_foreign else given


class Interval(Body):
    """One stay of one person in the room; of a registration or of an address."""

    registration_id: UUID | None = Field(
        default=None, description="Whose.", examples=["0192f0c1-7b5e-7c3a-9a43-5a7f9d2f8e11"]
    )
    email: Annotated[Line, Field(max_length=254)] | None = Field(
        default=None,
        description="Whose, where only an address is known. One that matches nobody waits for a host.",
        examples=["ana@mail.example"],
    )
    joined_at: Moment = Field(description="Since when.", examples=["2026-12-03T01:00:00Z"])
    left_at: Moment | None = Field(
        default=None, description="Until when; null if nobody knows.", examples=["2026-12-03T01:58:00Z"]
    )
    source: Annotated[AttendanceSource, BeforeValidator(_known_source)] = Field(
        default=AttendanceSource.report,
        description="Who says so. A name that is none of these, such as that of a tool, counts as `report`.",
        examples=["report"],
    )

    @model_validator(mode="after")
    def _one_person(self) -> Self:
        if (self.registration_id is None) == (self.email is None):
            raise ValueError("give exactly one of registration_id and email")
        return self


class AttendanceCreate(Body):
    """Who was in the room and when. A bare list of intervals, one named `items`, or a single one does too."""

    intervals: list[Interval] = Field(
        description=f"At most {MOST_INTERVALS}. The same one again changes nothing.",
        examples=[[{"email": "ana@mail.example", "joined_at": "2026-12-03T01:00:00Z"}]],
        max_length=MOST_INTERVALS,
    )

    @model_validator(mode="before")
    @classmethod
    def _from_list(cls, given: Any) -> Any:
        if isinstance(given, list):
            return {"intervals": given}
        if isinstance(given, dict) and "joined_at" in given:
            return {"intervals": [given]}
        if isinstance(given, dict) and given.keys() == {"items"}:
            return {"intervals": given["items"]}
        return given


class AttendanceRecorded(Answer):
    """What became of a report."""

    matched: int = Field(description="Intervals that found their registration.", examples=[31])
    unmatched: int = Field(description="Intervals kept until a host matches them.", examples=[2])


class AttendancePublic(Answer):
    """What became of one confirmed registration."""

    registration_id: UUID = Field(description="Of the registration.", examples=["0192f0c1-7b5e-7c3a-9a43-5a7f9d2f8e11"])
    state: AttendanceState | None = Field(
        description="Null until the session has settled, some time after its end.", examples=["attended"]
    )
    minutes: int | None = Field(description="Whole minutes in the room.", examples=[58])
    share: float | None = Field(description="Of the session's length, 0 to 1.", examples=[0.9667])
    evidence: Evidence | None = Field(description="How well it is known.", examples=["interval"])
    replayed_at: Moment | None = Field(
        description="When they first went to the replay; it does not count as attendance.",
        examples=[None, "2026-12-04T15:20:00Z"],
    )


class AttendancePage(PageOf[AttendancePublic]):
    """A page of a session's confirmed registrations."""
