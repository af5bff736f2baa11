"""What providers report of mails they took: bounces and complaints, believed only with their signature.

Signatures are checked on the very bytes that came, in constant time, and nothing older than five minutes is taken. What
a provider calls its event comes along, so that a replay is recognised.
"""

from __future__ import annotations

import base64
import hmac
import json
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

import httpx
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.hashes import SHA1, SHA256, HashAlgorithm
from cryptography.hazmat.primitives.serialization import load_der_public_key
from cryptography.x509 import load_pem_x509_certificate

from webinars.gateways.mail_errors import anonymous

OLDEST = timedelta(minutes=5)
_MOST_EVENTS = 1000
_MOST_FETCHED = 64 * 1024
_MOST_CERTIFICATES = 16
_SNS_HOST = re.compile(r"sns\.[a-z]{2}(-[a-z]+)+-\d\.amazonaws\.com(\.cn)?")
_SIGNED_FIELDS = {
    "Notification": ("Message", "MessageId", "Subject", "Timestamp", "TopicArn", "Type"),
    "SubscriptionConfirmation": ("Message", "MessageId", "SubscribeURL", "Timestamp", "Token", "TopicArn", "Type"),
}
_SNS_HASHES: dict[str, type[HashAlgorithm]] = {"1": SHA1, "2": SHA256}

_SENDGRID_EVENTS = frozenset({"bounce", "dropped", "spamreport"})

Fetch = Callable[[str], bytes]
"""Gets an address that was checked before; anything but a good answer is an error."""


class Unproven(Exception):
    """Nothing shows that it comes from the provider, or that it was made just now."""


@dataclass(frozen=True, slots=True)
class ProviderEvent:
    """What became of one mail to one address."""

    event_id: str
    """What the provider calls the event."""
    email: str
    provider_id: str
    """What the provider called the mail when it took it; empty if it does not say."""
    is_complaint: bool
    is_permanent: bool
    """Of a bounce: whether the provider has given the address up, or only this mail."""
    status: str
    """The enhanced status code; empty if there is none."""
    words: str
    """The server's, without addresses."""


def fetch(url: str) -> bytes:
    """Get an address directly, without following where it may lead on.

    Raises:
        Unproven: if it cannot be had.
    """
    try:
        with (
            httpx.Client(timeout=5, follow_redirects=False, trust_env=False) as client,
            client.stream("GET", url) as answer,
        ):
            content = b""
            for chunk in answer.iter_bytes():
                content += chunk
                if len(content) > _MOST_FETCHED:
                    break
    except httpx.HTTPError as error:
        raise Unproven(type(error).__name__) from None
    if answer.status_code != httpx.codes.OK or len(content) > _MOST_FETCHED:
        raise Unproven(f"answered {answer.status_code}")
    return content


def postmark_events(raw: bytes, authorization: str, secret: str) -> list[ProviderEvent]:
    """Of Postmark, which signs nothing but says user and password, as they stand in the webhook's address.

    Args:
        authorization: the header of that name.
        secret: `user:password`.

    Raises:
        Unproven: if they are not ours.
    """
    expected = "Basic " + base64.b64encode(secret.encode()).decode()
    _check(hmac.compare_digest(authorization.encode(), expected.encode()))
    event = _object(_json(raw))
    kind, record = _text(event, "Type"), _text(event, "RecordType")
    if record not in {"Bounce", "SpamComplaint"}:
        return []
    is_complaint = record == "SpamComplaint" or kind == "SpamComplaint"
    if not is_complaint and kind not in {
        "HardBounce",
        "BadEmailAddress",
        "SoftBounce",
        "Blocked",
        "DnsError",
        "Unknown",
    }:
        return []
    words = _text(event, "Details") or _text(event, "Description")
    return [
        ProviderEvent(
            event_id=_text(event, "ID"),
            email=_text(event, "Email"),
            provider_id=_text(event, "MessageID"),
            is_complaint=is_complaint,
            is_permanent=kind in {"HardBounce", "BadEmailAddress"},
            status="5.7.0" if kind == "Blocked" else "",
            words=anonymous(words),
        )
    ]


