"""Checkout's sagas as durable work that staff may look into."""

from collections.abc import Sequence
from uuid import UUID

from bodega.backbone.module import Context
from bodega.backbone.workflows import Workflow
from bodega.commerce.checkout import repository
from bodega.kernel.ids import CheckoutId


class CheckoutWorkflows:
    """Answers `bodega.backbone.workflows.WorkflowSource`."""

    kind = "checkout"

    def __init__(self, context: Context) -> None:
        self._database = context.database
        self._clock = context.clock

    async def latest(self, *, limit: int, open_only: bool) -> Sequence[Workflow]:
        async with self._database.reading() as connection:
            return await repository.latest_workflows(connection, limit=limit, open_only=open_only)

    async def find(self, id_: str) -> Workflow | None:
        checkout_id = _id(id_)
        if checkout_id is None:
            return None
        async with self._database.reading() as connection:
            return await repository.find_workflow(connection, checkout_id)

    async def retry(self, id_: str) -> bool:
        """The sweep takes it up within two seconds."""
        checkout_id = _id(id_)
        if checkout_id is None:
            return False
        async with self._database.work(actor="operator") as uow:
            return await repository.make_due(uow.connection, checkout_id, now=self._clock.now())

    async def cancel(self, id_: str) -> bool:
        """Undone by whoever takes it over next: one that a driver is just bringing through ends
        well, and is cancelled as an order."""
        checkout_id = _id(id_)
        if checkout_id is None:
            return False
        async with self._database.work(actor="operator") as uow:
            return await repository.request_stop(uow.connection, checkout_id, now=self._clock.now())


def _id(text: str) -> CheckoutId | None:
    try:
        return CheckoutId(UUID(text))
    except ValueError:
        return None
