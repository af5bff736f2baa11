"""Sessions: scheduling one, its overview, and what may be changed about it."""

from __future__ import annotations

from datetime import datetime
from functools import lru_cache
from typing import Annotated, Any
from uuid import UUID
from zoneinfo import available_timezones

from fastapi import APIRouter, Form, Request
from fastapi.responses import Response
from pydantic import BaseModel

from api.dependencies import NowDep, ProcessDep, ReadDep
from api.pages.console.access import HOME, Changer, Viewer
from api.pages.console.answers import act, console_page, go
from api.pages.console.forms import UNUSABLE, Checks
from webinars.rules.sessions import LONGEST_MINUTES, SHORTEST_MINUTES, wall_time
from webinars.services import messages, registrants, rescheduling, sessions, webinars
from webinars.services.hosts import SignedIn
from webinars.terms import SessionStatus, WallTime
from webinars.work import Process, Work

router = APIRouter()
_MOST_SEATS = 100_000
USUAL_ZONES = (
    "America/New_York",
    "America/Chicago",
    "America/Denver",
    "America/Phoenix",
    "America/Los_Angeles",
    "America/Anchorage",
    "Pacific/Honolulu",
)


class TimeForm(BaseModel):
    date: str = ""
    time: str = ""
    timezone: str = ""
    minutes: str = "60"

    def when(self, checks: Checks) -> tuple[WallTime, int]:
        minutes = checks.number(
            "duration_minutes", self.minutes, "Minutes", least=SHORTEST_MINUTES, most=LONGEST_MINUTES
        )
        return checks.wall(self.date, self.time, self.timezone), minutes


class RoomForm(BaseModel):
    capacity: str = "40"
    room_url: str = ""
    waitlist_open: bool = False
    version: int = 0

    def facts(self, checks: Checks) -> dict[str, Any]:
        return {
            "capacity": checks.number("capacity", self.capacity, "Seats", least=1, most=_MOST_SEATS),
            "room_url": self.room_url.strip(),
            "waitlist_open": self.waitlist_open,
        }


class WindowForm(BaseModel):
    """In which time the public may register, as the clock on the session's wall shows it; empty for no limit."""

    registration_opens_at: str = ""
    registration_closes_at: str = ""

    def window(self, checks: Checks, timezone: str) -> dict[str, Any]:
        return {
            name: checks.moment(name, getattr(self, name), timezone)
            for name in ("registration_opens_at", "registration_closes_at")
        }


class SessionForm(TimeForm, RoomForm, WindowForm):
    is_draft: bool = False


class SeatsForm(RoomForm, WindowForm):
    pass


class MoveForm(TimeForm):
    version: int = 0
    is_confirmed: bool = False


@router.get("/webinars/{slug}/sessions/new")
def new_session(request: Request, slug: str, host: Changer, process: ProcessDep, work: ReadDep) -> Response:
    earlier = sessions.list_sessions(work, webinar=slug, public_only=False, limit=200).items
    form = SessionForm(waitlist_open=True, timezone=earlier[-1].session.timezone if earlier else "")
    return _new_page(request, slug, host, process, form, Checks())


@router.post("/webinars/{slug}/sessions/new")
def create_session(
    request: Request, slug: str, form: Annotated[SessionForm, Form()], host: Changer, process: ProcessDep, now: NowDep
) -> Response:
    with Checks() as checks:
        wall, minutes = form.when(checks)
        facts = form.facts(checks) | form.window(checks, form.timezone)
        checks.done()
        with process.work() as work:
            item = sessions.create_session(
                work,
                webinar=slug,
                wall=wall,
                duration_minutes=minutes,
                status=SessionStatus.draft if form.is_draft else SessionStatus.scheduled,
                actor=host.actor,
                now=now,
                **facts,
            )
        return go(_page_of(item.session.id), done="saved" if form.is_draft else "scheduled")
    return _new_page(request, slug, host, process, form, checks)


@router.get("/sessions/{session_id}")
def overview(request: Request, session_id: UUID, host: Viewer, work: ReadDep, now: NowDep) -> Response:
    return console_page(
        request,
        "session.html",
        host,
        tab="overview",
        item=sessions.get_session(work, session_id, public_only=False),
        counts=registrants.count_by_status(work, session_id),
        mails=messages.count_by_state(work, session_id),
        now=now,
    )


@router.get("/sessions/{session_id}/room")
def edit_room(request: Request, session_id: UUID, host: Changer, process: ProcessDep, work: ReadDep) -> Response:
    session = sessions.get_session(work, session_id, public_only=False).session
    form = SeatsForm(
        capacity=str(session.capacity),
        room_url=session.room_url,
        waitlist_open=session.waitlist_open,
        registration_opens_at=_on_the_wall(session.registration_opens_at, session.timezone),
        registration_closes_at=_on_the_wall(session.registration_closes_at, session.timezone),
        version=session.version,
    )
    return _change_page(request, "session_room.html", session_id, host, process, form, Checks())


@router.post("/sessions/{session_id}/room")
def change_room(
    request: Request,
    session_id: UUID,
    form: Annotated[SeatsForm, Form()],
    host: Changer,
    process: ProcessDep,
    now: NowDep,
) -> Response:
    """Change seats, waitlist, room, and when one may register."""
    with process.read() as work:
        timezone = sessions.get_session(work, session_id, public_only=False).session.timezone
    with Checks() as checks:
        facts = form.facts(checks) | form.window(checks, timezone)
        checks.done()
        with process.work() as work:
            sessions.update_session(work, session_id, facts, version=form.version, actor=host.actor, now=now)
        return go(_page_of(session_id), done="saved")
    return _change_page(request, "session_room.html", session_id, host, process, form, checks)


