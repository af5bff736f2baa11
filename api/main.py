"""The web application: built by whoever runs it, never at import."""

from __future__ import annotations

import gc
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import FastAPI

from api import inbound, operations, pages
from api.dependencies import Bearers
from api.errors import add_error_handlers
from api.middleware.body_limit import BodyLimit
from api.middleware.headers import SecurityHeaders
from api.middleware.languages import LanguageChoice
from api.middleware.origin import OriginCheck
from api.openapi import DescribedApi
from api.pages.patients import listing
from api.pages.patients.cache import PageCache
from api.routes import api_router, calendar, registering
from webinars.services import branding
from webinars.services.desk import Desk
from webinars.services.feeds import Feeds
from webinars.settings import load_settings
from webinars.work import Process

API_PREFIX = "/api/v1"


def create_app(process: Process, *, closes_process: bool = False) -> FastAPI:
    """The application on a process.

    Args:
        process: settings, database, clock and gateways.
        closes_process: whether the application's end is the process's end too.
    """

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        app.state.desk = Desk(process)
        branding.look_ahead(process)
        gc.freeze()  # what is loaded by now stays: the collector need not walk it again and again
        yield
        gc.unfreeze()  # a process may hold one application after the other, as in tests
        app.state.desk.close()
        if closes_process:
            process.close()

    app = DescribedApi(
        title="Webinars",
        version="1",
        summary="Webinar registration and scheduling.",
        description=(
            "Errors are `application/problem+json` with a stable `code`. Moments are RFC 3339 in UTC. Lists have "
            "`items`, `next` (an opaque cursor for `?cursor=`) and `limit`. Every POST takes an `Idempotency-Key`; "
            "every PATCH needs `If-Match` with the ETag of what is changed, or `*`."
        ),
        openapi_url=f"{API_PREFIX}/openapi.json",
        generate_unique_id_function=lambda route: route.name,  # generated clients name their functions after it
        docs_url=None,  # the built-in page loads its script from a third party
        redoc_url=None,
        redirect_slashes=False,  # the built-in redirect leads to whatever host the request names
        lifespan=lifespan,
    )
    app.state.process = process
    app.state.bearers = Bearers(process)
    app.state.public_answers = registering.PublicAnswers()
    app.state.feeds = Feeds()
    app.state.page_cache = PageCache(process)
    add_error_handlers(app)
    # First, for a request is matched with one route after the other: in its place by noun it cost 0.3 ms more.
    app.include_router(registering.hot_router, prefix=API_PREFIX)
    app.include_router(listing.router)
    app.include_router(registering.router, prefix=API_PREFIX)
    app.include_router(api_router, prefix=API_PREFIX)
    app.include_router(operations.router)
    app.include_router(inbound.router)
    app.include_router(calendar.router)
    pages.add_pages(app, process)
    app.add_middleware(OriginCheck)
    app.add_middleware(BodyLimit)
    app.add_middleware(LanguageChoice, is_secure=process.settings.is_secure)
    app.add_middleware(SecurityHeaders, is_secure=process.settings.is_secure)
    return app


def create_app_from_environment() -> FastAPI:
    """For web processes that a supervisor starts."""
    return create_app(Process(load_settings()), closes_process=True)
