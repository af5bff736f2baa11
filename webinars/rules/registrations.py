"""Who is the same person, and what a registrant may write."""

from __future__ import annotations

import re
import unicodedata

from webinars.errors import InvalidField

# A pattern, not a full check: this runs for every registration, and an address proves itself when mail reaches it.
_ADDRESS = re.compile(r"[^\s@,;:<>()\[\]\\\"]+@[^\s@,;:<>()\[\]\\\"]+\.[^\s@,;:<>()\[\]\\\".]+")
_LONGEST_ADDRESS = 254  # RFC 5321 section 4.5.3.1.3, less the angle brackets
LONGEST_NAME = 60


def clean_email(text: str) -> str:
    """An address as mail can be sent to it: trimmed, composed, the domain in lower case and in its ASCII form.

    Raises:
        InvalidField: if it cannot be an address.
    """
    trimmed = unicodedata.normalize("NFC", text.strip())
    if len(trimmed) > _LONGEST_ADDRESS or not trimmed.isprintable() or not _ADDRESS.fullmatch(trimmed):
        raise InvalidField("Enter an e-mail address in the form name@example.com.", field="email")
    local, _, domain = trimmed.rpartition("@")
    if not local.isascii():
        raise InvalidField("Enter an e-mail address whose part before the @ has plain letters only.", field="email")
    return f"{local}@{_ascii_domain(domain.lower())}"


def same_person(clean: str) -> str:
    """The form in which two addresses of one person are equal. Dots and plus-tags differ: they may be two people."""
    return clean.lower()


def clean_name(text: str) -> str:
    """A name without control and direction characters, blanks folded.

    Raises:
        InvalidField: if nothing is left of it, or it is too long.
    """
    printable = "".join(ch if unicodedata.category(ch)[0] != "C" or ch == "\u200d" else " " for ch in text)
    name = " ".join(unicodedata.normalize("NFC", printable).split())
    if not name:
        raise InvalidField("Enter your name.", field="name")
    if len(name) > LONGEST_NAME:
        raise InvalidField(f"Enter a name of at most {LONGEST_NAME} characters.", field="name")
    return name


def address_block(address: str) -> str:
    """The network an address belongs to, /24 or /64: enough to tell where an answer came from, not from whom."""
    if ":" in address:
        return ":".join(address.split(":")[:4]) + "::/64"
    parts = address.split(".")
    return ".".join(parts[:3]) + ".0/24" if len(parts) == 4 else ""


def _ascii_domain(domain: str) -> str:
    if domain.isascii():
        return domain
    try:
        return domain.encode("idna").decode("ascii")
    except UnicodeError:
        raise InvalidField("The part after the @ is not a domain.", field="email") from None
