"""The ledger of messages."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Path, Query, Response

from api.answers import OnceDep, answer
from api.dependencies import MessagesReader, MessagesWriter, NowDep, ReadDep, WorkDep
from api.openapi import refusals
from api.parameters import CursorQuery, LimitQuery
from api.schemas.messages import MessagePage, MessagePublic, MessagesRetried, MessagesRetry
from api.shapes import message_public
from webinars.services import messages
from webinars.terms import Channel, MessageState

router = APIRouter(prefix="/messages", tags=["messages"])
MessagePath = Annotated[UUID, Path(description="Id of the message.", examples=["0192f0c1-7b5e-7c3a-9a43-5a7f9d2f8e51"])]


@router.get("", responses=refusals(422))
def list_messages(
    _: MessagesReader,
    work: ReadDep,
    state: Annotated[
        list[MessageState] | None, Query(description="Only those in this state; may be given several times.")
    ] = None,
    session: Annotated[UUID | None, Query(description="Only those about this session.")] = None,
    channel: Annotated[Channel | None, Query(description="Only those that go this way.")] = None,
    cursor: CursorQuery = None,
    limit: LimitQuery = 50,
) -> MessagePage:
    """Messages in the order they were planned."""
    page = messages.list_messages(work, states=state, session_id=session, channel=channel, cursor=cursor, limit=limit)
    return MessagePage(items=[message_public(message) for message in page.items], next=page.next, limit=page.limit)


@router.post("/retry", response_model=MessagesRetried, responses=refusals(409, 422))
def retry_messages(body: MessagesRetry, _: MessagesWriter, work: WorkDep, once: OnceDep, now: NowDep) -> Response:
    """Try failed messages again: all, or those of a session or a channel. What is useless by now stays as it is."""

    def deed() -> Response:
        count = messages.retry_all(work, now, session_id=body.session_id, channel=body.channel)
        return answer(MessagesRetried(retried=count))

    return once(deed)


@router.post("/{message_id}/retry", response_model=MessagePublic, responses=refusals(404, 409, 422))
def retry_message(message_id: MessagePath, _: MessagesWriter, work: WorkDep, once: OnceDep, now: NowDep) -> Response:
    """Try a failed message again."""
    return once(lambda: answer(message_public(messages.retry(work, message_id, now))))
