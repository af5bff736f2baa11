"""The JSON API, one noun a file."""

from __future__ import annotations

from fastapi import APIRouter

from api.routes import (
    attendance,
    follow_ups,
    messages,
    presenters,
    registrations,
    reminders,
    sessions,
    topics,
    webinars,
)

api_router = APIRouter()
for noun in (topics, presenters, webinars, sessions, registrations, messages, reminders, attendance, follow_ups):
    api_router.include_router(noun.router)
