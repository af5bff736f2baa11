"""What mail servers and providers send back about our mails, made and signed as they do it."""

from __future__ import annotations

import base64
import hmac
import json
from datetime import UTC, datetime, timedelta
from email.message import EmailMessage
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.hashes import SHA1, SHA256
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from cryptography.x509.oid import NameOID

TOPIC = "arn:aws:sns:us-east-1:123456789012:mail-reports"
CERTIFICATE_URL = "https://sns.us-east-1.amazonaws.com/SimpleNotificationService-1.pem"
_SNS_FIELDS = ("Message", "MessageId", "Subject", "SubscribeURL", "Timestamp", "Token", "TopicArn", "Type")


def notification(
    to: str,
    *,
    action: str = "failed",
    status: str = "5.1.1",
    diagnostic: str = "smtp; 550 5.1.1 <ana@mail.example>: no such user",
    returned: str = "Message-ID: <x@clinic.example>\r\n",
    kind: str = "delivery-status",
) -> bytes:
    """A delivery status notification as Postfix writes it (RFC 3464)."""
    return (
        f"Return-Path: <>\r\nFrom: MAILER-DAEMON@mx.example (Mail Delivery System)\r\nTo: {to}\r\n"
        "Subject: Undelivered Mail Returned to Sender\r\nAuto-Submitted: auto-replied\r\nMIME-Version: 1.0\r\n"
        f'Content-Type: multipart/report; report-type={kind}; boundary="B"\r\n\r\n'
        "--B\r\nContent-Type: text/plain; charset=us-ascii\r\n\r\nI'm sorry to have to inform you.\r\n\r\n"
        f"--B\r\nContent-Type: message/{kind}\r\n\r\nReporting-MTA: dns; mx.example\r\nArrival-Date: now\r\n\r\n"
        f"Final-Recipient: rfc822; ana@mail.example\r\nAction: {action}\r\nStatus: {status}\r\n"
        f"Diagnostic-Code: {diagnostic}\r\n\r\n"
        f"--B\r\nContent-Type: text/rfc822-headers\r\n\r\n{returned}\r\n--B--\r\n"
    ).encode()


def plain_mail(to: str) -> bytes:
    """A mail that is no notification, whatever its words say."""
    mail = EmailMessage()
    mail["From"], mail["To"], mail["Subject"] = "stranger@mail.example", to, "Undelivered Mail"
    mail.set_content("Action: failed\nStatus: 5.1.1\n")
    return mail.as_bytes()


class SendGridKey:
    """The pair of keys that SendGrid signs with."""

    def __init__(self) -> None:
        self._key = ec.generate_private_key(ec.SECP256R1())

    @property
    def public(self) -> str:
        der = self._key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
        return base64.b64encode(der).decode()

    def headers(self, raw: bytes, at: datetime) -> dict[str, str]:
        stamp = str(int(at.timestamp()))
        signature = self._key.sign(stamp.encode() + raw, ec.ECDSA(SHA256()))
        return {
            "x-twilio-email-event-webhook-signature": base64.b64encode(signature).decode(),
            "x-twilio-email-event-webhook-timestamp": stamp,
        }


def mailgun_body(key: str, at: datetime, *, token: str = "t" * 50, **event: Any) -> bytes:
    """A Mailgun webhook with its signature inside."""
    stamp = str(int(at.timestamp()))
    signature = hmac.new(key.encode(), f"{stamp}{token}".encode(), "sha256").hexdigest()
    body = {"signature": {"timestamp": stamp, "token": token, "signature": signature}, "event-data": event}
    return json.dumps(body).encode()


class SnsKey:
    """A pair of keys with a certificate, as SNS has them."""

    def __init__(self, *, valid_from: datetime | None = None) -> None:
        self._key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        begins = valid_from or datetime(2020, 1, 1, tzinfo=UTC)
        name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "sns.amazonaws.com")])
        self.certificate = (
            x509.CertificateBuilder()
            .subject_name(name)
            .issuer_name(name)
            .public_key(self._key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(begins)
            .not_valid_after(begins + timedelta(days=20 * 365))
            .sign(self._key, SHA256())
            .public_bytes(Encoding.PEM)
        )

    def notice(self, at: datetime, message: Any, *, version: str = "1", **fields: str) -> dict[str, str]:
        """A signed notice; `fields` stand in it from the beginning and are signed, too."""
        notice = {
            "Type": "Notification",
            "MessageId": "22b80b92-fdea-4c2c-8f9d-bdfb0c7bf324",
            "TopicArn": TOPIC,
            "Message": message if isinstance(message, str) else json.dumps(message),
            "Timestamp": at.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
            "SignatureVersion": version,
            "SigningCertURL": CERTIFICATE_URL,
        } | fields
        said = "".join(f"{name}\n{notice[name]}\n" for name in _SNS_FIELDS if name in notice)
        hashed = SHA1() if version == "1" else SHA256()  # noqa: S303 - what SNS does
        signature = self._key.sign(said.encode(), padding.PKCS1v15(), hashed)
        return notice | {"Signature": base64.b64encode(signature).decode()}


def ses_bounce(email: str, *, provider_id: str = "", kind: str = "Permanent", status: str = "5.1.1") -> dict[str, Any]:
    return {
        "notificationType": "Bounce",
        "bounce": {
            "bounceType": kind,
            "bouncedRecipients": [{"emailAddress": email, "action": "failed", "status": status}],
        },
        "mail": {"messageId": provider_id},
    }


def ses_complaint(email: str, *, provider_id: str = "") -> dict[str, Any]:
    return {
        "notificationType": "Complaint",
        "complaint": {"complainedRecipients": [{"emailAddress": email}]},
        "mail": {"messageId": provider_id},
    }
