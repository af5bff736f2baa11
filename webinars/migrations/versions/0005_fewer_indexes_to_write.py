"""Fewer indexes to write when somebody registers"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

_MOVING = sa.text("replaces_id IS NOT NULL")


def upgrade() -> None:
    with op.batch_alter_table("registrations", schema=None) as batch_op:
        batch_op.drop_index("ix_registrations_email_index")
        batch_op.drop_index("ix_registrations_replaces_id")
        batch_op.drop_constraint(op.f("uq_registrations_session_id_email_index"), type_="unique")
        batch_op.create_unique_constraint(
            op.f("uq_registrations_email_index_session_id"), ["email_index", "session_id"]
        )
        batch_op.create_index(
            "ix_registrations_replaces_id",
            ["replaces_id"],
            unique=False,
            sqlite_where=_MOVING,
            postgresql_where=_MOVING,
        )


def downgrade() -> None:
    with op.batch_alter_table("registrations", schema=None) as batch_op:
        batch_op.drop_index("ix_registrations_replaces_id")
        batch_op.drop_constraint(op.f("uq_registrations_email_index_session_id"), type_="unique")
        batch_op.create_unique_constraint(
            op.f("uq_registrations_session_id_email_index"), ["session_id", "email_index"]
        )
        batch_op.create_index("ix_registrations_replaces_id", ["replaces_id"], unique=False)
        batch_op.create_index("ix_registrations_email_index", ["email_index"], unique=False)
