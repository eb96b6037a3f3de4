"""Manifest of orders."""

from pathlib import Path

from bodega.backbone.module import Module, PersonalData, public
from bodega.backbone.tables import SOURCE_COLUMNS, TIME_COLUMNS
from bodega.commerce.orders.handlers import HANDLERS
from bodega.commerce.orders.jobs import JOBS
from bodega.commerce.orders.routes import ROUTERS
from bodega.commerce.orders.service.aftersales import AfterSalesService
from bodega.commerce.orders.service.answers import OrdersService
from bodega.commerce.orders.service.workflows import OrderWorkflows
from bodega.commerce.orders.tables import METADATA
from bodega.contracts.aftersales import AfterSales
from bodega.contracts.orders import Orders

_AUDIT = (*TIME_COLUMNS, *SOURCE_COLUMNS)
_BOUGHT = (
    "kind",
    "product_id",
    "variant_id",
    "sku",
    "title",
    "quantity",
    "unit_price_amount",
    "total_amount",
    "currency",
)

MODULE = Module(
    name="orders",
    metadata=METADATA,
    routers=ROUTERS,
    handlers=HANDLERS,
    jobs=JOBS,
    workflows=[OrderWorkflows],
    provides={Orders: OrdersService, AfterSales: AfterSalesService},
    published={
        "orders": {
            **public(
                "id",
                "number",
                "checkout_id",
                "customer_id",
                "country",
                "status",
                "subtotal_amount",
                "total_amount",
                "refunded_amount",
                "shipping_method",
                "currency",
                *_AUDIT,
            ),
            "email": "personal",
            "shipping_address": "personal",
        },
        "order_lines": public(
            "id",
            "order_id",
            "position",
            *_BOUGHT,
            "discount_amount",
            "tax_amount",
            "tax_rate",
            "tax_included",
            *_AUDIT,
        ),
        "returns": public(
            "id",
            "order_id",
            "customer_id",
            "country",
            "reason",
            "total_amount",
            "currency",
            *_AUDIT,
        ),
        "return_lines": public("id", "return_id", "order_line_id", *_BOUGHT, *_AUDIT),
    },
    persons={"orders": PersonalData(user="customer_id", mail="email")},
    migrations=Path(__file__).parent / "migrations",
)
