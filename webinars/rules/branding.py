"""How a clinic shows itself: its name, colour, telephone and texts, and what of them is let in."""

from __future__ import annotations

import re
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from hashlib import sha256

from webinars.errors import InvalidField

LONGEST_NAME = 120
LONGEST_NOTICE = 500
LONGEST_PRIVACY = 10_000
MOST_LOGO_BYTES = 200 * 1024
_MOST_PIXELS = 4000
"""Of a side."""
_FLATTEST = 8
_WIDE = 2.0
_PHONE = re.compile(r"[+(]?[0-9][0-9 ()./-]*")
_LONGEST_PHONE = 40
_FEWEST_DIGITS = 5
_ENDINGS = {"image/png": "png", "image/jpeg": "jpg", "image/webp": "webp"}


@dataclass(frozen=True, slots=True)
class Logo:
    """A picture as it was uploaded."""

    content: bytes
    media_type: str
    width: int
    height: int

    @property
    def name(self) -> str:
        """Changes with the content."""
        return f"logo-{sha256(self.content).hexdigest()[:16]}.{_ENDINGS[self.media_type]}"

    @property
    def is_wide(self) -> bool:
        """Whether it is taken to hold the name: pages show it alone then, else beside the name."""
        return self.width >= self.height * _WIDE


@dataclass(frozen=True, slots=True)
class Brand:
    """How the clinic shows itself at a moment."""

    name: str
    phone: str = ""
    accent: str = ""
    """`#rrggbb`; empty: the house's own colour."""
    logo: Logo | None = None
    notices: Mapping[str, str] = field(default_factory=dict)
    """By language: the clinic's standing notice; where there is none, the usual one."""
    privacy: Mapping[str, str] = field(default_factory=dict)
    """By language, Markdown: what the clinic adds to the privacy page."""
    version: int = 0
    """0: nothing was ever saved."""

    @property
    def telephone(self) -> str:
        """The number as `tel:` links have it."""
        return re.sub(r"[^0-9+]", "", self.phone)


@dataclass(slots=True)
class KeptBrand:
    """What a process knows of the brand, and since when. Who looks holds `looking`; nobody waits for them."""

    brand: Brand | None = None
    looked_at: float = float("-inf")
    looking: threading.Lock = field(default_factory=threading.Lock)

    def keep(self, brand: Brand) -> None:
        """Never an older one: a transaction may have begun before the last change."""
        if self.brand is None or brand.version > self.brand.version:
            self.brand = brand

    def forget(self) -> None:
        """Have it looked up at the next use."""
        self.looked_at = float("-inf")


def clean_name(text: str) -> str:
    """A name on one line, without what cannot be seen; or nothing.

    Raises:
        InvalidField: if it is too long.
    """
    name = " ".join("".join(part if part.isprintable() else " " for part in text).split())
    if len(name) > LONGEST_NAME:
        raise InvalidField(f"Use at most {LONGEST_NAME} characters.", field="name")
    return name


def clean_phone(text: str) -> str:
    """A telephone number as people read it, or nothing.

    Raises:
        InvalidField: if it is none.
    """
    phone = " ".join(text.split())
    digits = sum(part.isdigit() for part in phone)
    if phone and (digits < _FEWEST_DIGITS or len(phone) > _LONGEST_PHONE or not _PHONE.fullmatch(phone)):
        raise InvalidField("Write the number with digits and blanks, such as +1 303 555 0100.", field="phone")
    return phone


def check_logo_size(width: int, height: int) -> None:
    """Raises:
    InvalidField: if a header could not show it.
    """
    if max(width, height) > _MOST_PIXELS:
        raise InvalidField(f"The picture is larger than {_MOST_PIXELS} pixels. Make it smaller.", field="logo")
    if max(width, height) > _FLATTEST * min(width, height):
        raise InvalidField(f"The picture is more than {_FLATTEST} times as long as it is high or wide.", field="logo")
