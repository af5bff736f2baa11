"""What a registrant gets as a text on the phone: one neutral line with the time and the link, within 160 characters.

Only letters of the GSM alphabet, which takes 160 of them into one message: anything else halves that and doubles the
price. The link is never cut; words give way to it.
"""

from __future__ import annotations

import unicodedata
from datetime import datetime

from webinars.documents.texts import web_address
from webinars.documents.times import shown_time
from webinars.translations import language_of, words_of

LONGEST = 160


def short_text(starts_at: datetime, timezone: str, locale: str, url: str) -> str:
    """The line, in the registrant's `timezone`.

    Raises:
        ValueError: if the link cannot be used.
        ZoneInfoNotFoundError: if there is no such time zone.
    """
    link = web_address(url)
    when = shown_time(starts_at, timezone, locale)
    title = words_of(language_of(locale)).gettext("Your webinar")
    zone = when.zone.partition(" (")[0]
    for words in (f"{title}: {when.short} {zone}.", f"{title}: {when.short}.", f"{when.short}:"):
        text = f"{_plain(words)} {link}"
        if len(text) <= LONGEST:
            return text
    return link


def _plain(words: str) -> str:
    """`words` without accents: `sáb` becomes `sab`."""
    decomposed = unicodedata.normalize("NFKD", words)
    return " ".join(decomposed.encode("ascii", "ignore").decode().split())
