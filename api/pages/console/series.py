"""Series at the console: made from a few choices or a rule, changed and ended. Each says first what it will do."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import date, datetime, timedelta
from itertools import pairwise
from typing import Annotated, Any, Self
from uuid import UUID

from fastapi import APIRouter, Form, Request
from fastapi.responses import Response

from api.dependencies import NowDep, ProcessDep, ReadDep
from api.pages.console.access import HOME, Changer, Viewer
from api.pages.console.answers import act, console_page, go
from api.pages.console.forms import UNUSABLE, Checks
from api.pages.console.sessions import USUAL_ZONES, RoomForm, TimeForm, other_zones
from webinars.rules.series import MOST_SESSIONS, Occurrence, Pattern, compose, read_pattern
from webinars.services import series, sessions, webinars
from webinars.services.hosts import SignedIn
from webinars.services.series import Deed, SeriesItem, Step
from webinars.terms import SessionStatus, WallTime
from webinars.work import Process, Work

router = APIRouter()
PATTERNS = {
    Pattern.weekly: "Every week",
    Pattern.fortnightly: "Every two weeks",
    Pattern.monthly: "Every month on this weekday, such as the second Tuesday",
}
_NTH = {"1": "first", "2": "second", "3": "third", "4": "fourth", "-1": "last"}
_USUAL_COUNT = "8"


class SeriesForm(TimeForm, RoomForm):
    repeat: str = Pattern.weekly.value
    count: str = ""
    until: str = ""
    rrule: str = ""
    is_confirmed: bool = False

    @classmethod
    def of(cls, item: SeriesItem) -> Self:
        """What a series is now, in simple choices where they can say it."""
        row = item.series
        pieces = read_pattern(row.rrule, row.starts_at_local.date())
        return cls(
            date=row.starts_at_local.strftime("%Y-%m-%d"),
            time=row.starts_at_local.strftime("%H:%M"),
            timezone=row.timezone,
            minutes=str(row.duration_minutes),
            capacity=str(row.capacity),
            room_url=row.room_url,
            waitlist_open=row.waitlist_open,
            version=row.version,
            repeat=pieces.pattern.value if pieces else Pattern.weekly.value,
            count=str(pieces.count or "") if pieces else "",
            until=pieces.until.isoformat() if pieces and pieces.until else "",
            rrule="" if pieces else row.rrule,
        )

    def facts_of_series(self, checks: Checks) -> dict[str, Any]:
        """All that a series is made of; the time as wall time and zone."""
        wall, minutes = self.when(checks)
        facts = self.facts(checks) | {"duration_minutes": minutes, "wall": wall}
        facts["rrule"] = self.rrule.strip() or self._composed(checks, wall.local)
        checks.done()
        return facts

    def _composed(self, checks: Checks, first: datetime) -> str:
        if self.repeat not in list(Pattern):
            checks.errors["repeat"] = "Choose how often."
            return ""
        pattern = Pattern(self.repeat)
        if bool(self.count.strip()) == bool(self.until.strip()):
            checks.errors["count"] = "Enter either how many sessions there will be, or the last day."
        elif self.count.strip():
            return compose(
                pattern,
                first,
                count=checks.number("count", self.count, "The number of sessions", least=1, most=MOST_SESSIONS),
            )
        else:
            try:
                return compose(pattern, first, until=date.fromisoformat(self.until.strip()))
            except ValueError:
                checks.errors["until"] = "Enter the last day."
        return ""

    def place_errors(self, checks: Checks) -> None:
        """Say what is wrong with a rule beside the choices, if it was made from them."""
        if "rrule" in checks.errors and not self.rrule.strip():
            checks.errors["repeat"] = checks.errors.pop("rrule")


@router.get("/webinars/{slug}/series/new")
def new_series(request: Request, slug: str, host: Changer, process: ProcessDep, work: ReadDep) -> Response:
    earlier = sessions.list_sessions(work, webinar=slug, public_only=False, limit=200).items
    form = SeriesForm(waitlist_open=True, timezone=earlier[-1].session.timezone if earlier else "", count=_USUAL_COUNT)
    return _new_page(request, slug, host, process, form, Checks())


@router.post("/webinars/{slug}/series/new")
def create_series(
    request: Request, slug: str, form: Annotated[SeriesForm, Form()], host: Changer, process: ProcessDep, now: NowDep
) -> Response:
    """First shows all dates; only the form on that page makes them."""
    with Checks() as checks:
        facts = form.facts_of_series(checks)
        waits = facts.pop("waitlist_open")
        if not form.is_confirmed:
            with process.read() as work:
                offer = webinars.get_webinar(work, slug, public_only=False)
                dates = _with_clock_changes(series.preview_creation(work, **facts, now=now))
            return console_page(request, "series_new_confirm.html", host, webinar=offer.webinar, form=form, dates=dates)
        with process.work() as work:
            item = series.create_series(work, webinar=slug, **facts, waitlist_open=waits, actor=host.actor, now=now)
        return go(_page_of(item.series.id), done="series_created")
    form.place_errors(checks)
    return _new_page(request, slug, host, process, form, checks)


@router.get("/series/{series_id}")
def overview(request: Request, series_id: UUID, host: Viewer, work: ReadDep, now: NowDep) -> Response:
    item = series.get_series(work, series_id)
    on = [each.session for each in item.sessions if each.session.status is not SessionStatus.cancelled]
    is_coming = any(session.starts_at > now for session in on)
    rule = rule_words(item.series.rrule, item.series.starts_at_local)
    return console_page(request, "series.html", host, item=item, rule=rule, is_coming=is_coming, now=now)


@router.get("/series/{series_id}/edit")
def edit_series(request: Request, series_id: UUID, host: Changer, process: ProcessDep, work: ReadDep) -> Response:
    form = SeriesForm.of(series.get_series(work, series_id))
    return _edit_page(request, series_id, host, process, form, Checks())


@router.post("/series/{series_id}/edit")
def update_series(
    request: Request,
    series_id: UUID,
    form: Annotated[SeriesForm, Form()],
    host: Changer,
    process: ProcessDep,
    now: NowDep,
) -> Response:
    """First says what the change would do to each session; only the form on that page does it."""
    with Checks() as checks:
        facts = form.facts_of_series(checks)
        wall: WallTime = facts.pop("wall")
        changes = facts | {"starts_at_local": wall.local, "timezone": wall.timezone}
        if not form.is_confirmed:
            with process.read() as work:
                item = series.get_series(work, series_id)
                would = series.preview_update(work, series_id, changes, now)
            return _confirm_page(request, host, item, form, would, now)
        with process.work() as work:
            series.update_series(work, series_id, changes, version=form.version, actor=host.actor, now=now)
        return go(_page_of(series_id), done="series_changed")
    form.place_errors(checks)
    return _edit_page(request, series_id, host, process, form, checks)


@router.get("/series/{series_id}/cancel")
def ask_cancel(request: Request, series_id: UUID, host: Changer, work: ReadDep, now: NowDep) -> Response:
    """States how many sessions end, and how many mails say so."""
    would = series.preview_cancellation(work, series_id, now)
    item = series.get_series(work, series_id)
    told = sum(step.told for step in would)
    return console_page(request, "series_cancel.html", host, item=item, would=would, told=told)


@router.post("/series/{series_id}/cancel")
def cancel(
    series_id: UUID, version: Annotated[int, Form()], host: Changer, process: ProcessDep, now: NowDep
) -> Response:
    def deed(work: Work) -> None:
        series.cancel_series(work, series_id, version=version, actor=host.actor, now=now)

    return act(process, _page_of(series_id), "series_cancelled", deed)


def rule_words(rrule: str, first: datetime) -> str:
    """How a series repeats whose first session that is, in words where it can be said simply."""
    pieces = read_pattern(rrule, first.date())
    if pieces is None:
        return rrule
    words = PATTERNS[pieces.pattern]
    if pieces.pattern is Pattern.monthly:
        nth = rrule.rpartition("BYDAY=")[2][:-2]
        words = f"Every month on the {_NTH[nth]} {first:%A}"
    if pieces.until:
        return f"{words}, until {pieces.until:%B} {pieces.until.day}, {pieces.until.year}"
    return f"{words}, {pieces.count} sessions"


def _with_clock_changes(occurrences: Sequence[Occurrence]) -> list[tuple[datetime, str]]:
    """Each start, with `forward` or `back` where the clocks have changed since the one before."""
    offsets = [item.local - item.starts_at.replace(tzinfo=None) for item in occurrences]
    changes = [after - before for before, after in pairwise(offsets)]
    said = ["forward" if change > timedelta() else "back" if change else "" for change in changes]
    return [(item.starts_at, change) for item, change in zip(occurrences, ["", *said], strict=True)]


def _is_coming(step: Step, now: datetime) -> bool:
    return step.starts_at > now


def _page_of(series_id: UUID) -> str:
    return f"{HOME}/series/{series_id}"


def _new_page(
    request: Request, slug: str, host: SignedIn, process: Process, form: SeriesForm, checks: Checks
) -> Response:
    with process.read() as work:
        webinar = webinars.get_webinar(work, slug, public_only=False).webinar
    return _form_page(request, host, form, checks, webinar=webinar, item=None)


def _edit_page(
    request: Request, series_id: UUID, host: SignedIn, process: Process, form: SeriesForm, checks: Checks
) -> Response:
    with process.read() as work:
        item = series.get_series(work, series_id)
    if checks.is_outdated:
        form.version = item.series.version
    return _form_page(request, host, form, checks, webinar=item.webinar, item=item)


def _form_page(request: Request, host: SignedIn, form: SeriesForm, checks: Checks, **facts: Any) -> Response:
    return console_page(
        request,
        "series_form.html",
        host,
        status=UNUSABLE if checks.errors else 200,
        form=form,
        errors=checks.errors,
        patterns=PATTERNS,
        usual_zones=USUAL_ZONES,
        other_zones=other_zones(),
        **facts,
    )


def _confirm_page(
    request: Request, host: SignedIn, item: SeriesItem, form: SeriesForm, would: Sequence[Step], now: datetime
) -> Response:
    """What happens to each session that is not over, and how many people are told."""
    return console_page(
        request,
        "series_edit_confirm.html",
        host,
        item=item,
        form=form,
        steps=[step for step in would if _is_coming(step, now) or step.deed is not Deed.kept],
        counts=Counter(step.deed.value for step in would if _is_coming(step, now)),
        told=sum(step.told for step in would),
    )
