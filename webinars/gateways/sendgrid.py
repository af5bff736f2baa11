"""Sends mails by SendGrid: POST /v3/mail/send (twilio.com/docs/sendgrid/api-reference/mail-send)."""

from __future__ import annotations

from base64 import b64encode
from typing import Any

from webinars.gateways.http import Http, Reply, trouble
from webinars.gateways.mail_errors import MailError
from webinars.gateways.parts import Mailbox, Parts, parts_of
from webinars.gateways.sendable import BeforeDot, SendableMail, without_waiting

ENDPOINTS = {"": "https://api.sendgrid.com", "eu": "https://api.eu.sendgrid.com"}


class SendGridTransport:
    """A SendGrid account, by an API key."""

    name = "sendgrid"

    def __init__(self, key: str, endpoint: str = ENDPOINTS[""]) -> None:
        self._key = key
        self._endpoint = endpoint
        self._http = Http((key,))

    def send(self, mail: SendableMail, before_dot: BeforeDot = without_waiting) -> str:
        """Raises as MailTransport.send."""
        fields = _fields(parts_of(mail), mail.message_id)
        before_dot()
        reply = self._request("POST", "/v3/mail/send", json=fields)
        if reply.status != 202:
            raise self._trouble(reply)
        return str(reply.headers.get("x-message-id", ""))

    def check(self) -> str:
        reply = self._request("GET", "/v3/scopes")
        if reply.status != 200:
            raise self._trouble(reply)
        return "SendGrid knows the key"

    def close(self) -> None:
        self._http.close()

    def _request(self, method: str, path: str, **options: Any) -> Reply:
        return self._http.request(
            method, self._endpoint + path, headers={"Authorization": f"Bearer {self._key}"}, **options
        )

    def _trouble(self, reply: Reply) -> MailError:
        errors = reply.facts.get("errors")
        said = [error.get("message") for error in errors if isinstance(error, dict)] if isinstance(errors, list) else []
        words = "; ".join(str(message) for message in said) or "no reason given"
        return trouble(reply, self._http.clean(words))


def _fields(parts: Parts, message_id: str) -> dict[str, Any]:
    content = [{"type": "text/plain", "value": parts.text}, {"type": "text/html", "value": parts.html}]
    fields: dict[str, Any] = {
        "personalizations": [{"to": [_mailbox(parts.recipient)]}],
        "from": _mailbox(parts.sender),
        "subject": parts.subject,
        "content": content,
        "headers": parts.headers,
        "custom_args": {"message_id": message_id},  # comes back in its reports
        "tracking_settings": {
            "click_tracking": {"enable": False, "enable_text": False},
            "open_tracking": {"enable": False},
        },
    }
    if parts.reply_to:
        fields["reply_to"] = _mailbox(parts.reply_to)
    if parts.calendar:
        content.append({"type": f"text/calendar; method={parts.calendar_method}", "value": parts.calendar.decode()})
        fields["attachments"] = [
            {
                "content": b64encode(parts.calendar).decode(),
                "type": "application/ics",
                "filename": "invite.ics",
                "disposition": "attachment",
            }
        ]
    return fields


def _mailbox(mailbox: Mailbox) -> dict[str, str]:
    return {"email": mailbox.address, "name": mailbox.name} if mailbox.name else {"email": mailbox.address}
