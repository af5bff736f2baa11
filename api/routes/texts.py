"""The hosts' own words for messages."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Path, Query, Response

from api.answers import answer
from api.dependencies import MessagesWriter, NowDep, ReadDep, SeenVersionDep, WorkDep
from api.openapi import refusals
from api.parameters import WHOLE_LIST, SlugQuery
from api.schemas.texts import Language, PreviewPublic, TextPage, TextPreview, TextPublic, TextSave
from api.shapes import text_public
from webinars.errors import NotAllowed
from webinars.rules.texts import OwnWords
from webinars.services import previews, texts
from webinars.terms import MessageKind, Scope

router = APIRouter(prefix="/message-texts", tags=["messages"])
KindPath = Annotated[MessageKind, Path(description="What the message is about.", examples=["confirmation"])]
WebinarQuery = Annotated[
    SlugQuery,
    Query(
        description="Short name of a webinar; without it, the words for all that have none of their own.",
        examples=["knee-options"],
    ),
]
LanguagePath = Annotated[Language, Path(description="The language.", examples=["es"])]


@router.get("", responses=refusals(404, 422))
def list_texts(_: MessagesWriter, work: ReadDep, webinar: WebinarQuery = None) -> TextPage:
    """The words written for a webinar, on one page; without `webinar`, those for all."""
    items = [text_public(text, webinar) for text in texts.list_texts(work, webinar)]
    return TextPage(items=items, next=None, limit=WHOLE_LIST)


@router.get("/{kind}/{locale}", response_model=TextPublic, responses=refusals(404, 422))
def get_text(
    kind: KindPath, locale: LanguagePath, _: MessagesWriter, work: ReadDep, webinar: WebinarQuery = None
) -> Response:
    """The words for one kind of message in one language. 404: it says the usual ones."""
    text = texts.get_text(work, webinar, kind, locale)
    return answer(text_public(text, webinar), version=text.version)


@router.put("/{kind}/{locale}", response_model=TextPublic, responses=refusals(404, 412, 422, 428))
def save_text(
    kind: KindPath,
    locale: LanguagePath,
    body: TextSave,
    bearer: MessagesWriter,
    work: WorkDep,
    version: SeenVersionDep,
    now: NowDep,
    webinar: WebinarQuery = None,
) -> Response:
    """Write or replace the words for one kind of message. `If-Match: "0"` says that there were none."""
    words = OwnWords(body.subject, body.body)
    text = texts.save_text(work, webinar, kind, locale, words, version=version, actor=bearer.actor, now=now)
    return answer(text_public(text, webinar), version=text.version)


@router.delete("/{kind}/{locale}", status_code=204, responses=refusals(404, 412, 422, 428))
def reset_text(
    kind: KindPath,
    locale: LanguagePath,
    bearer: MessagesWriter,
    work: WorkDep,
    version: SeenVersionDep,
    now: NowDep,
    webinar: WebinarQuery = None,
) -> None:
    """Take words away: the message says the usual ones again."""
    texts.reset_text(work, webinar, kind, locale, version=version, actor=bearer.actor, now=now)


@router.post("/preview", response_model=PreviewPublic, responses=refusals(404, 422))
def preview_text(body: TextPreview, bearer: MessagesWriter, work: ReadDep, now: NowDep) -> PreviewPublic:
    """The message as it would be sent now, in both its forms. Nothing is kept and nothing is sent."""
    if body.registration_id is not None and Scope.registrations_write not in bearer.scopes:
        scope = Scope.registrations_write.value
        raise NotAllowed(f"A registrant's own mail needs the scope {scope} as well.", scope=scope)
    words = OwnWords(body.words.subject, body.words.body) if body.words else None
    shown = previews.preview(
        work, body.webinar, body.kind, body.locale, words, now, registration_id=body.registration_id
    )
    return PreviewPublic(subject=shown.subject, plain=shown.plain, html=shown.html)
