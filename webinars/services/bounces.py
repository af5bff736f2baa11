"""Takes in what comes back: notifications of mail servers and reports of providers. A replay changes nothing."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

import structlog

from webinars.documents.bounces import BounceReport, read_bounce, return_path
from webinars.errors import LinkInvalid
from webinars.gateways.mail_errors import anonymous
from webinars.gateways.provider_reports import ProviderEvent
from webinars.queries import suppressions as suppressions_queries
from webinars.queries.messages import Letter
from webinars.queries.suppressions import Posted
from webinars.rules.registrations import same_person
from webinars.rules.suppressions import Verdict, verdict_of_provider, verdict_on
from webinars.services import suppressions
from webinars.services.links import message_token, open_posted
from webinars.settings import Settings
from webinars.tables import Message
from webinars.terms import LinkPurpose, SuppressionReason
from webinars.vault import Vault
from webinars.work import Work

_log = structlog.get_logger()


def return_path_of(settings: Settings, vault: Vault, message: Message | Letter, link_version: int) -> str | None:
    """Where a mail comes back to, if it does; None where the sender's own address is to serve."""
    if not settings.bounce_domain:
        return None
    token = message_token(vault, LinkPurpose.bounce, message.id, link_version)
    return return_path(token, settings.bounce_domain)


def take_notification(work: Work, raw: bytes, now: datetime) -> Verdict | None:
    """Take in what came to a return path.

    Returns:
        What it means; None if it means nothing: no notification, no mail of ours, one to an address that was corrected
        since, or one that was taken in before.
    """
    report = read_bounce(raw, work.settings.bounce_domain)
    if report is None:
        return None
    try:
        posted = open_posted(work, LinkPurpose.bounce, report.token)
    except LinkInvalid:
        _log.info("bounce.unknown_token")
        return None
    if not suppressions.take_in(work, "dsn", f"{report.token}:{report.has_failed}:{report.status}", now):
        return None
    verdict = _verdict(report)
    words = anonymous(f"{report.status} {report.diagnostic}")
    if verdict is Verdict.delayed:
        suppressions_queries.note_words(work.db, posted.message_id, words)
    else:
        _draw_conclusions(work, verdict, posted, posted.email_index, words, now)
    return verdict


def take_events(work: Work, provider: str, events: Sequence[ProviderEvent], now: datetime) -> int:
    """Take in what a provider reports. Returns how many events were news about somebody here."""
    taken = 0
    for event in events:
        index = work.vault.index("email", same_person(event.email.strip()))
        posted = suppressions_queries.find_by_provider_id(work.db, event.provider_id) if event.provider_id else None
        if posted is None and not suppressions_queries.is_known(work.db, index):
            continue  # the account may serve others, too
        name = event.event_id or f"{event.provider_id}:{event.email}:{event.is_complaint}"
        if suppressions.take_in(work, provider, name, now):
            verdict = _verdict_of(event)
            _draw_conclusions(work, verdict, posted, index, event.words, now)
            taken += 1
    return taken


def _verdict(report: BounceReport) -> Verdict:
    return verdict_on(report.status, report.diagnostic) if report.has_failed else Verdict.delayed


def _verdict_of(event: ProviderEvent) -> Verdict:
    if event.is_complaint:
        return Verdict.complaint
    return verdict_of_provider(event.status, event.words, is_permanent=event.is_permanent)


def _draw_conclusions(
    work: Work, verdict: Verdict, posted: Posted | None, email_index: bytes, words: str, now: datetime
) -> None:
    """
    Args:
        posted: the message that came back or was complained of, if it is known.
        email_index: of the address that the report is about, which the message's own may not be any more.
    """
    message_id = posted.message_id if posted else None
    if verdict is Verdict.complaint:
        suppressions.mark(work, email_index, SuppressionReason.complained, words, message_id=message_id, now=now)
        return
    if posted is not None:
        suppressions_queries.note_bounce(work.db, posted.message_id, verdict.value, words)
    if verdict is Verdict.hard:
        suppressions.mark(work, email_index, SuppressionReason.bounced, words, message_id=message_id, now=now)
    elif verdict is Verdict.soft and posted is not None and posted.email_index == email_index:
        suppressions.strike(work, posted, words, now)
    _log.info("bounce.taken", verdict=verdict.value)
