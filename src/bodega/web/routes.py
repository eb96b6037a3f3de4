"""Every page of the shop, for `apps` to serve."""

from fastapi import APIRouter

from bodega.web import artwork, assets
from bodega.web.console import (
    buying,
    customers,
    delivery,
    locations,
    moving,
    order_edit,
    payments,
    promotions,
    rates,
    reports,
    returns,
    review,
    search,
    stock,
    taxes,
    workflows,
)
from bodega.web.console import orders as console_orders
from bodega.web.console import routes as console
from bodega.web.storefront import (
    account,
    addresses,
    cart,
    checkout,
    listing,
    lookup,
    methods,
    ordered,
    orders,
    product,
)

ROUTERS: list[APIRouter] = [
    listing.router,
    product.router,
    cart.router,
    checkout.router,
    ordered.router,
    lookup.router,
    account.router,
    addresses.router,
    methods.router,
    orders.router,
    console.router,
    console_orders.router,
    order_edit.router,
    returns.router,
    returns.queue,
    review.router,
    payments.router,
    stock.router,
    promotions.router,
    taxes.router,
    delivery.router,
    rates.router,
    customers.router,
    search.router,
    moving.transfers,
    moving.counts,
    buying.purchases,
    buying.suppliers,
    locations.router,
    reports.router,
    workflows.router,
    assets.router,
    artwork.router,
]
