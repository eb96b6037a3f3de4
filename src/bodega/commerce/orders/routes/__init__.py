"""HTTP of orders: reading them, changing them after the sale, sending them back."""

from fastapi import APIRouter

from bodega.commerce.orders.routes import changes, dues, export, guests, orders, returns, shipments

ROUTERS: list[APIRouter] = [
    export.staff,
    guests.passes,
    guests.router,
    dues.router,
    dues.guests,
    orders.router,
    orders.staff,
    changes.router,
    changes.staff,
    shipments.staff,
    returns.router,
    returns.staff,
]
