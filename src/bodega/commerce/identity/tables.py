"""Identity's tables."""

from sqlalchemy import (
    Boolean,
    CheckConstraint,
    Column,
    DateTime,
    ForeignKey,
    Index,
    LargeBinary,
    String,
    Table,
    Text,
    Uuid,
    text,
)
from sqlalchemy.dialects.postgresql import CHAR, JSONB

from bodega.backbone.tables import id_column, metadata, source_columns, time_columns

METADATA = metadata("identity")

users = Table(
    "users",
    METADATA,
    id_column(),
    Column("email", Text, unique=True),
    Column("name", Text),
    Column("password_hash", Text),
    Column("role", String(10), nullable=False),
    Column("status", String(10), nullable=False),
    Column("country", CHAR(2)),
    *time_columns(),
    *source_columns(),
    CheckConstraint("role IN ('customer', 'staff', 'admin')", name="role"),
    CheckConstraint("status IN ('active', 'disabled')", name="status"),
    Index("ux_users_source", "source", "source_key", unique=True),
)


def _user() -> Column[object]:
    return Column("user_id", Uuid, ForeignKey("identity.users.id"), nullable=False, index=True)


def _stamp(name: str, **options: object) -> Column[object]:
    return Column(name, DateTime(timezone=True), **options)  # type: ignore[arg-type]


sessions = Table(
    "sessions",
    METADATA,
    id_column(),
    _user(),
    Column("token_hash", LargeBinary, nullable=False, unique=True),
    _stamp("created_at", nullable=False, server_default=text("now()")),
    _stamp("expires_at", nullable=False, index=True),
    _stamp("revoked_at"),
)

addresses = Table(
    "addresses",
    METADATA,
    id_column(),
    _user(),
    Column("address", JSONB, nullable=False),
    Column("for_delivery", Boolean, nullable=False, server_default=text("false")),
    Column("for_billing", Boolean, nullable=False, server_default=text("false")),
    _stamp("created_at", nullable=False, server_default=text("now()")),
    Index(
        "ux_addresses_for_delivery", "user_id", unique=True, postgresql_where=text("for_delivery")
    ),
    Index("ux_addresses_for_billing", "user_id", unique=True, postgresql_where=text("for_billing")),
)

tokens = Table(
    "tokens",
    METADATA,
    id_column(),
    Column("family_id", Uuid, nullable=False, index=True),
    _user(),
    Column("kind", String(10), nullable=False),
    Column("token_hash", LargeBinary, nullable=False, unique=True),
    _stamp("created_at", nullable=False, server_default=text("now()")),
    _stamp("expires_at", nullable=False, index=True),
    _stamp("used_at"),
    _stamp("revoked_at"),
    CheckConstraint("kind IN ('access', 'refresh')", name="kind"),
)
