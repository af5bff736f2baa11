"""Somebody of whom everything is kept that can be: what exports, erasure and retention are tried on."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import timedelta
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlmodel import SQLModel

from tests.factories import Factory
from webinars.db import SealedText
from webinars.services.consents import ConsentAnswer
from webinars.tables import (
    Attendance,
    AttendanceInterval,
    FollowUp,
    Request,
    Retention,
    Subscription,
    Suppression,
    SurveyReply,
)
from webinars.tables.base import core
from webinars.terms import (
    AttendanceSource,
    AttendanceState,
    Evidence,
    RequestKind,
    SubscriptionState,
    SuppressionReason,
    TaskState,
    new_id,
)
from webinars.work import Process

ANA = "ana@mail.example"
PERSONAL = (Retention.personal, Retention.health)


def live(process: Process, make: Factory, email: str = ANA) -> UUID:
    """One registration with all that can hang on it, a topic, a mark, and a report nobody matched. Gives its id."""
    topic, now = make.topic(f"topic-{new_id(make.now).hex[-8:]}"), make.now
    slug = make.webinar(f"webinar-{new_id(now).hex[-8:]}", topics=(topic,), asks_question=True)
    general, health = make.question(slug), make.question(slug, label="Where does it hurt?", sensitivity="health")
    session = make.session(slug).session
    registered = make.registration(
        session.id,
        email,
        phone="+1 303 555 0134",
        question="Will it rattle?",
        answers={str(general): "From a friend", str(health): "In both knees"},
        consents=[ConsentAnswer("topic_alerts", "email", is_granted=True, method="form")],
        source={"last": {"utm_source": "blog"}},
        address_block="192.0.2.0/24",
    ).registration
    index = process.vault.index("email", email)
    hanging = {"id": new_id(now), "registration_id": registered.id, "session_id": session.id}
    changing = {"created_at": now, "updated_at": now, "version": 1}
    joined_at, left_at = session.starts_at, session.starts_at + timedelta(minutes=40)
    stay = {"source": AttendanceSource.report, "joined_at": joined_at, "left_at": left_at, "created_at": now}
    rows: list[tuple[type[SQLModel], dict[str, Any]]] = [
        (AttendanceInterval, hanging | stay | {"person_index": process.vault.index("registration", email)}),
        (
            AttendanceInterval,
            {"id": new_id(now), "session_id": session.id, "person_index": index, "email": email}
            | stay
            | {"source": AttendanceSource.provider},
        ),
        (
            Attendance,
            hanging
            | {"state": AttendanceState.attended, "minutes": 40, "share": 0.66, "evidence": Evidence.interval}
            | {"settled_at": now},
        ),
        (
            FollowUp,
            hanging
            | changing
            | {"segment": AttendanceState.attended, "task": TaskState.open, "note": "Called, and was told all"},
        ),
        (
            Request,
            hanging
            | changing
            | {"kind": RequestKind.candidacy, "state": TaskState.open, "note": "Bring the pictures along"}
            | {"details": json.dumps({"recent_mri": "yes"})},
        ),
        (
            SurveyReply,
            hanging | {"created_at": now, "updated_at": now, "rating": 4, "comment": "My knees were spoken of"},
        ),
        (
            Suppression,
            {"id": new_id(now), "email_index": index, "reason": SuppressionReason.complained, "created_at": now}
            | {"detail": "called unwanted"},
        ),
    ]
    with process.work() as work:
        topic_id = work.db.scalar(sa.text("SELECT id FROM topics WHERE slug = :slug"), {"slug": topic})
        rows.append(
            (
                Subscription,
                {"id": new_id(now), "topic_id": UUID(str(topic_id)), "state": SubscriptionState.active}
                | {"email": email, "email_index": index, "timezone": "America/Denver", "locale": "en"}
                | {"text_version": "2026-11", "text_hash": "0" * 64, "revision": 0, "link_version": 0}
                | {"created_at": now, "confirmed_at": now},
            )
        )
        for model, values in rows:
            table = core(model)
            sealed = {
                column.name: process.vault.seal(str(column), values["id"], values[column.name])
                for column in table.columns
                if isinstance(column.type, SealedText) and values.get(column.name)
            }
            work.db.execute(sa.insert(table).values(values | sealed))
    return registered.id


def personal_columns() -> Iterator[sa.Column[Any]]:
    """All columns that tell of a person, indexes of addresses left out."""
    for table in SQLModel.metadata.sorted_tables:
        for column in table.columns:
            if column.info.get("retention") in PERSONAL and isinstance(column.type, SealedText):
                yield column


def told(process: Process) -> dict[str, set[str]]:
    """What each of these columns says, opened; what is empty says nothing."""
    with process.read() as work:
        return {
            str(column): {
                text
                for row, sealed in work.db.execute(sa.select(column.table.c.id, column).where(column.is_not(None)))
                if (text := process.vault.open(str(column), row, sealed))
            }
            for column in personal_columns()
        }
