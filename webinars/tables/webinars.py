"""What is offered; the dated occurrences are sessions."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from sqlmodel import SQLModel

from webinars.tables.base import Table, enum, moment, reference, short_name
from webinars.terms import PublicationStatus


class Webinar(Table, table=True):
    """An offering with topics and presenters."""

    __tablename__ = "webinars"

    slug: str = short_name()
    title: str
    public_title: str = "Your webinar"
    """What mails and calendars say. They are read by families and on lock screens, so it names no condition."""
    summary: str = ""
    """One or two sentences for lists."""
    description: str = ""
    """Markdown."""
    status: PublicationStatus = enum(PublicationStatus, default=PublicationStatus.draft)
    needs_approval: bool = False
    """Whether a host decides on each registration before it takes a seat."""
    asks_question: bool = False
    """Whether the form has room for a question to the presenter."""
    has_questions: bool = False
    """Whether there are questions to be answered: most webinars have none, and need not be asked for them."""
    frees_declined_seats: bool = False
    """Whether declining the invite in a calendar gives the seat up, where the mail is proven to be the registrant's."""
    replay_url: str = ""
    packet_url: str = ""
    """Where the information packet is that can be asked for; empty: there is none."""
    version: int = 1
    created_at: datetime = moment()
    updated_at: datetime = moment()


class WebinarTopic(SQLModel, table=True):
    """A topic a webinar is about."""

    __tablename__ = "webinar_topics"

    webinar_id: UUID = reference("webinars.id", primary_key=True, ondelete="CASCADE")
    topic_id: UUID = reference("topics.id", primary_key=True, ondelete="CASCADE", index=True)


class WebinarPresenter(SQLModel, table=True):
    """A presenter of a webinar, in the order they are named."""

    __tablename__ = "webinar_presenters"

    webinar_id: UUID = reference("webinars.id", primary_key=True, ondelete="CASCADE")
    presenter_id: UUID = reference("presenters.id", primary_key=True, ondelete="CASCADE", index=True)
    position: int = 0
