"""Transfers and their lines."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from bodega.commerce.inventory.tables import transfer_lines, transfers
from bodega.contracts.stockroom import TransferLine, TransferView
from bodega.kernel.ids import TransferId


async def insert_transfer(
    connection: AsyncConnection, values: Mapping[str, Any], units: Mapping[UUID, int]
) -> None:
    await connection.execute(insert(transfers).values(**values))
    rows = [
        {"transfer_id": values["id"], "variant_id": variant_id, "quantity": quantity}
        for variant_id, quantity in units.items()
    ]
    await connection.execute(insert(transfer_lines), rows)


async def find_transfers(
    connection: AsyncConnection, *, limit: int, after: UUID | None
) -> list[TransferView]:
    """Newest first."""
    query = select(transfers).order_by(transfers.c.id.desc()).limit(limit)
    if after is not None:
        query = query.where(transfers.c.id < after)
    return await _with_lines(connection, (await connection.execute(query)).all())


async def find_transfer(
    connection: AsyncConnection, transfer_id: TransferId, *, lock: bool = False
) -> TransferView | None:
    query = select(transfers).where(transfers.c.id == transfer_id)
    rows = (await connection.execute(query.with_for_update() if lock else query)).all()
    found = await _with_lines(connection, rows)
    return found[0] if found else None


async def _with_lines(connection: AsyncConnection, rows: Sequence[Any]) -> list[TransferView]:
    table = transfer_lines.c
    query = select(transfer_lines).where(table.transfer_id.in_([row.id for row in rows]))
    lines: dict[UUID, list[TransferLine]] = {row.id: [] for row in rows}
    for line in await connection.execute(query.order_by(table.variant_id)):
        lines[line.transfer_id].append(
            TransferLine(variant_id=line.variant_id, quantity=line.quantity, received=line.received)
        )
    return [TransferView.model_validate({**row._mapping, "lines": lines[row.id]}) for row in rows]


async def add_received(
    connection: AsyncConnection, transfer_id: TransferId, units: Mapping[UUID, int]
) -> None:
    table = transfer_lines.c
    for variant_id, quantity in units.items():
        where = (table.transfer_id == transfer_id) & (table.variant_id == variant_id)
        await connection.execute(
            update(transfer_lines).where(where).values(received=table.received + quantity)
        )


async def end_transfer(
    connection: AsyncConnection, transfer_id: TransferId, *, status: str, at: datetime
) -> None:
    where = transfers.c.id == transfer_id
    await connection.execute(update(transfers).where(where).values(status=status, ended_at=at))
