"""How far topics are taken, what of them was set aside, and how far changes have been sent."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "backbone_0002"
down_revision = "backbone_0001"
branch_labels = None
depends_on = None


def _stamp(name: str) -> sa.Column:
    return sa.Column(
        name, sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False
    )


def upgrade() -> None:
    op.create_table(
        "kafka_positions",
        sa.Column("topic", sa.String(length=249), nullable=False),
        sa.Column("partition", sa.Integer(), nullable=False),
        sa.Column("offset", sa.BigInteger(), server_default=sa.text("0"), nullable=False),
        sa.Column("ends", sa.BigInteger(), server_default=sa.text("0"), nullable=False),
        _stamp("updated_at"),
        sa.PrimaryKeyConstraint("topic", "partition", name=op.f("pk_kafka_positions")),
        schema="backbone",
    )
    op.create_table(
        "kafka_quarantine",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("topic", sa.String(length=249), nullable=False),
        sa.Column("partition", sa.Integer(), nullable=False),
        sa.Column("offset", sa.BigInteger(), nullable=False),
        sa.Column("key", sa.LargeBinary(), nullable=True),
        sa.Column("value", sa.LargeBinary(), nullable=True),
        sa.Column("reason", sa.Text(), nullable=False),
        _stamp("quarantined_at"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_kafka_quarantine")),
        sa.UniqueConstraint(
            "topic", "partition", "offset", name=op.f("uq_kafka_quarantine_topic_partition_offset")
        ),
        schema="backbone",
    )
    op.create_table(
        "kafka_feeds",
        sa.Column("name", sa.String(length=80), nullable=False),
        sa.Column("checkpoint", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        _stamp("updated_at"),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_kafka_feeds")),
        schema="backbone",
    )


def downgrade() -> None:
    op.drop_table("kafka_feeds", schema="backbone")
    op.drop_table("kafka_quarantine", schema="backbone")
    op.drop_table("kafka_positions", schema="backbone")
