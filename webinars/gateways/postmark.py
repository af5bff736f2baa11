"""Sends mails by Postmark: POST /email (postmarkapp.com/developer/api/email-api).

It takes a calendar file as an attachment only; that its type says METHOD is what makes it an invite.
"""

from __future__ import annotations

from base64 import b64encode
from typing import Any

from webinars.gateways.http import Http, Reply, trouble, words_of
from webinars.gateways.mail_errors import (
    MailDeferred,
    MailError,
    MailRefused,
    MailTransportDown,
    MailUnconfirmed,
    RecipientRefused,
)
from webinars.gateways.parts import Parts, parts_of
from webinars.gateways.sendable import BeforeDot, SendableMail, without_waiting

ENDPOINT = "https://api.postmarkapp.com"
_ACCOUNT_IS_WRONG = frozenset({10, 100, 400, 401, 405, 412, 413})
"""Error codes that meet every mail: token, maintenance, sender not confirmed, no credits, account not approved."""
_INACTIVE = 406
"""The address came back before, or somebody there complained: Postmark sends nothing to it."""


class PostmarkTransport:
    """A Postmark server, by its token."""

    name = "postmark"

    def __init__(self, token: str, endpoint: str = ENDPOINT) -> None:
        self._token = token
        self._endpoint = endpoint
        self._http = Http((token,))

    def send(self, mail: SendableMail, before_dot: BeforeDot = without_waiting) -> str:
        """Raises as MailTransport.send."""
        fields = _fields(parts_of(mail))
        before_dot()
        reply = self._request("POST", "/email", json=fields)
        if reply.status == 200 and reply.facts.get("ErrorCode") == 0:
            return str(reply.facts.get("MessageID", ""))
        raise self._trouble(reply)

    def check(self) -> str:
        reply = self._request("GET", "/server")
        if reply.status != 200:
            raise self._trouble(reply)
        return "Postmark knows the token"

    def close(self) -> None:
        self._http.close()

    def _request(self, method: str, path: str, **options: Any) -> Reply:
        headers = {"X-Postmark-Server-Token": self._token, "Accept": "application/json"}
        return self._http.request(method, self._endpoint + path, headers=headers, **options)

    def _trouble(self, reply: Reply) -> MailError:
        code, words = reply.facts.get("ErrorCode"), self._http.clean(words_of(reply.facts, "Message"))
        if reply.status not in {200, 422}:
            return trouble(reply, words)
        if code is None:  # the answer broke off: of a 200 it was taken, of a 422 it is not known who is to blame
            return (MailUnconfirmed if reply.status == 200 else MailDeferred)("the answer broke off", reply.status)
        if code in _ACCOUNT_IS_WRONG:
            return MailTransportDown(words, reply.status)
        return RecipientRefused(words, reply.status) if code == _INACTIVE else MailRefused(words, reply.status)


def _fields(parts: Parts) -> dict[str, Any]:
    fields: dict[str, Any] = {
        "From": parts.sender.printed,
        "To": parts.recipient.address,
        "Subject": parts.subject,
        "TextBody": parts.text,
        "HtmlBody": parts.html,
        # Without it the Message-ID is replaced, and a repeat is not recognised as one.
        "Headers": [{"Name": name, "Value": value} for name, value in parts.headers.items()]
        + [{"Name": "X-PM-KeepID", "Value": "true"}],
        "TrackOpens": False,
        "TrackLinks": "None",
        "MessageStream": "outbound",
    }
    if parts.reply_to:
        fields["ReplyTo"] = parts.reply_to.printed
    if parts.calendar:
        fields["Attachments"] = [
            {
                "Name": "invite.ics",
                "Content": b64encode(parts.calendar).decode(),
                "ContentType": f"text/calendar; charset=utf-8; method={parts.calendar_method}",
            }
        ]
    return fields
