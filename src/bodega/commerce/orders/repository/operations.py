"""Operations: changes of an order that call others, with who is driving them until when."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Row, func, select, text
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from bodega.commerce.orders.tables import operations
from bodega.contracts.aftersales import OperationKind, OperationState, OperationView
from bodega.kernel.ids import CheckoutId, OperationId, OrderId

_LEASE = """
    UPDATE orders.operations SET leased_until = :until, attempts = attempts + 1
    WHERE id = (SELECT id FROM orders.operations
                WHERE state IN ('running', 'undoing') AND leased_until <= :now {}
                ORDER BY leased_until LIMIT 1 FOR UPDATE SKIP LOCKED)
    RETURNING *"""
_LEASE_NEXT = text(_LEASE.format(""))
_LEASE_ONE = text(_LEASE.format("AND id = :id"))
_POSTPONE = text(
    """UPDATE orders.operations SET leased_until = :until
       WHERE id = :id AND attempts = :attempts AND state IN ('running', 'undoing')"""
)
_MAKE_DUE = text(
    """UPDATE orders.operations SET leased_until = :now
       WHERE id = :id AND state IN ('running', 'undoing') RETURNING 1"""
)
_REOPEN = text(
    """UPDATE orders.operations SET state = :after, leased_until = :until,
           attempts = attempts + 1, tries = tries + :tries,
           failure_code = CASE WHEN :tries = 0 THEN failure_code END,
           failure_detail = CASE WHEN :tries = 0
               THEN concat_ws('; ', failure_detail, CAST(:detail AS text)) END
       WHERE id = :id AND (state = 'partial' OR :tries = 0 AND state = 'running'
           AND payment_token IS NOT DISTINCT FROM CAST(:token AS text)
           AND plan ->> 'ask_buyer' = 'true') RETURNING *"""
)
_MOVE = text(
    """UPDATE orders.operations SET state = :after,
           failure_code = coalesce(CAST(:code AS text), failure_code),
           failure_detail = coalesce(CAST(:detail AS text), failure_detail),
           ended_at = CASE WHEN :ended THEN CAST(:now AS timestamptz) END,
           plan = CASE WHEN :ended THEN plan - 'address' ELSE plan END,
           payment_token = CASE WHEN :ended THEN NULL ELSE payment_token END
       WHERE id = :id AND state = :before AND attempts = :attempts RETURNING *"""
)


@dataclass(frozen=True, slots=True)
class Operation:
    """`attempts` fences: whoever was overtaken by another driver writes nothing any more. `tries`
    counts how often staff had a partial one tried again."""

    id: OperationId
    order_id: OrderId
    kind: OperationKind
    state: OperationState
    fingerprint: bytes
    plan: Mapping[str, Any]
    payment_token: str | None
    reference: UUID | None
    actor: str
    failure_code: str | None
    failure_detail: str | None
    attempts: int
    tries: int
    leased_until: datetime
    started_at: datetime
    ended_at: datetime | None

    def view(self) -> OperationView:
        return OperationView(
            id=self.id,
            order_id=self.order_id,
            kind=self.kind,
            state=self.state,
            reference=self.reference,
            actor=self.actor,
            failure_code=self.failure_code,
            failure_detail=self.failure_detail,
            started_at=self.started_at,
            ended_at=self.ended_at,
            due=self.plan["charge"] if self.asks_buyer else None,
            warnings=self.warnings,
        )

    @property
    def warnings(self) -> list[str]:
        return list(self.plan.get("warnings", ()))

    @property
    def charge_id(self) -> CheckoutId | None:
        """What is charged for it is filed under."""
        filed = self.plan.get("charge_id") or self.plan.get("exchange_id")
        return CheckoutId(UUID(str(filed))) if filed else None

    @property
    def attempt(self) -> int:
        """How often its buyer's card was refused, or changed for another, so far."""
        return int(self.plan.get("attempt", 0))

    @property
    def asks_buyer(self) -> bool:
        """It goes on once its buyer has paid the difference."""
        return self.state == "running" and bool(self.plan.get("ask_buyer"))


def read_operation(row: Row[Any]) -> Operation:
    names = Operation.__dataclass_fields__
    return Operation(**{name: getattr(row, name) for name in names} | _bytes(row))


def _bytes(row: Row[Any]) -> dict[str, Any]:
    return {"fingerprint": bytes(row.fingerprint)}


