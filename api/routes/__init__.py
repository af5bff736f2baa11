"""The JSON API, one noun a file."""

from __future__ import annotations

from fastapi import APIRouter

from api.routes import (
    attendance,
    consents,
    follow_ups,
    imports,
    messages,
    presenters,
    questions,
    registrations,
    reminders,
    series,
    sessions,
    topics,
    visits,
    webinars,
)

api_router = APIRouter()
for noun in (
    topics,
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
    reminders,
    attendance,
    follow_ups,
):
    api_router.include_router(noun.router)
