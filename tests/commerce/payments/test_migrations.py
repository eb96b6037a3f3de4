"""Tries of a payment, and letters about changes, on the way up and back with data in the tables."""

from collections.abc import Iterator
from uuid import uuid4

import psycopg
import pytest
from psycopg import sql

from bodega.apps.modules import branches
from bodega.backbone.migrate import Branch, downgrade, upgrade
from bodega.backbone.settings import Settings

PAID = """INSERT INTO payments.payments
    (id, checkout_id, amount_amount, amount_currency, status, provider)
    VALUES (gen_random_uuid(), %s, 599, 'GBP', %s, 'stripe')"""
LETTER = """INSERT INTO notifications.messages (id, order_id, template, status)
    VALUES (gen_random_uuid(), %s, 'order_confirmation', 'sent')"""


@pytest.fixture
def old(servers: Settings) -> Iterator[tuple[str, list[Branch]]]:
    """A database of before, with a declined payment and a confirmation in it."""
    name = sql.Identifier(f"m{uuid4().hex[:12]}")
    with psycopg.connect(servers.dsn, autocommit=True) as admin:
        admin.execute(sql.SQL("CREATE DATABASE {}").format(name))
    dsn = servers.dsn.rpartition("/")[0] + f"/{name.as_string().strip(chr(34))}"
    names = ("backbone", "payments", "notifications")
    own = [branch for branch in branches() if branch.name in names]
    for revision in ("backbone@head", "payments_0006", "notifications_0002"):
        upgrade(dsn, own, revision=revision)
    yield dsn, own
    with psycopg.connect(servers.dsn, autocommit=True) as admin:
        admin.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(name))


def test_tries_and_letters_survive_the_way_up_and_back(old: tuple[str, list[Branch]]) -> None:
    dsn, own = old
    checkout, order = uuid4(), uuid4()
    with psycopg.connect(dsn) as connection:
        connection.execute(PAID, [checkout, "declined"])
        connection.execute(LETTER, [order])
    upgrade(dsn, own)
    with psycopg.connect(dsn) as connection:
        again = PAID.replace("(id,", "(attempt, id,").replace("(gen_random", "(1, gen_random")
        connection.execute(again, [checkout, "captured"])
        with pytest.raises(psycopg.errors.UniqueViolation), connection.transaction():
            connection.execute(again.replace("(1,", "(2,"), [checkout, "authorised"])
        connection.execute(
            """INSERT INTO notifications.messages (id, order_id, template, reference, status)
               VALUES (gen_random_uuid(), %s, 'payment_asked', gen_random_uuid(), 'dropped')""",
            [order],
        )
    downgrade(dsn, own, branch="payments", to="payments_0006")
    downgrade(dsn, own, branch="notifications", to="notifications_0002")
    with psycopg.connect(dsn) as connection:
        kept = "SELECT status FROM payments.payments WHERE checkout_id = %s"
        assert connection.execute(kept, [checkout]).fetchall() == [("captured",)]
        assert connection.execute("SELECT count(*) FROM payments.payments").fetchone() == (2,)
        letters = "SELECT order_id, template, status FROM notifications.messages"
        assert connection.execute(letters).fetchall() == [(order, "order_confirmation", "sent")]
    upgrade(dsn, own)
