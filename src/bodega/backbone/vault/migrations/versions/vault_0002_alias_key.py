"""The key of the aliases lies apart from the master key, so that this one can be replaced."""

import sqlalchemy as sa
from alembic import op

revision = "vault_0002"
down_revision = "vault_0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "alias_keys",
        sa.Column("id", sa.SmallInteger(), nullable=False),
        sa.Column("wrapped", sa.LargeBinary(), nullable=False),
        sa.Column("master", sa.String(length=16), nullable=False),
        sa.CheckConstraint("id = 1", name=op.f("ck_alias_keys_only_one")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_alias_keys")),
        schema="vault",
    )


def downgrade() -> None:
    op.drop_table("alias_keys", schema="vault")
