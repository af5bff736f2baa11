"""The JSON API, one noun a file."""

from __future__ import annotations

from fastapi import APIRouter

from api.routes import registrations

api_router = APIRouter()
for noun in (registrations,):
    api_router.include_router(noun.router)
