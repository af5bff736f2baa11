"""Answers of the JSON API: as bytes with their ETag, and once per Idempotency-Key."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated

from fastapi import Depends, Header, Request
from fastapi.responses import Response
from pydantic import BaseModel

from api.dependencies import MaybeBearerDep, NowDep, WorkDep
from webinars.services import idempotency
from webinars.services.idempotency import Said
from webinars.services.registering import Idempotency
from webinars.work import Work

REPLAYED = {"Idempotency-Replayed": "true"}
KeyHeader = Annotated[
    str | None,
    Header(
        alias="Idempotency-Key",
        max_length=200,
        description="Makes it safe to send the request again: for 24 hours the same key gets the same answer.",
    ),
]


def answer(body: BaseModel, status: int = 200, *, version: int | None = None) -> Response:
    """An answer; `version` becomes its ETag, which a change must name in If-Match."""
    return _response(body.model_dump_json(), status, None if version is None else f'"{version}"')


@dataclass(frozen=True, slots=True)
class Once:
    """Does a work of a token once per key, in one transaction with keeping what was answered."""

    work: Work
    key: Idempotency | None
    now: datetime

    def __call__(self, make: Callable[[], Response]) -> Response:
        """`make`'s answer, or the one that was given to the same key before.

        Raises:
            IdempotencyMismatch: if the key was used for another request.
        """
        if self.key is None:
            return make()
        said = idempotency.find_said(self.work, self.key, self.now)
        if said is not None:
            return _response(said.body, said.status, said.etag, REPLAYED)
        response = make()
        body = bytes(response.body).decode()
        idempotency.keep(self.work, self.key, Said(response.status_code, response.headers.get("etag"), body))
        return response


async def get_once(
    request: Request, bearer: MaybeBearerDep, work: WorkDep, now: NowDep, idempotency_key: KeyHeader = None
) -> Once:
    scope = f"{bearer.token_id if bearer else 'public'}:{request.method} {request.url.path}"
    asked = request.url.query.encode() + b"\n" + await request.body()
    return Once(work, idempotency.read_key(scope, idempotency_key, asked), now)


OnceDep = Annotated[Once, Depends(get_once)]


def _response(body: str, status: int, etag: str | None, extra: dict[str, str] | None = None) -> Response:
    headers = ({"ETag": etag} if etag else {}) | (extra or {})
    return Response(body, status, headers, media_type="application/json")
