"""Reminder rules: those of a webinar, and those that a host gave one of its sessions instead."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from webinars.documents.own_texts import VARIABLES, unknown_variables
from webinars.errors import InvalidField, NotFound
from webinars.queries import catalogue as catalogue_queries
from webinars.queries import reminder_rules as rules_queries
from webinars.queries import sessions as sessions_queries
from webinars.rules.reminders import check_offset, rule_words
from webinars.rules.texts import LONGEST_BODY, check_variables
from webinars.services import audit, reminders
from webinars.services.catalogue import check_version
from webinars.services.texts import clean_by_language
from webinars.tables import ReminderRule, Webinar, WebinarSession
from webinars.terms import Anchor, Audience, new_id
from webinars.work import ReadWork, Work

MOST_RULES = 20
LONGEST_NAME = 40
_COPIED = ("name", "anchor", "offset_days", "offset_minutes", "audience", "texts", "channel", "is_enabled")
_OF_TIME = ("anchor", "offset_days", "offset_minutes", "audience")


@dataclass(frozen=True, slots=True)
class RuleList:
    """The rules that hold for a webinar or a session."""

    rules: list[ReminderRule]
    is_own: bool
    """Whether they are a session's own, and not its webinar's."""


def list_rules(work: ReadWork, slug: str) -> RuleList:
    """A webinar's rules, earliest first.

    Raises:
        NotFound: if there is no such webinar.
    """
    webinar = catalogue_queries.get_webinar(work.db, slug)
    return RuleList(rules_queries.list_rules(work.db, webinar.id), is_own=False)


def list_session_rules(work: ReadWork, session_id: UUID) -> RuleList:
    """The rules that hold for a session, earliest first.

    Raises:
        NotFound: if there is no such session.
    """
    session = sessions_queries.get_session(work.db, session_id).session
    own = session.id if session.has_own_reminders else None
    return RuleList(rules_queries.list_rules(work.db, session.webinar_id, own), is_own=session.has_own_reminders)


def get_rule(work: ReadWork, rule_id: UUID) -> ReminderRule:
    """Raises:
    NotFound: if there is none.
    """
    return rules_queries.get_rule(work.db, rule_id)


def slug_of(work: ReadWork, rule_id: UUID) -> str:
    """The short name of a rule's webinar.

    Raises:
        NotFound: if there is no such rule.
    """
    return work.db.get_one(Webinar, rules_queries.get_rule(work.db, rule_id).webinar_id).slug


def create_rule(work: Work, slug: str, facts: Mapping[str, Any], *, actor: str, now: datetime) -> ReminderRule:
    """Give a webinar one rule more. All its sessions to come that have no rules of their own follow it.

    Args:
        facts: any of `anchor`, `offset_days`, `offset_minutes`, `audience`, `channel`, `is_enabled`,
            `texts` by language, and `name`, which otherwise says the time.

    Raises:
        NotFound: if there is no such webinar.
        InvalidField: if a reminder cannot lie there, or there are too many.
    """
    webinar = _lock_webinar(work, catalogue_queries.get_webinar(work.db, slug))
    return _create(work, webinar.id, None, facts, actor, now)


def create_session_rule(
    work: Work, session_id: UUID, facts: Mapping[str, Any], *, actor: str, now: datetime
) -> ReminderRule:
    """Give a session one rule more, beside copies of its webinar's. From then on it goes its own way.

    Raises:
        NotFound, InvalidField.
    """
    session = _lock_session(work, session_id)
    _make_own(work, session, now)
    return _create(work, session.webinar_id, session.id, facts, actor, now)


def update_rule(
    work: Work,
    rule_id: UUID,
    changes: Mapping[str, Any],
    *,
    for_session: UUID | None = None,
    version: int | None,
    actor: str,
    now: datetime,
) -> ReminderRule:
    """Change a rule. What it has sent stays sent, and is not sent again at another time.

    Args:
        changes: what `create_rule` takes.
        for_session: of the webinar's rule, change only what holds for this session.

    Raises:
        NotFound, VersionMismatch, InvalidField.
    """
    rule = _lock(work, rule_id, for_session, version, now)
    clean = _clean(changes, rule)
    for name, value in clean.items():
        setattr(rule, name, value)
    rule.version += 1
    work.db.flush()
    _replan(work, rule, now)
    audit.note(work, actor, "reminder_rule.update", now, subject_id=rule.id, fields=list(changes))
    return rule


def delete_rule(
    work: Work, rule_id: UUID, *, for_session: UUID | None = None, version: int | None, actor: str, now: datetime
) -> None:
    """Delete a rule; what it planned and has not sent is not sent. The ledger still says what it has sent.

    Args:
        for_session: of the webinar's rule, leave it out for this session only.

    Raises:
        NotFound, VersionMismatch.
    """
    rule = _lock(work, rule_id, for_session, version, now)
    rule.retired_at = now
    rule.is_enabled = False
    rule.version += 1
    work.db.flush()
    _replan(work, rule, now)
    audit.note(work, actor, "reminder_rule.delete", now, subject_id=rule.id)


def follow_webinar(work: Work, session_id: UUID, *, actor: str, now: datetime) -> None:
    """Let a session go by its webinar's rules again. What its own have sent is not sent again.

    Raises:
        NotFound: if there is no such session.
    """
    session = _lock_session(work, session_id)
    if not session.has_own_reminders:
        return
    for rule in rules_queries.list_rules(work.db, session.webinar_id, session.id):
        rule.retired_at = now
        rule.is_enabled = False
    session.has_own_reminders = False
    session.version += 1
    work.db.flush()
    reminders.plan_session(work, session, now)
    audit.note(work, actor, "session.follow_reminders", now, subject_id=session.id)


def clean_texts(texts: Mapping[str, str]) -> dict[str, str]:
    """A rule's own words as they are to be kept, by language; one without any is left out.

    Raises:
        InvalidField: if there are no messages in a language; if something in braces is no variable, or one is too long.
    """
    clean = clean_by_language("texts", texts, LONGEST_BODY)
    for language, text in clean.items():
        check_variables(f"texts.{language}", unknown_variables(text, tuple(VARIABLES)), VARIABLES)
    return clean


def _create(
    work: Work, webinar_id: UUID, session_id: UUID | None, facts: Mapping[str, Any], actor: str, now: datetime
) -> ReminderRule:
    if len(rules_queries.list_rules(work.db, webinar_id, session_id)) >= MOST_RULES:
        raise InvalidField(f"There are {MOST_RULES} reminders, which is the most.", field="offset")
    usual = ReminderRule(id=new_id(now), webinar_id=webinar_id, session_id=session_id, name="", created_at=now)
    for name, value in _clean(facts, usual).items():
        setattr(usual, name, value)
    work.db.add(usual)
    work.db.flush()
    _replan(work, usual, now)
    audit.note(work, actor, "reminder_rule.create", now, subject_id=usual.id)
    return usual


def _clean(changes: Mapping[str, Any], rule: ReminderRule) -> dict[str, Any]:
    """The values to set; a name that only said the time goes on saying it."""
    after = {name: changes.get(name, getattr(rule, name)) for name in _OF_TIME}
    anchor, days, minutes, audience = (after[name] for name in _OF_TIME)
    check_offset(Anchor(anchor), days, minutes, Audience(audience))
    clean = dict(changes)
    said = rule_words(rule.anchor, rule.offset_days, rule.offset_minutes, rule.audience)
    name = " ".join(str(changes.get("name", "" if rule.name == said else rule.name)).split())
    clean["name"] = name or rule_words(Anchor(anchor), days, minutes, Audience(audience))
    if len(clean["name"]) > LONGEST_NAME:
        raise InvalidField(f"Use at most {LONGEST_NAME} characters.", field="name")
    if "texts" in clean:
        clean["texts"] = clean_texts(clean["texts"])
    return clean


def _lock(work: Work, rule_id: UUID, for_session: UUID | None, version: int | None, now: datetime) -> ReminderRule:
    """A rule to change, below the lock of what it belongs to; the session's own copy, made if there is none yet."""
    found = rules_queries.get_rule(work.db, rule_id)
    if for_session is None:
        if found.session_id is None:
            _lock_webinar(work, work.db.get_one(Webinar, found.webinar_id))
        else:
            _lock_session(work, found.session_id)
        rule = rules_queries.lock_rule(work.db, rule_id)
        check_version(rule.version, version)
        return rule
    session = _lock_session(work, for_session)
    if found.webinar_id != session.webinar_id or found.session_id not in {None, session.id}:
        raise NotFound
    rule = rules_queries.lock_rule(work.db, rule_id)
    check_version(rule.version, version)
    if rule.session_id == session.id:
        return rule
    copies = _make_own(work, session, now)
    if rule.id not in copies:
        raise NotFound  # its copy was deleted: this session goes without it
    return copies[rule.id]


