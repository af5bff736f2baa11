"""What registrants agree to, after they have registered."""

from __future__ import annotations

from fastapi import APIRouter, Request, Response

from api.answers import OnceDep, answer
from api.dependencies import NowDep, RegistrationsWriter, WorkDep
from api.middleware.rates import client_network
from api.openapi import refusals
from api.parameters import RegistrationPath
from api.schemas.consents import ConsentList, ConsentsCreate
from api.shapes import consent_public
from webinars.services import consents
from webinars.services.consents import ConsentAnswer

router = APIRouter(tags=["registrations"])


@router.post(
    "/registrations/{registration_id}/consents",
    status_code=201,
    response_model=ConsentList,
    responses=refusals(404, 409, 422),
)
def answer_consents(
    request: Request,
    registration_id: RegistrationPath,
    body: ConsentsCreate,
    bearer: RegistrationsWriter,
    work: WorkDep,
    once: OnceDep,
    now: NowDep,
) -> Response:
    """Note that a registrant agrees to something, or takes it back. Earlier answers stay: each is a row of its own."""

    def make() -> Response:
        kept = consents.answer(
            work,
            registration_id,
            [ConsentAnswer(item.purpose, item.channel, item.granted, "api") for item in body.consents],
            address_block=client_network(request),
            actor=bearer.actor,
            now=now,
        )
        return answer(ConsentList(items=[consent_public(row) for row in kept]), 201)

    return once(make)
