"""Pages for patients. They work without JavaScript, and reading one changes nothing."""

from __future__ import annotations

from fastapi import APIRouter

from api.pages.patients import (
    after,
    alerts,
    embedding,
    joining,
    my_data,
    my_registration,
    my_seat,
    my_texts,
    privacy,
    registering,
    several,
    small_files,
    unsubscribing,
    visits,
)

router = APIRouter(include_in_schema=False)
router.include_router(embedding.router)
router.include_router(embedding.script_router)
for part in (
    registering,
    several,
    my_registration,
    my_seat,
    my_data,
    my_texts,
    joining,
    after,
    privacy,
    small_files,
    unsubscribing,
    alerts,
    visits,
):
    router.include_router(part.router)
