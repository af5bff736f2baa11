"""The mails that a development machine keeps instead of sending."""

from __future__ import annotations

from collections.abc import Sequence

from webinars.errors import NotFound
from webinars.gateways.captured import CapturedMail, captured_mails
from webinars.settings import Settings


def list_mails(settings: Settings) -> Sequence[CapturedMail]:
    """Newest first."""
    return captured_mails(settings.var_dir / "mail")


def get_mail(settings: Settings, file_name: str) -> CapturedMail:
    """Raises:
    NotFound: if no such mail was kept.
    """
    for mail in list_mails(settings):
        if mail.file_name == file_name:
            return mail
    raise NotFound
