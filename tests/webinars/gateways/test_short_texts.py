"""Whether there is a way for texts."""

from __future__ import annotations

from base64 import b64encode

import pytest

from webinars.errors import CannotStart
from webinars.gateways.short_texts import WEBHOOK, text_transport

SECRET = f"whsec_{b64encode(b'k' * 32).decode()}"


def test_without_an_adapter_there_is_none() -> None:
    assert text_transport("", SECRET, allows_private=False) is None


def test_with_one_it_has_the_name_that_its_breaker_goes_by() -> None:
    transport = text_transport("https://texts.example/send", SECRET, allows_private=False)
    assert transport is not None
    assert transport.name == WEBHOOK
    transport.close()


def test_an_adapter_needs_a_secret() -> None:
    with pytest.raises(CannotStart):
        text_transport("https://texts.example/send", "", allows_private=False)
