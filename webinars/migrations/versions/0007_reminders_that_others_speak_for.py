"""Reminders that others speak for are found without looking through all messages"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

_MERGED = sa.text("reason = 'merged'")


def upgrade() -> None:
    op.create_index(
        "ix_messages_deadline_at", "messages", ["deadline_at"], sqlite_where=_MERGED, postgresql_where=_MERGED
    )


def downgrade() -> None:
    op.drop_index("ix_messages_deadline_at", table_name="messages")
