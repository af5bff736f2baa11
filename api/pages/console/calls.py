"""The people to call: who asked for something after a session, and of whom nobody knows whether they came."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Form, Request
from fastapi.responses import Response

from api.dependencies import NowDep, ProcessDep, ReadDep
from api.pages.console.access import HOME, Changer, Viewer, local_path
from api.pages.console.answers import PAGE_SIZE, act, console_page
from api.pages.console.follow_ups import LONGEST_NOTE, FollowUpForm
from webinars.services import calls, requests
from webinars.terms import TaskState
from webinars.work import Work

router = APIRouter()


@router.get("/calls")
def list_calls(
    request: Request,
    host: Viewer,
    work: ReadDep,
    now: NowDep,
    state: TaskState = TaskState.open,
    cursor: str | None = None,
) -> Response:
    chosen = TaskState.done if state is TaskState.done else TaskState.open
    return console_page(
        request,
        "calls.html",
        host,
        chosen=chosen,
        is_first=cursor is None,
        shown_until=calls.shown_until(work, actor=host.actor, now=now),
        longest_note=LONGEST_NOTE,
        page_of=calls.list_calls(work, state=chosen, cursor=cursor, limit=PAGE_SIZE, actor=host.actor, now=now),
    )


@router.post("/calls/reveal")
def reveal(host: Changer, process: ProcessDep, now: NowDep, back: Annotated[str, Form()] = HOME) -> Response:
    """Show for a while how to reach people, and what they wrote; it is noted who asked."""
    return act(process, local_path(back), "calls_revealed", lambda work: calls.reveal(work, actor=host.actor, now=now))


@router.post("/requests/{request_id}")
def change_request(
    request_id: UUID, form: Annotated[FollowUpForm, Form()], host: Changer, process: ProcessDep, now: NowDep
) -> Response:
    def deed(work: Work) -> None:
        changes = {"state": form.task, "note": form.note.strip()[:LONGEST_NOTE]}
        requests.update_request(work, request_id, changes, version=form.version, actor=host.actor, now=now)

    return act(process, local_path(form.back), "saved", deed)
