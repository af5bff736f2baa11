"""Pages for patients. They work without JavaScript, and reading one changes nothing."""

from __future__ import annotations

from fastapi import APIRouter

from api.pages.patients import joining, listing, my_registration, my_seat, registering, several, small_files, visits

router = APIRouter(include_in_schema=False)
for part in (listing, registering, several, my_registration, my_seat, joining, small_files, visits):
    router.include_router(part.router)
