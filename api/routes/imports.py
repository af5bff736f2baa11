"""Many registrants at once, from a file."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated

from fastapi import APIRouter, Depends, Query, Request, Response

from api.answers import OnceDep, answer
from api.dependencies import NowDep, RegistrationsWriter, WorkDep
from api.openapi import refusals
from api.parameters import SessionPath
from api.schemas.imports import ImportProblem, ImportResult, RowPublic
from webinars.rules.imports import RowProblem
from webinars.services import imports
from webinars.services.imports import MOST_SHOWN, Imported
from webinars.terms import RegistrationStatus

router = APIRouter(tags=["registrations"])
_A_FILE = "email,name,seats\nana@mail.example,Ana Núñez,1\nben@mail.example,Ben Ortiz,2\n"
_CSV_BODY = {
    "requestBody": {
        "required": True,
        "content": {"text/csv": {"schema": {"type": "string", "format": "binary"}, "example": _A_FILE}},
    }
}


async def get_body(request: Request) -> bytes:
    return await request.body()


@router.post(
    "/sessions/{session_id}/registrations/import",
    response_model=ImportResult,
    responses={
        **refusals(404, 409, 413),
        422: {"model": ImportProblem, "description": "The file or some of its rows are not usable."},
    },
    openapi_extra=_CSV_BODY,
)
def import_registrations(
    session_id: SessionPath,
    bearer: RegistrationsWriter,
    body: Annotated[bytes, Depends(get_body)],
    work: WorkDep,
    once: OnceDep,
    now: NowDep,
    dry_run: Annotated[bool, Query(description="Only say what would become of the rows.")] = False,
    send_mail: Annotated[bool, Query(description="Whether newcomers are told by mail how matters stand.")] = True,
) -> Response:
    """Register everybody in a CSV file: all of them, or nobody if a row is bad.

    The order of the rows is the order of arrival. Sent again it changes nothing: whoever is registered stays as they
    are and gets no second mail. At most 5 MB and 20,000 rows; UTF-8, UTF-16 or Windows-1252; commas, semicolons or
    tabs. Columns: `email` and `name` (or `first name` and `last name`); if you like `timezone`, `locale`, `seats`,
    `phone`, `question`, `source`. Others are ignored.
    """
    people = imports.read_people(body)

    def make() -> Response:
        done = imports.import_registrants(
            work, session_id, people, dry_run=dry_run, sends_mail=send_mail, actor=bearer.actor, now=now
        )
        return answer(_result(done, dry_run=dry_run))

    return once(make)


def _result(done: Imported, *, dry_run: bool) -> ImportResult:
    return ImportResult(
        dry_run=dry_run,
        rows=done.rows,
        confirmed=done.decided[RegistrationStatus.confirmed],
        waitlisted=done.decided[RegistrationStatus.waitlisted],
        pending=done.decided[RegistrationStatus.pending],
        already_registered=done.already_registered,
        skipped=len(done.skipped),
        notes=_rows(done.skipped),
        bad_rows=done.bad_rows,
        problems=_rows(done.problems),
        unknown_columns=list(done.unknown_columns),
    )


def _rows(rows: list[RowProblem]) -> list[RowPublic]:
    return [RowPublic(**asdict(row)) for row in rows[:MOST_SHOWN]]
