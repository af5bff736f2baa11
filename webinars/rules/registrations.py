"""Who is the same person, and what a registrant may write."""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache
from ipaddress import IPv6Address, ip_address, ip_network

from webinars.errors import InvalidField
from webinars.phrases import Phrase

# A pattern, not a full check: this runs for every registration, and an address proves itself when mail reaches it.
_ADDRESS = re.compile(r"[^\s@,;:<>()\[\]\\\"]{1,64}@[^\s@,;:<>()\[\]\\\"]+\.[^\s@,;:<>()\[\]\\\".]+")
_DOMAIN = re.compile(r"(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z](?:[a-z0-9-]{0,61}[a-z0-9])?")
_LONGEST_ADDRESS = 254  # RFC 5321 section 4.5.3.1.3, less the angle brackets
LONGEST_NAME = 60
_BETWEEN_DIGITS = frozenset(" \t\u00a0\u202f\u2009\u200e\u202a\u202c()[].-/\u2010\u2011\u2012\u2013")
_NORTH_AMERICAN = re.compile(r"1?[2-9][0-9]{2}[2-9][0-9]{6}")
_INTERNATIONAL = re.compile(r"\+(?:1[2-9][0-9]{2}[2-9][0-9]{6}|[2-9][0-9]{6,14})")  # E.164: 15 digits at most


def clean_email(text: str) -> str:
    """An address as mail can be sent to it: trimmed, composed, the domain in lower case and in its ASCII form.

    Raises:
        InvalidField: if it cannot be an address.
    """
    trimmed = unicodedata.normalize("NFC", text.strip())
    if len(trimmed) > _LONGEST_ADDRESS or not trimmed.isprintable() or not _ADDRESS.fullmatch(trimmed):
        raise InvalidField(Phrase("Enter an e-mail address in the form name@example.com."), field="email")
    local, _, domain = trimmed.rpartition("@")
    if not local.isascii():
        words = Phrase("Enter an e-mail address whose part before the @ has plain letters only.")
        raise InvalidField(words, field="email")
    clean = f"{local}@{_ascii_domain(domain.lower())}"
    if len(clean) > _LONGEST_ADDRESS:
        raise InvalidField(Phrase("This e-mail address is too long."), field="email")
    return clean


def same_person(clean: str) -> str:
    """The form in which two addresses of one person are equal. Dots and plus-tags differ: they may be two people."""
    return clean.lower()


def clean_name(text: str) -> str:
    """A name without control and direction characters, blanks folded.

    Raises:
        InvalidField: if nothing is left of it, or it is too long.
    """
    if text.isascii() and text.isprintable():  # as most are: it is not looked at letter by letter
        printable = text
    else:
        printable = "".join(ch if unicodedata.category(ch)[0] != "C" or ch == "\u200d" else " " for ch in text)
    name = " ".join(unicodedata.normalize("NFC", printable).split())
    if not name:
        raise InvalidField(Phrase("Enter your name."), field="name")
    if len(name) > LONGEST_NAME:
        raise InvalidField(Phrase("Enter a name of at most %(most)s characters.", most=LONGEST_NAME), field="name")
    return name


def clean_phone(text: str) -> str:
    """A mobile number in its international form, however it was typed: `+13035550134`.

    A number without a country code is taken for one of North America if it can be one, as it is where most of our
    registrants live; any other has to name its country, for a text must not go to a stranger.

    Raises:
        InvalidField: if it cannot be a number, or names no country.
    """
    typed = "".join(ch for ch in unicodedata.normalize("NFKC", text) if ch not in _BETWEEN_DIGITS)
    typed = typed.replace("00", "+", 1) if typed.startswith("00") else typed
    if _NORTH_AMERICAN.fullmatch(typed):
        return f"+1{typed[-10:]}"
    if not _INTERNATIONAL.fullmatch(typed):
        words = Phrase("Enter a mobile number with its country code, such as +1 303 555 0134.")
        raise InvalidField(words, field="phone")
    return typed


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
        raise InvalidField(Phrase("The part after the @ is not a domain."), field="email")
    return ascii_domain
