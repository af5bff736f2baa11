"""Reminders as hosts set them: for a webinar, and for one of its sessions by itself."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Form, Request
from fastapi.responses import Response
from pydantic import BaseModel

from api.dependencies import NowDep, ProcessDep, ReadDep
from api.pages.console.access import HOME, Changer
from api.pages.console.answers import act, console_page, go
from api.pages.console.forms import UNUSABLE, Checks
from api.pages.console.texts import WITH_FRAME, as_mail
from api.schemas.texts import Language
from webinars.documents.own_texts import VARIABLES
from webinars.rules.reminders import EARLIEST
from webinars.rules.texts import LONGEST_BODY
from webinars.services import previews, reminder_rules, sessions, texts, webinars
from webinars.services.hosts import SignedIn
from webinars.services.reminder_rules import LONGEST_NAME
from webinars.terms import Anchor, Audience, Channel, MessageKind
from webinars.translations import LANGUAGES
from webinars.work import Process, ReadWork, Work

router = APIRouter()
SIDES = {
    "before_start": "before the start",
    "after_start": "after the start",
    "before_end": "before the end",
    "after_end": "after the end",
}


@dataclass(frozen=True, slots=True)
class _Where:
    """Which webinar a rule is about, and the page that it is changed from."""

    slug: str
    back: str


class RuleForm(BaseModel):
    name: str = ""
    days: str = "0"
    hours: str = "0"
    minutes: str = "0"
    side: str = ""
    is_for_absent: bool = False
    channel: Channel = Channel.email
    text_en: str = ""
    text_es: str = ""
    is_enabled: bool = False
    version: int = 0

    @property
    def audience(self) -> Audience:
        return Audience.absent if self.is_for_absent else Audience.everyone

    def facts(self, checks: Checks) -> dict[str, Any]:
        before, _, anchor = self.side.partition("_")
        if self.side not in SIDES:
            checks.errors["side"] = "Choose what the time counts from."
            before, anchor = "before", "start"
        sign = -1 if before == "before" else 1
        days = checks.number("days", self.days, "Days", least=0, most=-EARLIEST.days)
        hours = checks.number("hours", self.hours, "Hours", least=0, most=23)
        minutes = checks.number("minutes", self.minutes, "Minutes", least=0, most=59)
        return {
            "name": checks.text("name", self.name, most=LONGEST_NAME),
            "anchor": Anchor(anchor),
            "offset_days": sign * days,
            "offset_minutes": sign * (hours * 60 + minutes),
            "audience": self.audience,
            "channel": self.channel,
            "texts": checks.by_language(self, "text", most=LONGEST_BODY),
            "is_enabled": self.is_enabled,
        }


@router.get("/webinars/{slug}/reminder-rules/new")
def new_rule(request: Request, slug: str, host: Changer, process: ProcessDep, work: ReadDep) -> Response:
    webinars.get_webinar(work, slug, public_only=False)
    return _form_page(request, host, process, _new(), Checks(), _of_webinar(slug))


@router.post("/webinars/{slug}/reminder-rules/new")
def create_rule(
    request: Request, slug: str, form: Annotated[RuleForm, Form()], host: Changer, process: ProcessDep, now: NowDep
) -> Response:
    where = _of_webinar(slug)
    with Checks() as checks:
        facts = form.facts(checks)
        checks.done()
        with process.work() as work:
            reminder_rules.create_rule(work, slug, facts, actor=host.actor, now=now)
            done = _done(work, slug, facts, "added")
        return go(where.back, done=done)
    return _form_page(request, host, process, form, checks, where)


@router.post("/webinars/{slug}/reminder-rules/look/{locale}")
def try_out(
    slug: str, locale: Language, form: Annotated[RuleForm, Form()], _: Changer, work: ReadDep, now: NowDep
) -> Response:
    """The mail with words that are not kept yet; empty ones are the usual ones."""
    text = {"en": form.text_en, "es": form.text_es}[locale]
    return as_mail(lambda: previews.preview_rule(work, slug, form.audience, locale, text, now))


@router.get("/sessions/{session_id}/reminder-rules/new")
def new_session_rule(request: Request, session_id: UUID, host: Changer, process: ProcessDep, work: ReadDep) -> Response:
    return _form_page(request, host, process, _new(), Checks(), _of_session(work, session_id))


@router.post("/sessions/{session_id}/reminder-rules/new")
def create_session_rule(
    request: Request,
    session_id: UUID,
    form: Annotated[RuleForm, Form()],
    host: Changer,
    process: ProcessDep,
    now: NowDep,
) -> Response:
    with process.read() as looked:
        where = _of_session(looked, session_id)
    with Checks() as checks:
        facts = form.facts(checks)
        checks.done()
        with process.work() as work:
            reminder_rules.create_session_rule(work, session_id, facts, actor=host.actor, now=now)
            done = _done(work, where.slug, facts, "added")
        return go(where.back, done=done)
    return _form_page(request, host, process, form, checks, where)


@router.post("/sessions/{session_id}/reminder-rules/follow")
def follow_webinar(session_id: UUID, host: Changer, process: ProcessDep, now: NowDep) -> Response:
    """Back to the webinar's."""

    def deed(work: Work) -> None:
        reminder_rules.follow_webinar(work, session_id, actor=host.actor, now=now)

    return act(process, _reminders_of(session_id), "saved", deed)


