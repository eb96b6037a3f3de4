"""Opening levels by COPY, each with its movement in the ledger."""

from collections.abc import Iterable, Sequence
from typing import Any

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from bodega.backbone.bulk import copy_new
from bodega.commerce.inventory.repository.levels import open_main
from bodega.kernel.ids import ImportBatchId

_OPENING = text(
    """INSERT INTO inventory.movements
           (id, variant_id, location, quantity, reason, occurred_at, known_at, import_batch_id)
       SELECT gen_random_uuid(), variant_id, location, on_hand, 'opening',
              occurred_at, known_at, import_batch_id
       FROM inventory.levels WHERE import_batch_id = :batch AND on_hand > 0
       ON CONFLICT DO NOTHING"""
)
_COLUMNS = ("variant_id", "location", "on_hand", "occurred_at", "known_at", "import_batch_id")


async def copy_levels(
    connection: AsyncConnection, rows: Iterable[Sequence[Any]], *, batch: ImportBatchId
) -> int:
    """Opening levels and their movements; what has a level keeps it. The number of new levels."""
    await open_main(connection)
    added = await copy_new(connection, "inventory.levels", _COLUMNS, rows)
    await connection.execute(_OPENING, {"batch": batch})
    return added
