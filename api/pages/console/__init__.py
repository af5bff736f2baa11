"""The hosts' console: pages for whoever runs webinars, behind a sign-in. They work without JavaScript."""

from __future__ import annotations

from fastapi import APIRouter

from api.pages.console import (
    agenda,
    attendance,
    branding,
    calls,
    corrections,
    embedding,
    exports,
    feeds,
    follow_ups,
    imports,
    messages,
    presenters,
    questions,
    registrations,
    reminder_rules,
    reminders,
    series,
    sessions,
    sign_in,
    surveys,
    texts,
    topics,
    webinars,
)
from api.pages.console.access import HOME, ask_to_sign_in

__all__ = ["ask_to_sign_in", "router"]

router = APIRouter(include_in_schema=False)
for noun in (
    sign_in,
    agenda,
    feeds,
    webinars,
    embedding,
    branding,
    questions,
    presenters,
    topics,
    sessions,
    series,
    registrations,
    corrections,
    imports,
    exports,
    messages,
    texts,
    reminder_rules,
    reminders,
    attendance,
    follow_ups,
    calls,
    surveys,
):
    router.include_router(noun.router, prefix=HOME)
