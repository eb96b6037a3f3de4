"""Column factories, so that ids, money and time look the same in every schema."""

from sqlalchemy import BigInteger, Column, DateTime, MetaData, String, Text, Uuid, text
from sqlalchemy.dialects.postgresql import CHAR

_NAMES = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s",
    "pk": "pk_%(table_name)s",
}


def metadata(schema: str) -> MetaData:
    """The tables of one module, in its own schema."""
    return MetaData(schema=schema, naming_convention=_NAMES)


def id_column(name: str = "id") -> Column[object]:
    return Column(name, Uuid, primary_key=True)


def money_columns(prefix: str) -> tuple[Column[int], Column[str]]:
    """`<prefix>_amount bigint`, `<prefix>_currency char(3)`."""
    return (
        Column(f"{prefix}_amount", BigInteger, nullable=False),
        Column(f"{prefix}_currency", CHAR(3), nullable=False),
    )


def time_columns() -> tuple[Column[object], ...]:
    """When it happened, when we knew, when the row came; `import_batch_id` of imported rows."""
    now = text("now()")
    stamp = DateTime(timezone=True)
    return (
        Column("occurred_at", stamp, nullable=False, server_default=now),
        Column("known_at", stamp, nullable=False, server_default=now),
        Column("ingested_at", stamp, nullable=False, server_default=now),
        Column("import_batch_id", Uuid),
    )


def source_columns() -> tuple[Column[str], Column[str]]:
    """Where an imported row came from; (source, source_key) is its natural key."""
    return Column("source", String(40)), Column("source_key", Text)


TIME_COLUMNS = ("occurred_at", "known_at", "ingested_at", "import_batch_id")
SOURCE_COLUMNS = ("source", "source_key")
