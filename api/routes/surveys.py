"""What registrants thought of a session."""

from __future__ import annotations

from fastapi import APIRouter

from api.dependencies import AnswersWorkDep, AttendanceReader, NowDep
from api.openapi import refusals
from api.parameters import SessionPath
from api.schemas.surveys import SurveyPublic
from api.shapes import survey_public
from webinars.services import surveys
from webinars.terms import Scope
from webinars.work import Work

router = APIRouter(tags=["surveys"])


@router.get("/sessions/{session_id}/survey", responses=refusals(404, 422))
def get_survey(session_id: SessionPath, bearer: AttendanceReader, work: AnswersWorkDep, now: NowDep) -> SurveyPublic:
    """How registrants answered the survey; with the scope `health:read` also what they wrote."""
    results = surveys.results(work, session_id)
    comments = None
    if Scope.health_read in bearer.scopes and isinstance(work, Work):
        comments = surveys.read_comments(work, session_id, actor=bearer.actor, now=now)
    return survey_public(results, comments)
