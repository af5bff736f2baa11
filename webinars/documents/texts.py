"""Makes strings that people typed safe to print in a header, a calendar line or a greeting.

Everything here removes rather than refuses: a hostile name must cost its owner the odd character, never the mail.
"""

from __future__ import annotations

import re
from functools import lru_cache
from urllib.parse import urlsplit

from email_validator import EmailNotValidError, validate_email

LONGEST_NAME = 60
LONGEST_TITLE = 120

_BIDI = "\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069"
_INVISIBLE = "\u00ad\u200b\u2060\ufeff\ufff9-\ufffb"  # the joiners U+200C and U+200D stay: names and emoji need them
_PRIVATE = "\ue000-\uf8ff"  # means nothing to any reader, and marks places for us (documents/printing.py)
_UNUSABLE = re.compile(rf"[\x00-\x08\x0e-\x1f\x7f-\x84\x86-\x9f\ud800-\udfff{_PRIVATE}{_BIDI}{_INVISIBLE}]")
_LINE_ENDS = re.compile(r"\r\n|[\r\v\f\x85\u2028\u2029]")
_NOT_IN_A_PARAMETER = re.compile(r'[";:,\\^]')
_ASCII_ADDRESS = re.compile(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~.-]{1,64}@[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)*")
_IN_A_WEB_ADDRESS = re.compile(r"[!#-;=?-\[\]_a-z~%]+")
_LOOKS_LIKE_A_LINK = re.compile(r"://|www\.|@|\w\.\w{2,}", re.IGNORECASE)


def printable(text: str) -> str:
    """`text` without control, bidirectional and invisible characters; every kind of line end becomes a line feed."""
    if text.isascii() and text.isprintable():  # which most texts are, and nothing below would change
        return text
    return _UNUSABLE.sub("", _LINE_ENDS.sub("\n", text))


def one_line(text: str, longest: int = LONGEST_TITLE) -> str:
    """`text` fit for a header: one line, single spaces, at most `longest` characters, and no encoded-word in it.

    `=?` is broken up because Python before 3.11.10 decodes it inside a value and prints the line ends it finds there
    (CVE-2024-6923); a reader's mail program may do no better.
    """
    return " ".join(printable(text).split())[:longest].strip().replace("=?", "= ?")


def person_name(name: str) -> str:
    """A registrant's or sender's name for a header: `one_line` of at most 60 characters."""
    return one_line(name, LONGEST_NAME)


def greeting_name(name: str) -> str:
    """The name to greet by, or nothing where it looks like an address.

    Anybody can register anybody's address: a name such as `Win at http://x.example` would turn our mail into theirs.
    """
    clean = person_name(name)
    return "" if _LOOKS_LIKE_A_LINK.search(clean) else clean


def calendar_name(name: str) -> str:
    """A name for the parameter CN. RFC 6868 could quote `" ; : , \\ ^`, but most readers do not decode that."""
    return " ".join(_NOT_IN_A_PARAMETER.sub(" ", person_name(name)).split())


def calendar_text(text: str) -> str:
    """A text for SUMMARY or DESCRIPTION; its line feeds stay.

    A backslash becomes a slash, since icalendar takes `\\N` for a line break and readers differ over `\\\\n`.
    """
    return printable(text).replace("\t", " ").replace("\\", "/").strip()


def mail_address(address: str) -> str:
    """`address` in ASCII, its domain as in the DNS.

    Raises:
        ValueError: if it is not one plain address, or if its local part needs more than ASCII.
    """
    if len(address) <= 254 and _ASCII_ADDRESS.fullmatch(address):
        return address
    try:
        ascii_address = validate_email(address, check_deliverability=False).ascii_email
    except EmailNotValidError:
        ascii_address = None
    if ascii_address is None or not _ASCII_ADDRESS.fullmatch(ascii_address):
        raise ValueError("not an e-mail address that mail can be sent to")
    return ascii_address


def domain_of(address: str) -> str:
    """The domain of an e-mail address."""
    return address.rpartition("@")[2]


def web_address(url: str) -> str:
    """`url` as it is.

    Raises:
        ValueError: unless it is an absolute http(s) URL in printable ASCII, for it is printed into links and headers.
    """
    if not _IN_A_WEB_ADDRESS.fullmatch(url) or not _is_of_the_web("/".join(url.split("/", 3)[:3])):
        raise ValueError("not a web address that can be printed in a mail")
    return url


@lru_cache(maxsize=64)  # links differ behind the host, and most are our own
def _is_of_the_web(beginning: str) -> bool:
    """Whether a URL that begins so, up to its path, names a host on the web."""
    parts = urlsplit(beginning)
    return parts.scheme in {"http", "https"} and bool(parts.netloc)
