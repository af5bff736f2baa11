"""The mailbox of a development machine: mails that were kept instead of sent. Never mounted in production."""

from __future__ import annotations

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse, Response

from api.dependencies import ProcessDep
from api.middleware.headers import POLICY
from api.pages.rendering import PRIVATE, page
from webinars.services import mailbox

router = APIRouter(include_in_schema=False)
_WITH_FRAME = {**PRIVATE, "Content-Security-Policy": f"{POLICY}; frame-src 'self'"}
_AS_A_MAIL_PROGRAM = {
    **PRIVATE,
    "Content-Security-Policy": "sandbox; default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'self'",
}
"""A mail brings its own styles and may do nothing else."""


@router.get("/dev/mail")
def inbox(request: Request, process: ProcessDep) -> Response:
    return page(request, "dev_mail.html", headers=PRIVATE, mails=mailbox.list_mails(process.settings))


@router.get("/dev/mail/{file_name}")
def mail(request: Request, file_name: str, process: ProcessDep) -> Response:
    return page(request, "dev_mail_one.html", headers=_WITH_FRAME, mail=mailbox.get_mail(process.settings, file_name))


@router.get("/dev/mail/{file_name}/html")
def mail_as_html(file_name: str, process: ProcessDep) -> Response:
    return HTMLResponse(mailbox.get_mail(process.settings, file_name).html, headers=_AS_A_MAIL_PROGRAM)
