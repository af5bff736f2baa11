"""What a mail that came back says of its address (RFC 3463), and what may still be sent there."""

from __future__ import annotations

import re
from datetime import timedelta
from enum import StrEnum

from webinars.terms import MessageKind, SuppressionReason

STRIKES = 3
STRIKES_WITHIN = timedelta(days=14)
"""So many mails that could not be delivered for now, within this time, say that the address does not take mail."""

PURPOSES = {
    MessageKind.reminder: "reminders",
    MessageKind.not_there: "reminders",
    MessageKind.follow_up: "follow_ups",
}
"""What a registrant can do without, with the purpose under which they say so."""
_AFTER_COMPLAINT = frozenset(MessageKind) - {*PURPOSES, MessageKind.alert_check, MessageKind.alert}
"""Answers to what somebody did and changes to what they hold: of these they must hear."""

_STATUS = re.compile(r"(?<![\d.])([245])\.(\d{1,3})\.(\d{1,3})(?![\d.])")
_ABOUT_THE_SENDER = frozenset({"5.1.7", "5.1.8"})
_OUR_SUBJECTS = frozenset({"5", "6", "7"})
"""Protocol, content and policy (RFC 3463 section 3): what 5.7.26 and 5.7.515 refuse is how we send, not to whom."""
_FULL = frozenset({"5.2.2", "5.2.3"})
_ADDRESS_CODES = frozenset({550, 551, 553})
"""Replies that are about the address where no status says more (RFC 5321 section 4.2.3)."""


class Verdict(StrEnum):
    """What a report means."""

    hard = "hard"
    """The address takes no mail."""
    soft = "soft"
    """This one did not arrive; another one may."""
    ours = "ours"
    """Refused for the way we send: the address has nothing to do with it."""
    delayed = "delayed"
    """Whoever has the mail still tries."""
    complaint = "complaint"
    """Somebody there called it unwanted."""


def status_in(words: str) -> str | None:
    """The first enhanced status code in a server's words, such as `5.1.1`."""
    found = _STATUS.search(words)
    return found[0] if found else None


def verdict_on(status: str, diagnostic: str = "") -> Verdict:
    """What the final status of a mail means for its address.

    Args:
        status: class, subject and detail. `x.0.0` says nothing: then the words of the server that refused count.
        diagnostic: these words, which may begin with a reply code.
    """
    if status.endswith(".0.0"):
        said = status_in(diagnostic)
        if said is None or said.endswith(".0.0"):
            code = re.search(r"\b5\d\d\b", diagnostic)
            return Verdict.hard if code and int(code[0]) in _ADDRESS_CODES else Verdict.soft
        status = said
    group, subject, _ = status.split(".")
    if group != "5":
        return Verdict.soft
    if status in _ABOUT_THE_SENDER or subject in _OUR_SUBJECTS:
        return Verdict.ours
    return Verdict.hard if subject == "1" or status == "5.2.1" else Verdict.soft


def verdict_on_refusal(words: str, *, at_recipient: bool) -> Verdict:
    """What a 5xx of the server that we hand mail to means for the address.

    Args:
        words: of the reply.
        at_recipient: whether it answered to the recipient, not to the whole mail: then it is about the address unless
            it says otherwise.
    """
    status = status_in(words)
    if status is None or not status.startswith("5"):
        return Verdict.hard if at_recipient else Verdict.ours
    verdict = verdict_on(status)
    if verdict is Verdict.soft and at_recipient and status not in _FULL:
        return Verdict.hard
    return verdict


def verdict_of_provider(status: str, words: str, *, is_permanent: bool) -> Verdict:
    """What a provider's report of a bounce means for the address.

    Args:
        status: the enhanced status code, if it gives one.
        words: of the server that refused, which may hold it.
        is_permanent: whether the provider has given the address up.
    """
    said = status_in(status) or status_in(words) or ""
    if is_permanent:
        return verdict_on_refusal(said, at_recipient=True)
    return Verdict.ours if said and verdict_on(said) is Verdict.ours else Verdict.soft


def may_send(kind: MessageKind, reason: SuppressionReason) -> bool:
    """Whether a message may still go to an address with such a mark."""
    return reason is SuppressionReason.complained and kind in _AFTER_COMPLAINT