@router.get("/sessions/{session_id}/move")
def edit_time(request: Request, session_id: UUID, host: Changer, process: ProcessDep, work: ReadDep) -> Response:
    session = sessions.get_session(work, session_id, public_only=False).session
    form = MoveForm(
        date=session.starts_at_local.strftime("%Y-%m-%d"),
        time=session.starts_at_local.strftime("%H:%M"),
        timezone=session.timezone,
        minutes=str(session.duration_minutes),
        version=session.version,
    )
    return _change_page(request, "session_move.html", session_id, host, process, form, Checks())


@router.post("/sessions/{session_id}/move")
def move(
    request: Request,
    session_id: UUID,
    form: Annotated[MoveForm, Form()],
    host: Changer,
    process: ProcessDep,
    now: NowDep,
) -> Response:
    """First says what the move would do; only the form on that page does it."""
    with Checks() as checks:
        wall, minutes = form.when(checks)
        checks.done()
        if not form.is_confirmed:
            with process.read() as work:
                would = sessions.preview_move(work, session_id, wall, minutes, now)
            return _change_page(
                request, "session_move_confirm.html", session_id, host, process, form, checks, would=would
            )
        with process.work() as work:
            changes = {"wall": wall, "duration_minutes": minutes}
            sessions.update_session(work, session_id, changes, version=form.version, actor=host.actor, now=now)
        return go(_page_of(session_id), done="moved")
    return _change_page(request, "session_move.html", session_id, host, process, form, checks)


@router.post("/sessions/{session_id}/publish")
def publish(
    session_id: UUID, version: Annotated[int, Form()], host: Changer, process: ProcessDep, now: NowDep
) -> Response:
    """Schedule a draft for the public."""

    def deed(work: Work) -> None:
        changes = {"status": SessionStatus.scheduled}
        sessions.update_session(work, session_id, changes, version=version, actor=host.actor, now=now)

    return act(process, _page_of(session_id), "scheduled", deed)


@router.get("/sessions/{session_id}/cancel")
def ask_cancel(request: Request, session_id: UUID, host: Changer, work: ReadDep, now: NowDep) -> Response:
    """States how many people will be told."""
    would = sessions.preview_cancellation(work, session_id, now)
    item = sessions.get_session(work, session_id, public_only=False)
    return console_page(request, "session_cancel.html", host, item=item, would=would)


@router.post("/sessions/{session_id}/cancel")
def cancel(
    session_id: UUID, version: Annotated[int, Form()], host: Changer, process: ProcessDep, now: NowDep
) -> Response:
    def deed(work: Work) -> None:
        sessions.cancel_session(work, session_id, version=version, actor=host.actor, now=now)

    return act(process, _page_of(session_id), "cancelled", deed)


@router.get("/sessions/{session_id}/reinstate")
def ask_reinstate(request: Request, session_id: UUID, host: Changer, work: ReadDep, now: NowDep) -> Response:
    """States how many people will be told."""
    told = rescheduling.preview_reinstatement(work, session_id, now)
    item = sessions.get_session(work, session_id, public_only=False)
    return console_page(request, "session_reinstate.html", host, item=item, told=told)


@router.post("/sessions/{session_id}/reinstate")
def reinstate(
    session_id: UUID, version: Annotated[int, Form()], host: Changer, process: ProcessDep, now: NowDep
) -> Response:
    def deed(work: Work) -> None:
        rescheduling.reinstate_session(work, session_id, version=version, actor=host.actor, now=now)

    return act(process, _page_of(session_id), "reinstated", deed)


def _on_the_wall(moment: datetime | None, timezone: str) -> str:
    return wall_time(moment, timezone).local.strftime("%Y-%m-%dT%H:%M") if moment else ""


def _page_of(session_id: UUID) -> str:
    return f"{HOME}/sessions/{session_id}"


@lru_cache(maxsize=1)
def other_zones() -> list[str]:
    """Zones named after a place, but those that stand on top of the list."""
    return sorted(
        name
        for name in available_timezones()
        if "/" in name
        and not name.startswith(("Etc/", "US/", "posix/", "right/", "SystemV/"))
        and name not in USUAL_ZONES
    )


def _new_page(
    request: Request, slug: str, host: SignedIn, process: Process, form: SessionForm, checks: Checks
) -> Response:
    with process.read() as work:
        return console_page(
            request,
            "session_new.html",
            host,
            status=UNUSABLE if checks.errors else 200,
            webinar=webinars.get_webinar(work, slug, public_only=False).webinar,
            form=form,
            errors=checks.errors,
            usual_zones=USUAL_ZONES,
            other_zones=other_zones(),
        )


def _change_page(
    request: Request,
    template: str,
    session_id: UUID,
    host: SignedIn,
    process: Process,
    form: SeatsForm | MoveForm,
    checks: Checks,
    **facts: Any,
) -> Response:
    with process.read() as work:
        item = sessions.get_session(work, session_id, public_only=False)
    if checks.is_outdated:
        form.version = item.session.version
    return console_page(
        request,
        template,
        host,
        status=UNUSABLE if checks.errors else 200,
        item=item,
        form=form,
        errors=checks.errors,
        usual_zones=USUAL_ZONES,
        other_zones=other_zones(),
        **facts,
    )
