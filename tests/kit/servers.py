"""Real servers for integration tests: one PostgreSQL and one Valkey a worker, migrated once."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg

from bodega.apps.modules import branches
from bodega.backbone.embedded.postgres import EmbeddedPostgres
from bodega.backbone.embedded.valkey import EmbeddedValkey
from bodega.backbone.migrate import upgrade
from bodega.backbone.settings import Settings
from tests.kit.clusters import copied_cluster

# An empty table has no pages, so its size tells whether anything was written since.
EMPTY = """
DO $$ DECLARE written text; BEGIN
  SELECT string_agg(oid::regclass::text, ', ') INTO written FROM pg_class
   WHERE relkind = 'r' AND pg_relation_size(oid) > 0 AND relname <> 'alembic_version'
     AND relnamespace::regnamespace::text NOT IN ('pg_catalog', 'information_schema', 'dbos');
  IF written IS NOT NULL THEN
    EXECUTE 'TRUNCATE ' || written || ' RESTART IDENTITY CASCADE';
  END IF;
END $$
"""


@contextmanager
def running_servers(folder: Path) -> Iterator[tuple[EmbeddedPostgres, EmbeddedValkey]]:
    """Fast and lost with the machine; stopped in the end. `folder` is made where it is not."""
    folder.mkdir(parents=True, exist_ok=True)
    postgres = copied_cluster(folder / "postgres", durable=False)
    valkey = EmbeddedValkey(folder / "valkey", password="test")
    postgres.start()
    valkey.start()
    try:
        yield postgres, valkey
    finally:
        valkey.stop()
        postgres.stop()


@contextmanager
def migrated_settings(folder: Path) -> Iterator[Settings]:
    """Settings that point at servers of their own, every branch at its head."""
    with running_servers(folder) as (postgres, valkey):
        upgrade(postgres.url, branches())
        yield Settings(
            _env_file=None,
            data_dir=folder / "data",
            database_url=postgres.url,
            valkey_url=valkey.url,
            public_cache_seconds=0,
            inventory_cache_seconds=0,
            pricing_cache_seconds=0,
            shipping_cache_seconds=0,
            payments_timeout_seconds=5,
        )


def empty_database(connection: psycopg.Connection) -> None:
    """Every row out of every table of ours that has any.

    Who still holds a lock after ten seconds has left a transaction open.
    """
    connection.execute("SET lock_timeout = '10s'")
    connection.execute(EMPTY)
