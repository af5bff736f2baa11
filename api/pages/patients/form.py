"""The registration form: what was typed, what is wrong with it, and the request it becomes."""

from __future__ import annotations

import hashlib
import json
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from math import ceil
from typing import Annotated, Any
from uuid import UUID

from fastapi import Depends, Request

from api.middleware.rates import client_network
from api.pages.languages import visitor_locale
from api.pages.patients.questions import MOST_FIELDS, typed_answers
from api.pages.patients.source import kept_source
from api.pages.patients.zones import known_zone
from api.registering import registration_request
from webinars.errors import InvalidField
from webinars.phrases import Phrase
from webinars.rules.questions import Asked, read_answers
from webinars.rules.registrations import clean_email, clean_name
from webinars.services.consents import CONSENT_TEXTS, ConsentAnswer, ConsentText
from webinars.services.idempotency import read_key
from webinars.services.registering import RegistrationRequest

SHORTEST_FILL = timedelta(seconds=2)
"""Programs are quicker than people. The page's script waits this long by itself, so hardly anybody is asked again."""
LONGEST_QUESTION = 1000
AGAIN = Phrase("Please press the button once more. We check that a person is filling in this form.")
TRAP = "leave_empty"
"""A field that people do not see; programs fill it in."""
CONSENTS = tuple(text for text in CONSENT_TEXTS if text.channel == "email" and text.is_on_form)
"""Those that this form asks for: it has no field for a phone number."""
MAIL_DOMAINS = (
    "gmail.com yahoo.com hotmail.com outlook.com aol.com icloud.com comcast.net msn.com live.com me.com att.net "
    "sbcglobal.net verizon.net bellsouth.net cox.net charter.net earthlink.net ymail.com protonmail.com"
)


@dataclass(frozen=True, slots=True)
class Form:
    """What a form holds, as text. A blank one has a key of its own, so that sending it twice is sending it once."""

    name: str = ""
    email: str = ""
    seats: str = "1"
    asked: Sequence[Asked] = ()
    """What the webinar asks."""
    answers: Mapping[str, Any] = field(default_factory=dict)
    """What was typed or ticked, by question id."""
    question: str = ""
    timezone: str = ""
    consents: frozenset[str] = frozenset()
    form_key: str = ""
    opened_at: str = ""
    is_trapped: bool = False

    def is_hasty(self, now: datetime) -> bool:
        """Whether it comes back sooner than a person could have filled it in, or does not say when it was opened."""
        if not (self.opened_at.isdecimal() and len(self.opened_at) < 15):
            return True
        return now.timestamp() - int(self.opened_at) / 1000 < SHORTEST_FILL.total_seconds()

    def mistakes(self) -> dict[str, str]:
        """What has to be put right, by field, in the order of the page; in phrases, which the page says in its
        language."""
        found: dict[str, str] = {}
        for name, check, text in (("name", clean_name, self.name), ("email", clean_email, self.email)):
            try:
                check(text)
            except InvalidField as error:
                found[name] = error.detail
        found |= read_answers(self.asked, self.answers)[1]
        if len(self.question) > LONGEST_QUESTION:
            found["question"] = Phrase("Enter a question of at most %(most)s characters.", most=LONGEST_QUESTION)
        return found


def blank_form(timezone: str, asked: Sequence[Asked], now: datetime) -> Form:
    opened_at = str(int(now.timestamp() * 1000))
    return Form(timezone=timezone, asked=asked, form_key=new_key(), opened_at=opened_at)


def new_key() -> str:
    return secrets.token_urlsafe(16)


async def read_form(request: Request) -> dict[str, str]:
    """The fields of a form that was sent; files are left out."""
    data = await request.form(max_files=0, max_fields=40 + MOST_FIELDS)
    return {name: value for name, value in data.items() if isinstance(value, str)}


FieldsDep = Annotated[dict[str, str], Depends(read_form)]


def filled_form(fields: Mapping[str, str], session_timezone: str, asked: Sequence[Asked]) -> Form:
    """What was sent. A zone that does not exist is no reason to turn anybody away: then the session's counts."""
    return Form(
        name=fields.get("name", ""),
        email=fields.get("email", ""),
        seats="2" if fields.get("seats") == "2" else "1",
        asked=asked,
        answers=typed_answers(fields, asked),
        question=fields.get("question", "").replace("\r\n", "\n").strip(),
        timezone=known_zone(fields.get("timezone", "")) or session_timezone,
        consents=frozenset(consent_field(text) for text in CONSENTS if fields.get(consent_field(text))),
        form_key=fields.get("form_key", "")[:100],
        opened_at=fields.get("opened_at", ""),
        is_trapped=bool(fields.get(TRAP)),
    )


def too_many(seconds: int) -> Phrase:
    """What a form says when too many came from a network, and how long to wait."""
    if seconds <= 60:
        return Phrase("Many people from your network pressed this button just now. Wait a minute, then press it again.")
    return Phrase(
        "Many people from your network pressed this button just now. Wait %(minutes)s minutes, then press it again.",
        minutes=ceil(seconds / 60),
    )


def consent_field(text: ConsentText) -> str:
    return f"consent_{text.purpose}"


def request_of(
    form: Form, fields: Mapping[str, str], session_id: UUID, request: Request, *, asks_question: bool
) -> RegistrationRequest:
    """The request to the desk.

    The form's key counts together with what was typed: pressed twice it is one registration, but whoever goes back and
    registers somebody else is not told that the form was used.
    """
    typed = [form.name, form.email, form.seats, form.answers, form.question, form.timezone, sorted(form.consents)]
    body = json.dumps(typed).encode()
    key = f"{form.form_key}:{hashlib.sha256(body).hexdigest()}" if form.form_key else None
    return registration_request(
        session_id,
        email=form.email,
        name=form.name,
        timezone=form.timezone,
        locale=visitor_locale(request),
        seats=int(form.seats),
        phone=None,
        question=form.question if asks_question else None,
        answers=form.answers,
        consents=[
            ConsentAnswer(text.purpose, text.channel, consent_field(text) in form.consents, "form") for text in CONSENTS
        ],
        source=kept_source(fields),
        address_block=client_network(request),
        idempotency=read_key(f"form:{session_id}", key, body),
        is_limited=True,
    )
