"""A whole shop for what happens after the sale: its own stock, prices, payments and ledger."""

from typing import Any

from sqlalchemy import text

from bodega.backbone.module import Context
from bodega.backbone.settings import Settings
from bodega.commerce.payments.handlers import HANDLERS
from bodega.contracts.aftersales import (
    AfterSales,
    OperationView,
)
from bodega.contracts.books import Books
from bodega.contracts.checkout import Checkouts
from bodega.contracts.orders import Orders, OrderView
from bodega.contracts.payments import Payments
from bodega.kernel.ids import CheckoutId, OperationId, VariantId, new_id
from tests.commerce.orders.conftest import captured
from tests.commerce.orders.goods import wanted
from tests.commerce.people import react
from tests.kit.goods import filled_cart, level, purchase, stocked
from tests.kit.provider import RunningProvider

ACTOR = "staff:ada"


class Shop:
    def __init__(self, context: Context) -> None:
        self.context = context
        self.after = context.container.get(AfterSales)

    async def sell(self, units: int = 3, **asked: Any) -> OrderView:
        """Bought through the whole checkout; paid by the event of its capture."""
        self.variant: VariantId = await stocked(self.context, 5)
        cart = await filled_cart(self.context, self.variant, quantity=units)
        view = await self.context.container.get(Checkouts).submit(
            checkout_id=CheckoutId(new_id()), request=purchase(cart, **asked), customer_id=None
        )
        assert view.state == "completed", view
        asked = wanted().model_copy(update={"checkout_id": view.id, "total": view.total})
        await captured(self.context, asked)
        order = await self.context.container.get(Orders).by_checkout(view.id)
        assert order is not None
        assert order.status == "allocated"
        return order

    async def do(self, kind: str, order: OrderView, request: object) -> OperationView:
        done: OperationView = await getattr(self.after, kind)(
            id=OperationId(new_id()), order_id=order.id, request=request, actor=ACTOR
        )
        assert done.state == "done", done
        return done

    async def again(self, order: OrderView) -> OrderView:
        found = await self.context.container.get(Orders).order(order.id)
        assert found is not None
        return found

    async def refunded(self, order: OrderView) -> int:
        assert order.checkout_id is not None
        payment = await self.context.container.get(Payments).payment(order.checkout_id)
        assert payment is not None
        return payment.refunded.amount if payment.refunded else 0

    async def stock(self) -> tuple[int, int]:
        found = await level(self.context, self.variant)
        return found.on_hand, found.available


async def accounts(shop: Shop) -> dict[str, int]:
    """The trial balance, once payments has heard every event in the outbox."""
    known = {kind.type: kind for handler in HANDLERS for kind in handler.events}
    async with shop.context.database.reading() as connection:
        outbox = text("SELECT type, payload FROM backbone.outbox ORDER BY id")
        events = [(row.type, row.payload) for row in await connection.execute(outbox)]
    for kind, payload in events:
        if kind in known:
            await react(shop.context, HANDLERS, known[kind].model_validate(payload))
    found = await shop.context.container.get(Books).balances()
    balances = {item.account: item.balance for item in found}
    assert sum(balances.values()) == 0
    return balances


async def papered_tax(shop: Shop, order: OrderView) -> int:
    """The tax on its invoices less that on its credit notes."""
    return sum(
        paper.tax.amount if paper.kind == "invoice" else -paper.tax.amount
        for paper in await shop.after.documents(order.id)
    )


def settings_of(settings: Settings, provider: RunningProvider) -> Settings:
    return settings.model_copy(
        update={"payments_url": provider.url, "serving_url": "http://127.0.0.1:9"}
    )
