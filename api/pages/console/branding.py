"""How the clinic shows itself: its name, colour, logo, telephone and texts."""

from __future__ import annotations

from contextlib import aclosing
from dataclasses import dataclass
from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Form, Request
from fastapi.responses import Response
from pydantic import BaseModel
from starlette.datastructures import UploadFile
from starlette.formparsers import MultiPartException, MultiPartParser

from api.dependencies import NowDep, ProcessDep
from api.pages.console.access import HOME, Manager
from api.pages.console.answers import act, console_page, go
from api.pages.console.forms import UNUSABLE, Checks
from webinars.errors import InvalidField
from webinars.rules.branding import LONGEST_NOTICE, LONGEST_PRIVACY, clean_name, clean_phone
from webinars.rules.colours import HOUSE, clean_accent, colours_of, darker, read_colour, reads
from webinars.services import branding
from webinars.services.hosts import SignedIn
from webinars.work import Process, Work

router = APIRouter(prefix="/branding")
PAGE = f"{HOME}/branding"


class BrandForm(BaseModel):
    """A form without its version saves nothing."""

    version: int
    deed: Literal["save", "look"] = "save"
    name: str = ""
    phone: str = ""
    accent: str = ""
    notice_en: str = ""
    notice_es: str = ""
    privacy_en: str = ""
    privacy_es: str = ""


@dataclass(slots=True)
class LogoForm:
    """A picture, and what its sender has seen."""

    content: bytes = b""
    version: int = -1


async def read_logo(request: Request) -> LogoForm:
    """What a browser sent; without a picture if it is no such form."""
    if not request.headers.get("content-type", "").startswith("multipart/form-data"):
        return LogoForm()
    async with aclosing(request.stream()) as stream:
        try:
            sent = await MultiPartParser(request.headers, stream, max_files=1, max_fields=2).parse()
        except MultiPartException:
            return LogoForm()
    file, version = sent.get("logo"), str(sent.get("version", ""))
    content = await file.read() if isinstance(file, UploadFile) else b""
    await sent.close()
    return LogoForm(content, int(version) if version.isascii() and version.isdecimal() and len(version) < 10 else -1)


@router.get("")
def show_branding(request: Request, host: Manager, process: ProcessDep) -> Response:
    return _page(request, host, process, None, Checks())


@router.post("")
def save_branding(
    request: Request, form: Annotated[BrandForm, Form()], host: Manager, process: ProcessDep, now: NowDep
) -> Response:
    """Save, or only look at what was typed."""
    with Checks() as checks:
        changes = {
            "name": checks.clean(clean_name, form.name),
            "phone": checks.clean(clean_phone, form.phone),
            "accent": checks.clean(clean_accent, form.accent),
            "standing_notice": checks.by_language(form, "notice", most=LONGEST_NOTICE),
            "privacy_text": checks.by_language(form, "privacy", most=LONGEST_PRIVACY),
        }
        checks.done()
        if form.deed == "save":
            with process.work() as work:
                branding.save_branding(work, changes, version=form.version, actor=host.actor, now=now)
            return go(PAGE, done="saved")
    return _page(request, host, process, form, checks)


# The host comes first among the parameters: nobody else's file is read.
@router.post("/logo")
def save_logo(
    request: Request, host: Manager, form: Annotated[LogoForm, Depends(read_logo)], process: ProcessDep, now: NowDep
) -> Response:
    with Checks() as checks:
        if not form.content:
            raise InvalidField("Choose a file that has something in it.", field="logo")
        with process.work() as work:
            branding.save_logo(work, form.content, version=form.version, actor=host.actor, now=now)
        return go(PAGE, done="saved")
    return _page(request, host, process, None, checks)


@router.post("/logo/remove")
def remove_logo(version: Annotated[int, Form()], host: Manager, process: ProcessDep, now: NowDep) -> Response:
    def deed(work: Work) -> None:
        branding.remove_logo(work, version=version, actor=host.actor, now=now)

    return act(process, PAGE, "saved", deed)


def _page(request: Request, host: SignedIn, process: Process, form: BrandForm | None, checks: Checks) -> Response:
    with process.read() as work:
        row, brand = branding.find_branding(work), branding.look(work)
    version = row.version if row else 0
    if form is None:
        form = BrandForm(version=version)
        if row is not None:
            form.name, form.phone, form.accent = row.name, row.phone, row.accent
            form.notice_en, form.notice_es = (row.standing_notice.get(language, "") for language in ("en", "es"))
            form.privacy_en, form.privacy_es = (row.privacy_text.get(language, "") for language in ("en", "es"))
    elif checks.is_outdated:
        form.version = version
    accent = read_colour(form.accent) or HOUSE
    return console_page(
        request,
        "branding.html",
        host,
        status=UNUSABLE if checks.errors else 200,
        form=form,
        errors=checks.errors,
        version=version,
        brand=brand,
        usual=process.settings,
        accent=accent,
        shown=colours_of(accent if reads(accent) else darker(accent)),
        is_refused=not reads(accent),
    )
