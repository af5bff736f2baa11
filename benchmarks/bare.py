"""The raw limits: servers that do as little as can be done."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID

from fastapi import FastAPI, Response

from api.schemas.registrations import RegistrationCreate, RegistrationReceived
from api.schemas.sessions import SessionPublic
from webinars.terms import RegistrationStatus, SessionStatus

app = FastAPI(openapi_url=None)
SESSION = SessionPublic(
    id=UUID(int=7 << 76 | 1 << 63),
    webinar="knee-options",
    title="Knee pain: options before surgery",
    status=SessionStatus.scheduled,
    starts_at=datetime(2026, 12, 3, 1, tzinfo=UTC),
    ends_at=datetime(2026, 12, 3, 2, tzinfo=UTC),
    starts_at_local=datetime(2026, 12, 2, 18),  # noqa: DTZ001 - wall time
    timezone="America/Denver",
    duration_minutes=60,
    capacity=1_000_000,
    seats_left=999_999,
    waitlist_open=True,
    registration_opens_at=None,
    registration_closes_at=None,
    series_id=None,
)


@app.post("/api/v1/sessions/{session_id}/registrations", status_code=201)
async def bare_post(session_id: UUID, body: RegistrationCreate) -> Response:  # noqa: ARG001 - parsed, not used
    """The same model and the same answer as a registration, and nothing between."""
    received = RegistrationReceived.model_construct(status=RegistrationStatus.confirmed, session=SESSION)
    return Response(received.model_dump_json(), 201, media_type="application/json")


_PAGE = Path("page.html")


@app.get("/page")
async def bare_page() -> Response:
    """The bytes of a page that was fetched before, from memory."""
    return Response(_cached_page(), media_type="text/html")


@app.get("/unchanged")
async def bare_unchanged() -> Response:
    """What somebody is told who has the page already."""
    return Response(status_code=304)


_kept: dict[str, bytes] = {}


def _cached_page() -> bytes:
    if "page" not in _kept:
        _kept["page"] = _PAGE.read_bytes()
    return _kept["page"]
