"""What staff do outside a request of the API: each command in a unit of work of its own, once."""

from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

from bodega.backbone.db import UnitOfWork
from bodega.backbone.module import Context
from bodega.kernel.commands import Command

T = TypeVar("T")


class Desk:
    """The ground of services that staff pages ask."""

    def __init__(self, context: Context) -> None:
        self._database = context.database
        self._clock = context.clock
        self._settings = context.settings

    async def _once(
        self,
        command: Command,
        name: str,
        result: type[T] | Any,
        work: Callable[[UnitOfWork], Awaitable[T]],
    ) -> T:
        """`result` is the type of the answer that is recorded for the same command again."""
        async with self._database.work(actor=command.actor) as uow:
            return await uow.once(command.id, name, result, lambda: work(uow))

    async def _read(self, work: Callable[[UnitOfWork], Awaitable[T]]) -> T:
        async with self._database.work() as uow:
            return await work(uow)
