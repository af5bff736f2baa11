"""Who is the same person, and what a registrant may write."""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache
from ipaddress import IPv6Address, ip_address, ip_network

from webinars.errors import InvalidField

# A pattern, not a full check: this runs for every registration, and an address proves itself when mail reaches it.
_ADDRESS = re.compile(r"[^\s@,;:<>()\[\]\\\"]{1,64}@[^\s@,;:<>()\[\]\\\"]+\.[^\s@,;:<>()\[\]\\\".]+")
_DOMAIN = re.compile(r"(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z](?:[a-z0-9-]{0,61}[a-z0-9])?")
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
    clean = f"{local}@{_ascii_domain(domain.lower())}"
    if len(clean) > _LONGEST_ADDRESS:
        raise InvalidField("This e-mail address is too long.", field="email")
    return clean


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


def mask_email(clean: str) -> str:
    """`a•••@m•••.example`: enough to recognise an address one knows, not enough to write to it."""
    local, _, domain = clean.rpartition("@")
    return f"{local[:1]}•••@{domain[:1]}•••.{domain.rpartition('.')[2]}"


@lru_cache(maxsize=4096)
def address_block(address: str) -> str:
    """The network an address belongs to, /24 or /64: enough to tell where an answer came from, not from whom."""
    try:
        parsed = ip_address(address.partition("%")[0])
    except ValueError:
        return ""
    if isinstance(parsed, IPv6Address):
        parsed = parsed.ipv4_mapped or parsed
    return str(ip_network((parsed, 24 if parsed.version == 4 else 64), strict=False))


def _ascii_domain(domain: str) -> str:
    try:
        ascii_domain = domain if domain.isascii() else domain.encode("idna").decode("ascii")
    except UnicodeError:
        ascii_domain = ""
    if not _DOMAIN.fullmatch(ascii_domain):
        raise InvalidField("The part after the @ is not a domain.", field="email")
    return ascii_domain
