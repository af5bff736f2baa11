"""The facts of a mail that most tests start from, and ways to look at what became of them."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from email import message_from_bytes, policy
from email.message import EmailMessage
from typing import Any
from uuid import UUID

from webinars.documents.mails import Mail, MailFacts, compose_mail, message_id_for
from webinars.rules.texts import WRITABLE
from webinars.terms import AttendanceState, MessageKind, RegistrationStatus

MAIL_FROM = "webinars@clinic.example"
FACTS = MailFacts(
    kind=MessageKind.confirmation,
    status=RegistrationStatus.confirmed,
    name="Ana Núñez",
    email="ana@mail.example",
    timezone="America/New_York",
    locale="en-US",
    organization_name="Evergreen Clinics",
    organization_phone="+1 303 555 0100",
    mail_from=MAIL_FROM,
    session_id=UUID("018f0000-0000-7000-8000-000000000001"),
    starts_at=datetime(2027, 3, 19, 0, 0, tzinfo=UTC),
    ends_at=datetime(2027, 3, 19, 1, 0, tzinfo=UTC),
    session_timezone="America/Denver",
    former_starts_at=datetime(2027, 3, 12, 1, 0, tzinfo=UTC),
    former_timezone="America/Denver",
    offer_expires_at=datetime(2027, 3, 2, 12, 30, tzinfo=UTC),
    join_url="https://clinic.example/join/" + "a" * 43,
    manage_url="https://clinic.example/my/" + "b" * 43,
    change_url="https://clinic.example/my/" + "c" * 43,
    home_url="https://clinic.example/",
    registration_id=UUID("018f0000-0000-7000-8000-000000000002"),
    sequence=3,
    message_id=message_id_for("confirmation:2:0", MAIL_FROM),
    composed_at=datetime(2027, 3, 1, 12, 30, tzinfo=UTC),
    created_at=datetime(2027, 1, 5, 9, 0, tzinfo=UTC),
    had_invite=True,
    segment=AttendanceState.attended,
    lead=timedelta(hours=1),
    has_replay=True,
    packet_url="https://clinic.example/packet/1",
)

STATUS_OF = {
    MessageKind.waitlisted: RegistrationStatus.waitlisted,
    MessageKind.offered: RegistrationStatus.offered,
    MessageKind.seat_free: RegistrationStatus.waitlisted,
    MessageKind.lapsed: RegistrationStatus.lapsed,
    MessageKind.pending: RegistrationStatus.pending,
    MessageKind.declined: RegistrationStatus.declined,
    MessageKind.withdrawn: RegistrationStatus.withdrawn,
}

NASTY_NAMES = [
    'Prof. Dr. "Jö" Ärztin, MD; Klinik: Süd',
    "=?utf-8?q?x=0D=0ABcc:_e=40x?=",
    "=\x00?utf-8?b?eA0KQmNjOiBlQHg=?=",
    "Ana\r\nBcc: evil@x.example",
    "Ana\nATTENDEE:mailto:evil@x.example",
    "Ana\rDTSTART:19700101T000000Z",
    "A\x00n\x85a\u2028\u2029\x7f",
    "👩‍👩‍👧‍👦" * 40,
    "漢字" * 100,
    "\u202eanA\u2066 \u200fNúñez",
    "^n^^^'back\\slash\\N",
    "a@x.example, b@x.example",
    "\ud800 lone surrogate",
    "x" * 5000,
    '; , : \\ "',
    "\x00\u202e",
    "",
]


def composed(**changes: Any) -> Mail:
    return compose_mail(replace(FACTS, **changes))


def of_kind(kind: MessageKind, **changes: Any) -> Mail:
    return composed(**{"kind": kind, "status": STATUS_OF.get(kind, RegistrationStatus.confirmed), **changes})


def every_variant(**changes: Any) -> list[Mail]:
    variants = [
        of_kind(kind, status=status, had_invite=had_invite, **changes)
        for kind in WRITABLE
        for status in RegistrationStatus
        for had_invite in (True, False)
    ]
    for segment in (None, *AttendanceState):
        variants += [
            of_kind(MessageKind.follow_up, segment=segment, has_replay=has_replay, **changes)
            for has_replay in (True, False)
        ]
    other = datetime(2027, 3, 26, 0, 0, tzinfo=UTC)
    waiting = (MessageKind.waitlisted, MessageKind.lapsed)
    variants += [of_kind(kind, other_starts_at=other, **changes) for kind in waiting]
    variants.append(of_kind(MessageKind.withdrawn, moved_to=other, **changes))
    for minutes in (None, 0, 10, 60, 180, 1440, 4320):
        lead = None if minutes is None else timedelta(minutes=minutes)
        variants.append(of_kind(MessageKind.reminder, lead=lead, **changes))
    return variants


def parsed(mail: Mail) -> EmailMessage:
    return message_from_bytes(mail.raw, policy=policy.default)


def calendar_of(mail: Mail) -> bytes | None:
    for part in parsed(mail).walk():
        if part.get_content_type() == "text/calendar":
            content = part.get_payload(decode=True)
            assert isinstance(content, bytes)
            return content
    return None


def plain_of(mail: Mail) -> str:
    body = parsed(mail).get_body(("plain",))
    assert body is not None
    return str(body.get_content()).replace("\r\n", "\n")


def html_of(mail: Mail) -> str:
    body = parsed(mail).get_body(("html",))
    assert body is not None
    return str(body.get_content()).replace("\r\n", "\n")
