"""Orders and returns of other systems, by COPY."""

from collections.abc import Iterable, Sequence
from typing import Any

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from bodega.backbone.bulk import copy_new

_KNOWN = "SELECT source_key FROM orders.{} WHERE source = :source AND source_key = ANY(:keys)"
_KNOWN_ORDERS = text(_KNOWN.format("orders"))
_KNOWN_RETURNS = text(_KNOWN.format("returns"))
_SERIALISE = text("SELECT pg_advisory_xact_lock(hashtext('orders.import'))")

_AUDIT = "occurred_at known_at import_batch_id source source_key"
_BOUGHT_COLUMNS = (
    "kind product_id variant_id sku title quantity unit_price_amount total_amount currency"
)
_TAXES = "discount_amount tax_amount tax_rate tax_included"
ORDER_COLUMNS = (
    f"id number customer_id country status subtotal_amount total_amount currency {_AUDIT}".split()
)
ORDER_LINE_COLUMNS = f"id order_id position {_BOUGHT_COLUMNS} {_TAXES} {_AUDIT}".split()
RETURN_COLUMNS = f"id order_id customer_id country reason total_amount currency {_AUDIT}".split()
RETURN_LINE_COLUMNS = f"id return_id {_BOUGHT_COLUMNS} {_AUDIT}".split()


async def known_keys(
    connection: AsyncConnection, *, source: str, orders: list[str], returns: list[str]
) -> tuple[set[str], set[str]]:
    """Natural keys that are here already; other loads wait until this transaction ends."""
    await connection.execute(_SERIALISE)
    here = await connection.execute(_KNOWN_ORDERS, {"source": source, "keys": orders})
    back = await connection.execute(_KNOWN_RETURNS, {"source": source, "keys": returns})
    return {row.source_key for row in here}, {row.source_key for row in back}


async def copy_rows(
    connection: AsyncConnection,
    table: str,
    columns: Sequence[str],
    rows: Iterable[Sequence[Any]],
) -> int:
    return await copy_new(connection, f"orders.{table}", columns, rows)
