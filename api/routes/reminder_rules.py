"""Reminder rules: of a webinar, and of a single session."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Path, Query, Response

from api.answers import OnceDep, answer
from api.dependencies import MessagesReader, MessagesWriter, NowDep, ReadDep, SeenVersionDep, WorkDep
from api.openapi import refusals
from api.parameters import WHOLE_LIST, SessionPath, SlugPath
from api.schemas.reminder_rules import ReminderRuleCreate, ReminderRulePage, ReminderRulePublic, ReminderRuleUpdate
from api.shapes import reminder_rule_public
from webinars.services import reminder_rules
from webinars.services.reminder_rules import RuleList

router = APIRouter(tags=["reminders"])
RulePath = Annotated[UUID, Path(description="Id of the rule.", examples=["0192f0c1-7b5e-7c3a-9a43-5a7f9d2f8e71"])]
ForSessionQuery = Annotated[
    UUID | None,
    Query(
        description=(
            "Of a webinar's rule: change it for this session only. The session then has copies of all the webinar's "
            "rules as its own, and the answer is the copy."
        ),
        examples=["0192f0c1-7b5e-7c3a-9a43-5a7f9d2f8e12"],
    ),
]


@router.get("/webinars/{slug}/reminder-rules", responses=refusals(404, 422))
def list_reminder_rules(slug: SlugPath, _: MessagesReader, work: ReadDep) -> ReminderRulePage:
    """The reminders of a webinar, which hold for all its sessions without rules of their own."""
    return _page(reminder_rules.list_rules(work, slug))


@router.post(
    "/webinars/{slug}/reminder-rules", status_code=201, response_model=ReminderRulePublic, responses=refusals(404, 422)
)
def create_reminder_rule(
    slug: SlugPath, body: ReminderRuleCreate, bearer: MessagesWriter, work: WorkDep, once: OnceDep, now: NowDep
) -> Response:
    """Add a reminder. For sessions for which its moment has passed it is not sent."""

    def make() -> Response:
        rule = reminder_rules.create_rule(work, slug, body.model_dump(), actor=bearer.actor, now=now)
        return answer(reminder_rule_public(rule), 201, version=rule.version)

    return once(make)


@router.get("/sessions/{session_id}/reminder-rules", responses=refusals(404, 422))
def list_session_reminder_rules(session_id: SessionPath, _: MessagesReader, work: ReadDep) -> ReminderRulePage:
    """The reminders that hold for a session: its own if it has any, else its webinar's."""
    return _page(reminder_rules.list_session_rules(work, session_id))


@router.post(
    "/sessions/{session_id}/reminder-rules",
    status_code=201,
    response_model=ReminderRulePublic,
    responses=refusals(404, 422),
)
def create_session_reminder_rule(
    session_id: SessionPath,
    body: ReminderRuleCreate,
    bearer: MessagesWriter,
    work: WorkDep,
    once: OnceDep,
    now: NowDep,
) -> Response:
    """Add a reminder to one session. It then has copies of its webinar's rules as its own."""

    def make() -> Response:
        rule = reminder_rules.create_session_rule(work, session_id, body.model_dump(), actor=bearer.actor, now=now)
        return answer(reminder_rule_public(rule), 201, version=rule.version)

    return once(make)


@router.delete("/sessions/{session_id}/reminder-rules", status_code=204, responses=refusals(404, 422))
def delete_session_reminder_rules(session_id: SessionPath, bearer: MessagesWriter, work: WorkDep, now: NowDep) -> None:
    """Let a session go by its webinar's rules again. What its own have sent is not sent again."""
    reminder_rules.follow_webinar(work, session_id, actor=bearer.actor, now=now)


@router.patch("/reminder-rules/{rule_id}", response_model=ReminderRulePublic, responses=refusals(404, 412, 422, 428))
def update_reminder_rule(
    rule_id: RulePath,
    body: ReminderRuleUpdate,
    bearer: MessagesWriter,
    work: WorkDep,
    version: SeenVersionDep,
    now: NowDep,
    session_id: ForSessionQuery = None,
) -> Response:
    """Change a reminder. What has been sent stays sent; what has not is planned for the new time."""
    rule = reminder_rules.update_rule(
        work, rule_id, body.changes(), for_session=session_id, version=version, actor=bearer.actor, now=now
    )
    return answer(reminder_rule_public(rule), version=rule.version)


@router.delete("/reminder-rules/{rule_id}", status_code=204, responses=refusals(404, 412, 422, 428))
def delete_reminder_rule(
    rule_id: RulePath,
    bearer: MessagesWriter,
    work: WorkDep,
    version: SeenVersionDep,
    now: NowDep,
    session_id: ForSessionQuery = None,
) -> None:
    """Delete a reminder. The ledger still says what it has sent."""
    reminder_rules.delete_rule(work, rule_id, for_session=session_id, version=version, actor=bearer.actor, now=now)


def _page(found: RuleList) -> ReminderRulePage:
    return ReminderRulePage(items=[reminder_rule_public(rule) for rule in found.rules], next=None, limit=WHOLE_LIST)
