"""What all HTTP providers share: one client, timeouts, and which failure means that nothing was sent.

Up to the last byte of the request a message was surely not taken. After it, without an answer, nobody knows.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any

import httpx

from webinars.gateways.mail_errors import (
    ConnectionBroke,
    MailDeferred,
    MailError,
    MailRefused,
    MailTransportDown,
    MailUnconfirmed,
)

TIMEOUT = httpx.Timeout(connect=5.0, write=15.0, read=30.0, pool=5.0)
"""Together below what is left of a lease when a message is begun (services/delivery.py)."""
_MOST_READ = 64 * 1024
_MOST_CONNECTIONS = 32
_NOT_BEGUN = (
    httpx.ConnectError,
    httpx.ConnectTimeout,
    httpx.LocalProtocolError,
    httpx.PoolTimeout,
    httpx.ProxyError,
    httpx.UnsupportedProtocol,
)


@dataclass(frozen=True, slots=True)
class Reply:
    """What a provider answered."""

    status: int
    headers: httpx.Headers
    text: str

    @property
    def facts(self) -> dict[str, Any]:
        """The JSON object in it, empty if there is none."""
        try:
            given = json.loads(self.text)
        except ValueError:
            return {}
        return given if isinstance(given, dict) else {}

    def retry_after(self, now: datetime | None) -> float | None:
        """Seconds that the server asks to be left alone (RFC 9110 section 10.2.3).

        Args:
            now: what a date is compared with; by default the server's own Date.
        """
        said = self.headers.get("retry-after", "").strip()
        if said.isascii() and said.isdigit():
            return float(said[:9])
        at, date = _moment(said), now or _moment(self.headers.get("date", ""))
        return max(math.ceil((at - date).total_seconds()), 0.0) if at and date else None


class Http:
    """A client for one provider. Safe to use from several threads."""

    def __init__(self, secrets: tuple[str, ...] = (), *, is_direct: bool = False) -> None:
        """
        Args:
            secrets: what is taken out of everything the provider says, should it repeat it.
            is_direct: never through a proxy that the environment names.
        """
        self._secrets = [secret for secret in secrets if secret]
        self._client = httpx.Client(
            timeout=TIMEOUT,
            follow_redirects=False,
            trust_env=not is_direct,
            limits=httpx.Limits(max_connections=_MOST_CONNECTIONS),
        )

    def request(self, method: str, url: str, **options: Any) -> Reply:
        """Send a request and read the answer, whatever its status.

        Raises:
            MailTransportDown: nobody answers there: surely nothing was sent.
            ConnectionBroke: sending took too long: surely nothing was taken.
            MailUnconfirmed: no answer came: perhaps it was taken.
        """
        try:
            with self._client.stream(method, url, **options) as response:
                return Reply(response.status_code, response.headers, self._read(response))
        except _NOT_BEGUN as error:
            raise MailTransportDown(self.clean(f"cannot connect: {error}")) from None
        except (httpx.WriteError, httpx.WriteTimeout) as error:
            raise ConnectionBroke(self.clean(f"the connection broke: {type(error).__name__}")) from None
        except httpx.TransportError as error:
            raise MailUnconfirmed(self.clean(f"no answer to the request: {type(error).__name__}")) from None

    def clean(self, words: str) -> str:
        """`words` without our secrets."""
        for secret in self._secrets:
            words = words.replace(secret, "(secret)")
        return words

    def close(self) -> None:
        """Ends all connections for good."""
        self._client.close()

    def _read(self, response: httpx.Response) -> str:
        """As much as can be of use; an answer that breaks off has its status all the same."""
        read = b""
        try:
            for chunk in response.iter_bytes():
                read += chunk
                if len(read) > _MOST_READ:
                    break
        except (httpx.TransportError, httpx.DecodingError):
            pass
        return read[:_MOST_READ].decode(errors="replace")


def trouble(reply: Reply, words: str) -> MailError:
    """What a status means where a provider gives it no other meaning."""
    status, wish = reply.status, reply.retry_after(None)
    if status < 300:  # not the answer that its documentation knows, but no refusal either
        return MailUnconfirmed(words, status)
    if status in {408, 425}:
        return MailDeferred(words, status, wish)
    if status == 504:  # whoever stands before the provider passed the request on and got no answer
        return MailUnconfirmed(words, status, wish)
    if status in {401, 402, 403, 404, 405, 407, 410, 429, 502, 503} or 300 <= status < 400:
        return MailTransportDown(words, status, wish)  # whose account or address is wrong, for all alike
    if status >= 500:
        return MailDeferred(words, status, wish)
    return MailRefused(words, status)


def words_of(facts: Mapping[str, Any], *names: str) -> str:
    """The first of these that the provider gave as text."""
    for name in names:
        if isinstance(facts.get(name), str) and facts[name]:
            return str(facts[name])
    return "no reason given"


def _moment(text: str) -> datetime | None:
    try:
        moment = parsedate_to_datetime(text)
    except ValueError:
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
