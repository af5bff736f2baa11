"""Bodies and answers about many registrants at once."""

from __future__ import annotations

from typing import Any

from pydantic import Field

from api.schemas.base import Answer, Body, InvalidProblem
from api.schemas.registrations import RegistrationCreated

MOST_ITEMS = 500
_A_ROW = {"line": 3, "column": "email", "detail": "Enter an e-mail address in the form name@example.com."}


class RowPublic(Answer):
    """What is to be said about a row. It never repeats the value."""

    line: int = Field(description="As spreadsheets number rows: the headings are in line 1.", examples=[3])
    column: str = Field(description="Which value it is about; empty for the whole row.", examples=["email"])
    detail: str = Field(description="What is wrong and what to do, for people.", examples=[_A_ROW["detail"]])


class ImportResult(Answer):
    """What became of the rows, or would. Each row is in one of the counts."""

    dry_run: bool = Field(description="Whether all was taken back.", examples=[False])
    rows: int = Field(description="Rows with somebody in them.", examples=[120])
    confirmed: int = Field(description="New registrations with a seat.", examples=[95])
    waitlisted: int = Field(description="New registrations in line for one.", examples=[5])
    pending: int = Field(description="New registrations that wait for a host's yes.", examples=[0])
    already_registered: int = Field(description="Rows of people who were registered before.", examples=[18])
    skipped: int = Field(
        description="Rows that were passed over: see `notes`. A list brings nobody back who gave up their place.",
        examples=[1],
    )
    notes: list[RowPublic] = Field(
        description="Why rows were passed over; 200 at most.",
        examples=[[{"line": 9, "column": "email", "detail": "The same address as in line 3, which counts."}]],
    )
    bad_rows: int = Field(description="Rows that have to be put right. Only a dry run gets this far.", examples=[1])
    problems: list[RowPublic] = Field(description="What is wrong with them; 200 at most.", examples=[[_A_ROW]])
    unknown_columns: list[str] = Field(description="Headings below which nothing was read.", examples=[["Notes"]])


class ImportProblem(InvalidProblem):
    """Why nothing was imported. With the code `rows_refused` there are rows to be put right."""

    bad_rows: int = Field(default=0, description="How many rows have to be put right.", examples=[1])
    problems: list[RowPublic] = Field(
        default_factory=list, description="What is wrong with them; 200 at most.", examples=[[_A_ROW]]
    )


class RegistrationBatch(Body):
    """People to be registered for a session."""

    items: list[dict[str, Any]] = Field(
        description="In the order of their arrival.",
        examples=[[{"email": "ana@mail.example", "name": "Ana Núñez", "timezone": "America/Denver"}]],
        min_length=1,
        max_length=MOST_ITEMS,
        # Read one by one: an item that cannot be understood is a problem of its own, not of all the others.
        json_schema_extra={"items": {"$ref": "#/components/schemas/RegistrationCreate"}},
    )


class ItemProblem(InvalidProblem):
    """Why somebody could not be registered."""

    index: int = Field(description="Place in the request, from 0.", examples=[2])


class RegistrationBatchResult(Answer):
    """One answer for each item, in the order of the request."""

    items: list[RegistrationCreated | ItemProblem] = Field(description="Answers and problems.", examples=[[]])
