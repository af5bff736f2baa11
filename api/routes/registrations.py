"""Registering, and what tokens do with registrations."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Header, Request, Response

from api.dependencies import Bearers
from api.middleware.rates import network
from api.registering import registration_request
from api.schemas.base import Problem
from api.schemas.registrations import RegistrationCreate, RegistrationCreated, RegistrationReceived
from api.shapes import session_public
from webinars.services.consents import ConsentAnswer
from webinars.services.idempotency import read_key
from webinars.services.links import link
from webinars.services.registrations import Registered
from webinars.services.tokens import Bearer
from webinars.terms import LinkPurpose, Scope
from webinars.work import Process

router = APIRouter(tags=["registrations"])


@router.post(
    "/sessions/{session_id}/registrations",
    status_code=201,
    response_model=RegistrationCreated | RegistrationReceived,
    responses={
        200: {"description": "With a token: this person was registered before.", "model": RegistrationCreated},
        404: {"description": "There is no such session.", "model": Problem},
        409: {"description": "Full without a waitlist, started, cancelled or not open.", "model": Problem},
        422: {"description": "A value is not usable.", "model": Problem},
        503: {"description": "Too many at once: try again.", "model": Problem},
    },
)
async def register(
    request: Request,
    session_id: UUID,
    body: RegistrationCreate,
    idempotency_key: Annotated[str | None, Header(alias="Idempotency-Key", max_length=200)] = None,
) -> Response:
    """Register a person for a session.

    The only async route: it hands over to the desk, which folds all that wait into one transaction. It has no
    dependencies and builds its answer itself, for at this place a microsecond is a thousandth of the request.
    """
    state = request.app.state
    process: Process = state.process
    bearers: Bearers = state.bearers
    bearer = bearers.find(request)
    scope = f"{bearer.token_id if bearer else 'public'}:{session_id}"
    wanted = registration_request(
        session_id,
        email=body.email,
        name=body.name,
        timezone=body.timezone,
        locale=body.locale,
        seats=body.seats,
        phone=body.phone,
        question=body.question,
        consents=[ConsentAnswer(item.purpose, item.channel, item.granted, "api") for item in body.consents],
        source=dict(body.source.items()),
        address_block=network(request.client.host if request.client else None),
        idempotency=read_key(scope, idempotency_key, await request.body()),
    )
    answered = await state.desk.register(wanted)
    return _answer(process, bearer, answered)


def _answer(process: Process, bearer: Bearer | None, answered: Registered) -> Response:
    """With a token the truth; for the public the same words whether they were registered before or not."""
    headers = {"Idempotency-Replayed": "true"} if answered.is_replay else {}
    session = session_public(answered.scheduled)
    if bearer is None or Scope.registrations_write not in bearer.scopes:
        received = RegistrationReceived.model_construct(status=answered.public_status, session=session)
        return Response(received.model_dump_json(), 201, headers, media_type="application/json")
    registration = answered.registration
    created = RegistrationCreated.model_construct(
        id=registration.id,
        status=registration.status,
        session=session,
        manage_url=link(process.settings, process.vault, LinkPurpose.manage, registration),
        join_url=link(process.settings, process.vault, LinkPurpose.enter, registration),
    )
    status = 200 if answered.is_repeat and not answered.is_replay else 201
    return Response(created.model_dump_json(), status, headers, media_type="application/json")
