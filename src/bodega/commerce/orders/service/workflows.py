"""Operations on orders as durable work that staff may look into."""

from collections.abc import Sequence
from typing import Final
from uuid import UUID

from bodega.backbone.module import Context
from bodega.backbone.workflows import Workflow, WorkflowState
from bodega.commerce.orders.repository import operations
from bodega.commerce.orders.repository.operations import Operation
from bodega.contracts.aftersales import OperationState
from bodega.kernel.ids import OperationId

_STATES: Final[dict[OperationState, WorkflowState]] = {
    "running": "running",
    "undoing": "undoing",
    "partial": "waiting",
    "done": "completed",
    "failed": "failed",
}


class OrderWorkflows:
    """Answers `bodega.backbone.workflows.WorkflowSource`."""

    kind = "order"

    def __init__(self, context: Context) -> None:
        self._database = context.database
        self._clock = context.clock

    async def latest(self, *, limit: int, open_only: bool) -> Sequence[Workflow]:
        async with self._database.reading() as connection:
            found = await operations.find_latest(connection, limit=limit, open_only=open_only)
        return [_workflow(operation) for operation in found]

    async def find(self, id_: str) -> Workflow | None:
        operation_id = _id(id_)
        if operation_id is None:
            return None
        async with self._database.reading() as connection:
            found = await operations.find_operation(connection, operation_id)
        return _workflow(found) if found else None

    async def retry(self, id_: str) -> bool:
        """The sweep takes it up within two seconds; of a partial one it asks anew for what was
        refused."""
        operation_id, now = _id(id_), self._clock.now()
        if operation_id is None:
            return False
        async with self._database.work(actor="operator") as uow:
            due = await operations.make_due(uow.connection, operation_id, now=now)
            if due:
                return True
            again = await operations.reopen(uow.connection, operation_id, "running", until=now)
            return again is not None

    async def cancel(self, id_: str) -> bool:
        """Only a partial one, which is given up. Any other ends by itself, or is undone when others
        refuse it: money may have moved already."""
        operation_id = _id(id_)
        if operation_id is None:
            return False
        async with self._database.work(actor="operator") as uow:
            given_up = await operations.reopen(
                uow.connection,
                operation_id,
                "undoing",
                until=self._clock.now(),
                detail="Given up by operator",
            )
        return given_up is not None


def _id(text: str) -> OperationId | None:
    try:
        return OperationId(UUID(text))
    except ValueError:
        return None


def _workflow(operation: Operation) -> Workflow:
    facts = {
        "kind": operation.kind,
        "order": str(operation.order_id),
        "by": operation.actor,
        "failure": operation.failure_code or "",
        "detail": operation.failure_detail or "",
    }
    return Workflow(
        kind=OrderWorkflows.kind,
        id=str(operation.id),
        state=_STATES[operation.state],
        at=operation.kind,
        started_at=operation.started_at,
        ended_at=operation.ended_at,
        next_try_at=None if operation.ended_at else operation.leased_until,
        attempts=operation.attempts,
        trouble=operation.failure_detail,
        facts={name: value for name, value in facts.items() if value},
    )
