"""`kill -9` in the middle of load: every accepted order is in gold exactly once, none half done."""

import asyncio
import os
from collections.abc import Sequence

import httpx
import pytest

from bodega.data.lake.query import query
from tests.kit.buyer import Buyer, product_with_stock, staff_client
from tests.kit.tree import GOLD_SECONDS, Tree, eventually

pytestmark = pytest.mark.journey
RATE = 50 if os.environ.get("BODEGA_SOAK") else 6  # buyers a second
PAUSE = 1.3
# Under one load each, killed in turn and twice.
VICTIMS = (("api", "relay"), ("worker", "postgres"), ("pipelines", "provider", "valkey"))

HALF_DONE = """SELECT
  (SELECT count(*) FROM checkout.checkouts WHERE state IN ('running', 'undoing')),
  (SELECT count(*) FROM inventory.reservations WHERE status = 'held'),
  (SELECT count(*) FROM payments.payments
     WHERE status NOT IN ('captured', 'declined', 'voided')),
  (SELECT count(*) FROM orders.orders o JOIN payments.payments p USING (checkout_id)
     WHERE (p.status = 'captured') <> (o.status NOT IN ('pending', 'cancelled'))),
  (SELECT count(*) FROM payments.payments p WHERE p.status = 'captured' AND NOT EXISTS
     (SELECT 1 FROM orders.orders o WHERE o.checkout_id = p.checkout_id
        AND o.status NOT IN ('pending', 'cancelled'))),
  (SELECT count(*) FROM inventory.levels l WHERE (on_hand, allocated) <>
     (SELECT sum(m.quantity), sum(m.promised) FROM inventory.movements m
      WHERE m.variant_id = l.variant_id AND m.location = l.location))"""
SETTLED = [(0, 0, 0, 0, 0, 0)]
ACCEPTED = """SELECT o.number FROM orders.orders o JOIN orders.order_lines l ON l.order_id = o.id
              WHERE l.variant_id = '{variant}' AND o.status NOT IN ('pending', 'cancelled')
              ORDER BY 1"""
IN_GOLD = """SELECT number, count(*) AS lines FROM gold.fct_order_lines
             WHERE variant_id = '{variant}' AND NOT is_return GROUP BY 1 ORDER BY 1"""


async def load_with(shop: Tree, victims: Sequence[str]) -> tuple[str, list[int]]:
    """A steady stream of buyers while servers are struck; the order numbers they were told."""
    orders = round(RATE * PAUSE * (2 * len(victims) + 1))
    async with staff_client(shop.url, shop.password) as staff:
        variant = await product_with_stock(staff, orders * 2)
    async with httpx.AsyncClient(base_url=shop.url, timeout=30) as client:

        async def one(number: int) -> int:
            await asyncio.sleep(number / RATE)
            buyer = Buyer(client, email=f"k{number}@example.com", patience=90)
            answer = await buyer.buy(variant)
            assert answer.status_code == 201, answer.text
            told: int = answer.json()["order_number"]
            return told

        striking = asyncio.create_task(strike(shop, victims))
        told = await asyncio.gather(*(one(number) for number in range(orders)))
        await striking
    assert len(set(told)) == orders
    return variant, list(told)


async def strike(shop: Tree, victims: Sequence[str]) -> None:
    for victim in (*victims, *victims):
        await asyncio.sleep(PAUSE)
        shop.kill(victim)


@pytest.mark.parametrize("victims", VICTIMS, ids=" ".join)
def test_nothing_is_lost_or_half_done(shop: Tree, victims: Sequence[str]) -> None:
    assert eventually(shop.well, seconds=60)
    variant, told = asyncio.run(load_with(shop, victims))
    assert eventually(lambda: shop.database(HALF_DONE) == SETTLED, seconds=60), shop.database(
        HALF_DONE
    )
    accepted = [number for (number,) in shop.database(ACCEPTED.format(variant=variant))]
    assert accepted == sorted(told)

    def in_gold() -> list[tuple[int, int]]:
        rows = query(shop.data_dir / "lake", IN_GOLD.format(variant=variant)).rows
        return [(int(number), int(lines)) for number, lines in rows]

    expected = [(number, 1) for number in accepted]
    arrived = eventually(lambda: in_gold() == expected, seconds=GOLD_SECONDS, every=0.5)
    assert arrived, f"{in_gold()} of {expected}\n{shop.said('pipelines')}"
