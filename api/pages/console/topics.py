"""Problem areas and the conditions under them: the list, and a form to add one."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Form, Request
from fastapi.responses import Response
from pydantic import BaseModel

from api.dependencies import NowDep, ProcessDep
from api.pages.console.access import HOME, Manager, Viewer
from api.pages.console.answers import console_page, go
from api.pages.console.forms import UNUSABLE, Checks
from webinars.services import catalogue, subscriptions
from webinars.services.hosts import SignedIn
from webinars.terms import SubscriptionState
from webinars.work import Process

router = APIRouter(prefix="/topics")


class TopicForm(BaseModel):
    name: str = ""
    slug: str = ""
    parent: str = ""
    position: str = "0"


@router.get("")
def list_topics(request: Request, host: Viewer, process: ProcessDep) -> Response:
    return _page(request, host, process, TopicForm(), Checks())


@router.post("")
def add_topic(
    request: Request, form: Annotated[TopicForm, Form()], host: Manager, process: ProcessDep, now: NowDep
) -> Response:
    with Checks() as checks:
        name = checks.text("name", form.name, "Enter the name of the area or condition.")
        slug = checks.slug("slug", form.slug)
        position = checks.number("position", form.position, "Position in lists", least=0, most=99_999)
        checks.done()
        with process.work() as work:
            catalogue.create_topic(
                work, slug=slug, name=name, parent=form.parent or None, position=position, actor=host.actor, now=now
            )
        return go(f"{HOME}/topics", done="added")
    return _page(request, host, process, form, checks)


def _page(request: Request, host: SignedIn, process: Process, form: TopicForm, checks: Checks) -> Response:
    with process.read() as work:
        return console_page(
            request,
            "topics.html",
            host,
            status=UNUSABLE if checks.errors else 200,
            areas=catalogue.list_areas(work),
            waiting={
                topic_id: states[SubscriptionState.active] for topic_id, states in subscriptions.count(work).items()
            },
            form=form,
            errors=checks.errors,
        )