@router.get("/reminder-rules/{rule_id}/edit")
def edit_rule(
    request: Request, rule_id: UUID, host: Changer, process: ProcessDep, work: ReadDep, session_id: UUID | None = None
) -> Response:
    rule = reminder_rules.get_rule(work, rule_id)
    total = rule.offset_days * 24 * 60 + rule.offset_minutes
    hours, minutes = divmod(abs(rule.offset_minutes), 60)
    days = abs(rule.offset_days)
    if rule.offset_days * rule.offset_minutes < 0 or hours > 23:  # as the API may have set it: said in plain hours
        days, hours, minutes = abs(total) // (24 * 60), abs(total) % (24 * 60) // 60, abs(total) % 60
    form = RuleForm(
        name=rule.name,
        days=str(days),
        hours=str(hours),
        minutes=str(minutes),
        side=f"{'after' if total > 0 else 'before'}_{rule.anchor.value}",
        is_for_absent=rule.audience is Audience.absent,
        channel=rule.channel,
        text_en=rule.texts.get("en", ""),
        text_es=rule.texts.get("es", ""),
        is_enabled=rule.is_enabled,
        version=rule.version,
    )
    return _form_page(request, host, process, form, Checks(), _of_rule(work, rule_id, session_id), rule_id)


@router.post("/reminder-rules/{rule_id}/edit")
def update_rule(
    request: Request,
    rule_id: UUID,
    form: Annotated[RuleForm, Form()],
    host: Changer,
    process: ProcessDep,
    now: NowDep,
    session_id: UUID | None = None,
) -> Response:
    with process.read() as looked:
        where = _of_rule(looked, rule_id, session_id)
    with Checks() as checks:
        facts = form.facts(checks)
        checks.done()
        with process.work() as work:
            reminder_rules.update_rule(
                work, rule_id, facts, for_session=session_id, version=form.version, actor=host.actor, now=now
            )
            done = _done(work, where.slug, facts, "saved")
        return go(where.back, done=done)
    return _form_page(request, host, process, form, checks, where, rule_id)


@router.post("/reminder-rules/{rule_id}/delete")
def delete_rule(
    rule_id: UUID,
    version: Annotated[int, Form()],
    host: Changer,
    process: ProcessDep,
    now: NowDep,
    session_id: UUID | None = None,
) -> Response:
    with process.read() as looked:
        back = _of_rule(looked, rule_id, session_id).back

    def deed(work: Work) -> None:
        reminder_rules.delete_rule(work, rule_id, for_session=session_id, version=version, actor=host.actor, now=now)

    return act(process, back, "rule_deleted", deed)


def _new() -> RuleForm:
    return RuleForm(is_enabled=True, side="before_start")


def _of_webinar(slug: str) -> _Where:
    return _Where(slug, f"{HOME}/webinars/{slug}")


def _of_session(work: ReadWork, session_id: UUID) -> _Where:
    return _Where(sessions.get_session(work, session_id, public_only=False).webinar.slug, _reminders_of(session_id))


def _of_rule(work: ReadWork, rule_id: UUID, session_id: UUID | None) -> _Where:
    slug = reminder_rules.slug_of(work, rule_id)
    return _Where(slug, _reminders_of(session_id)) if session_id else _of_webinar(slug)


def _reminders_of(session_id: UUID) -> str:
    return f"{HOME}/sessions/{session_id}/reminders"


def _done(work: ReadWork, slug: str, facts: dict[str, Any], usual: str) -> str:
    """What to say of a rule that was saved."""
    return "text_saved_telling" if texts.named_in(work, slug, "\n".join(facts["texts"].values())) else usual


def _form_page(
    request: Request,
    host: SignedIn,
    process: Process,
    form: RuleForm,
    checks: Checks,
    where: _Where,
    rule_id: UUID | None = None,
) -> Response:
    if rule_id is not None and checks.is_outdated:
        with process.read() as work:
            form.version = reminder_rules.get_rule(work, rule_id).version
    page = console_page(
        request,
        "reminder_rule_form.html",
        host,
        status=UNUSABLE if checks.errors else 200,
        form=form,
        errors=checks.errors,
        back=where.back,
        is_new=rule_id is None,
        is_for_session="/sessions/" in where.back,
        sides=SIDES,
        channels=list(Channel),
        slug=where.slug,
        kind=MessageKind.not_there if form.is_for_absent else MessageKind.reminder,
        languages=LANGUAGES,
        variables=VARIABLES,
    )
    page.headers.update(WITH_FRAME)
    return page
