"""Pages for patients. They work without JavaScript, and reading one changes nothing."""

from __future__ import annotations

from fastapi import APIRouter

from api.pages.patients import joining, listing, my_registration, registering, small_files

router = APIRouter(include_in_schema=False)
for part in (listing, registering, my_registration, joining, small_files):
    router.include_router(part.router)
