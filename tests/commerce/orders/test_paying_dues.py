"""Paying what a change of an order costs more, over HTTP: the bank asks, cards are refused, two
tabs pay at once."""

import asyncio
from typing import Any

import httpx
import psycopg
import pytest

from bodega.backbone.module import Context
from bodega.backbone.settings import Settings
from bodega.commerce.orders.handlers import HANDLERS
from bodega.commerce.orders.jobs import JOBS
from bodega.contracts.payments import PaymentActionDone
from bodega.kernel.ids import VariantId
from tests.commerce.orders.test_currencies import bought
from tests.commerce.people import react
from tests.kit.books import ALWAYS, broken
from tests.kit.doors import Doors, key
from tests.kit.goods import level, stocked
from tests.kit.provider import RunningProvider

ASKS, VISA, POOR = (
    "pm_card_authenticationRequired",
    "pm_card_visa",
    "pm_card_visa_chargeDeclinedInsufficientFunds",
)
BACK = "https://shop.test/back"


@pytest.fixture
def settings(settings: Settings, provider: RunningProvider) -> Settings:
    return settings.model_copy(update={"payments_url": provider.url})


class Asked:
    """Ada bought three mugs, and is asked to pay for a fourth."""

    def __init__(self, ada: httpx.AsyncClient, order: dict[str, Any], variant: VariantId) -> None:
        self.ada, self.order, self.variant = ada, order, variant
        self.at = f"/api/v1/orders/{order['id']}/payment-due"

    async def pay(self, token: str, **headers: str) -> httpx.Response:
        body = {"payment_token": token, "return_url": BACK}
        return await self.ada.post(self.at, json=body, headers=headers or key())

    async def due(self) -> dict[str, Any]:
        found: dict[str, Any] = (await self.ada.get(self.at)).json()
        return found

    async def units(self) -> int:
        order = (await self.ada.get(f"/api/v1/orders/{self.order['id']}")).json()
        return int(order["lines"][0]["quantity"])


def charges(settings: Settings) -> list[tuple[str, int]]:
    """How each try to charge the difference stands, and what of it the ledger has."""
    with psycopg.connect(settings.dsn) as connection:
        found = connection.execute(
            """SELECT p.status, coalesce(sum(l.amount), 0) FROM payments.payments p
               LEFT JOIN payments.ledger_entries e ON e.payment_id = p.id AND e.kind <> 'fee'
               LEFT JOIN payments.ledger_lines l
                   ON l.entry_id = e.id AND l.account = 'provider_clearing'
               WHERE p.amount_amount = 599 GROUP BY p.id ORDER BY p.attempt"""
        ).fetchall()
    return [(status, int(taken)) for status, taken in found]


async def says(where: str, outcome: str) -> None:
    async with httpx.AsyncClient() as bank:
        await bank.post(where, data={"outcome": outcome})


@pytest.fixture
async def asked(doors: Doors, context: Context) -> Asked:
    ada, staff = await doors.customer(), await doors.staff(await doors.admin())
    variant = await stocked(context, 4)
    order = await bought(context, ada, variant)
    goods = next(one for one in order["lines"] if one["kind"] == "product")
    found = Asked(ada, order, variant)
    nothing = await ada.get(found.at)
    assert (nothing.status_code, nothing.json()["code"]) == (404, "payment_not_due")
    edit = {"quantities": {goods["id"]: 4}, "reason": "one more", "ask_buyer": True}
    edits = f"/api/v1/admin/orders/{order['id']}/edits"
    begun = await staff.post(edits, json=edit, headers=key())
    assert (begun.status_code, begun.json()["due"]["amount"]) == (202, 599)
    return found


async def test_the_bank_refuses_and_another_card_pays(
    asked: Asked, doors: Doors, context: Context, settings: Settings
) -> None:
    assert (await (await doors.customer()).get(asked.at)).status_code == 404
    begun = await asked.pay(ASKS)
    assert begun.status_code == 202, begun.text
    await says(begun.json()["action_url"], "fail")
    refused = await asked.pay(ASKS)
    assert (refused.status_code, refused.json()["code"]) == (402, "payment_declined")
    assert refused.json()["tries_left"] == settings.orders_pay_tries - 1
    assert await asked.units() == 3
    assert (await level(context, asked.variant)).available == 0  # it is kept for them
    poor = key()
    for _ in range(2):
        again = await asked.pay(POOR, **poor)
        assert (again.status_code, again.json()["tries_left"]) == (402, 3)
    other = await asked.pay(VISA, **poor)
    assert (other.status_code, other.json()["code"]) == (400, "idempotency_key_reused")
    done = await asked.pay(VISA)
    assert (done.status_code, done.json()["state"]) == (201, "done"), done.text
    assert await asked.units() == 4
    assert charges(settings) == [("declined", 0), ("declined", 0), ("captured", 599)]
    assert broken(settings.dsn, ALWAYS) == {}


async def test_two_tabs_pay_at_once_and_one_of_them_is_charged(
    asked: Asked, settings: Settings
) -> None:
    answers = await asyncio.gather(*(asked.pay(card) for card in (VISA, "pm_card_mastercard")))
    assert {answer.status_code for answer in answers} <= {201, 202, 404}
    assert 201 in [answer.status_code for answer in answers]
    assert charges(settings) == [("captured", 599)]
    assert await asked.units() == 4


async def test_another_card_takes_the_place_of_one_about_which_its_bank_asks(
    asked: Asked, settings: Settings
) -> None:
    begun = await asked.pay(ASKS)
    done = await asked.pay(VISA)
    assert (done.status_code, done.json()["state"]) == (201, "done"), done.text
    await says(begun.json()["action_url"], "authorise")  # the other tab comes too late
    assert (await asked.pay(ASKS)).status_code == 404
    assert charges(settings) == [("voided", 0), ("captured", 599)]


async def test_a_buyer_who_never_comes_back_from_the_bank_has_paid(
    asked: Asked, context: Context, settings: Settings
) -> None:
    begun = await asked.pay(ASKS)
    await says(begun.json()["action_url"], "authorise")
    with psycopg.connect(settings.dsn) as connection:
        connection.execute("UPDATE orders.operations SET leased_until = now() + interval '1 hour'")
        [(id, checkout)] = connection.execute(
            "SELECT id, checkout_id FROM payments.payments WHERE status = 'requires_action'"
        ).fetchall()
    await react(context, HANDLERS, PaymentActionDone(payment_id=id, checkout_id=checkout))
    for job in JOBS:
        await job.run(context)
    assert charges(settings) == [("captured", 599)]
    assert await asked.units() == 4


async def test_a_buyer_leaves_the_order_as_it_is_while_the_bank_asks(
    asked: Asked, context: Context, settings: Settings
) -> None:
    assert (await asked.pay(ASKS)).status_code == 202
    left = await asked.ada.post(f"{asked.at}/cancellation", headers=key())
    assert (left.status_code, left.json()["state"]) == (200, "failed"), left.text
    assert charges(settings) == [("voided", 0)]
    assert (await level(context, asked.variant)).available == 1
    assert (await asked.ada.post(f"{asked.at}/cancellation", headers=key())).status_code == 404
