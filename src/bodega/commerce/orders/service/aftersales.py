"""Who answers for what happens to an order after the sale."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import TypeVar

from pydantic import BaseModel

from bodega.backbone.db import UnitOfWork
from bodega.backbone.module import Context
from bodega.commerce.orders.domain.buyers import Buyer
from bodega.commerce.orders.errors import ReturnNotFound
from bodega.commerce.orders.repository import documents, operations, returns, shipments
from bodega.commerce.orders.service import papers, returning, sending
from bodega.commerce.orders.service.cancelling import Cancelling
from bodega.commerce.orders.service.cancelling_rest import CancellingRest
from bodega.commerce.orders.service.driving import Driver
from bodega.commerce.orders.service.due import DueDesk
from bodega.commerce.orders.service.editing import Editing
from bodega.commerce.orders.service.refunding import Refunding
from bodega.commerce.orders.service.sending import Sending
from bodega.commerce.orders.service.settling import ReturnSettlement, Settling
from bodega.contracts.aftersales import (
    CancelOrder,
    CancelRest,
    DocumentView,
    EditOrder,
    OperationKind,
    OperationView,
    PayDifference,
    PaymentDue,
    RefundOrder,
    RequestReturn,
    ReturnStatus,
    ReturnView,
    SettleReturn,
    ShipmentView,
    ShipOrder,
    TrackShipment,
)
from bodega.kernel.ids import (
    CommandId,
    DocumentId,
    OperationId,
    OrderId,
    OrderLineId,
    ReturnId,
    ShipmentId,
    UserId,
)
from bodega.kernel.page import Page, PageRequest, encode_cursor

T = TypeVar("T", bound=BaseModel)


class AfterSalesService:
    """Answers `bodega.contracts.aftersales.AfterSales`."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._database = context.database
        self._driver = Driver(
            context,
            {
                "cancel": Cancelling(context),
                "cancel_rest": CancellingRest(context),
                "ship": Sending(context),
                "edit": Editing(context),
                "refund": Refunding(context),
                "return": Settling(context),
            },
        )
        self._due = DueDesk(context, self._driver)

    async def resume(self) -> int:
        return await self._driver.resume()

    async def cancel(
        self, *, id: OperationId, order_id: OrderId, request: CancelOrder, actor: str
    ) -> OperationView:
        return await self._perform("cancel", id, order_id, request, actor=actor)

    async def cancel_rest(
        self, *, id: OperationId, order_id: OrderId, request: CancelRest, actor: str
    ) -> OperationView:
        return await self._perform("cancel_rest", id, order_id, request, actor=actor)

    async def ship(
        self, *, id: OperationId, order_id: OrderId, request: ShipOrder, actor: str
    ) -> OperationView:
        return await self._perform("ship", id, order_id, request, actor=actor)

    async def edit(
        self, *, id: OperationId, order_id: OrderId, request: EditOrder, actor: str
    ) -> OperationView:
        return await self._perform("edit", id, order_id, request, actor=actor)

    async def refund(
        self, *, id: OperationId, order_id: OrderId, request: RefundOrder, actor: str
    ) -> OperationView:
        return await self._perform("refund", id, order_id, request, actor=actor)

    async def settle_return(
        self, *, id: OperationId, return_id: ReturnId, request: SettleReturn, actor: str
    ) -> OperationView:
        found = await self.return_request(return_id)
        if found is None:
            raise ReturnNotFound
        settlement = ReturnSettlement(return_id=return_id, **request.model_dump())
        return await self._perform("return", id, found.order_id, settlement, actor=actor)

    async def _perform(
        self,
        kind: OperationKind,
        id: OperationId,
        order_id: OrderId,
        request: BaseModel,
        *,
        actor: str,
    ) -> OperationView:
        performed = await self._driver.perform(
            kind, id=id, order_id=order_id, request=request, actor=actor
        )
        return performed.view()

    async def retry(self, id: OperationId, *, command_id: CommandId, actor: str) -> OperationView:
        again = await self._driver.reopen(id, "running", command_id=command_id, actor=actor)
        return again.view()

    async def give_up(
        self, id: OperationId, *, command_id: CommandId, reason: str, actor: str
    ) -> OperationView:
        told = f"Given up by {actor}: {reason}"
        known = await self._driver.find(id)
        if known is not None and known.asks_buyer:
            given_up = await self._due.give_up(known, command_id=command_id, detail=told, by=actor)
            return given_up.view()
        ended = await self._driver.reopen(
            id, "undoing", command_id=command_id, actor=actor, detail=told
        )
        return ended.view()

    async def payment_due(self, order_id: OrderId) -> PaymentDue | None:
        return await self._due.of_order(order_id)

    async def pay_due(
        self, order_id: OrderId, asked: PayDifference, *, command_id: CommandId
    ) -> PaymentDue:
        return await self._due.pay(order_id, asked, command_id=command_id)

    async def leave_due(
        self, order_id: OrderId, *, command_id: CommandId, actor: str
    ) -> PaymentDue:
        return await self._due.leave(order_id, command_id=command_id, actor=actor)

    async def proceed_due(self, order_id: OrderId) -> PaymentDue:
        return await self._due.proceed(order_id)

    async def operation(self, id: OperationId) -> OperationView | None:
        found = await self._driver.find(id)
        return found.view() if found else None

    async def operations(self, order_id: OrderId) -> list[OperationView]:
        async with self._database.reading() as connection:
            found = await operations.find_operations(connection, order_id)
        return [operation.view() for operation in found]

    async def track(
        self,
        *,
        command_id: CommandId,
        shipment_id: ShipmentId,
        request: TrackShipment,
        actor: str,
    ) -> ShipmentView:
        def work(uow: UnitOfWork) -> Awaitable[ShipmentView]:
            return sending.track(self._context, uow, shipment_id=shipment_id, request=request)

        return await self._once(command_id, "track", ShipmentView, work, actor=actor)

    async def shipments(self, order_id: OrderId) -> list[ShipmentView]:
        async with self._database.reading() as connection:
            return await shipments.find_shipments(connection, order_id)

    async def request_return(
        self,
        *,
        command_id: CommandId,
        order_id: OrderId,
        request: RequestReturn,
        customer_id: UserId | None,
        guest: bool = False,
        actor: str | None = None,
    ) -> ReturnView:
        buyer = Buyer(customer_id) if guest or customer_id else None

        def work(uow: UnitOfWork) -> Awaitable[ReturnView]:
            return returning.request_return(
                self._context, uow, order_id=order_id, request=request, buyer=buyer
            )

        who = buyer.label if buyer else actor or "staff"
        return await self._once(command_id, "request_return", ReturnView, work, actor=who)

    async def decide_return(
        self, *, command_id: CommandId, return_id: ReturnId, approve: bool, note: str, actor: str
    ) -> ReturnView:
        def work(uow: UnitOfWork) -> Awaitable[ReturnView]:
            return returning.decide(uow, return_id=return_id, approve=approve, note=note)

        return await self._once(command_id, "decide_return", ReturnView, work, actor=actor)

    async def receive_return(
        self,
        *,
        command_id: CommandId,
        return_id: ReturnId,
        received: Mapping[OrderLineId, int],
        actor: str,
    ) -> ReturnView:
        def work(uow: UnitOfWork) -> Awaitable[ReturnView]:
            return returning.receive(uow, return_id=return_id, received=received)

        return await self._once(command_id, "receive_return", ReturnView, work, actor=actor)

    async def withdraw_return(
        self, *, command_id: CommandId, return_id: ReturnId, customer_id: UserId | None
    ) -> ReturnView:
        buyer = Buyer(customer_id)

        def work(uow: UnitOfWork) -> Awaitable[ReturnView]:
            return returning.withdraw(uow, return_id=return_id, buyer=buyer)

        return await self._once(command_id, "withdraw_return", ReturnView, work, actor=buyer.label)

    async def _once(
        self,
        command_id: CommandId,
        name: str,
        result: type[T],
        work: Callable[[UnitOfWork], Awaitable[T]],
        *,
        actor: str,
    ) -> T:
        async with self._database.work(actor=actor) as uow:
            return await uow.once(command_id, f"orders.{name}", result, lambda: work(uow))

    async def returns_of(self, order_id: OrderId) -> list[ReturnView]:
        async with self._database.reading() as connection:
            return await returns.find_returns_of(connection, order_id)

    async def return_request(self, return_id: ReturnId) -> ReturnView | None:
        async with self._database.reading() as connection:
            return await returns.find_return(connection, return_id)

    async def returns(
        self, page: PageRequest, *, status: ReturnStatus | None = None
    ) -> Page[ReturnView]:
        async with self._database.reading() as connection:
            found = await returns.find_returns(
                connection, limit=page.limit + 1, status=status, after=page.after_instant()
            )
        shown = found[: page.limit]
        more = len(found) > page.limit
        cursor = encode_cursor(shown[-1].requested_at.isoformat(), shown[-1].id) if more else None
        return Page(items=shown, next_cursor=cursor)

    async def documents(self, order_id: OrderId) -> Sequence[DocumentView]:
        async with self._database.reading() as connection:
            return await documents.find_documents(connection, order_id)

    async def paper(self, order_id: OrderId, document_id: DocumentId) -> bytes | None:
        return await papers.paper(self._context, order_id, document_id)
