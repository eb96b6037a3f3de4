"""Every page of the shop, for `apps` to serve."""

from fastapi import APIRouter

from bodega.web import artwork, assets
from bodega.web.console import (
    buying,
    customers,
    delivery,
    locations,
    moving,
    payments,
    promotions,
    rates,
    reports,
    review,
    search,
    stock,
    taxes,
    workflows,
)
from bodega.web.console import orders as console_orders
from bodega.web.console import routes as console
from bodega.web.storefront import account, cart, checkout, listing, ordered, orders, product

ROUTERS: list[APIRouter] = [
    listing.router,
    product.router,
    cart.router,
    checkout.router,
    ordered.router,
    account.router,
    orders.router,
    console.router,
    console_orders.router,
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
