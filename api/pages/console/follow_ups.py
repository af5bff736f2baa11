"""What is left to do after a session: whose mail went out, and whom to call."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Form, Request
from fastapi.responses import Response
from pydantic import BaseModel

from api.dependencies import NowDep, ProcessDep, ReadDep
from api.pages.console.access import HOME, Changer, Viewer, local_path
from api.pages.console.answers import PAGE_SIZE, act, console_page
from webinars.services import follow_ups, registrants, sessions
from webinars.terms import TaskState
from webinars.work import Work

router = APIRouter()
LONGEST_NOTE = 2000


class FollowUpForm(BaseModel):
    task: TaskState
    note: str = ""
    version: int = 0
    back: str = HOME


@router.get("/sessions/{session_id}/follow-ups")
def list_follow_ups(
    request: Request, session_id: UUID, host: Viewer, work: ReadDep, cursor: str | None = None
) -> Response:
    page = follow_ups.list_follow_ups(work, session_id, cursor=cursor, limit=PAGE_SIZE)
    return console_page(
        request,
        "follow_ups.html",
        host,
        tab="follow-ups",
        item=sessions.get_session(work, session_id, public_only=False),
        is_first=cursor is None,
        page_of=page,
        names=registrants.names_of(work, [row.follow_up.registration_id for row in page.items]),
        notes={row.follow_up.id: follow_ups.note_of(work.vault, row.follow_up) for row in page.items},
        longest_note=LONGEST_NOTE,
    )


@router.post("/follow-ups/{follow_up_id}")
def change_follow_up(
    follow_up_id: UUID, form: Annotated[FollowUpForm, Form()], host: Changer, process: ProcessDep, now: NowDep
) -> Response:
    def deed(work: Work) -> None:
        changes = {"task": form.task, "note": form.note.strip()[:LONGEST_NOTE]}
        follow_ups.update_follow_up(work, follow_up_id, changes, version=form.version, actor=host.actor, now=now)

    return act(process, local_path(form.back), "saved", deed)
