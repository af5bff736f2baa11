"""A reminder rule's own words in each language"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from webinars.db import json_type

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("reminder_rules", sa.Column("texts", json_type(), nullable=False, server_default="{}"))
    rules = sa.table(
        "reminder_rules", sa.column("id", sa.Uuid()), sa.column("text", sa.String()), sa.column("texts", json_type())
    )
    connection = op.get_bind()
    for rule_id, text in connection.execute(sa.select(rules.c.id, rules.c.text).where(rules.c.text != "")).all():
        connection.execute(sa.update(rules).where(rules.c.id == rule_id).values(texts={"en": text}))
    op.drop_column("reminder_rules", "text")
