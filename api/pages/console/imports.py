"""Registering people from a file: looked at first, then registered, all of them or nobody."""

from __future__ import annotations

from contextlib import aclosing
from dataclasses import dataclass
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Request
from fastapi.responses import Response
from starlette.datastructures import UploadFile
from starlette.formparsers import MultiPartException, MultiPartParser

from api.dependencies import NowDep, ProcessDep, ReadDep
from api.middleware.body_limit import IMPORT_LIMIT
from api.pages.console.access import Changer
from api.pages.console.answers import console_page
from api.pages.console.forms import UNUSABLE, Checks
from webinars.errors import InvalidField, RowsRefused
from webinars.services import imports, sessions
from webinars.services.hosts import SignedIn
from webinars.services.imports import MOST_SHOWN, Imported
from webinars.work import Process

router = APIRouter()


@dataclass(slots=True)
class ImportForm:
    """A file, and what is to be done with it."""

    content: bytes = b""
    dry_run: bool = True
    sends_mail: bool = True


class InMemoryParser(MultiPartParser):
    """Keeps a file in memory: it names people, and in a temporary one they would stand on the disk for all to read."""

    spool_max_size = IMPORT_LIMIT


async def read_form(request: Request) -> ImportForm:
    """What a browser sent; without a file if it is no such form."""
    if not request.headers.get("content-type", "").startswith("multipart/form-data"):
        return ImportForm()
    async with aclosing(request.stream()) as stream:
        try:
            sent = await InMemoryParser(request.headers, stream, max_files=1, max_fields=3).parse()
        except MultiPartException:
            return ImportForm()
    file = sent.get("file")
    content = await file.read() if isinstance(file, UploadFile) else b""
    await sent.close()
    return ImportForm(content, dry_run=sent.get("deed") != "import", sends_mail="sends_mail" in sent)


@router.get("/sessions/{session_id}/registrants/import")
def show_import(request: Request, session_id: UUID, host: Changer, work: ReadDep) -> Response:
    sessions.get_session(work, session_id, public_only=False)
    return _page(request, session_id, host, work.process, ImportForm(), Checks())


# The host comes first among the parameters: nobody else's file is read.
@router.post("/sessions/{session_id}/registrants/import")
def import_registrants(
    request: Request,
    session_id: UUID,
    host: Changer,
    form: Annotated[ImportForm, Depends(read_form)],
    process: ProcessDep,
    now: NowDep,
) -> Response:
    """Look at a file, or register everybody in it. The answer is the page itself: sending it again changes nothing."""
    done: Imported | None = None
    with Checks() as checks:
        if not form.content:
            raise InvalidField("Choose a file that has something in it.", field="file")
        people = imports.read_people(form.content)
        try:
            with process.work() as work:
                done = imports.import_registrants(
                    work,
                    session_id,
                    people,
                    dry_run=form.dry_run,
                    sends_mail=form.sends_mail,
                    actor=host.actor,
                    now=now,
                )
        except RowsRefused as refusal:
            return _page(request, session_id, host, process, form, checks, refused=refusal)
    return _page(request, session_id, host, process, form, checks, done)


def _page(
    request: Request,
    session_id: UUID,
    host: SignedIn,
    process: Process,
    form: ImportForm,
    checks: Checks,
    done: Imported | None = None,
    refused: RowsRefused | None = None,
) -> Response:
    with process.read() as work:
        item = sessions.get_session(work, session_id, public_only=False)
    if refused is not None:
        bad_rows, problems = refused.facts["bad_rows"], refused.facts["problems"]
    else:
        bad_rows, problems = (done.bad_rows, done.problems[:MOST_SHOWN]) if done else (0, [])
    return console_page(
        request,
        "import.html",
        host,
        tab="registrants",
        status=UNUSABLE if checks.errors or refused else 200,
        item=item,
        form=form,
        errors=checks.errors,
        bad_rows=bad_rows,
        problems=problems,
        imported=done,
        notes=done.skipped[:MOST_SHOWN] if done else [],
    )
