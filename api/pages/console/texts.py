"""The words of messages: what each kind says, in a host's own words or the usual ones, and what it will look like."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Any, Literal
from urllib.parse import urlencode

from fastapi import APIRouter, Form, Request
from fastapi.responses import HTMLResponse, PlainTextResponse, Response
from pydantic import BaseModel

from api.dependencies import NowDep, ProcessDep, ReadDep
from api.middleware.headers import POLICY
from api.pages.console.access import HOME, Changer, Viewer
from api.pages.console.answers import act, console_page, go
from api.pages.console.forms import UNUSABLE, Checks
from api.pages.rendering import PRIVATE
from api.parameters import SlugQuery
from api.schemas.texts import Language
from webinars.documents.own_texts import SUBJECT_VARIABLES, VARIABLES
from webinars.errors import InvalidField
from webinars.rules.texts import LONGEST_BODY, LONGEST_SUBJECT, WRITABLE, OwnWords
from webinars.services import previews, texts, webinars
from webinars.services.hosts import SignedIn
from webinars.services.previews import Preview
from webinars.terms import MessageKind
from webinars.translations import LANGUAGES
from webinars.work import Process, ReadWork, Work

router = APIRouter(prefix="/texts")
_LIST = f"{HOME}/texts"
WITH_FRAME = {**PRIVATE, "Content-Security-Policy": f"{POLICY}; frame-src 'self'"}
_AS_A_MAIL_PROGRAM = {
    **PRIVATE,
    "Content-Security-Policy": "sandbox; default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'self'",
}
"""A mail brings its own styles and may do nothing else."""
Look = Literal["html", "plain"]


class TextForm(BaseModel):
    subject: str = ""
    body: str = ""
    version: int = 0

    def words(self, checks: Checks) -> OwnWords:
        return OwnWords(
            checks.text("subject", self.subject, most=LONGEST_SUBJECT),
            checks.text("body", self.body, most=LONGEST_BODY),
        )


def as_mail(look: Callable[[], Preview], form_of: Look = "html") -> Response:
    """What fills the frame: a mail as a mail program shows it, or why there is none."""
    try:
        shown = look()
    except InvalidField as refusal:
        return PlainTextResponse(refusal.detail, UNUSABLE, _AS_A_MAIL_PROGRAM)
    if form_of == "plain":
        return PlainTextResponse(f"{shown.subject}\n\n{shown.plain}", headers=_AS_A_MAIL_PROGRAM)
    return HTMLResponse(shown.html, headers=_AS_A_MAIL_PROGRAM)


@router.get("")
def list_texts(request: Request, host: Viewer, work: ReadDep, webinar: SlugQuery = None) -> Response:
    """Every kind of message in every language, and whose words it says."""
    own = {(text.kind, text.locale) for text in texts.list_texts(work, webinar)}
    for_all = {(text.kind, text.locale) for text in texts.list_texts(work, None)} if webinar else set()
    return console_page(
        request,
        "texts.html",
        host,
        **_place(work, webinar),
        kinds=WRITABLE,
        languages=LANGUAGES,
        own=own,
        for_all=for_all,
    )


@router.get("/{kind}/{locale}")
def edit_text(
    request: Request,
    kind: MessageKind,
    locale: Language,
    host: Viewer,
    process: ProcessDep,
    work: ReadDep,
    webinar: SlugQuery = None,
) -> Response:
    texts.check_place(kind, locale)
    text = texts.find_text(work, webinar, kind, locale)
    form = TextForm(subject=text.subject, body=text.body, version=text.version) if text else TextForm()
    return _form_page(request, host, process, webinar, kind, locale, form, Checks())


@router.post("/{kind}/{locale}")
def save_text(
    request: Request,
    kind: MessageKind,
    locale: Language,
    form: Annotated[TextForm, Form()],
    host: Changer,
    process: ProcessDep,
    now: NowDep,
    webinar: SlugQuery = None,
) -> Response:
    with Checks() as checks:
        words = form.words(checks)
        checks.done()
        with process.work() as work:
            texts.save_text(work, webinar, kind, locale, words, version=form.version, actor=host.actor, now=now)
            telling = texts.named_in(work, webinar, words.body)
        return go(_page_of(webinar, kind, locale), done="text_saved_telling" if telling else "text_saved")
    return _form_page(request, host, process, webinar, kind, locale, form, checks)


@router.get("/{kind}/{locale}/look")
def look(
    kind: MessageKind, locale: Language, _: Viewer, work: ReadDep, now: NowDep, webinar: SlugQuery = None
) -> Response:
    """The message as it is kept."""
    return as_mail(lambda: previews.preview(work, webinar, kind, locale, None, now))


@router.post("/{kind}/{locale}/look/{form_of}")
def try_out(
    kind: MessageKind,
    locale: Language,
    form_of: Look,
    form: Annotated[TextForm, Form()],
    _: Changer,
    work: ReadDep,
    now: NowDep,
    webinar: SlugQuery = None,
) -> Response:
    """The message with words that are not kept yet; empty ones are the usual ones."""
    words = OwnWords(form.subject, form.body) if form.subject.strip() or form.body.strip() else None
    return as_mail(lambda: previews.preview(work, webinar, kind, locale, words, now), form_of)


@router.post("/{kind}/{locale}/test")
def send_test(
    kind: MessageKind, locale: Language, host: Changer, process: ProcessDep, now: NowDep, webinar: SlugQuery = None
) -> Response:
    """Send the message as it is kept to whoever asks for it."""
    done = previews.send_test(process, webinar, kind, locale, to=host.email, actor=host.actor, now=now)
    return go(_page_of(webinar, kind, locale), done="test_sent" if done else "test_not_sent")


@router.post("/{kind}/{locale}/reset")
def reset_text(
    kind: MessageKind,
    locale: Language,
    version: Annotated[int, Form()],
    host: Changer,
    process: ProcessDep,
    now: NowDep,
    webinar: SlugQuery = None,
) -> Response:
    """Back to the usual words."""

    def deed(work: Work) -> None:
        texts.reset_text(work, webinar, kind, locale, version=version, actor=host.actor, now=now)

    return act(process, _page_of(webinar, kind, locale), "text_reset", deed)


def _place(work: ReadWork, webinar: str | None) -> dict[str, Any]:
    """Whose messages a page is about: those of a webinar, or of all that have no words of their own."""
    offer = webinars.get_webinar(work, webinar, public_only=False) if webinar else None
    return {"webinar": offer.webinar if offer else None, "query": _query(webinar)}


def _query(webinar: str | None) -> str:
    return f"?{urlencode({'webinar': webinar})}" if webinar else ""


def _page_of(webinar: str | None, kind: MessageKind, locale: str) -> str:
    return f"{_LIST}/{kind.value}/{locale}{_query(webinar)}"


def _form_page(
    request: Request,
    host: SignedIn,
    process: Process,
    webinar: str | None,
    kind: MessageKind,
    locale: str,
    form: TextForm,
    checks: Checks,
) -> Response:
    now = process.clock.now()
    with process.read() as work:
        text = texts.find_text(work, webinar, kind, locale)
        if checks.is_outdated:
            form.version = text.version if text else 0
        page = console_page(
            request,
            "text_form.html",
            host,
            status=UNUSABLE if checks.errors else 200,
            **_place(work, webinar),
            kind=kind,
            locale=locale,
            form=form,
            errors=checks.errors,
            is_own=text is not None,
            shown=previews.preview(work, webinar, kind, locale, None, now),
            variables=VARIABLES,
            in_subject=", ".join(f"{{{{ {name} }}}}" for name in SUBJECT_VARIABLES),
        )
    page.headers.update(WITH_FRAME)
    return page
