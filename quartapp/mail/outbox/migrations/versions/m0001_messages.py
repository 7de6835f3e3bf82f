"""Messages, recipients, contents, attempts, the keys that outlive them; counts, and workers."""

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "m0001"
down_revision = None


def upgrade() -> None:
    op.create_table(
        "mail_messages",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("message_id", sa.String(), nullable=False),
        sa.Column("queue", sa.String(length=64), nullable=False),
        sa.Column("backend", sa.String(length=16), nullable=False),
        sa.Column("status", sa.String(length=16), nullable=False),
        sa.Column("subject", sa.String(), nullable=False),
        sa.Column("subject_start", sa.LargeBinary()),
        sa.Column("sender", sa.String(), nullable=False),
        sa.Column("mail_options", sa.String(), nullable=False),
        sa.Column("rcpt_options", sa.String(), nullable=False),
        sa.Column("template", sa.String()),
        sa.Column("size", sa.Integer(), nullable=False),
        sa.Column("recipient_count", sa.Integer(), nullable=False),
        sa.Column("idempotency_key", sa.String()),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True)),
        sa.Column("since", sa.DateTime(timezone=True), nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True)),
        sa.Column("deferred_at", sa.DateTime(timezone=True)),
        sa.Column("is_retry", sa.Boolean(), nullable=False),
        sa.Column("priority", sa.String(length=8), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("first_attempt_at", sa.DateTime(timezone=True)),
        sa.Column("outages", sa.Integer(), nullable=False),
        sa.Column("sent_at", sa.DateTime(timezone=True)),
        sa.Column("ended_at", sa.DateTime(timezone=True)),
        sa.Column("detail", sa.String(), nullable=False),
        sa.Column("token", sa.String(length=32)),
        sa.Column("renewals", sa.Integer()),
        sa.Column("lease", sa.Float()),
        sa.Column("intent_at", sa.DateTime(timezone=True)),
        sa.Column("wants_cancel", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_mail_messages"),
    )
    op.create_index(
        "ix_mail_messages_claimed",
        "mail_messages",
        ["queue", "backend", "token"],
        **where_set("token"),
    )
    op.create_index(
        "ix_mail_messages_due",
        "mail_messages",
        ["queue", "backend", "is_retry", "priority", "due_at"],
        **where_set("due_at"),
    )
    op.create_index(
        "ix_mail_messages_ended_at",
        "mail_messages",
        ["queue", "status", "ended_at"],
        **where_set("ended_at"),
    )
    op.create_index(
        "ix_mail_messages_expires_at",
        "mail_messages",
        ["queue", "backend", "expires_at"],
        **where_set("due_at", "expires_at"),
    )
    op.create_index(
        "ix_mail_messages_idempotency_key",
        "mail_messages",
        ["queue", "idempotency_key"],
        **where_set("idempotency_key"),
    )
    op.create_index("ix_mail_messages_queue", "mail_messages", ["queue", "id"])
    op.create_index("ix_mail_messages_status", "mail_messages", ["queue", "status", "id"])
    op.create_index(
        "ix_mail_messages_subject_start", "mail_messages", ["queue", "subject_start", "id"]
    )
    op.create_index(
        "ix_mail_messages_suppressed",
        "mail_messages",
        ["queue"],
        postgresql_where=sa.text("backend = 'suppressed'"),
        sqlite_where=sa.text("backend = 'suppressed'"),
    )
    op.create_index(
        "ix_mail_messages_template",
        "mail_messages",
        ["queue", "template", "id"],
        **where_set("template"),
    )
    op.create_table(
        "mail_attempts",
        sa.Column("delivery_id", sa.String(length=32), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("queue", sa.String(length=64), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("status", sa.String(length=16), nullable=False),
        sa.Column("detail", sa.String(), nullable=False),
        sa.Column("reply", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(
            ["delivery_id"],
            ["mail_messages.id"],
            name="fk_mail_attempts_delivery_id_mail_messages",
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("delivery_id", "number", name="pk_mail_attempts"),
    )
    op.create_index("ix_mail_attempts_ended_at", "mail_attempts", ["queue", "ended_at"])
    op.create_table(
        "mail_contents",
        sa.Column("delivery_id", sa.String(length=32), nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(
            ["delivery_id"],
            ["mail_messages.id"],
            name="fk_mail_contents_delivery_id_mail_messages",
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("delivery_id", name="pk_mail_contents"),
    )
    op.create_table(
        "mail_recipients",
        sa.Column("delivery_id", sa.String(length=32), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("address", sa.String(), nullable=False),
        sa.Column("status", sa.String(length=16), nullable=False),
        sa.Column("code", sa.Integer()),
        sa.Column("reply", sa.String(), nullable=False),
        sa.Column("reply_of", sa.Integer()),
        sa.Column("due_at", sa.DateTime(timezone=True)),
        sa.ForeignKeyConstraint(
            ["delivery_id"],
            ["mail_messages.id"],
            name="fk_mail_recipients_delivery_id_mail_messages",
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("delivery_id", "position", name="pk_mail_recipients"),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_mail_recipients_address", "mail_recipients", ["address", "delivery_id"])
    op.create_table(
        "mail_counts",
        sa.Column("queue", sa.String(length=64), nullable=False),
        sa.Column("outcome", sa.String(length=16), nullable=False),
        sa.Column("starts_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("worker", sa.String(length=32), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("queue", "outcome", "starts_at", "worker", name="pk_mail_counts"),
    )
    op.create_table(
        "mail_workers",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("queue", sa.String(length=64), nullable=False),
        sa.Column("backend", sa.String(length=16), nullable=False),
        sa.Column("seen_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("outage", sa.String(), nullable=False),
        sa.Column("outage_since", sa.DateTime(timezone=True)),
        sa.Column("next_attempt_at", sa.DateTime(timezone=True)),
        sa.PrimaryKeyConstraint("id", name="pk_mail_workers"),
    )
    op.create_table(
        "mail_logins",
        sa.Column("server", sa.String(), nullable=False),
        sa.Column("asked_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("next_at", sa.DateTime(timezone=True)),
        sa.Column("pause", sa.Float(), nullable=False),
        sa.Column("reply", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("server", name="pk_mail_logins"),
    )
    op.create_table(
        "mail_keys",
        sa.Column("key_hash", sa.LargeBinary(), nullable=False),
        sa.Column("queue", sa.String(length=64), nullable=False),
        sa.Column("message_hash", sa.LargeBinary(), nullable=False),
        sa.Column("delivery_id", sa.String(length=32), nullable=False),
        sa.Column("message_id", sa.String(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("status", sa.String(length=16)),
        sa.Column("pruned_at", sa.DateTime(timezone=True)),
        sa.PrimaryKeyConstraint("key_hash", name="pk_mail_keys"),
        sa.UniqueConstraint("delivery_id", name="uq_mail_keys_delivery_id"),
    )
    op.create_index(
        "ix_mail_keys_pruned_at", "mail_keys", ["queue", "pruned_at"], **where_set("pruned_at")
    )
    op.create_table(
        "mail_key_secret",
        sa.Column("id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("secret", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_mail_key_secret"),
    )


def downgrade() -> None:
    rest = ("workers", "logins", "counts", "keys", "key_secret")
    for table in (*rest, "recipients", "contents", "attempts", "messages"):
        op.drop_table(f"mail_{table}")


def where_set(*columns: str) -> dict[str, Any]:
    """A partial index over the rows in which these columns are set."""
    condition = sa.text(" AND ".join(f"{column} IS NOT NULL" for column in columns))
    return {"postgresql_where": condition, "sqlite_where": condition}
