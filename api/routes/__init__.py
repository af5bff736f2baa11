"""The JSON API, one noun a file."""

from __future__ import annotations

from fastapi import APIRouter

from api.routes import (
    alerts,
    attendance,
    branding,
    consents,
    follow_ups,
    imports,
    messages,
    presenters,
    questions,
    registrations,
    reminder_rules,
    reminders,
    requests,
    series,
    sessions,
    surveys,
    texts,
    topics,
    visits,
    webinars,
)

api_router = APIRouter()
for noun in (
    topics,
    alerts,
    presenters,
    webinars,
    visits,
    questions,
    sessions,
    series,
    registrations,
    consents,
    imports,
    messages,
    texts,
    reminder_rules,
    reminders,
    attendance,
    follow_ups,
    requests,
    surveys,
    branding,
):
    api_router.include_router(noun.router)
