"""An order on its buyer's page, whether they have an account or not."""

from dataclasses import dataclass
from typing import Annotated

from fastapi import Depends, Request
from starlette.responses import Response

from bodega.backbone.http.deps import provided
from bodega.contracts.aftersales import AfterSales
from bodega.contracts.catalog import Catalog
from bodega.contracts.orders import Orders, OrderView
from bodega.contracts.payment_methods import PaymentMethods, SavedMethod
from bodega.kernel.errors import BodegaError, Unavailable
from bodega.web.pages import render
from bodega.web.storefront.sending_back import REASONS, returnable
from bodega.web.storefront.till import TEST_CARDS, takes_test_cards


@dataclass(frozen=True, slots=True)
class Counter:
    """Whom the pages about an order ask."""

    orders: Annotated[Orders, provided(Orders)]
    after: Annotated[AfterSales, provided(AfterSales)]
    cards: Annotated[PaymentMethods, provided(PaymentMethods)]
    catalog: Annotated[Catalog, provided(Catalog)]


@dataclass(frozen=True, slots=True)
class Standing:
    """A buyer before their own order. `at` is where its page is."""

    order: OrderView
    at: str

    @property
    def label(self) -> str:
        customer = self.order.customer_id
        return f"customer:{customer}" if customer else "guest"


def admit(request: Request, own: Standing) -> Standing:
    """The visitor may do with the order what its buyer may."""
    request.state.standing = own
    return own


async def admitted(request: Request) -> Standing:
    """Whom the dependency before this one admitted: a route without one crashes."""
    own: Standing = request.state.standing
    return own


AtCounter = Annotated[Counter, Depends(Counter)]
Own = Annotated[Standing, Depends(admitted)]


async def page(
    request: Request, counter: Counter, own: Standing, refused: BodegaError | None = None
) -> Response:
    order = own.order
    returns = await counter.after.returns_of(order.id)
    return render(
        request,
        "storefront/order.html",
        status=refused.status if refused else 200,
        order=order,
        at=own.at,
        shipments=await counter.after.shipments(order.id),
        documents=await counter.after.documents(order.id),
        returns=returns,
        returnable=await returnable(counter.catalog, order, returns),
        reasons=REASONS,
        refused=refused,
        due=await counter.after.payment_due(order.id),
        saved_cards=await _saved(counter, order),
        paypal=bool(request.app.state.settings.paypal_client_id),
        test_cards=TEST_CARDS if takes_test_cards(request.app.state.settings) else (),
    )


async def _saved(counter: Counter, order: OrderView) -> list[SavedMethod]:
    """The buyer's cards; none of a guest, or while the provider does not answer."""
    if order.customer_id is None:
        return []
    try:
        return await counter.cards.methods(order.customer_id)
    except Unavailable:
        return []
