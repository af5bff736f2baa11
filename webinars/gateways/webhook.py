"""Hands short texts to the operator's own adapter: one signed request each (standardwebhooks.com)."""

from __future__ import annotations

import hmac
import ipaddress
import json
import socket
from base64 import b64decode, b64encode
from collections.abc import Callable
from dataclasses import asdict
from datetime import datetime
from hashlib import sha256
from urllib.parse import urlsplit, urlunsplit

from webinars.errors import CannotStart
from webinars.gateways.http import Http, Reply, trouble, words_of
from webinars.gateways.mail_errors import MailTransportDown
from webinars.gateways.short_texts import WEBHOOK, SendableText

_SHORTEST_SECRET, _LONGEST_SECRET = 24, 64
_TRANSLATED = ipaddress.ip_network("64:ff9b::/96")
"""IPv6 addresses that stand for IPv4 ones (RFC 6052)."""

Address = ipaddress.IPv4Address | ipaddress.IPv6Address


class WebhookTransport:
    """The operator's adapter. Whatever it answers with 2xx it has taken responsibility for."""

    name = WEBHOOK

    def __init__(self, url: str, secret: str, *, allows_private: bool, clock: Callable[[], datetime]) -> None:
        """
        Args:
            url: of the adapter; it may hold a key of its own.
            secret: `whsec_` and at least 24 bytes in base64.
            allows_private: whether it may be on this machine or in its network.

        Raises:
            CannotStart: if address or secret cannot be used. It repeats neither.
        """
        self._parts = urlsplit(url)
        if self._parts.scheme not in {"http", "https"} or not self._parts.hostname or self._parts.username:
            raise CannotStart("MESSAGE_WEBHOOK_URL: write it as https://host/path.")
        try:
            self._port = self._parts.port or (443 if self._parts.scheme == "https" else 80)
        except ValueError:
            raise CannotStart("MESSAGE_WEBHOOK_URL: the port must be a number from 1 to 65535.") from None
        self._key = signing_key(secret)
        self._allows_private = allows_private
        self._clock = clock
        # The environment's proxy would look the name up itself, and then be led wherever the answer points.
        self._http = Http((secret, url, self._parts.path.strip("/"), self._parts.query), is_direct=True)

    def send(self, text: SendableText) -> str | None:
        """Raises as MailTransport.send."""
        body = json.dumps(asdict(text), ensure_ascii=False).encode()
        reply = self._post(body, signed_headers(self._key, text.message_id, body, self._clock()))
        if not 200 <= reply.status < 300:
            words = words_of(reply.facts, "detail", "message", "error")
            raise trouble(reply, self._http.clean(words.replace(text.to, "(number)")))
        given = reply.facts.get("id")
        return str(given) if given else None

    def check(self) -> str:
        """Looks the address up, but sends nothing: a text to nobody is not a thing all adapters know."""
        self._addresses()
        return f"texts go to {self._parts.hostname}"

    def close(self) -> None:
        self._http.close()

    def _post(self, body: bytes, headers: dict[str, str]) -> Reply:
        """To the very address that was looked at: a name that is looked up again may lead elsewhere."""
        addresses = self._addresses()
        named = headers | {"host": self._parts.netloc, "content-type": "application/json"}
        for number, address in enumerate(addresses):
            host = f"[{address}]" if address.version == 6 else str(address)
            url = urlunsplit(self._parts._replace(netloc=f"{host}:{self._port}", fragment=""))
            try:
                return self._http.request(
                    "POST", url, content=body, headers=named, extensions={"sni_hostname": self._parts.hostname}
                )
            except MailTransportDown:
                if number + 1 == len(addresses):
                    raise
        raise AssertionError("there is always an address")

    def _addresses(self) -> list[Address]:
        try:
            found = socket.getaddrinfo(self._parts.hostname, self._port, type=socket.SOCK_STREAM)
        except OSError as error:
            raise MailTransportDown(f"the adapter's name cannot be looked up: {error.strerror}") from None
        addresses = [ipaddress.ip_address(str(entry[4][0]).partition("%")[0]) for entry in found]
        if not self._allows_private and not all(is_public(address) for address in addresses):
            raise MailTransportDown("the adapter's address is not a public one: see MESSAGE_WEBHOOK_PRIVATE")
        return list(dict.fromkeys(addresses))


def signing_key(secret: str) -> bytes:
    """The key in a secret as Standard Webhooks writes it.

    Raises:
        CannotStart: if it is none.
    """
    try:
        key = b64decode(secret.removeprefix("whsec_"), validate=True)
    except ValueError:
        key = b""
    if not _SHORTEST_SECRET <= len(key) <= _LONGEST_SECRET:
        raise CannotStart(
            "MESSAGE_WEBHOOK_SECRET: write it as whsec_ and 24 to 64 random bytes in base64; make one with "
            "`openssl rand -base64 32`."
        )
    return key


def signed_headers(key: bytes, message_id: str, body: bytes, now: datetime) -> dict[str, str]:
    """The headers by which the receiver knows whom a request is from, and that it is neither old nor changed."""
    timestamp = str(int(now.timestamp()))
    mac = hmac.digest(key, f"{message_id}.{timestamp}.".encode() + body, sha256)
    return {
        "webhook-id": message_id,
        "webhook-timestamp": timestamp,
        "webhook-signature": f"v1,{b64encode(mac).decode()}",
    }


def is_public(address: Address) -> bool:
    """Whether an address is one of the open internet, and stands for no other that is not."""
    if isinstance(address, ipaddress.IPv6Address):
        inner = address.ipv4_mapped or address.sixtofour
        if address in _TRANSLATED:
            inner = ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
        if inner is not None:
            return is_public(inner)
    return address.is_global and not address.is_multicast
