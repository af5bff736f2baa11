"""Presenters: the list, and a form to add one."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Form, Request
from fastapi.responses import Response
from pydantic import BaseModel

from api.dependencies import NowDep, ProcessDep
from api.pages.console.access import HOME, Manager, Viewer
from api.pages.console.answers import console_page, go
from api.pages.console.forms import UNUSABLE, Checks
from webinars.services import catalogue
from webinars.services.hosts import SignedIn
from webinars.work import Process

router = APIRouter(prefix="/presenters")


class PresenterForm(BaseModel):
    name: str = ""
    slug: str = ""
    credentials: str = ""
    biography: str = ""


@router.get("")
def list_presenters(request: Request, host: Viewer, process: ProcessDep) -> Response:
    return _page(request, host, process, PresenterForm(), Checks())


@router.post("")
def add_presenter(
    request: Request, form: Annotated[PresenterForm, Form()], host: Manager, process: ProcessDep, now: NowDep
) -> Response:
    with Checks() as checks:
        name = checks.text("name", form.name, "Enter the presenter's name.")
        slug = checks.slug("slug", form.slug)
        credentials = checks.text("credentials", form.credentials)
        biography = checks.text("biography", form.biography, most=10_000)
        checks.done()
        with process.work() as work:
            catalogue.create_presenter(
                work, slug=slug, name=name, credentials=credentials, biography=biography, actor=host.actor, now=now
            )
        return go(f"{HOME}/presenters", done="added")
    return _page(request, host, process, form, checks)


def _page(request: Request, host: SignedIn, process: Process, form: PresenterForm, checks: Checks) -> Response:
    with process.read() as work:
        return console_page(
            request,
            "presenters.html",
            host,
            status=UNUSABLE if checks.errors else 200,
            presenters=catalogue.list_presenters(work),
            form=form,
            errors=checks.errors,
        )
