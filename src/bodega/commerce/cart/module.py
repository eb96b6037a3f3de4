"""Manifest of the cart."""

from pathlib import Path

from bodega.backbone.module import Module, public
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
    published={
        "abandonments": public(
            "cart_id",
            "abandoned_at",
            "customer_id",
            "units",
            "value_amount",
            "currency",
            "ordered_at",
        ),
    },
    migrations=Path(__file__).parent / "migrations",
)
