"""The modules this shop is made of."""

import importlib
from functools import cache
from typing import TYPE_CHECKING

from bodega.backbone.module import Module

if TYPE_CHECKING:
    from bodega.backbone.migrate import Branch

NAMES = (
    "identity",
    "catalog",
    "search",
    "pricing",
    "shipping",
    "cart",
    "checkout",
    "orders",
    "payments",
    "inventory",
    "reviews",
    "notifications",
    "views",
)


@cache
def modules() -> tuple[Module, ...]:
    """Every module's manifest, in the order of NAMES."""
    return tuple(importlib.import_module(f"bodega.commerce.{name}.module").MODULE for name in NAMES)


def branches() -> "list[Branch]":
    """The backbone's migrations and those of every module that has tables."""
    from bodega.backbone.migrate import BACKBONE, Branch

    return [
        BACKBONE,
        *(
            Branch(module.name, module.metadata, module.migrations)
            for module in modules()
            if module.metadata is not None and module.migrations is not None
        ),
    ]


def published() -> dict[str, list[str]]:
    """{"schema.table": [columns]} of the change feed: public columns of listed tables, no other."""
    return {
        f"{module.name}.{table}": [name for name, kind in columns.items() if kind == "public"]
        for module in modules()
        for table, columns in module.published.items()
    }