async def insert_operation(
    connection: AsyncConnection,
    *,
    id: OperationId,
    order_id: OrderId,
    kind: OperationKind,
    fingerprint: bytes,
    plan: Mapping[str, Any],
    payment_token: str | None,
    reference: UUID | None,
    actor: str,
    leased_until: datetime,
) -> Operation | None:
    """None when the id is taken, or another operation of the order is live."""
    row = {
        "id": id,
        "order_id": order_id,
        "kind": kind,
        "state": "running",
        "fingerprint": fingerprint,
        "plan": plan,
        "payment_token": payment_token,
        "reference": reference,
        "actor": actor,
        "leased_until": leased_until,
    }
    made = insert(operations).values(row).on_conflict_do_nothing().returning(operations)
    found = (await connection.execute(made)).first()
    return read_operation(found) if found else None


async def find_operation(connection: AsyncConnection, id: OperationId) -> Operation | None:
    row = (await connection.execute(select(operations).where(operations.c.id == id))).first()
    return read_operation(row) if row else None


async def find_operations(connection: AsyncConnection, order_id: OrderId) -> list[Operation]:
    found = await connection.execute(
        select(operations)
        .where(operations.c.order_id == order_id)
        .order_by(operations.c.started_at, operations.c.id)
    )
    return [read_operation(row) for row in found]


async def find_latest(
    connection: AsyncConnection, *, limit: int, open_only: bool
) -> list[Operation]:
    """Newest first, of all orders."""
    chosen = select(operations).order_by(operations.c.started_at.desc()).limit(limit)
    if open_only:
        chosen = chosen.where(operations.c.state.in_(("running", "undoing", "partial")))
    return [read_operation(row) for row in await connection.execute(chosen)]


async def make_due(connection: AsyncConnection, id: OperationId, *, now: datetime) -> bool:
    """Let the next sweep take it; False when it has ended."""
    found = await connection.execute(_MAKE_DUE, {"id": id, "now": now})
    return found.first() is not None


async def reopen(
    connection: AsyncConnection,
    id: OperationId,
    after: OperationState,
    *,
    until: datetime,
    detail: str | None = None,
    token: str | None = None,
) -> Operation | None:
    """A partial one goes on: running again for another try, or undoing, as one does that waits for
    its buyer and has, at most, the card `token`. None when it is none."""
    tries = 1 if after == "running" else 0
    asked = {
        "id": id,
        "after": after,
        "until": until,
        "tries": tries,
        "detail": detail,
        "token": token,
    }
    row = (await connection.execute(_REOPEN, asked)).first()
    return read_operation(row) if row else None


async def count_edits(connection: AsyncConnection, order_id: OrderId) -> int:
    counted = select(func.count()).where(
        operations.c.order_id == order_id, operations.c.kind == "edit"
    )
    return int((await connection.execute(counted)).scalar_one())


async def is_charge(connection: AsyncConnection, checkout_id: CheckoutId) -> bool:
    """Whether a payment of that name belongs to an edit, or to an exchange that is being made."""
    edit = (operations.c.kind == "edit") & (operations.c.reference == checkout_id)
    exchange = (operations.c.kind == "return") & (
        operations.c.plan["exchange_id"].astext == str(checkout_id)
    )
    chosen = select(operations.c.id).where(edit | exchange)
    return (await connection.execute(chosen.limit(1))).first() is not None


async def lease(
    connection: AsyncConnection,
    *,
    now: datetime,
    until: datetime,
    id: OperationId | None = None,
) -> Operation | None:
    """The one whose lease lapsed first, or that one if its lease lapsed."""
    asked: dict[str, Any] = {"now": now, "until": until}
    if id is None:
        row = (await connection.execute(_LEASE_NEXT, asked)).first()
    else:
        row = (await connection.execute(_LEASE_ONE, asked | {"id": id})).first()
    return read_operation(row) if row else None


async def postpone(connection: AsyncConnection, operation: Operation, *, until: datetime) -> None:
    asked = {"id": operation.id, "attempts": operation.attempts, "until": until}
    await connection.execute(_POSTPONE, asked)


async def move_operation(
    connection: AsyncConnection,
    operation: Operation,
    after: OperationState,
    *,
    now: datetime,
    code: str | None = None,
    detail: str | None = None,
) -> Operation | None:
    """None when another driver has taken over or ended it."""
    asked = {
        "id": operation.id,
        "before": operation.state,
        "after": after,
        "attempts": operation.attempts,
        "now": now,
        "ended": after in ("done", "failed"),
        "code": code,
        "detail": detail,
    }
    row = (await connection.execute(_MOVE, asked)).first()
    return read_operation(row) if row else None


def as_json(plan: str) -> Mapping[str, Any]:
    """What a pydantic model dumped, as the column takes it."""
    loaded: Mapping[str, Any] = json.loads(plan)
    return loaded
