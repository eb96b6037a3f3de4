"""What an operation is made of: a plan under the order's lock, calls to others, an effect."""

from dataclasses import dataclass
from typing import Any, Protocol
from uuid import UUID

from pydantic import BaseModel

from bodega.backbone.db import UnitOfWork
from bodega.commerce.orders.repository.operations import Operation
from bodega.contracts.orders import OrderView
from bodega.kernel.ids import CommandId, OperationId, derived_id


@dataclass(frozen=True, slots=True)
class Planned:
    """All that `run` needs, so that running it again asks the same of everybody."""

    plan: BaseModel
    reference: UUID | None = None
    payment_token: str | None = None


class Kind(Protocol):
    async def plan(
        self, uow: UnitOfWork, order: OrderView, request: Any, id: OperationId
    ) -> Planned:
        """Check the request against the locked order. Raises what forbids it."""

    async def run(self, operation: Operation) -> None:
        """Call the others under ids derived from the operation's; it may be made again. Raises
        BodegaError when it can never be done, Unavailable when not now."""

    async def undo(self, operation: Operation) -> None:
        """Take back what a `run` that failed has done."""

    async def finish(self, uow: UnitOfWork, operation: Operation, order: OrderView) -> None:
        """The effect on the order, in one transaction with the operation's end."""


def step(operation: Operation, name: str) -> CommandId:
    return CommandId(derived_id(operation.id, name))
