"""Where a request comes from, and what becomes of links that do not work."""

from __future__ import annotations

from fastapi import Request

from webinars.errors import LinkInvalid, WebinarsError
from webinars.rules.registrations import address_block
from webinars.services import rates
from webinars.services.rates import WRONG_LINK, by_block
from webinars.work import Process


def network(address: str | None) -> str:
    """The network an address belongs to."""
    return address_block(address or "") or "unknown"


def client_network(request: Request) -> str:
    """The network a request comes from."""
    return network(request.client.host if request.client else None)


def check_links(request: Request) -> None:
    """Before a personal link is looked up.

    Raises:
        TooManyRequests: when the visitor's network has tried too many wrong ones.
    """
    process: Process = request.app.state.process
    rates.check(process, WRONG_LINK, [by_block(client_network(request))], process.clock.now())


def count_wrong_link(request: Request, refusal: LinkInvalid) -> WebinarsError:
    """Count a link that does not work, once the transaction that looked it up is over. Gives what is to be answered."""
    process: Process = request.app.state.process
    try:
        rates.take_one(process, WRONG_LINK, [by_block(client_network(request))], process.clock.now())
    except WebinarsError as too_many:
        return too_many
    return refusal
