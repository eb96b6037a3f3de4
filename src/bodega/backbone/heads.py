"""Which migrations a database has had, asked without loading the machinery that applies them."""

import hashlib
from pathlib import Path

import psycopg

import bodega

_HEADS = "SELECT version_num FROM backbone.alembic_version ORDER BY 1"


def heads(dsn: str) -> list[str]:
    """The revision of every branch in the database; empty for one that was never migrated."""
    try:
        with psycopg.connect(dsn, connect_timeout=10) as connection:
            return [str(row[0]) for row in connection.execute(_HEADS)]
    except psycopg.errors.UndefinedTable:
        return []


def installed() -> str:
    """A fingerprint of the migrations in this installation; another for any change in them."""
    package = Path(bodega.__file__).parent
    digest = hashlib.sha256()
    for file in sorted(package.rglob("migrations/versions/*.py")):
        digest.update(str(file.relative_to(package)).encode())
        digest.update(file.read_bytes())
    return digest.hexdigest()
