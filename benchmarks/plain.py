"""Registering as it is commonly written: one transaction for each request, in SQLAlchemy Core, in a `def` route.

It stores what the product stores for the same request, and decides less: no time, no waitlist, no second request of the
same person, no retry.
"""

from __future__ import annotations

from datetime import UTC, datetime
from functools import cache
from uuid import UUID

import sqlalchemy as sa
from fastapi import FastAPI, HTTPException, Response

from api.schemas.registrations import RegistrationCreate, RegistrationReceived
from benchmarks.bare import SESSION
from webinars.rules.messages import deadline, priority
from webinars.rules.registrations import clean_email, clean_name, same_person
from webinars.settings import load_settings
from webinars.tables import Message, Registration, WebinarSession
from webinars.tables.base import core
from webinars.terms import Channel, MessageKind, MessageState, RegistrationStatus, new_id
from webinars.work import Process

app = FastAPI(openapi_url=None)
_sessions, _registrations, _messages = core(WebinarSession), core(Registration), core(Message)
_KIND = MessageKind.confirmation


@cache
def _process() -> Process:
    return Process(load_settings())


@app.post("/api/v1/sessions/{session_id}/registrations", status_code=201)
def register(session_id: UUID, body: RegistrationCreate) -> Response:
    process, now = _process(), datetime.now(UTC)
    email, name = clean_email(body.email), clean_name(body.name)
    index = process.vault.index("email", same_person(email))
    is_this = _sessions.c.id == session_id
    with process.engines.write.begin() as connection:
        session = connection.execute(sa.select(_sessions).where(is_this).with_for_update(key_share=True)).one()
        known = sa.select(_registrations.c.id).where(
            _registrations.c.session_id == session_id, _registrations.c.email_index == index
        )
        if connection.execute(known).first() or session.seats_taken + body.seats > session.capacity:
            raise HTTPException(409)
        registration_id = new_id(now)
        useful_until = deadline(_KIND, now, session.starts_at, session.ends_at)
        connection.execute(
            sa.insert(_registrations).values(
                id=registration_id,
                session_id=session_id,
                status=RegistrationStatus.confirmed,
                email=process.vault.seal("registrations.email", registration_id, email),
                email_index=index,
                name=process.vault.seal("registrations.name", registration_id, name),
                timezone=body.timezone,
                locale=body.locale,
                seats=body.seats,
                source={},
                revision=0,
                link_version=0,
                has_invite=True,
                created_at=now,
                confirmed_at=now,
                updated_at=now,
            )
        )
        connection.execute(
            sa.insert(_messages).values(
                id=new_id(now),
                dedupe_key=f"{_KIND}:{registration_id.hex}:0",
                kind=_KIND,
                channel=Channel.email,
                registration_id=registration_id,
                session_id=session_id,
                schedule_version=session.schedule_version,
                sequence=session.schedule_version,
                facts={},
                priority=priority(_KIND, now, useful_until),
                state=MessageState.planned,
                due_at=now,
                next_attempt_at=now,
                deadline_at=useful_until,
                attempts=0,
                created_at=now,
            )
        )
        connection.execute(sa.update(_sessions).where(is_this).values(seats_taken=_sessions.c.seats_taken + body.seats))
    received = RegistrationReceived.model_construct(status=RegistrationStatus.confirmed, session=SESSION)
    return Response(received.model_dump_json(), 201, media_type="application/json")
