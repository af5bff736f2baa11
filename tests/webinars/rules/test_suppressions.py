"""What reports and refusals say of an address, and what may still go there."""

from __future__ import annotations

import pytest

from webinars.rules.suppressions import (
    PURPOSES,
    Verdict,
    may_send,
    status_in,
    verdict_of_provider,
    verdict_on,
    verdict_on_refusal,
)
from webinars.terms import MessageKind, SuppressionReason


@pytest.mark.parametrize(
    ("status", "diagnostic", "verdict"),
    [
        ("5.1.1", "", Verdict.hard),
        ("5.1.10", "", Verdict.hard),
        ("5.2.1", "", Verdict.hard),
        ("5.2.2", "", Verdict.soft),
        ("5.4.4", "", Verdict.soft),
        ("4.4.7", "", Verdict.soft),
        ("4.2.2", "550 5.1.1 not asked for", Verdict.soft),
        ("5.1.8", "", Verdict.ours),
        ("5.7.1", "", Verdict.ours),
        ("5.7.26", "", Verdict.ours),
        ("5.7.515", "", Verdict.ours),
        ("5.6.0", "", Verdict.ours),
        ("5.0.0", "550 5.1.1 no such user", Verdict.hard),
        ("5.0.0", "550 5.7.26 unauthenticated", Verdict.ours),
        ("5.0.0", "550 no mailbox here", Verdict.hard),
        ("5.0.0", "554 no", Verdict.soft),
        ("5.0.0", "", Verdict.soft),
    ],
)
def test_what_a_final_status_means(status: str, diagnostic: str, verdict: Verdict) -> None:
    assert verdict_on(status, diagnostic) is verdict


@pytest.mark.parametrize(
    ("words", "at_recipient", "verdict"),
    [
        ("5.1.1 no such user", True, Verdict.hard),
        ("No such user here", True, Verdict.hard),
        ("5.4.1 Recipient address rejected: Access denied", True, Verdict.hard),
        ("5.7.515 Access denied, sending domain does not meet the required authentication level", True, Verdict.ours),
        ("5.7.26 Your email has been blocked because the sender is unauthenticated", True, Verdict.ours),
        ("5.2.2 mailbox full", True, Verdict.soft),
        ("from host 10.5.1.12: relaying denied 5.7.1", True, Verdict.ours),
        ("5.1.1 no such user", False, Verdict.hard),
        ("message looks like spam", False, Verdict.ours),
        ("5.7.1 message looks like spam", False, Verdict.ours),
    ],
)
def test_what_a_refusal_means(words: str, at_recipient: bool, verdict: Verdict) -> None:
    assert verdict_on_refusal(words, at_recipient=at_recipient) is verdict


@pytest.mark.parametrize(
    ("status", "words", "is_permanent", "verdict"),
    [
        ("5.1.1", "", True, Verdict.hard),
        ("", "smtp;550 5.1.1 unknown", True, Verdict.hard),
        ("", "", True, Verdict.hard),
        ("5.0.0", "", True, Verdict.hard),
        ("", "550 5.7.26 unauthenticated", True, Verdict.ours),
        ("5.2.2", "", True, Verdict.soft),
        ("4.4.7", "", False, Verdict.soft),
        ("", "", False, Verdict.soft),
        ("5.7.1", "", False, Verdict.ours),
        ("5.1.1", "", False, Verdict.soft),
    ],
)
def test_what_a_providers_report_means(status: str, words: str, is_permanent: bool, verdict: Verdict) -> None:
    assert verdict_of_provider(status, words, is_permanent=is_permanent) is verdict


def test_addresses_and_versions_are_no_status() -> None:
    assert status_in("from 192.5.1.1 by mx") is None
    assert status_in("client 5.1.1.7 blocked") is None
    assert status_in("550-5.1.1 The account does not exist") == "5.1.1"


def test_nothing_goes_to_an_address_that_takes_no_mail() -> None:
    assert [kind for kind in MessageKind if may_send(kind, SuppressionReason.bounced)] == []


def test_after_a_complaint_only_answers_and_changes_go_on() -> None:
    sent = {kind for kind in MessageKind if may_send(kind, SuppressionReason.complained)}
    assert {MessageKind.confirmation, MessageKind.moved, MessageKind.session_cancelled} <= sent
    assert sent.isdisjoint({*PURPOSES, MessageKind.alert, MessageKind.alert_check})
