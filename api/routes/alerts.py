"""Hearing of new sessions on a topic."""

from __future__ import annotations

from fastapi import APIRouter, Request, Response

from api.answers import OnceDep, answer
from api.dependencies import NowDep, ProcessDep, ReadDep, RegistrationsReader, WorkDep
from api.middleware.rates import client_network
from api.openapi import refusals
from api.parameters import WHOLE_LIST, SlugPath
from api.schemas.alerts import AlertAsked, AlertCreate, SubscriptionCount, SubscriptionCounts
from webinars.rules.registrations import clean_email
from webinars.rules.sessions import zone
from webinars.services import catalogue, subscriptions
from webinars.services.consents import TOPIC_ALERTS
from webinars.services.subscriptions import Wanted
from webinars.terms import SubscriptionState

router = APIRouter(tags=["alerts"])


@router.post("/topics/{slug}/alerts", status_code=202, response_model=AlertAsked, responses=refusals(404, 422, 429))
def ask_for_alerts(
    request: Request, slug: SlugPath, body: AlertCreate, process: ProcessDep, work: WorkDep, once: OnceDep, now: NowDep
) -> Response:
    """Ask a mailbox whether it is to hear of new sessions on a topic, or its area's. It confirms by a button in the
    mail, hears at most once in 7 days, and ends it with one click."""
    zone(body.timezone)
    digest = TOPIC_ALERTS.digest_in(body.locale)
    wanted = Wanted(clean_email(body.email), body.timezone, body.locale, TOPIC_ALERTS.version, digest)
    subscriptions.take_try(process, wanted.email, client_network(request), now)

    def make() -> Response:
        topic = subscriptions.subscribe(work, slug, wanted, now)
        return answer(AlertAsked(topic=topic.slug, status="check_mailbox"), 202)

    return once(make)


@router.get("/subscriptions")
def count_subscriptions(_: RegistrationsReader, work: ReadDep) -> SubscriptionCounts:
    """How many people wait for new sessions, by topic: numbers alone."""
    counts, none = subscriptions.count(work), dict.fromkeys(SubscriptionState, 0)
    items = [
        SubscriptionCount(
            topic=topic.slug, **{state.value: number for state, number in counts.get(topic.id, none).items()}
        )
        for topic in catalogue.list_topics(work)
    ]
    return SubscriptionCounts(items=items, next=None, limit=WHOLE_LIST)
