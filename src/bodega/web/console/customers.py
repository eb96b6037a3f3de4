"""Customers in the console: who they are, what they spent, their orders."""

import asyncio
from dataclasses import dataclass
from typing import Annotated
from urllib.parse import urlencode

from fastapi import APIRouter, Depends, Query, Request
from starlette.responses import Response

from bodega.backbone.http.deps import PageQuery, provided
from bodega.contracts.identity import Identity
from bodega.contracts.orders import Orders
from bodega.contracts.views import Views
from bodega.kernel.errors import NotFound
from bodega.kernel.ids import UserId
from bodega.web.access import ConsoleStaff
from bodega.web.pages import render

router = APIRouter(prefix="/console/customers", include_in_schema=False)


@dataclass(frozen=True, slots=True)
class Register:
    """Whom the pages ask."""

    people: Annotated[Identity, provided(Identity)]
    views: Annotated[Views, provided(Views)]
    orders: Annotated[Orders, provided(Orders)]


Asked = Annotated[Register, Depends(Register)]


@router.get("")
async def list_customers(
    request: Request,
    who: ConsoleStaff,
    register: Asked,
    page: PageQuery,
    q: Annotated[str, Query(max_length=200)] = "",
) -> Response:
    found = await register.people.users(page, q=q)
    spent = await register.views.customers([user.id for user in found.items])
    return render(
        request,
        "console/customers.html",
        found=found,
        spent=spent,
        wanted=q,
        asked=urlencode({"q": q}) if q else "",
    )


@router.get("/{customer_id}")
async def show_customer(
    request: Request, who: ConsoleStaff, register: Asked, page: PageQuery, customer_id: UserId
) -> Response:
    user, summary, orders = await asyncio.gather(
        register.people.user(customer_id),
        register.views.customer(customer_id),
        register.orders.of_customer(customer_id, page),
    )
    if user is None:
        raise NotFound("There is no such customer")
    return render(request, "console/customer.html", user=user, summary=summary, orders=orders)
