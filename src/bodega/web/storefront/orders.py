"""A customer's own order, and what they may do with it."""

from fastapi import APIRouter, Depends, Request
from starlette.responses import Response

from bodega.kernel.errors import NotFound
from bodega.kernel.ids import OrderId
from bodega.web.access import Shopper
from bodega.web.storefront import actions
from bodega.web.storefront.standing import AtCounter, Own, Standing, admit, page


async def own_order(
    request: Request, who: Shopper, counter: AtCounter, order_id: OrderId
) -> Standing:
    """Raises NotFound for somebody else's, too."""
    order = await counter.orders.order(order_id)
    if order is None or order.customer_id != who.id:
        raise NotFound("There is no such order")
    return admit(request, Standing(order, f"/account/orders/{order.id}"))


router = APIRouter(
    prefix="/account/orders/{order_id}", include_in_schema=False, dependencies=[Depends(own_order)]
)
router.include_router(actions.router)


@router.get("")
async def show_order(request: Request, own: Own, counter: AtCounter) -> Response:
    return await page(request, counter, own)
