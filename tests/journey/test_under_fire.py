"""Everything at once: buyers, declines, abandoned challenges, cancellations, lapsing holds, a
provider that hangs and servers that are killed. Afterwards the books must agree."""

import asyncio
import os
import random
import signal
from collections import Counter
from uuid import uuid4

import httpx
import pytest

from tests.kit.buyer import Buyer, product_with_stock, staff_client
from tests.kit.doors import key
from tests.kit.tree import Tree, eventually

pytestmark = pytest.mark.journey
BUYERS = 500 if os.environ.get("BODEGA_SOAK") else 60
PRODUCTS, LOCATIONS, SECONDS = 10, 3, BUYERS / 10
CARDS = ["pm_card_visa"] * 8 + ["pm_card_chargeDeclined", "pm_card_authenticationRequired"]
VICTIMS = ("api", "worker", "postgres", "provider", "relay")

UNSETTLED = """SELECT
  (SELECT count(*) FROM checkout.checkouts WHERE state NOT IN ('completed', 'failed')),
  (SELECT count(*) FROM orders.operations WHERE state IN ('running', 'undoing')),
  (SELECT count(*) FROM payments.payments
     WHERE status IN ('authorising', 'requires_action', 'authorised', 'capturing', 'voiding'))"""
LAPSE = """WITH lapsed AS (UPDATE inventory.reservations SET expires_at = now()
                WHERE status = 'held' AND random() < .3 RETURNING 1)
           SELECT count(*) FROM lapsed"""
# Each of these finds what must not be.
BROKEN = {
    "a level is below zero, or promises more than there is": """
        SELECT * FROM inventory.levels
        WHERE on_hand < 0 OR allocated < 0 OR allocated > on_hand + allowance""",
    "a level differs from its ledger": """
        SELECT variant_id, location FROM inventory.levels l WHERE (on_hand, allocated) <> (
            SELECT coalesce(sum(m.quantity), 0), coalesce(sum(m.promised), 0)
            FROM inventory.movements m
            WHERE m.variant_id = l.variant_id AND m.location = l.location)""",
    "a reservation outlives its expiry": """
        SELECT id FROM inventory.reservations WHERE status = 'held' AND expires_at < now()""",
    "kept money without exactly one live order": """
        SELECT p.id FROM payments.payments p
        LEFT JOIN payments.refunds r ON r.payment_id = p.id AND r.status = 'succeeded'
        WHERE p.status NOT IN ('declined', 'voided')
        GROUP BY p.id HAVING p.amount_amount > coalesce(sum(r.amount_amount), 0)
          AND (SELECT count(*) FROM orders.orders o WHERE o.checkout_id = p.checkout_id
               AND o.status NOT IN ('pending', 'cancelled')) <> 1""",
    "a live order that nobody paid": """
        SELECT o.number FROM orders.orders o
        WHERE o.checkout_id IS NOT NULL AND o.status <> 'cancelled' AND NOT EXISTS (
            SELECT 1 FROM payments.payments p WHERE p.checkout_id = o.checkout_id
              AND p.status NOT IN ('declined', 'voided'))""",
    "a live order whose goods are not promised": """
        SELECT o.number FROM orders.orders o JOIN orders.order_lines l ON l.order_id = o.id
        WHERE o.checkout_id IS NOT NULL AND o.status <> 'cancelled' AND l.kind = 'product'
        GROUP BY o.id, l.variant_id, o.number
        HAVING sum(l.quantity) <> (
            SELECT coalesce(sum(a.quantity), 0) FROM inventory.allocations a
            WHERE a.checkout_id = o.checkout_id AND a.variant_id = l.variant_id)""",
    "an order whose lines do not add up": """
        SELECT o.number FROM orders.orders o JOIN orders.order_lines l ON l.order_id = o.id
        GROUP BY o.id, o.number, o.total_amount HAVING sum(l.total_amount) <> o.total_amount""",
    "an entry of the ledger that does not balance": """
        SELECT entry_id FROM payments.ledger_lines GROUP BY entry_id HAVING sum(amount) <> 0""",
    "a conflict with the provider": "SELECT kind, expected, seen FROM payments.conflicts",
}


