"""Which words a message is made of, and what hosts may write in them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import NamedTuple
from uuid import UUID

from webinars.errors import InvalidField
from webinars.rules.catalogue import telling_words
from webinars.terms import MessageKind

LONGEST_SUBJECT = 100
LONGEST_BODY = 4000
WRITABLE = tuple(kind for kind in MessageKind if kind not in {MessageKind.alert_check, MessageKind.alert})
"""Kinds that hosts may word: those about a registration."""


class OwnWords(NamedTuple):
    """A host's subject and body; where one is empty, the usual one is used."""

    subject: str
    body: str


Key = tuple[UUID | None, MessageKind, str]
"""Of a webinar or of all (None), for a kind, in a language."""
NO_WORDS = OwnWords("", "")


def words_for(known: Mapping[Key, OwnWords], webinar_id: UUID, kind: MessageKind, language: str) -> OwnWords:
    """The words of the webinar, else of all webinars, else none: then the usual ones are used.

    The language comes first: somebody who reads Spanish gets the usual Spanish words rather than a host's English ones.
    """
    return known.get((webinar_id, kind, language)) or known.get((None, kind, language)) or NO_WORDS


def check_subject(subject: str, topics: Iterable[str]) -> None:
    """Raises:
    InvalidField: if the subject names an area or a condition, or is longer than 100 characters.
    """
    if len(subject) > LONGEST_SUBJECT or "\n" in subject or "\r" in subject:
        raise InvalidField(f"Use one line of at most {LONGEST_SUBJECT} characters.", field="subject")
    if telling := telling_words(subject, topics):
        named = ", ".join(f"“{word}”" for word in dict.fromkeys(telling))
        raise InvalidField(
            f"This subject names {named}. Families and lock screens see it: say it in the text instead.",
            field="subject",
        )


def check_body(body: str) -> None:
    """Raises:
    InvalidField: if the body is longer than 4,000 characters.
    """
    if len(body) > LONGEST_BODY:
        raise InvalidField(f"Use at most {LONGEST_BODY:,} characters.", field="body")


def check_variables(field: str, unknown: Iterable[str], known: Iterable[str]) -> None:
    """Raises:
    InvalidField: if something in braces is no variable. It says which there are.
    """
    if typed := list(dict.fromkeys(unknown)):
        there_are = ", ".join(f"{{{{ {name} }}}}" for name in known)
        raise InvalidField(f"There is no variable {', '.join(typed)} here. There are: {there_are}.", field=field)