def sendgrid_events(raw: bytes, headers: Mapping[str, str], public_key: str, now: datetime) -> list[ProviderEvent]:
    """Of SendGrid's Event Webhook: ECDSA over timestamp and body.

    Args:
        public_key: as SendGrid shows it: DER in base64.

    Raises:
        Unproven: if the signature is not SendGrid's or too old.
    """
    stamp = headers.get("x-twilio-email-event-webhook-timestamp", "")
    try:
        key = load_der_public_key(base64.b64decode(public_key, validate=True))
        signature = base64.b64decode(headers.get("x-twilio-email-event-webhook-signature", ""), validate=True)
        _check(isinstance(key, ec.EllipticCurvePublicKey))
        assert isinstance(key, ec.EllipticCurvePublicKey)  # noqa: S101 - looked at in the line above
        key.verify(signature, stamp.encode() + raw, ec.ECDSA(SHA256()))
    except (InvalidSignature, UnsupportedAlgorithm, ValueError):
        raise Unproven from None
    _check_age(_unix(stamp), now)
    return [_sendgrid_event(event) for event in _objects(_json(raw)) if _text(event, "event") in _SENDGRID_EVENTS]


def _sendgrid_event(event: Mapping[str, Any]) -> ProviderEvent:
    reason = _text(event, "reason")
    return ProviderEvent(
        event_id=_text(event, "sg_event_id"),
        email=_text(event, "email"),
        provider_id=_text(event, "sg_message_id").partition(".")[0],  # the rest names machines
        is_complaint=_text(event, "event") == "spamreport" or reason == "Spam Reporting Address",
        # What it did not even try is dropped: for an earlier bounce, or for a reason that is not the address's.
        is_permanent=_text(event, "type") == "bounce" or reason in {"Bounced Address", "Invalid"},
        status=_text(event, "status"),
        words=anonymous(reason),
    )


def mailgun_events(raw: bytes, key: str, now: datetime) -> list[ProviderEvent]:
    """Of Mailgun: HMAC-SHA256 over timestamp and token, which is all that it signs.

    Args:
        key: the HTTP webhook signing key.

    Raises:
        Unproven: if the signature is not Mailgun's or too old.
    """
    body = _object(_json(raw))
    signature, event = _object(body.get("signature")), _object(body.get("event-data"))
    stamp, token = _text(signature, "timestamp"), _text(signature, "token")
    expected = hmac.new(key.encode(), f"{stamp}{token}".encode(), "sha256").hexdigest()
    _check(hmac.compare_digest(_text(signature, "signature").encode(), expected.encode()))
    _check_age(_unix(stamp), now)
    kind = _text(event, "event")
    is_permanent = _text(event, "severity") == "permanent"
    if kind != "complained" and not (kind == "failed" and is_permanent):  # temporary: it is tried again
        return []
    status = _object(event.get("delivery-status"))
    headers = _object(_object(event.get("message")).get("headers"))
    message_id = _text(headers, "message-id").strip("<>")
    return [
        ProviderEvent(
            # What is signed is the token: with another id, the same one would be a replay.
            event_id=token,
            email=_text(event, "recipient"),
            provider_id=f"<{message_id}>" if message_id else "",
            is_complaint=kind == "complained",
            is_permanent=_text(event, "reason") in {"bounce", "suppress-bounce"},
            status=_text(status, "enhanced-code"),
            words=anonymous(_text(status, "message") or _text(status, "description")),
        )
    ]


class Sns:
    """Amazon's notification service, by its certificates, which are kept: one serves for about a year."""

    def __init__(self, get: Fetch = fetch) -> None:
        self._get = get
        self._certificates: dict[str, bytes] = {}

    def certificate(self, url: str) -> bytes:
        """Raises:
        Unproven: if it lies elsewhere or cannot be had.
        """
        kept = self._certificates.get(url)
        if kept is None:
            kept = self._get(_sns_address(url))
            if len(self._certificates) >= _MOST_CERTIFICATES:
                self._certificates.clear()
            self._certificates[url] = kept
        return kept

    def confirm(self, url: str) -> None:
        """Visit the address that begins a subscription.

        Raises:
            Unproven: if it lies elsewhere or does not answer.
        """
        self._get(_sns_address(url))


