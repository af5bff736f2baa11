"""Sends mails by Mailgun, as they are: POST /v3/DOMAIN/messages.mime (documentation.mailgun.com)."""

from __future__ import annotations

from urllib.parse import quote

from webinars.gateways.http import Http, Reply, trouble, words_of
from webinars.gateways.mail_errors import MailError
from webinars.gateways.sendable import BeforeDot, SendableMail, without_waiting

ENDPOINTS = {"": "https://api.mailgun.net", "eu": "https://api.eu.mailgun.net"}


class MailgunTransport:
    """A domain at Mailgun, by an API key."""

    name = "mailgun"

    def __init__(self, key: str, domain: str, endpoint: str = ENDPOINTS[""]) -> None:
        self._auth = ("api", key)
        self._url = f"{endpoint}/v3/{quote(domain, safe='')}/messages.mime"
        self._http = Http((key,))

    def send(self, mail: SendableMail, before_dot: BeforeDot = without_waiting) -> str:
        """Raises as MailTransport.send."""
        before_dot()
        reply = self._http.request(
            "POST",
            self._url,
            auth=self._auth,
            data={"to": mail.recipient, "o:tracking": "no"},
            files={"message": ("message.eml", mail.raw, "message/rfc822")},
        )
        if reply.status != 200:
            raise self._trouble(reply)
        return str(reply.facts.get("id", ""))

    def check(self) -> str:
        """A mail without anything is refused, but only to those who may send one: keys often may nothing else."""
        reply = self._http.request("POST", self._url, auth=self._auth, data={"o:testmode": "yes"})
        if reply.status != 400:
            raise self._trouble(reply)
        return "Mailgun knows the key and the domain"

    def close(self) -> None:
        self._http.close()

    def _trouble(self, reply: Reply) -> MailError:
        said = words_of(reply.facts, "message", "Error") if reply.facts else reply.text[:200] or "no reason given"
        return trouble(reply, self._http.clean(said))
