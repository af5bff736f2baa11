"""Who is at the console, and what they may do there."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Annotated
from urllib.parse import quote

from fastapi import Depends, Request
from fastapi.responses import RedirectResponse, Response

from api.dependencies import NowDep, ProcessDep
from api.pages.rendering import PRIVATE
from webinars.errors import NotAllowed, SignInRequired
from webinars.services import calls, hosts
from webinars.services.hosts import SIGNED_IN_FOR, SignedIn
from webinars.settings import Settings
from webinars.terms import Role

HOME = "/console"
_LOCAL = re.compile(r"/console(?:[/?][\x21-\x5b\x5d-\x7e]*)?")  # printable ASCII but the backslash
_RANKS = {role: rank for rank, role in enumerate(reversed(Role))}


def local_path(text: str) -> str:
    """`text` if it is a path of the console, else the console's first page: nobody is sent to another site."""
    return text if _LOCAL.fullmatch(text) else HOME


def cookie_name(settings: Settings) -> str:
    """With the prefix a browser takes the cookie from this very host and over TLS only."""
    return "__Host-webinars" if settings.is_secure else "webinars"


def set_cookie(response: Response, settings: Settings, secret: str) -> None:
    response.set_cookie(
        cookie_name(settings),
        secret,
        max_age=int(SIGNED_IN_FOR.total_seconds()),
        path="/",
        httponly=True,
        samesite="lax",
        secure=settings.is_secure,
    )


def get_host(request: Request, process: ProcessDep, now: NowDep) -> SignedIn:
    """Raises:
    SignInRequired: without a cookie that still holds.
    """
    secret = request.cookies.get(cookie_name(process.settings))
    if secret:
        with process.read() as work:
            host = hosts.signed_in(work, secret, now)
            if host is not None and request.method == "GET":
                request.state.to_call = calls.count_open(work)  # stands in the menu of every page
        if host is not None:
            return host
    raise SignInRequired


HostDep = Annotated[SignedIn, Depends(get_host)]


def may(host: SignedIn, role: Role) -> bool:
    """Whether a host has this role or a more powerful one."""
    return _RANKS[host.role] >= _RANKS[role]


@dataclass(frozen=True, slots=True)
class NeedsRole:
    """A dependency that lets only hosts with `role`, or a more powerful one, through."""

    role: Role

    def __call__(self, host: HostDep) -> SignedIn:
        if not may(host, self.role):
            raise NotAllowed("Your account may look at this but not change it. Ask an owner of the account.")
        return host


Viewer = Annotated[SignedIn, Depends(NeedsRole(Role.viewer))]
Changer = Annotated[SignedIn, Depends(NeedsRole(Role.host))]
Manager = Annotated[SignedIn, Depends(NeedsRole(Role.manager))]


def ask_to_sign_in(request: Request, error: Exception) -> Response:  # noqa: ARG001 - what handlers are called with
    """To the sign-in, and from there back to the page that was wanted."""
    wanted = HOME
    if request.method == "GET":
        query = f"?{request.url.query}" if request.url.query else ""
        wanted = local_path(request.url.path + query)
    return RedirectResponse(f"{HOME}/sign-in?next={quote(wanted, safe='')}", 303, PRIVATE)
