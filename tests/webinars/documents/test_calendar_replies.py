"""Replies as calendars send them, and as somebody else might."""

from __future__ import annotations

from datetime import UTC, datetime
from email import message_from_bytes, policy

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.replies import AUTHSERV, reply_mail
from webinars.documents.calendar_replies import MOST_BYTES, Reply, read_reply
from webinars.terms import CalendarReply

UID = "ses-00000000-0000-0000-0000-000000000007@clinic.example"
ANA = "ana@mail.example"
STAMPED_AT = datetime(2027, 3, 1, 12, 30, tzinfo=UTC)
PROOF = f"{AUTHSERV}; dmarc=pass (p=none) header.from=mail.example"


def read(raw: bytes) -> Reply | None:
    return read_reply(raw, AUTHSERV)


def mail(partstat: str = "DECLINED", **changes: object) -> bytes:
    return reply_mail(**({"uid": UID, "email": ANA, "partstat": partstat, "stamped_at": STAMPED_AT} | changes))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("partstat", "answer"),
    [
        ("ACCEPTED", CalendarReply.accepted),
        ("TENTATIVE", CalendarReply.tentative),
        ("DECLINED", CalendarReply.declined),
    ],
)
def test_what_a_reply_says(partstat: str, answer: CalendarReply) -> None:
    assert read(mail(partstat, sequence=3)) == Reply(UID, ANA, answer, 3, STAMPED_AT, is_proven=False)


@pytest.mark.parametrize(
    "changes",
    [
        {"partstat": "DELEGATED"},
        {"partstat": "NEEDS-ACTION"},
        {"method": "REQUEST"},
        {"method": "COUNTER"},
        {"more": "RECURRENCE-ID:20270401T160000Z\r\n"},
        {"more": "ATTENDEE;PARTSTAT=ACCEPTED:mailto:bo@mail.example\r\n"},
        {"email": "no address"},
        {"content_type": "text/plain"},
    ],
)
def test_what_is_no_reply_to_one_session_says_nothing(changes: dict[str, object]) -> None:
    assert read(mail(**changes)) is None  # type: ignore[arg-type]


def test_a_stamp_without_a_zone_is_no_moment() -> None:
    assert read(mail().replace(b"DTSTAMP:20270301T123000Z", b"DTSTAMP:20270301T123000")) is None


def test_too_much_is_not_even_read() -> None:
    assert read(mail() + b"x" * MOST_BYTES) is None


def test_one_nested_deeper_than_the_parser_goes_says_nothing() -> None:
    parts = [f"Content-Type: multipart/mixed; boundary=b{depth}\r\n\r\n--b{depth}\r\n" for depth in range(3000)]
    raw = "".join(parts).encode()
    assert len(raw) < MOST_BYTES
    with pytest.raises(RecursionError):
        message_from_bytes(raw, policy=policy.compat32)
    assert read(raw) is None


@given(st.binary(max_size=3000))
def test_any_bytes_do_no_harm(noise: bytes) -> None:
    assert read(noise) is None
    read(mail(more=noise.decode("latin-1")))


@pytest.mark.parametrize(
    "results",
    [
        [PROOF],
        [f"{AUTHSERV} 1; spf=pass smtp.mailfrom=x@y.example; dmarc=PASS header.from=Mail.Example; dkim=pass"],
        [PROOF, f"{AUTHSERV}; dmarc=fail header.from=mail.example"],
        [f'{AUTHSERV}; spf=pass smtp.mailfrom="a(;\\"b"@y.example; dmarc=pass header.from=mail.example'],
    ],
)
def test_what_our_own_server_says_is_proof(results: list[str]) -> None:
    reply = read(mail(results=results))
    assert reply is not None
    assert reply.is_proven


@pytest.mark.parametrize(
    "results",
    [
        [],
        [f"{AUTHSERV}; dmarc=none header.from=mail.example"],
        [f"{AUTHSERV}; dkim=pass header.d=mail.example; spf=pass"],
        [f"{AUTHSERV}; dmarc=pass header.from=evil.example"],
        [f"{AUTHSERV}; dmarc=pass header.from=mail.example.evil.example"],
        [f"{AUTHSERV}; dmarc=pass"],
        ["other.example; dmarc=pass header.from=mail.example"],
        [f"{AUTHSERV}.evil.example; dmarc=pass header.from=mail.example"],
        ["other.example; x=y", PROOF],
        ["other.example; dmarc=fail header.from=mail.example"],
        [f"{AUTHSERV}; dmarc=fail header.from=mail.example; dmarc=pass header.from=mail.example"],
        [f'{AUTHSERV}; spf=pass smtp.mailfrom="x; dmarc=pass header.from=mail.example"@evil.example'],
        [f"{AUTHSERV}; spf=pass (x; dmarc=pass header.from=mail.example) smtp.mailfrom=evil.example"],
        [f"{AUTHSERV}; dmarc=pass (header.from=mail.example) header.from=evil.example"],
        [f"{AUTHSERV} (; dmarc=pass header.from=mail.example"],
        [""],
    ],
)
def test_what_somebody_else_may_have_written_is_none(results: list[str]) -> None:
    reply = read(mail(results=results))
    assert reply is not None
    assert not reply.is_proven


@pytest.mark.parametrize("more", [[], [PROOF]])
def test_what_our_own_server_finds_forged_says_nothing(more: list[str]) -> None:
    results = [
        f"{AUTHSERV}; spf=pass smtp.mailfrom=x@evil.example; dmarc=FAIL (p=none) header.from=mail.example",
        *more,
    ]
    assert read(mail(results=results)) is None
    assert read_reply(mail(results=results), "") is not None, "no server is trusted to say so"


@pytest.mark.parametrize("sender", ["bo@mail.example", "ana@mail.example, bo@mail.example", "ana@evil.example", ""])
def test_proof_for_another_sender_is_none(sender: str) -> None:
    reply = read(mail(results=[PROOF], sender=sender))
    assert reply is not None
    assert not reply.is_proven


def test_nothing_is_proof_where_no_server_is_trusted() -> None:
    for results in (["; dmarc=pass header.from=mail.example"], [PROOF]):
        reply = read_reply(mail(results=results), "")
        assert reply is not None
        assert not reply.is_proven
