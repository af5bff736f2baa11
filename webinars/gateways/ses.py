"""Sends mails by Amazon SES, as they are: SendEmail of its API version 2 with raw content.

It replaces Message-ID and Date, so the id it answers with is what its reports are matched by.
"""

from __future__ import annotations

import json
from base64 import b64encode
from collections.abc import Callable
from datetime import datetime
from urllib.parse import urlsplit

from webinars.gateways.http import Http, Reply, trouble, words_of
from webinars.gateways.mail_errors import MailDeferred, MailError, MailRefused, MailTransportDown
from webinars.gateways.sendable import BeforeDot, SendableMail, without_waiting
from webinars.gateways.sigv4 import AwsKey, signed_headers

_SEND = "/v2/email/outbound-emails"
_ACCOUNT = "/v2/email/account"
_ACCOUNT_IS_WRONG = frozenset(
    {
        "AccountSuspendedException",
        "LimitExceededException",
        "MailFromDomainNotVerifiedException",
        "SendingPausedException",
        "ThrottlingException",
    }
)
"""400 as well, but about the account: every mail would meet it."""


class SesTransport:
    """SES in one region, by an access key that may `ses:SendEmail` and `ses:SendRawEmail`."""

    name = "ses"

    def __init__(
        self, key_id: str, secret: str, region: str, *, clock: Callable[[], datetime], endpoint: str = ""
    ) -> None:
        """
        Args:
            clock: the present moment, which a signature holds for some minutes around.
        """
        self._key = AwsKey(key_id, secret, region, "ses")
        self._clock = clock
        self._endpoint = endpoint or f"https://email.{region}.amazonaws.com"
        self._http = Http((secret,))

    def send(self, mail: SendableMail, before_dot: BeforeDot = without_waiting) -> str:
        """Raises as MailTransport.send."""
        fields = {
            "FromEmailAddress": mail.sender,
            "Destination": {"ToAddresses": [mail.recipient]},
            "Content": {"Raw": {"Data": b64encode(mail.raw).decode()}},
        }
        before_dot()
        reply = self._request("POST", _SEND, json.dumps(fields).encode())
        if reply.status != 200:
            raise self._trouble(reply)
        return str(reply.facts.get("MessageId", ""))

    def check(self) -> str:
        reply = self._request("GET", _ACCOUNT, b"")
        if reply.status == 403 and _kind(reply) == "AccessDeniedException":
            return "SES knows the key, which may not look at the account"
        if reply.status != 200:
            raise self._trouble(reply)
        if not reply.facts.get("SendingEnabled", True):
            raise MailTransportDown("SES has stopped sending for this account")
        return f"SES in {self._key.region} knows the key"

    def close(self) -> None:
        self._http.close()

    def _request(self, method: str, path: str, body: bytes) -> Reply:
        host = urlsplit(self._endpoint).netloc
        headers = signed_headers(
            self._key, method, host, path, body, self._clock(), {"content-type": "application/json"}
        )
        return self._http.request(method, self._endpoint + path, content=body, headers=headers)

    def _trouble(self, reply: Reply) -> MailError:
        kind, words = _kind(reply), self._http.clean(words_of(reply.facts, "message", "Message"))
        words = f"{kind}: {words}" if kind else words
        wish = reply.retry_after(None)
        if reply.status == 400 and kind in _ACCOUNT_IS_WRONG:
            return MailTransportDown(words, reply.status, wish)
        if reply.status == 409:  # ConcurrentModificationException
            return MailDeferred(words, reply.status, wish)
        if reply.status == 400:
            return MailRefused(words, reply.status)
        return trouble(reply, words)


def _kind(reply: Reply) -> str:
    """`MessageRejected` and the like; after a colon AWS may name the service."""
    return str(reply.headers.get("x-amzn-errortype") or reply.facts.get("__type") or "").split(":")[0].split("#")[-1]
