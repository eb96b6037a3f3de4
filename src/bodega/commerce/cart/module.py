"""Manifest of the cart."""

from pathlib import Path

from bodega.backbone.module import Module
from bodega.commerce.cart.handlers import HANDLERS
from bodega.commerce.cart.jobs import JOBS
from bodega.commerce.cart.routes import ROUTERS
from bodega.commerce.cart.service import CartService, Shelves
from bodega.commerce.cart.tables import METADATA
from bodega.contracts.cart import Carts

MODULE = Module(
    name="cart",
    metadata=METADATA,
    routers=ROUTERS,
    handlers=HANDLERS,
    jobs=JOBS,
    provides={Carts: CartService, Shelves: Shelves},
    migrations=Path(__file__).parent / "migrations",
)
