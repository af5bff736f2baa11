"""Registering. These routes come first in the application, for a request is matched with one route after the other."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from fastapi import APIRouter, Request, Response
from fastapi.concurrency import run_in_threadpool
from pydantic import ValidationError

from api.answers import REPLAYED, KeyHeader, OnceDep, answer
from api.dependencies import (
    Bearers,
    DeskDep,
    MaybeBearerDep,
    NowDep,
    ProcessDep,
    RegistrationsWriter,
    WorkDep,
)
from api.errors import invalid_body, refusal_body
from api.hot_route import HotRoute
from api.middleware.rates import client_network
from api.openapi import OPTIONAL_TOKEN, refusals
from api.parameters import SessionPath, SlugPath
from api.registering import kept_source, registration_request, submit_together
from api.schemas.imports import ItemProblem, RegistrationBatch, RegistrationBatchResult
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
from webinars.services import registering, sessions
from webinars.services.consents import ConsentAnswer
from webinars.services.idempotency import read_key
from webinars.services.registering import Outcome, Registered, RegistrationRequest
from webinars.services.tokens import Bearer
from webinars.terms import Scope
from webinars.work import Process

hot_router = APIRouter(tags=["registrations"], route_class=HotRoute)
router = APIRouter(tags=["registrations"])
_CLOSED = "Full without a waitlist, started, cancelled or not open."


class PublicAnswers:
    """The last public answer as bytes: all who register in one batch for a session are told the same."""

    def __init__(self) -> None:
        self._last: Registered | None = None
        self._said = b""

    def bytes_of(self, answered: Registered) -> bytes:
        last = self._last
        is_same = last is not None and last.scheduled is answered.scheduled
        if last is None or not is_same or last.public_status is not answered.public_status:
            self._last, self._said = answered, registration_received(answered).model_dump_json().encode()
        return self._said


# The only async route: it hands over to the desk, which folds all that wait into one transaction. It has no
# dependencies, for at this place a microsecond is a thousandth of the request.
@hot_router.post(
    "/sessions/{session_id}/registrations",
    status_code=201,
    response_model=RegistrationCreated | RegistrationReceived,
    responses={
        200: {"description": "With a token: this person was registered before.", "model": RegistrationCreated},
        **refusals(401, 404, 422, 429, 503, e409=_CLOSED),
    },
    openapi_extra=OPTIONAL_TOKEN,
)
async def register(
    request: Request, session_id: SessionPath, body: RegistrationCreate, idempotency_key: KeyHeader = None
) -> Response:
    """Register a person for a session.

    The public gets the same answer for somebody who is registered already: the truth goes by mail. A token of scope
    `registrations:write` gets the registration itself. Without a token, one network and one address may register so
    often in a minute and in an hour.
    """
    state = request.app.state
    process: Process = state.process
    bearers: Bearers = state.bearers
    # Looking a token up reads the database, which the event loop must not wait for.
    bearer = await run_in_threadpool(bearers.find, request) if "authorization" in request.headers else None
    scope = f"{bearer.token_id if bearer else 'public'}:{session_id}"
    raw = await request.body()
    wanted = _wanted(request, session_id, body, scope, idempotency_key, raw, bearer=bearer)
    answered = await state.desk.register(wanted)
    headers = REPLAYED if answered.is_replay else None
    if not _knows_truth(bearer):
        return Response(state.public_answers.bytes_of(answered), 201, headers, media_type="application/json")
    return Response(
        registration_created(process, answered).model_dump_json(),
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
        **refusals(401, 404, 422, 429, 503),
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

    Each session answers for itself: one that is full stops none of the others. Together they count as one try.
    """
    with process.read() as work:  # given back before the desk is waited for, which may need the same connection
        wanted = None if body.sessions == "all" else body.sessions
        chosen = sessions.choose_sessions(work, slug, wanted, now)
    who, raw = bearer.token_id if bearer else "public", body.model_dump_json().encode()
    requests = [
        _wanted(request, item, body, f"{who}:{slug}:{item}", idempotency_key, raw, bearer=bearer) for item in chosen
    ]
    outcomes = submit_together(desk, requests)
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


@router.post(
    "/sessions/{session_id}/registrations/batch", response_model=RegistrationBatchResult, responses=refusals(404, 422)
)
def register_batch(
    request: Request,
    session_id: SessionPath,
    body: RegistrationBatch,
    bearer: RegistrationsWriter,
    process: ProcessDep,
    work: WorkDep,
    once: OnceDep,
    now: NowDep,
) -> Response:
    """Register up to 500 people for a session, in the order of their arrival.

    Each answers for itself, as if it had been sent alone: one that is not usable stops none of the others.
    """

    def make() -> Response:
        sessions.get_session(work, session_id)
        read = [_read(request, session_id, item, bearer) for item in body.items]
        outcomes = iter(
            registering.register(work, [item for item in read if isinstance(item, RegistrationRequest)], now)
        )
        said = [next(outcomes) if isinstance(item, RegistrationRequest) else item for item in read]
        items = [_shape_item(process, index, item) for index, item in enumerate(said)]
        return answer(RegistrationBatchResult.model_construct(items=items))

    return once(make)


def _read(
    request: Request, session_id: UUID, item: dict[str, Any], bearer: Bearer
) -> RegistrationRequest | dict[str, Any]:
    """What an item of a batch asks for, or the problem with it."""
    try:
        return _wanted(request, session_id, RegistrationCreate.model_validate(item), "", None, b"", bearer=bearer)
    except ValidationError as error:
        return invalid_body([(".".join(map(str, wrong["loc"])), wrong["msg"]) for wrong in error.errors()])
    except WebinarsError as refusal:
        return refusal_body(refusal)


def _shape_item(process: Process, index: int, said: Outcome | dict[str, Any]) -> RegistrationCreated | ItemProblem:
    if isinstance(said, Registered):
        return registration_created(process, said)
    return ItemProblem(index=index, **(refusal_body(said) if isinstance(said, WebinarsError) else said))


def _wanted(
    request: Request,
    session_id: UUID,
    body: RegistrationCreate,
    scope: str,
    key: str | None,
    raw: bytes,
    *,
    bearer: Bearer | None,
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
        answers={str(question_id): value for question_id, value in body.answers.items()},
        consents=[ConsentAnswer(item.purpose, item.channel, item.granted, "api") for item in body.consents],
        source=kept_source(body.source),
        address_block=client_network(request),
        idempotency=read_key(scope, key, raw),
        is_limited=bearer is None,
        knows_truth=_knows_truth(bearer),
    )


def _knows_truth(bearer: Bearer | None) -> bool:
    return bearer is not None and Scope.registrations_write in bearer.scopes


def _is_known(bearer: Bearer | None, answered: Registered) -> bool:
    """Whether to say that this person was registered before, which the public must not learn."""
    return _knows_truth(bearer) and answered.is_repeat


def _shape(process: Process, bearer: Bearer | None, answered: Registered) -> RegistrationCreated | RegistrationReceived:
    return registration_created(process, answered) if _knows_truth(bearer) else registration_received(answered)
