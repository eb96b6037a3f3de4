"""The modules this shop is made of."""

import importlib
from dataclasses import replace
from functools import cache
from typing import TYPE_CHECKING

from bodega.backbone.module import Module, PersonalData

if TYPE_CHECKING:
    from bodega.backbone.migrate import Branch

# A request is offered to routers in this order: those of a sale come first.
NAMES = (
    "checkout",
    "payments",
    "cart",
    "catalog",
    "search",
    "pricing",
    "shipping",
    "identity",
    "orders",
    "inventory",
    "reviews",
    "notifications",
    "views",
    "dex",
)


_NOBODY = PersonalData()


@cache
def modules() -> tuple[Module, ...]:
    """Every module's manifest, in the order of NAMES."""
    return tuple(importlib.import_module(f"bodega.commerce.{name}.module").MODULE for name in NAMES)


def branches() -> "list[Branch]":
    """The backbone's migrations, the vault's, and those of every module that has tables."""
    from bodega.backbone.migrate import BACKBONE, VAULT, Branch

    return [
        BACKBONE,
        VAULT,
        *(
            Branch(module.name, module.metadata, module.migrations)
            for module in modules()
            if module.metadata is not None and module.migrations is not None
        ),
    ]


def published() -> dict[str, list[str]]:
    """{"schema.table": [columns]} of the change feed: public columns of listed tables, personal
    ones whose person is told, and no other."""
    sealed = personal()
    return {
        f"{module.name}.{table}": [
            name
            for name, kind in columns.items()
            if kind == "public" or name in sealed.get(f"{module.name}.{table}", _NOBODY).columns
        ]
        for module in modules()
        for table, columns in module.published.items()
    }


def personal() -> dict[str, PersonalData]:
    """{"schema.table": whose its personal columns are}; the feed seals those columns."""
    return {
        f"{module.name}.{table}": replace(
            data,
            columns=tuple(
                name for name, kind in module.published[table].items() if kind == "personal"
            ),
        )
        for module in modules()
        for table, data in module.persons.items()
    }
