"""Messages and calendars at full strength"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from webinars.db import SealedText, UtcMoment, json_type

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "inbound_events",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("digest", sa.LargeBinary(length=32), nullable=False),
        sa.Column("created_at", UtcMoment(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_inbound_events")),
        sa.UniqueConstraint("digest", name=op.f("uq_inbound_events_digest")),
    )
    with op.batch_alter_table("inbound_events", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_inbound_events_created_at"), ["created_at"], unique=False)

    op.create_table(
        "transports",
        sa.Column("name", sa.String(length=40), nullable=False),
        sa.Column("tokens", sa.Float(), nullable=False),
        sa.Column("refilled_at", UtcMoment(), nullable=False),
        sa.Column("paused_until", UtcMoment(), nullable=True),
        sa.Column("failures", sa.Integer(), nullable=False),
        sa.Column("last_error", sa.String(length=500), nullable=True),
        sa.Column("failed_at", UtcMoment(), nullable=True),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_transports")),
    )
    op.create_table(
        "message_texts",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("webinar_id", sa.Uuid(), nullable=True),
        sa.Column(
            "kind",
            sa.Enum(
                "confirmation",
                "waitlisted",
                "pending",
                "offered",
                "seat_free",
                "lapsed",
                "declined",
                "resent",
                "withdrawn",
                "moved",
                "session_cancelled",
                "reminder",
                "not_there",
                "follow_up",
                "alert_check",
                "alert",
                name="messagekind_word",
                native_enum=False,
                length=24,
            ),
            nullable=False,
        ),
        sa.Column("locale", sa.String(length=5), nullable=False),
        sa.Column("subject", sa.String(length=200), nullable=False),
        sa.Column("body", sa.String(length=4000), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("updated_at", UtcMoment(), nullable=False),
        sa.ForeignKeyConstraint(
            ["webinar_id"], ["webinars.id"], name=op.f("fk_message_texts_webinar_id_webinars"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_message_texts")),
        sa.UniqueConstraint("webinar_id", "kind", "locale", name=op.f("uq_message_texts_webinar_id_kind_locale")),
    )
    with op.batch_alter_table("message_texts", schema=None) as batch_op:
        batch_op.create_index(
            "uq_message_texts_usual",
            ["kind", "locale"],
            unique=True,
            sqlite_where=sa.text("webinar_id IS NULL"),
            postgresql_where=sa.text("webinar_id IS NULL"),
        )

    op.create_table(
        "subscriptions",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("topic_id", sa.Uuid(), nullable=False),
        sa.Column(
            "state",
            sa.Enum(
                "pending",
                "active",
                "ended",
                name="subscriptionstate_word",
                native_enum=False,
                create_constraint=True,
                length=24,
            ),
            nullable=False,
        ),
        sa.Column("email", SealedText(), nullable=False),
        sa.Column("email_index", sa.LargeBinary(length=32), nullable=False),
        sa.Column("timezone", sa.String(), nullable=False),
        sa.Column("locale", sa.String(), nullable=False),
        sa.Column("text_version", sa.String(length=20), nullable=False),
        sa.Column("text_hash", sa.String(length=64), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("link_version", sa.Integer(), nullable=False),
        sa.Column("alerted_at", UtcMoment(), nullable=True),
        sa.Column("created_at", UtcMoment(), nullable=False),
        sa.Column("confirmed_at", UtcMoment(), nullable=True),
        sa.Column("ended_at", UtcMoment(), nullable=True),
        sa.ForeignKeyConstraint(
            ["topic_id"], ["topics.id"], name=op.f("fk_subscriptions_topic_id_topics"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_subscriptions")),
        sa.UniqueConstraint("topic_id", "email_index", name=op.f("uq_subscriptions_topic_id_email_index")),
    )
    with op.batch_alter_table("subscriptions", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_subscriptions_email_index"), ["email_index"], unique=False)
        batch_op.create_index("ix_subscriptions_topic_id_state_id", ["topic_id", "state", "id"], unique=False)

    op.create_table(
        "suppressions",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("email_index", sa.LargeBinary(length=32), nullable=False),
        sa.Column(
            "reason",
            sa.Enum(
                "bounced",
                "complained",
                name="suppressionreason_word",
                native_enum=False,
                create_constraint=True,
                length=24,
            ),
            nullable=False,
        ),
        sa.Column("detail", sa.String(length=200), nullable=False),
        sa.Column("message_id", sa.Uuid(), nullable=True),
        sa.Column("created_at", UtcMoment(), nullable=False),
        sa.ForeignKeyConstraint(
            ["message_id"], ["messages.id"], name=op.f("fk_suppressions_message_id_messages"), ondelete="SET NULL"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_suppressions")),
        sa.UniqueConstraint("email_index", name=op.f("uq_suppressions_email_index")),
    )
    with op.batch_alter_table("workers", schema=None) as batch_op:
        batch_op.add_column(sa.Column("figures", json_type(), nullable=False, server_default="{}"))
    with op.batch_alter_table("hosts", schema=None) as batch_op:
        batch_op.add_column(sa.Column("feed_version", sa.Integer(), nullable=False, server_default="0"))

    with op.batch_alter_table("messages", schema=None) as batch_op:
        batch_op.add_column(sa.Column("subscription_id", sa.Uuid(), nullable=True))
        batch_op.add_column(sa.Column("provider_id", sa.String(length=200), nullable=True))
        batch_op.alter_column("registration_id", existing_type=sa.Uuid(), nullable=True)
        batch_op.alter_column("session_id", existing_type=sa.Uuid(), nullable=True)
        batch_op.create_index(
            "ix_messages_provider_id",
            ["provider_id"],
            unique=False,
            sqlite_where=sa.text("provider_id IS NOT NULL"),
            postgresql_where=sa.text("provider_id IS NOT NULL"),
        )
        batch_op.create_index(
            "ix_messages_subscription_id",
            ["subscription_id"],
            unique=False,
            sqlite_where=sa.text("subscription_id IS NOT NULL"),
            postgresql_where=sa.text("subscription_id IS NOT NULL"),
        )
        batch_op.create_check_constraint(
            op.f("ck_messages_one_recipient"), "(registration_id IS NULL) <> (subscription_id IS NULL)"
        )
        batch_op.create_foreign_key(
            batch_op.f("fk_messages_subscription_id_subscriptions"),
            "subscriptions",
            ["subscription_id"],
            ["id"],
            ondelete="CASCADE",
        )

    with op.batch_alter_table("registrations", schema=None) as batch_op:
        batch_op.add_column(
            sa.Column(
                "calendar_reply",
                sa.Enum("accepted", "tentative", "declined", name="calendarreply_word", native_enum=False, length=24),
                nullable=True,
            )
        )
        batch_op.add_column(sa.Column("calendar_replied_at", UtcMoment(), nullable=True))
        batch_op.add_column(sa.Column("calendar_reply_sequence", sa.Integer(), nullable=True))

    with op.batch_alter_table("reminder_rules", schema=None) as batch_op:
        batch_op.add_column(sa.Column("session_id", sa.Uuid(), nullable=True))
        batch_op.add_column(sa.Column("origin_id", sa.Uuid(), nullable=True))
        batch_op.add_column(sa.Column("offset_days", sa.Integer(), nullable=False, server_default="0"))
        batch_op.add_column(
            sa.Column(
                "audience",
                sa.Enum(
                    "everyone", "absent", name="audience_word", native_enum=False, create_constraint=True, length=24
                ),
                nullable=False,
                server_default="everyone",
            )
        )
        batch_op.add_column(sa.Column("text", sa.String(length=2000), nullable=False, server_default=""))
        batch_op.add_column(sa.Column("retired_at", UtcMoment(), nullable=True))
        batch_op.add_column(sa.Column("version", sa.Integer(), nullable=False, server_default="1"))
        batch_op.create_index(batch_op.f("ix_reminder_rules_session_id"), ["session_id"], unique=False)
        batch_op.create_foreign_key(
            batch_op.f("fk_reminder_rules_origin_id_reminder_rules"),
            "reminder_rules",
            ["origin_id"],
            ["id"],
            ondelete="SET NULL",
        )
        batch_op.create_foreign_key(
            batch_op.f("fk_reminder_rules_session_id_sessions"), "sessions", ["session_id"], ["id"], ondelete="CASCADE"
        )

    with op.batch_alter_table("reminders", schema=None) as batch_op:
        batch_op.add_column(sa.Column("plan_at", UtcMoment(), nullable=True))
        batch_op.drop_index("ix_reminders_due_at")
    op.execute("UPDATE reminders SET plan_at = due_at")
    with op.batch_alter_table("reminders", schema=None) as batch_op:
        batch_op.alter_column("plan_at", existing_type=UtcMoment(), nullable=False)
        batch_op.create_index(
            "ix_reminders_plan_at",
            ["plan_at"],
            unique=False,
            sqlite_where=sa.text("state IN ('planned', 'running')"),
            postgresql_where=sa.text("state IN ('planned', 'running')"),
        )

    with op.batch_alter_table("sessions", schema=None) as batch_op:
        batch_op.add_column(sa.Column("details_version", sa.Integer(), nullable=False, server_default="0"))
        batch_op.add_column(sa.Column("has_own_reminders", sa.Boolean(), nullable=False, server_default=sa.false()))
        batch_op.add_column(sa.Column("open_since", UtcMoment(), nullable=True))

    with op.batch_alter_table("webinars", schema=None) as batch_op:
        batch_op.add_column(sa.Column("frees_declined_seats", sa.Boolean(), nullable=False, server_default=sa.false()))
