"""A shop that sold before there were promises keeps its books when it is brought up to date."""

from collections.abc import Iterator
from uuid import uuid4

import psycopg
import pytest
from psycopg import sql

from bodega.apps.modules import branches
from bodega.backbone.migrate import Branch, downgrade, upgrade
from bodega.backbone.settings import Settings
from tests.commerce.inventory.store import WRONG

BEFORE = """
INSERT INTO inventory.levels (variant_id, location, on_hand) VALUES (%(v)s, 'main', 3);
INSERT INTO inventory.movements (id, variant_id, location, quantity, reason)
    VALUES (gen_random_uuid(), %(v)s, 'main', 5, 'received'),
           (gen_random_uuid(), %(v)s, 'main', -2, 'sale');
INSERT INTO inventory.reservations
    (id, checkout_id, variant_id, location, quantity, status, expires_at)
    VALUES (gen_random_uuid(), gen_random_uuid(), %(v)s, 'main', 2, 'consumed', now()),
           (gen_random_uuid(), gen_random_uuid(), %(v)s, 'main', 1, 'held', now());
"""


@pytest.fixture
def old(servers: Settings) -> Iterator[tuple[str, list[Branch]]]:
    """A database of the first tables, with a sale in it."""
    name = sql.Identifier(f"m{uuid4().hex[:12]}")
    with psycopg.connect(servers.dsn, autocommit=True) as admin:
        admin.execute(sql.SQL("CREATE DATABASE {}").format(name))
    dsn = servers.dsn.rpartition("/")[0] + f"/{name.as_string().strip(chr(34))}"
    own = [branch for branch in branches() if branch.name in ("backbone", "inventory")]
    upgrade(dsn, own, revision="backbone@head")
    upgrade(dsn, own, revision="inventory_0001")
    with psycopg.connect(dsn) as connection:
        variant = uuid4()
        for statement in BEFORE.strip().rstrip(";").split(";\n"):
            connection.execute(statement, {"v": variant})
    yield dsn, own
    with psycopg.connect(servers.dsn, autocommit=True) as admin:
        admin.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(name))


def test_what_was_sold_and_never_sent_is_promised(old: tuple[str, list[Branch]]) -> None:
    dsn, own = old
    upgrade(dsn, own)
    with psycopg.connect(dsn) as connection:
        levels = "SELECT on_hand, allocated, location FROM inventory.levels"
        assert connection.execute(levels).fetchall() == [(5, 2, "main")]
        assert connection.execute(WRONG).fetchall() == []
        states = "SELECT status FROM inventory.reservations ORDER BY 1"
        assert connection.execute(states).fetchall() == [("allocated",), ("held",)]
        codes = "SELECT code FROM inventory.locations"
        assert connection.execute(codes).fetchall() == [("main",)]


def test_the_way_back_takes_promised_units_off_the_shelf(old: tuple[str, list[Branch]]) -> None:
    dsn, own = old
    upgrade(dsn, own)
    with psycopg.connect(dsn) as connection:
        connection.execute("UPDATE inventory.levels SET safety_stock = 1")
    downgrade(dsn, own, branch="inventory", to="inventory_0001")
    with psycopg.connect(dsn) as connection:
        found = connection.execute(
            "SELECT on_hand, (SELECT sum(quantity) FROM inventory.movements) FROM inventory.levels"
        ).fetchall()
    assert found == [(3, 3)]
