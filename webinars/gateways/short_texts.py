"""Short texts (SMS, push). Providers of them differ by country and contract, so whoever runs this program brings theirs
behind one address of their own: see webinars/gateways/webhook.py."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Protocol

from webinars.clock import SystemClock

WEBHOOK = "webhook"
"""The name of the way by which texts go."""


@dataclass(frozen=True, slots=True)
class SendableText:
    """A finished text."""

    message_id: str
    """The same for every attempt, so that the receiver can drop a repeat."""
    channel: str
    to: str = field(repr=False)
    """A telephone number as the registrant gave it."""
    text: str = field(repr=False)


class TextTransport(Protocol):
    """A way for short texts to leave. Safe to use from several threads."""

    name: str

    def send(self, text: SendableText) -> str | None:
        """As MailTransport.send: the same promises, the same errors."""

    def close(self) -> None: ...

    def check(self) -> str: ...


def text_transport(url: str, secret: str, *, allows_private: bool) -> TextTransport | None:
    """The way for texts; None where no adapter is configured.

    Raises:
        CannotStart: if address or secret cannot be used.
    """
    if not url:
        return None
    from webinars.gateways.webhook import WebhookTransport  # noqa: PLC0415 - an HTTP client takes 0.1 s to load

    return WebhookTransport(url, secret, allows_private=allows_private, clock=SystemClock().now)
