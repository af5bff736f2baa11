"""Seats at full strength"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from webinars.db import SealedText, UtcMoment, json_type

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


_STATUSES = "status IN ('confirmed', 'offered', 'waitlisted', 'pending', 'declined', 'withdrawn', 'lapsed')"
_STATUS_CHECK = "ck_registrations_registrationstatus_word"


def upgrade() -> None:
    op.create_table(
        "rate_counts",
        sa.Column("bucket", sa.LargeBinary(length=16), nullable=False),
        sa.Column("short_since", UtcMoment(), nullable=False),
        sa.Column("short_count", sa.Integer(), nullable=False),
        sa.Column("long_since", UtcMoment(), nullable=False),
        sa.Column("long_count", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("bucket", name=op.f("pk_rate_counts")),
    )
    with op.batch_alter_table("rate_counts", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_rate_counts_long_since"), ["long_since"], unique=False)

    op.create_table(
        "questions",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("webinar_id", sa.Uuid(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column(
            "kind",
            sa.Enum(
                "text",
                "long_text",
                "choice",
                "choices",
                "yes_no",
                "number",
                "date",
                name="questionkind_word",
                native_enum=False,
                create_constraint=True,
                length=24,
            ),
            nullable=False,
        ),
        sa.Column("label", sa.String(length=300), nullable=False),
        sa.Column("help", sa.String(length=500), nullable=False),
        sa.Column("choices", json_type(), nullable=False),
        sa.Column("is_required", sa.Boolean(), nullable=False),
        sa.Column("show_if", json_type(), nullable=True),
        sa.Column(
            "sensitivity",
            sa.Enum("general", "health", name="sensitivity_word", native_enum=False, create_constraint=True, length=24),
            nullable=False,
        ),
        sa.Column("retired_at", UtcMoment(), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_at", UtcMoment(), nullable=False),
        sa.Column("updated_at", UtcMoment(), nullable=False),
        sa.ForeignKeyConstraint(
            ["webinar_id"], ["webinars.id"], name=op.f("fk_questions_webinar_id_webinars"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_questions")),
    )
    with op.batch_alter_table("questions", schema=None) as batch_op:
        batch_op.create_index("ix_questions_webinar_id_position", ["webinar_id", "position"], unique=False)

    op.create_table(
        "series",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("webinar_id", sa.Uuid(), nullable=False),
        sa.Column("rrule", sa.String(length=500), nullable=False),
        sa.Column("starts_at_local", sa.DateTime(), nullable=False),
        sa.Column("timezone", sa.String(), nullable=False),
        sa.Column("duration_minutes", sa.Integer(), nullable=False),
        sa.Column("capacity", sa.Integer(), nullable=False),
        sa.Column("waitlist_open", sa.Boolean(), nullable=False),
        sa.Column("room_url", sa.String(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_at", UtcMoment(), nullable=False),
        sa.Column("updated_at", UtcMoment(), nullable=False),
        sa.ForeignKeyConstraint(
            ["webinar_id"], ["webinars.id"], name=op.f("fk_series_webinar_id_webinars"), ondelete="RESTRICT"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_series")),
    )
    with op.batch_alter_table("series", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_series_webinar_id"), ["webinar_id"], unique=False)

    op.create_table(
        "visit_counts",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("webinar_id", sa.Uuid(), nullable=False),
        sa.Column("source_hash", sa.LargeBinary(length=16), nullable=False),
        sa.Column("source", json_type(), nullable=False),
        sa.Column("visits", sa.Integer(), nullable=False),
        sa.Column("forms", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["webinar_id"], ["webinars.id"], name=op.f("fk_visit_counts_webinar_id_webinars"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_visit_counts")),
        sa.UniqueConstraint(
            "day", "webinar_id", "source_hash", name=op.f("uq_visit_counts_day_webinar_id_source_hash")
        ),
    )
    with op.batch_alter_table("visit_counts", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_visit_counts_webinar_id"), ["webinar_id"], unique=False)

    op.create_table(
        "answers",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("registration_id", sa.Uuid(), nullable=False),
        sa.Column("question_id", sa.Uuid(), nullable=False),
        sa.Column("asked", sa.String(length=300), nullable=False),
        sa.Column("value", SealedText(), nullable=True),
        sa.Column("health_value", SealedText(), nullable=True),
        sa.Column("created_at", UtcMoment(), nullable=False),
        sa.CheckConstraint("(value IS NULL) <> (health_value IS NULL)", name=op.f("ck_answers_value_in_one_place")),
        sa.ForeignKeyConstraint(
            ["question_id"], ["questions.id"], name=op.f("fk_answers_question_id_questions"), ondelete="RESTRICT"
        ),
        sa.ForeignKeyConstraint(
            ["registration_id"],
            ["registrations.id"],
            name=op.f("fk_answers_registration_id_registrations"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_answers")),
        sa.UniqueConstraint("registration_id", "question_id", name=op.f("uq_answers_registration_id_question_id")),
    )
    with op.batch_alter_table("answers", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_answers_question_id"), ["question_id"], unique=False)

    with op.batch_alter_table("registrations", schema=None) as batch_op:
        batch_op.drop_constraint(op.f(_STATUS_CHECK), type_="check")
        batch_op.create_check_constraint(op.f(_STATUS_CHECK), _STATUSES)
        batch_op.add_column(sa.Column("offered_at", UtcMoment(), nullable=True))
        batch_op.add_column(sa.Column("offer_expires_at", UtcMoment(), nullable=True))
        batch_op.add_column(
            sa.Column(
                "withdrawn_from",
                sa.Enum(
                    "confirmed",
                    "offered",
                    "waitlisted",
                    "pending",
                    "declined",
                    "withdrawn",
                    "lapsed",
                    name="registrationstatus_word",
                    native_enum=False,
                    length=24,
                ),
                nullable=True,
            )
        )
        batch_op.add_column(sa.Column("replaces_id", sa.Uuid(), nullable=True))
        batch_op.add_column(sa.Column("erased_at", UtcMoment(), nullable=True))
        batch_op.create_index(
            "ix_registrations_offers",
            ["offer_expires_at"],
            unique=False,
            sqlite_where=sa.text("status = 'offered'"),
            postgresql_where=sa.text("status = 'offered'"),
        )
        batch_op.create_index(batch_op.f("ix_registrations_replaces_id"), ["replaces_id"], unique=False)
        batch_op.create_foreign_key(
            batch_op.f("fk_registrations_replaces_id_registrations"),
            "registrations",
            ["replaces_id"],
            ["id"],
            ondelete="SET NULL",
        )

    with op.batch_alter_table("sessions", schema=None) as batch_op:
        batch_op.add_column(sa.Column("series_id", sa.Uuid(), nullable=True))
        batch_op.add_column(sa.Column("series_starts_at_local", sa.DateTime(), nullable=True))
        batch_op.add_column(sa.Column("is_exception", sa.Boolean(), nullable=False, server_default=sa.false()))
        batch_op.add_column(sa.Column("registration_opens_at", UtcMoment(), nullable=True))
        batch_op.add_column(sa.Column("registration_closes_at", UtcMoment(), nullable=True))
        batch_op.add_column(sa.Column("broadcast_at", UtcMoment(), nullable=True))
        batch_op.create_index(batch_op.f("ix_sessions_series_id"), ["series_id"], unique=False)
        batch_op.create_foreign_key(
            batch_op.f("fk_sessions_series_id_series"), "series", ["series_id"], ["id"], ondelete="SET NULL"
        )

    with op.batch_alter_table("webinars", schema=None) as batch_op:
        batch_op.add_column(sa.Column("has_questions", sa.Boolean(), nullable=False, server_default=sa.false()))

    # What a waitlist gave was called a promotion, and had its invite: a confirmation.
    op.execute("UPDATE messages SET kind = 'confirmation' WHERE kind = 'promoted'")
    # Without a state before, a withdrawal is one by a move; there were none yet.
    op.execute("UPDATE registrations SET withdrawn_from = 'confirmed' WHERE status = 'withdrawn'")
