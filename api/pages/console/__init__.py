"""The hosts' console: pages for whoever runs webinars, behind a sign-in. They work without JavaScript."""

from __future__ import annotations

from fastapi import APIRouter

from api.pages.console import (
    agenda,
    attendance,
    follow_ups,
    messages,
    presenters,
    registrations,
    reminders,
    sessions,
    sign_in,
    topics,
    webinars,
)
from api.pages.console.access import HOME, ask_to_sign_in

__all__ = ["ask_to_sign_in", "router"]

router = APIRouter(include_in_schema=False)
for noun in (
    sign_in,
    agenda,
    webinars,
    presenters,
    topics,
    sessions,
    registrations,
    messages,
    reminders,
    attendance,
    follow_ups,
):
    router.include_router(noun.router, prefix=HOME)
