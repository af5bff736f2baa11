"""Notifications of mail servers: what is believed, and what is not."""

from __future__ import annotations

from email import message_from_bytes, policy

import pytest

from tests.support.bounces import notification, plain_mail
from tests.webinars.documents.facts import FACTS
from webinars.documents.bounces import MOST_BYTES, BounceReport, read_bounce, return_path
from webinars.terms import LinkPurpose
from webinars.vault import Vault

DOMAIN = "bounces.clinic.example"
TOKEN = Vault("a secret of more than thirty-two characters").link_token(LinkPurpose.bounce, FACTS.registration_id, 0)
PATH = return_path(TOKEN, DOMAIN)


def test_a_return_path_is_an_address_in_small_letters_that_any_server_takes() -> None:
    local, _, domain = PATH.partition("@")
    assert (local[:2], domain) == ("b+", DOMAIN)
    assert local == local.lower()
    assert len(local) <= 64  # RFC 5321 section 4.5.3.1.1


def test_a_notification_says_what_became_of_which_mail() -> None:
    report = read_bounce(notification(PATH), DOMAIN)
    assert report == BounceReport(TOKEN, True, "5.1.1", "550 5.1.1 <ana@mail.example>: no such user")


def test_capitals_may_have_changed_on_the_way() -> None:
    report = read_bounce(notification(PATH.upper()), DOMAIN)
    assert report is not None
    assert report.token == TOKEN


@pytest.mark.parametrize("name", ["Delivered-To", "X-Original-To", "Envelope-To"])
def test_the_address_may_stand_where_the_own_server_writes_it(name: str) -> None:
    raw = f"{name}: {PATH}\r\n".encode() + notification("undisclosed-recipients:;")
    report = read_bounce(raw, DOMAIN)
    assert report is not None
    assert report.token == TOKEN


def test_a_mail_that_is_still_tried_has_not_failed() -> None:
    report = read_bounce(notification(PATH, action="delayed", status="4.4.1"), DOMAIN)
    assert report is not None
    assert (report.has_failed, report.status) == (False, "4.4.1")


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"\x00\xff\xfe",
        plain_mail(PATH),
        notification("webinars@clinic.example"),
        notification("webinars@clinic.example", returned=f"Return-Path: <{PATH}>\r\n"),
        notification(PATH.replace(DOMAIN, "elsewhere.example")),
        notification(PATH.replace("@", "x@")),
        notification("x" + PATH),
        notification(PATH, action="delivered", status="2.0.0"),
        notification(PATH, action="relayed"),
        notification(PATH, status="none"),
        notification(PATH, status="5.1.1.1"),
        notification(PATH, kind="disposition-notification"),
        notification(PATH).replace(b"Action: failed\r\n", b""),
        notification(PATH, diagnostic="smtp; " + "x" * MOST_BYTES),
        notification(PATH).replace(b"multipart/report", b"multipart/mixed"),
    ],
)
def test_anything_else_says_nothing(raw: bytes) -> None:
    assert read_bounce(raw, DOMAIN) is None


def test_a_nest_of_parts_is_read_in_no_time() -> None:
    nest = "".join(
        f'--b{depth}\r\nContent-Type: multipart/mixed; boundary="b{depth + 1}"\r\n\r\n' for depth in range(500)
    )
    raw = f'To: {PATH}\r\nContent-Type: multipart/report; boundary="b0"\r\n\r\n{nest}'.encode()
    assert read_bounce(raw, DOMAIN) is None


def test_one_nested_deeper_than_the_parser_goes_says_nothing() -> None:
    parts = [f"Content-Type: multipart/mixed; boundary=b{depth}\r\n\r\n--b{depth}\r\n" for depth in range(3000)]
    raw = f"To: {PATH}\r\n{''.join(parts)}".encode()
    assert len(raw) < MOST_BYTES
    with pytest.raises(RecursionError):
        message_from_bytes(raw, policy=policy.compat32)
    assert read_bounce(raw, DOMAIN) is None
