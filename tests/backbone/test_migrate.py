"""Every branch goes up and down by itself, and says all that its tables are."""

from collections.abc import Iterator
from uuid import uuid4

import psycopg
import pytest
from psycopg import sql

from bodega.apps.modules import branches
from bodega.backbone.migrate import Branch, downgrade, drift, pending, upgrade
from bodega.backbone.settings import Settings

BRANCHES = {branch.name: branch for branch in branches()}
TABLES = "SELECT count(*) FROM pg_tables WHERE schemaname = %s AND tablename <> 'alembic_version'"


@pytest.fixture
def empty(servers: Settings) -> Iterator[str]:
    """A database without a table."""
    name = sql.Identifier(f"m{uuid4().hex[:12]}")
    with psycopg.connect(servers.dsn, autocommit=True) as admin:
        admin.execute(sql.SQL("CREATE DATABASE {}").format(name))
    yield servers.dsn.rpartition("/")[0] + f"/{name.as_string().strip(chr(34))}"
    with psycopg.connect(servers.dsn, autocommit=True) as admin:
        admin.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(name))


def tables(dsn: str, schema: str) -> int:
    with psycopg.connect(dsn) as connection:
        row = connection.execute(TABLES, [schema]).fetchone()
    assert row
    return int(row[0])


def test_up_down_and_up_again(empty: str) -> None:
    every = list(BRANCHES.values())
    assert pending(empty, every) == sorted(BRANCHES)
    assert upgrade(empty, every) == sorted(BRANCHES)
    assert upgrade(empty, every) == []
    for name, branch in BRANCHES.items():
        schema = str(branch.metadata.schema)
        before = tables(empty, schema)
        assert before == len(branch.metadata.tables)
        downgrade(empty, every, branch=name)
        assert tables(empty, schema) == 0
        assert pending(empty, every) == [name]
        assert upgrade(empty, every) == [name]
        assert tables(empty, schema) == before


@pytest.mark.parametrize("branch", BRANCHES.values(), ids=lambda branch: branch.name)
def test_migrations_say_all_that_the_tables_are(settings: Settings, branch: Branch) -> None:
    assert drift(settings.dsn, branch) == []