async def goods(staff: httpx.AsyncClient) -> list[str]:
    """Ten variants, scarce, spread over three locations."""
    places: list[str | None] = [None]
    for number in range(1, LOCATIONS):
        body = {"code": f"fire-{number}-{uuid4().hex[:6]}", "name": f"Fire {number}"}
        made = await staff.post("/api/v1/admin/locations", json=body, headers=key())
        made.raise_for_status()
        places.append(made.json()["id"])
    variants = [await product_with_stock(staff, BUYERS // 15) for _ in range(PRODUCTS)]
    for variant in variants:
        for place in places[1:]:
            moved = await staff.post(
                "/api/v1/admin/stock-movements",
                json={"variant_id": variant, "quantity": BUYERS // 20, "location_id": place},
                headers=key(),
            )
            moved.raise_for_status()
    return variants


async def buy(number: int, client: httpx.AsyncClient, variants: list[str]) -> httpx.Response:
    """One buyer's purchase of one to three things, sometimes cancelled by the shop afterwards."""
    fate = random.Random(number)
    await asyncio.sleep(fate.uniform(0, SECONDS))
    buyer = Buyer(client, f"fire{number}-{uuid4().hex[:6]}@example.com", patience=120)
    buyer.card = fate.choice(CARDS)
    buyer.return_url = f"{client.base_url}/back"
    first, *more = fate.sample(variants, fate.randint(1, 3))
    cart = await buyer.fill_cart(first, fate.randint(1, 2))
    for variant in more:
        line = await buyer.ask("PUT", f"/carts/{cart}/lines/{variant}", {"quantity": 1})
        line.raise_for_status()
    return await buyer.check_out(cart)


async def cancel(answer: httpx.Response, staff: httpx.AsyncClient) -> None:
    order = answer.json()["order_id"]
    clerk = Buyer(staff, patience=120)
    gone = await clerk.ask("POST", f"/admin/orders/{order}/cancellation", {"reason": "changed"})
    assert gone.status_code in (201, 202, 409), gone.text


async def strike(shop: Tree) -> None:
    """Holds lapse under way, the provider hangs, servers die."""
    for victim in VICTIMS:
        await asyncio.sleep(SECONDS / 8)
        await asyncio.to_thread(eventually, lambda: bool(shop.database(LAPSE)))
        for pid in shop.pids("provider"):
            os.kill(pid, signal.SIGSTOP)
        await asyncio.sleep(1)
        for pid in shop.pids("provider"):
            os.kill(pid, signal.SIGCONT)
        await asyncio.to_thread(shop.kill, victim)


async def fire(shop: Tree) -> Counter[int]:
    async with staff_client(shop.url, shop.password) as staff:
        variants = await goods(staff)
        limits = httpx.Limits(max_connections=100)
        async with httpx.AsyncClient(base_url=shop.url, timeout=60, limits=limits) as client:
            striking = asyncio.create_task(strike(shop))

            async def one(number: int) -> int:
                answer = await buy(number, client, variants)
                if answer.status_code == 201 and number % 5 == 0:
                    await cancel(answer, staff)
                return answer.status_code

            answers = await asyncio.gather(*(one(number) for number in range(BUYERS)))
            await striking
    return Counter(answers)


def test_the_books_agree_after_a_fire(shop: Tree) -> None:
    assert eventually(shop.well, seconds=60)
    answers = asyncio.run(fire(shop))
    assert set(answers) <= {201, 202, 402, 409}, answers
    assert answers[201] > BUYERS // 4, answers
    # Who left for 3-D Secure never came back: their time is over.
    over = "UPDATE checkout.checkouts SET waits_until = now() WHERE state = 'waiting' RETURNING 1"
    shop.database(over)
    assert eventually(lambda: shop.database(UNSETTLED) == [(0, 0, 0)], seconds=120), shop.database(
        UNSETTLED
    )
    broken = {name: found for name, sql in BROKEN.items() if (found := shop.database(sql))}
    assert broken == {}
