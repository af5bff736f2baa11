"""What hosts may write about what is offered."""

from __future__ import annotations

import re
from collections.abc import Iterable
from urllib.parse import urlsplit

from webinars.errors import InvalidField

LONGEST_SLUG = 80
_SLUG = re.compile(r"[a-z0-9]+(?:-[a-z0-9]+)*")
_PRINTABLE_LINK = re.compile(r"[!#-;=?-\[\]_a-z~]+")
_SHORTEST_TELLING = 4
_BODY_WORDS = """
ankle ankles arthritis arthroscopy bursitis cartilage elbow elbows fasciitis fracture fractures hip hips knee knees
ligament meniscus osteoarthritis orthopaedic orthopaedics orthopedic orthopedics pain painful rotator sciatica
shoulder shoulders spine sprain surgery tendinitis tendon tendonitis wrist wrists
artritis artroscopia artrosis articulación articulaciones cadera caderas cartílago ciática cirugía codo codos
columna cuello desgarro dolor dolores duele espalda esguince fascitis fractura fracturas hombro hombros hueso huesos
lesión lesiones ligamento lumbar mano manos menisco muñeca muñecas ortopedia osteoartritis pie pies rodilla rodillas
tendón tobillo tobillos
"""
_ALWAYS_TELLING = frozenset(_BODY_WORDS.split())
"""In either language, whatever topics there are. Words that have other uses, such as back, tell only as a topic."""


def clean_slug(text: str, field: str = "slug") -> str:
    """A short name as it stands in addresses.

    Raises:
        InvalidField: unless it is lower-case letters and digits, words joined by hyphens.
    """
    slug = text.strip()
    if len(slug) > LONGEST_SLUG or not _SLUG.fullmatch(slug):
        raise InvalidField(
            f"Use lower-case letters, digits and single hyphens, at most {LONGEST_SLUG}: knee-options.", field=field
        )
    return slug


def clean_link(text: str, field: str) -> str:
    """An address that a page may link to, or nothing.

    Raises:
        InvalidField: unless it is empty, or https in the plain letters that mails can hold.
    """
    link = text.strip()
    if link and not https_host(link):
        raise InvalidField("The address must begin with https://.", field=field)
    if link and not _PRINTABLE_LINK.fullmatch(link):
        raise InvalidField("Copy the address from the address bar of a browser: it has no blanks there.", field=field)
    return link


def https_host(link: str) -> str:
    """The host that an address leads to; empty unless it is https and names nobody to sign in as."""
    try:
        parts = urlsplit(link)
    except ValueError:
        return ""
    is_plain = parts.scheme == "https" and not parts.username and not parts.password
    return (parts.hostname or "") if is_plain else ""


def telling_words(title: str, topics: Iterable[str]) -> list[str]:
    """Words of a title that name an area or a condition: such a title must not stand on a lock screen."""
    telling = _ALWAYS_TELLING | {word for name in topics for word in _words(name) if len(word) >= _SHORTEST_TELLING}
    return [word for word in _words(title) if word in telling]


def _words(text: str) -> list[str]:
    return re.findall(r"[^\W\d_]+", text.lower())
