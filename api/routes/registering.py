"""Registering. These routes come first in the application, for a request is matched with one route after the other."""

from __future__ import annotations

from uuid import UUID

from fastapi import APIRouter, Request, Response
from fastapi.concurrency import run_in_threadpool

from api.answers import REPLAYED, KeyHeader, answer
from api.dependencies import (
    Bearers,
    DeskDep,
    MaybeBearerDep,
    NowDep,
    ProcessDep,
)
from api.errors import refusal_body
from api.middleware.rates import network
from api.openapi import OPTIONAL_TOKEN, refusals
from api.parameters import SessionPath, SlugPath
from api.registering import registration_request
from api.schemas.registrations import (
    ManyRegistrations,
    ManyRegistrationsCreate,
    RegistrationCreate,
    RegistrationCreated,
    RegistrationReceived,
    SessionProblem,
)
from api.shapes import registration_created, registration_received
from webinars.errors import WebinarsError
from webinars.services import sessions
from webinars.services.consents import ConsentAnswer
from webinars.services.desk import Desk
from webinars.services.idempotency import read_key
from webinars.services.registering import Registered, RegistrationRequest
from webinars.services.tokens import Bearer
from webinars.terms import Scope
from webinars.work import Process

router = APIRouter(tags=["registrations"])
_CLOSED = "Full without a waitlist, started, cancelled or not open."


# The only async route: it hands over to the desk, which folds all that wait into one transaction. It has no
# dependencies and builds its answer itself, for at this place a microsecond is a thousandth of the request.
@router.post(
    "/sessions/{session_id}/registrations",
    status_code=201,
    response_model=RegistrationCreated | RegistrationReceived,
    responses={
        200: {"description": "With a token: this person was registered before.", "model": RegistrationCreated},
        **refusals(401, 404, 422, 503, e409=_CLOSED),
    },
    openapi_extra=OPTIONAL_TOKEN,
)
async def register(
    request: Request, session_id: SessionPath, body: RegistrationCreate, idempotency_key: KeyHeader = None
) -> Response:
    """Register a person for a session.

    The public gets the same answer for somebody who is registered already: the truth goes by mail. A token of scope
    `registrations:write` gets the registration itself.
    """
    state = request.app.state
    process: Process = state.process
    bearers: Bearers = state.bearers
    # Looking a token up reads the database, which the event loop must not wait for.
    bearer = await run_in_threadpool(bearers.find, request) if "authorization" in request.headers else None
    scope = f"{bearer.token_id if bearer else 'public'}:{session_id}"
    wanted = _wanted(request, session_id, body, scope, idempotency_key, await request.body())
    answered = await state.desk.register(wanted)
    headers = REPLAYED if answered.is_replay else None
    return Response(
        _shape(process, bearer, answered).model_dump_json(),
        200 if _is_known(bearer, answered) else 201,
        headers,
        media_type="application/json",
    )


@router.post(
    "/webinars/{slug}/registrations",
    status_code=201,
    response_model=ManyRegistrations,
    responses={
        200: {"description": "Nobody was registered: see the problems.", "model": ManyRegistrations},
        **refusals(401, 404, 422, 503),
    },
    openapi_extra=OPTIONAL_TOKEN,
)
def register_for_many(
    request: Request,
    slug: SlugPath,
    body: ManyRegistrationsCreate,
    process: ProcessDep,
    desk: DeskDep,
    bearer: MaybeBearerDep,
    now: NowDep,
    idempotency_key: KeyHeader = None,
) -> Response:
    """Register a person for several sessions of a webinar, or for all that are to come.

    Each session answers for itself: one that is full stops none of the others.
    """
    with process.read() as work:  # given back before the desk is waited for, which may need the same connection
        wanted = None if body.sessions == "all" else body.sessions
        chosen = sessions.choose_sessions(work, slug, wanted, now)
    who, raw = bearer.token_id if bearer else "public", body.model_dump_json().encode()
    requests = [_wanted(request, item, body, f"{who}:{slug}:{item}", idempotency_key, raw) for item in chosen]
    outcomes = _submit(desk, requests)
    items = [
        _shape(process, bearer, outcome)
        if isinstance(outcome, Registered)
        else SessionProblem.model_construct(session_id=session_id, **refusal_body(outcome))
        for session_id, outcome in zip(chosen, outcomes, strict=True)
    ]
    answered = [outcome for outcome in outcomes if isinstance(outcome, Registered)]
    is_new = any(not _is_known(bearer, outcome) for outcome in answered)
    response = answer(ManyRegistrations.model_construct(items=items), 201 if is_new else 200)
    if answered and all(outcome.is_replay for outcome in answered):
        response.headers.update(REPLAYED)
    return response


def _wanted(
    request: Request, session_id: UUID, body: RegistrationCreate, scope: str, key: str | None, raw: bytes
) -> RegistrationRequest:
    return registration_request(
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
        idempotency=read_key(scope, key, raw),
    )


def _submit(desk: Desk, requests: list[RegistrationRequest]) -> list[Registered | WebinarsError]:
    """Queue all, then wait for each."""
    futures = [desk.submit(wanted) for wanted in requests]
    outcomes: list[Registered | WebinarsError] = []
    for future in futures:
        try:
            outcomes.append(future.result())
        except WebinarsError as refusal:
            outcomes.append(refusal)
    return outcomes


def _knows_truth(bearer: Bearer | None) -> bool:
    return bearer is not None and Scope.registrations_write in bearer.scopes


def _is_known(bearer: Bearer | None, answered: Registered) -> bool:
    """Whether to say that this person was registered before, which the public must not learn."""
    return _knows_truth(bearer) and answered.is_repeat and not answered.is_replay


def _shape(process: Process, bearer: Bearer | None, answered: Registered) -> RegistrationCreated | RegistrationReceived:
    return registration_created(process, answered) if _knows_truth(bearer) else registration_received(answered)