def ses_events(raw: bytes, topic: str, sns: Sns, now: datetime) -> list[ProviderEvent]:
    """Of SES, by SNS: RSA over the named fields, with a certificate from Amazon's own host.

    The wish to confirm a subscription to our topic is granted by a visit to its address.

    Args:
        topic: its ARN. SNS signs for everybody, so that alone says that it is ours.

    Raises:
        Unproven: if the signature is not Amazon's, too old, or for another topic.
    """
    notice = _object(_json(raw))
    kind = _text(notice, "Type")
    names = _SIGNED_FIELDS.get(kind)
    _check(names is not None and hmac.compare_digest(_text(notice, "TopicArn").encode(), topic.encode()))
    assert names is not None  # noqa: S101 - looked at in the line above
    _check_age(_moment(_text(notice, "Timestamp")), now)
    said = "".join(f"{name}\n{notice[name]}\n" for name in names if isinstance(notice.get(name), str))
    _check_sns(said.encode(), notice, sns, now)
    if kind == "SubscriptionConfirmation":
        sns.confirm(_text(notice, "SubscribeURL"))
        return []
    return list(_ses_events(_text(notice, "MessageId"), _object(_json(_text(notice, "Message").encode()))))


def _check_sns(said: bytes, notice: Mapping[str, Any], sns: Sns, now: datetime) -> None:
    hashed = _SNS_HASHES.get(_text(notice, "SignatureVersion"))
    _check(hashed is not None)
    assert hashed is not None  # noqa: S101 - looked at in the line above
    pem = sns.certificate(_text(notice, "SigningCertURL"))
    try:
        certificate = load_pem_x509_certificate(pem)
        _check(certificate.not_valid_before_utc <= now <= certificate.not_valid_after_utc)
        key = certificate.public_key()
        _check(isinstance(key, rsa.RSAPublicKey))
        assert isinstance(key, rsa.RSAPublicKey)  # noqa: S101 - looked at in the line above
        signature = base64.b64decode(_text(notice, "Signature"), validate=True)
        key.verify(signature, said, padding.PKCS1v15(), hashed())
    except (InvalidSignature, UnsupportedAlgorithm, ValueError):
        raise Unproven from None


def _sns_address(url: str) -> str:
    """An address of SNS itself: whoever may name another one signs for themselves, or has us visit inner places."""
    try:
        parts = urlsplit(url)
        is_plain = parts.port is None and parts.username is None and parts.password is None
    except ValueError:
        raise Unproven from None
    _check(parts.scheme == "https" and is_plain and _SNS_HOST.fullmatch(parts.netloc) is not None)
    return url


def _ses_events(notice_id: str, message: Mapping[str, Any]) -> Iterator[ProviderEvent]:
    kind = _text(message, "notificationType") or _text(message, "eventType")
    is_complaint = kind == "Complaint"
    if kind not in {"Bounce", "Complaint"}:
        return
    about = _object(message.get("complaint" if is_complaint else "bounce"))
    people = _objects(about.get("complainedRecipients" if is_complaint else "bouncedRecipients"))
    provider_id = _text(_object(message.get("mail")), "messageId")
    for number, person in enumerate(people):
        yield ProviderEvent(
            event_id=f"{notice_id}:{number}",
            email=_text(person, "emailAddress"),
            provider_id=provider_id,
            is_complaint=is_complaint,
            is_permanent=_text(about, "bounceType") == "Permanent",
            status=_text(person, "status"),
            words=anonymous(_text(person, "diagnosticCode")),
        )


def _check(is_right: bool) -> None:
    if not is_right:
        raise Unproven


def _check_age(made_at: datetime | None, now: datetime) -> None:
    _check(made_at is not None and abs(now - made_at) <= OLDEST)


def _unix(text: str) -> datetime | None:
    return datetime.fromtimestamp(int(text), UTC) if text.isascii() and text.isdecimal() and len(text) < 12 else None


def _moment(text: str) -> datetime | None:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    return moment if moment.tzinfo else None


def _json(raw: bytes) -> Any:
    try:
        return json.loads(raw)
    except (ValueError, RecursionError):
        raise Unproven from None


def _object(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}


def _objects(value: Any) -> list[Mapping[str, Any]]:
    given = value[:_MOST_EVENTS] if isinstance(value, list) else []
    return [item for item in given if isinstance(item, dict)]


def _text(facts: Mapping[str, Any], name: str) -> str:
    value = facts.get(name)
    return str(value) if isinstance(value, (str, int)) and not isinstance(value, bool) else ""