def _lock_webinar(work: Work, webinar: Webinar) -> Webinar:
    """Nobody else changes its rules until the end of the transaction."""
    work.db.refresh(webinar, with_for_update={"key_share": True})
    return webinar


def _lock_session(work: Work, session_id: UUID) -> WebinarSession:
    return sessions_queries.lock_session(work.db, session_id).session


def _make_own(work: Work, session: WebinarSession, now: datetime) -> dict[UUID, ReminderRule]:
    """A session's own rules by the webinar's that they were copied from; copied now if it has none."""
    if session.has_own_reminders:
        own = rules_queries.list_rules(work.db, session.webinar_id, session.id)
        return {rule.origin_id: rule for rule in own if rule.origin_id is not None}
    copies = {
        rule.id: ReminderRule(
            id=new_id(now),
            webinar_id=rule.webinar_id,
            session_id=session.id,
            origin_id=rule.id,
            created_at=now,
            **{name: getattr(rule, name) for name in _COPIED},
        )
        for rule in rules_queries.list_rules(work.db, session.webinar_id)
    }
    work.db.add_all(copies.values())
    session.has_own_reminders = True
    session.version += 1
    work.db.flush()
    return copies


def _replan(work: Work, rule: ReminderRule, now: datetime) -> None:
    """Have all sessions that a rule holds for, and that are not over, planned anew."""
    if rule.session_id is not None:
        session_ids = [rule.session_id]
    else:
        session_ids = rules_queries.list_session_ids(work.db, rule.webinar_id, ends_after=now)
    locked = sessions_queries.lock_sessions(work.db, session_ids) if session_ids else {}
    for session_id in sorted(locked):
        reminders.plan_session(work, locked[session_id].session, now)
