"""Buying, returning and giving back in currencies with none and three decimals, over HTTP."""

from typing import Any

import httpx
import pytest

from bodega.backbone.module import Context
from bodega.backbone.settings import Settings
from bodega.contracts.orders import Orders
from bodega.contracts.payments import Payments, RefundView
from bodega.kernel.ids import CheckoutId, VariantId
from bodega.kernel.money import Money
from tests.commerce.orders.conftest import captured
from tests.commerce.orders.goods import wanted
from tests.kit.buyer import Buyer
from tests.kit.doors import Doors, key
from tests.kit.goods import stocked
from tests.kit.provider import RunningProvider


@pytest.fixture(params=["JPY", "KWD"])
def currency(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def settings(settings: Settings, provider: RunningProvider, currency: str) -> Settings:
    return settings.model_copy(update={"payments_url": provider.url, "currency": currency})


async def post(who: httpx.AsyncClient, path: str, body: Any) -> dict[str, Any]:
    answer = await who.post(f"/api/v1{path}", json=body, headers=key())
    assert answer.status_code in (200, 201), answer.text
    found: dict[str, Any] = answer.json()
    return found


async def bought(context: Context, who: httpx.AsyncClient, variant: VariantId) -> dict[str, Any]:
    """Three units, paid by card."""
    answer = await Buyer(who).buy(str(variant), 3)
    assert answer.status_code == 201, answer.text
    view = answer.json()
    total = Money.model_validate(view["total"])
    asked = wanted().model_copy(update={"checkout_id": view["id"], "total": total})
    await captured(context, asked)
    order: dict[str, Any] = (await who.get(f"/api/v1/orders/{view['order_id']}")).json()
    assert order["status"] == "allocated"
    return order


async def refunds_of(context: Context, order: dict[str, Any]) -> list[RefundView]:
    found = await context.container.get(Orders).order(order["id"])
    assert found is not None
    return await context.container.get(Payments).refunds(CheckoutId(found.checkout_id))  # type: ignore[arg-type]


async def test_every_unit_and_the_delivery_go_back_to_the_last_coin(
    doors: Doors, context: Context, currency: str
) -> None:
    price = {"JPY": 333, "KWD": 3335}[currency]
    variant = await stocked(context, 3, price=Money(amount=price, currency=currency))
    ada, staff = await doors.customer(), await doors.staff(await doors.admin())
    order = await bought(context, ada, variant)
    goods = next(line for line in order["lines"] if line["kind"] == "product")
    sending = next(line for line in order["lines"] if line["kind"] == "shipping")
    assert goods["total"]["amount"] == {"JPY": 999, "KWD": 10_000}[currency]
    await post(staff, f"/admin/orders/{order['id']}/shipments", {})
    for _ in range(3):
        wish = {"line_id": goods["id"], "quantity": 1, "reason": "too many"}
        asked = await post(ada, f"/orders/{order['id']}/returns", {"lines": [wish]})
        at = f"/admin/returns/{asked['id']}"
        await post(staff, f"{at}/decision", {"approve": True})
        await post(staff, f"{at}/receipt", {})
        back = {"lines": [{"line_id": goods["id"], "restock": 1}]}
        assert (await post(staff, f"{at}/settlement", back))["state"] == "done"
    delivery = {"line_id": sending["id"], "amount": sending["total"]}
    await post(
        staff, f"/admin/orders/{order['id']}/refunds", {"lines": [delivery], "reason": "late"}
    )
    made = await refunds_of(context, order)
    assert {refund.status for refund in made} == {"succeeded"}
    each = [refund.amount.amount for refund in made]
    assert each[:3] == {"JPY": [333, 333, 333], "KWD": [3330, 3330, 3340]}[currency]
    assert sum(each) == order["total"]["amount"]
    closed = (await ada.get(f"/api/v1/orders/{order['id']}")).json()
    assert (closed["status"], closed["refunded"]) == ("returned", order["total"])
    papers = (await ada.get(f"/api/v1/orders/{order['id']}/documents")).json()
    sums = {"invoice": [0, 0], "credit_note": [0, 0]}
    for paper in papers:
        for at, part in enumerate(("total", "tax")):
            sums[paper["kind"]][at] += paper[part]["amount"]
    assert sums["invoice"] == sums["credit_note"]


async def test_what_is_not_sent_and_what_comes_back_sum_to_the_last_coin(
    doors: Doors, context: Context, currency: str
) -> None:
    price = {"JPY": 333, "KWD": 3335}[currency]
    variant = await stocked(context, 3, price=Money(amount=price, currency=currency))
    ada, staff = await doors.customer(), await doors.staff(await doors.admin())
    order = await bought(context, ada, variant)
    goods, at = order["lines"][0], f"/admin/orders/{order['id']}"
    await post(staff, f"{at}/shipments", {"lines": [{"line_id": goods["id"], "quantity": 1}]})
    early = await ada.post(
        f"/api/v1/orders/{order['id']}/cancellation", json={"reason": "no"}, headers=key()
    )
    assert early.json()["code"] == "order_not_cancellable"
    assert (await post(staff, f"{at}/rest-cancellation", {"reason": "lost"}))["state"] == "done"
    wish = {"line_id": goods["id"], "quantity": 1, "reason": "too many"}
    asked = await post(ada, f"/orders/{order['id']}/returns", {"lines": [wish]})
    back = f"/admin/returns/{asked['id']}"
    await post(staff, f"{back}/decision", {"approve": True})
    await post(staff, f"{back}/receipt", {})
    await post(staff, f"{back}/settlement", {"lines": [{"line_id": goods["id"], "restock": 1}]})
    each = [refund.amount.amount for refund in await refunds_of(context, order)]
    assert each == {"JPY": [666, 333], "KWD": [6660, 3340]}[currency]
    closed = (await ada.get(f"/api/v1/orders/{order['id']}")).json()
    assert (closed["status"], closed["refunded"]) == ("returned", goods["total"])
    again = await staff.post(
        f"/api/v1{at}/rest-cancellation", json={"reason": "lost"}, headers=key()
    )
    assert again.json()["code"] == "rest_not_cancellable"


@pytest.mark.parametrize("currency", ["KWD"], indirect=True)
async def test_a_broken_amount_is_refused_with_what_to_do(doors: Doors, context: Context) -> None:
    variant = await stocked(context, 3, price=Money(amount=5000, currency="KWD"))
    ada, staff = await doors.customer(), await doors.staff(await doors.admin())
    order = await bought(context, ada, variant)
    goods = order["lines"][0]
    odd = {"line_id": goods["id"], "amount": {"amount": 1234, "currency": "KWD"}}
    answer = await staff.post(
        f"/api/v1/admin/orders/{order['id']}/refunds",
        json={"lines": [odd], "reason": "scratched"},
        headers=key(),
    )
    assert (answer.status_code, answer.json()["code"]) == (400, "refund_not_chargeable")
    assert "1.234 KWD is not a multiple of 0.010 KWD" in answer.text
