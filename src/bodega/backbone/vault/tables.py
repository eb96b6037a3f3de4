"""The vault's tables."""

from sqlalchemy import (
    CheckConstraint,
    Column,
    DateTime,
    Index,
    LargeBinary,
    SmallInteger,
    String,
    Table,
    Text,
    Uuid,
    text,
)

from bodega.backbone.tables import id_column, metadata

METADATA = metadata("vault")


def _stamp(name: str, **options: object) -> Column[object]:
    return Column(name, DateTime(timezone=True), **options)  # type: ignore[arg-type]


keys = Table(
    "keys",
    METADATA,
    id_column(),
    Column("wrapped", LargeBinary, nullable=False),
    Column("master", String(16), nullable=False),
    _stamp("created_at", nullable=False, server_default=text("now()")),
)

alias_keys = Table(
    "alias_keys",
    METADATA,
    Column("id", SmallInteger, CheckConstraint("id = 1", name="only_one"), primary_key=True),
    Column("wrapped", LargeBinary, nullable=False),
    Column("master", String(16), nullable=False),
)

aliases = Table(
    "aliases",
    METADATA,
    Column("alias", Text, primary_key=True),
    Column("key_id", Uuid),
    _stamp("erased_at"),
    Index("ix_aliases_key_id", "key_id"),
)

reveals = Table(
    "reveals",
    METADATA,
    id_column(),
    _stamp("at", nullable=False, server_default=text("now()")),
    Column("actor", Text, nullable=False),
    Column("key_id", Uuid, nullable=False),
    Column("reason", Text, nullable=False),
)
