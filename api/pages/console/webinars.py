"""Webinars: the list, the form for a new one or for changes, and what the public may see."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Form, Request
from fastapi.responses import Response
from pydantic import BaseModel, Field

from api.dependencies import NowDep, ProcessDep, ReadDep
from api.pages.console.access import HOME, Changer, Manager, Viewer
from api.pages.console.answers import act, console_page, go
from api.pages.console.forms import UNUSABLE, Checks
from api.pages.console.series import rule_words
from webinars.rules.catalogue import telling_words
from webinars.rules.questions import condition_of
from webinars.services import catalogue, questions, reminder_rules, series, sessions, visits, webinars
from webinars.services.hosts import SignedIn
from webinars.terms import PublicationStatus
from webinars.work import Process, Work

router = APIRouter(prefix="/webinars")
_LIST = f"{HOME}/webinars"
_MOST_SESSIONS = 100
_MOST_SOURCES = 20
_NEUTRAL = "Your webinar"


class WebinarForm(BaseModel):
    title: str = ""
    slug: str = ""
    public_title: str = ""
    summary: str = ""
    description: str = ""
    replay_url: str = ""
    packet_url: str = ""
    needs_approval: bool = False
    asks_question: bool = False
    frees_declined_seats: bool = False
    topics: list[str] = Field(default_factory=list)
    presenters: list[str] = Field(default_factory=list)
    version: int = 0

    def facts(self, checks: Checks) -> dict[str, Any]:
        return {
            "title": checks.text("title", self.title, "Enter the title."),
            "slug": checks.slug("slug", self.slug),
            "public_title": checks.text("public_title", self.public_title, most=80) or _NEUTRAL,
            "summary": checks.text("summary", self.summary, most=500),
            "description": checks.text("description", self.description, most=20_000),
            "replay_url": checks.link("replay_url", self.replay_url),
            "packet_url": checks.link("packet_url", self.packet_url),
            "needs_approval": self.needs_approval,
            "asks_question": self.asks_question,
            "frees_declined_seats": self.frees_declined_seats,
        }


@router.get("")
def list_webinars(request: Request, host: Viewer, work: ReadDep) -> Response:
    return console_page(request, "webinars.html", host, offers=webinars.list_webinars(work, public_only=False))


@router.get("/new")
def new_webinar(request: Request, host: Manager, process: ProcessDep) -> Response:
    return _form_page(request, host, process, WebinarForm(public_title=_NEUTRAL), Checks(), slug=None)


@router.post("/new")
def create_webinar(
    request: Request, form: Annotated[WebinarForm, Form()], host: Manager, process: ProcessDep, now: NowDep
) -> Response:
    with Checks() as checks:
        facts = form.facts(checks)
        checks.done()
        with process.work() as work:
            webinars.create_webinar(
                work, facts, topics=form.topics, presenters=form.presenters, actor=host.actor, now=now
            )
            done = _done(work, "created", facts["public_title"])
        return go(_page_of(facts["slug"]), done=done)
    return _form_page(request, host, process, form, checks, slug=None)


@router.get("/{slug}")
def webinar(request: Request, slug: str, host: Viewer, work: ReadDep, now: NowDep) -> Response:
    offer = webinars.get_webinar(work, slug, public_only=False)
    scheduled = sessions.list_sessions(work, webinar=slug, public_only=False, limit=_MOST_SESSIONS).items
    rules = [(row, rule_words(row.rrule, row.starts_at_local)) for row in series.list_series(work, slug)]
    known = questions.list_questions(work, slug, public_only=False)
    asked = [question for question in known if question.retired_at is None]
    return console_page(
        request,
        "webinar.html",
        host,
        offer=offer,
        scheduled=scheduled,
        series=rules,
        rules=reminder_rules.list_rules(work, slug),
        sources=visits.list_sources(work, slug, most=_MOST_SOURCES),
        asked=[(question, condition_of(question, asked)) for question in asked],
        retired=[question for question in known if question.retired_at is not None],
        now=now,
    )


@router.get("/{slug}/edit")
def edit_webinar(request: Request, slug: str, host: Changer, process: ProcessDep, work: ReadDep) -> Response:
    offer = webinars.get_webinar(work, slug, public_only=False)
    form = WebinarForm(
        **offer.webinar.model_dump(include=set(WebinarForm.model_fields)),
        topics=[topic.slug for topic in offer.topics],
        presenters=[presenter.slug for presenter in offer.presenters],
    )
    return _form_page(request, host, process, form, Checks(), slug=slug)


@router.post("/{slug}/edit")
def update_webinar(
    request: Request, slug: str, form: Annotated[WebinarForm, Form()], host: Changer, process: ProcessDep, now: NowDep
) -> Response:
    with Checks() as checks:
        facts = form.facts(checks)
        checks.done()
        with process.work() as work:
            webinars.update_webinar(
                work,
                slug,
                facts,
                topics=form.topics,
                presenters=form.presenters,
                version=form.version,
                actor=host.actor,
                now=now,
            )
            done = _done(work, "saved", facts["public_title"])
        return go(_page_of(facts["slug"]), done=done)
    return _form_page(request, host, process, form, checks, slug=slug)


@router.post("/{slug}/status")
def change_status(
    slug: str,
    status: Annotated[PublicationStatus, Form()],
    version: Annotated[int, Form()],
    host: Manager,
    process: ProcessDep,
    now: NowDep,
) -> Response:
    """Publish, take back, archive."""

    def deed(work: Work) -> None:
        webinars.update_webinar(
            work, slug, {"status": status}, topics=None, presenters=None, version=version, actor=host.actor, now=now
        )

    return act(process, _page_of(slug), status.value, deed)


def _page_of(slug: str) -> str:
    return f"{_LIST}/{slug}"


def _done(work: Work, done: str, public_title: str) -> str:
    """A title for mails that gives an area or a condition away is saved, but not without a word."""
    telling = telling_words(public_title, [topic.name for topic in catalogue.list_topics(work)])
    return "saved_telling" if telling else done


def _form_page(
    request: Request, host: SignedIn, process: Process, form: WebinarForm, checks: Checks, *, slug: str | None
) -> Response:
    with process.read() as work:
        if slug is not None and checks.is_outdated:
            form.version = webinars.get_webinar(work, slug, public_only=False).webinar.version
        return console_page(
            request,
            "webinar_form.html",
            host,
            status=UNUSABLE if checks.errors else 200,
            form=form,
            errors=checks.errors,
            slug=slug,
            areas=catalogue.list_areas(work),
            all_presenters=catalogue.list_presenters(work),
        )
