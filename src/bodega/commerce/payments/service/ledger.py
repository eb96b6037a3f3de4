"""The ledger is written in the transaction of the transition that causes the entry."""

from dataclasses import replace
from uuid import UUID

from bodega.backbone.db import UnitOfWork
from bodega.commerce.payments.domain import ledger
from bodega.commerce.payments.domain.ledger import Lines, Sale
from bodega.commerce.payments.repository import ledger as repository
from bodega.commerce.payments.repository.ledger import Entry
from bodega.commerce.payments.repository.payments import Payment
from bodega.commerce.payments.repository.refunds import Refund
from bodega.contracts.books import LedgerKind
from bodega.contracts.orders import OrderView
from bodega.kernel.ids import CheckoutId, OrderId
from bodega.kernel.money import Money


def book_capture(uow: UnitOfWork, payment: Payment, amount: Money) -> None:
    _book(uow, payment, "capture", f"capture:{payment.id}", ledger.captured(amount.amount))


async def book_void(uow: UnitOfWork, payment: Payment) -> None:
    """Give back what was captured; a hold that is let go moves no money."""
    taken, returned = await repository.taken_and_returned(uow.connection, payment.id)
    left = taken - returned
    if left > 0:
        _book(uow, payment, "void", f"void:{payment.id}", ledger.voided(left))
        await square(uow, payment.checkout_id)


def book_refund(uow: UnitOfWork, payment: Payment, refund: Refund) -> None:
    """It counts for the sale it was made for, which a payment of another may have paid."""
    sale = refund.sale_id or payment.checkout_id
    lines = ledger.refunded(refund.amount.amount)
    _book(uow, payment, "refund", f"refund:{refund.id}", lines, sale=sale)


def book_refund_failure(uow: UnitOfWork, payment: Payment, refund: Refund) -> None:
    """The provider could not give the money back after all; the credit note stands."""
    sale = refund.sale_id or payment.checkout_id
    lines = ledger.refund_failed(refund.amount.amount)
    _book(uow, payment, "refund_failed", f"refund_failed:{refund.id}", lines, sale=sale)


async def book_exchange(
    uow: UnitOfWork, *, exchange_id: CheckoutId, credit_of: CheckoutId, credit: Money
) -> None:
    """What came back of one sale pays the order that replaces it."""
    entry = Entry(
        kind="exchange",
        source=f"exchange:{exchange_id}",
        lines=ledger.exchanged(credit.amount),
        currency=credit.currency,
        checkout_id=exchange_id,
        credit_of=credit_of,
    )
    repository.book(uow.connection, entry)
    await square(uow, exchange_id)


def book_credited_tax(
    uow: UnitOfWork, *, reference: UUID, checkout_id: CheckoutId, tax: Money
) -> None:
    """What a change of an order, `reference`, took off the tax that was invoiced: as its papers
    have it, line by line."""
    entry = Entry(
        kind="refund_tax",
        source=f"refund_tax:{reference}",
        lines=ledger.credited_tax(tax.amount),
        currency=tax.currency,
        checkout_id=checkout_id,
    )
    repository.book(uow.connection, entry)


async def book_sale(
    uow: UnitOfWork, *, checkout_id: CheckoutId, order: OrderView, cancelled: bool
) -> None:
    """What was sold at first; told again it books nothing anew, for edits are booked as refunds
    and as charges of their own. Only a cancellation changes it."""
    known = await repository.lock_sale(uow.connection, checkout_id)
    gone = cancelled or order.status == "cancelled"
    if known is not None:
        sale = replace(known, cancelled=known.cancelled or gone)
    else:
        sale = Sale(order.total.amount, order.tax.amount if order.tax else 0, gone)
    repository.keep_sale(
        uow.connection,
        checkout_id=checkout_id,
        order_id=order.id,
        currency=order.total.currency,
        sale=sale,
    )
    await square(uow, checkout_id)


async def book_charge(
    uow: UnitOfWork, *, charge_id: CheckoutId, order_id: OrderId, charge: Money, tax: Money
) -> None:
    """What an edit made dearer is a sale of its own, paid under its own name."""
    repository.keep_sale(
        uow.connection,
        checkout_id=charge_id,
        order_id=order_id,
        currency=charge.currency,
        sale=Sale(charge.amount, tax.amount),
    )
    await square(uow, charge_id)


async def square(uow: UnitOfWork, checkout_id: CheckoutId) -> None:
    """Book what is missing between the sale as it is and the ledger."""
    known = await repository.lock_standing(uow.connection, checkout_id)
    if known is None:
        return
    entry = Entry(
        kind="sale",
        source=f"sale:{checkout_id}:{known.entries}",
        lines=ledger.squared(known.sale, known.booked),
        currency=known.currency,
        checkout_id=checkout_id,
    )
    repository.book(uow.connection, entry)


def _book(
    uow: UnitOfWork,
    payment: Payment,
    kind: LedgerKind,
    source: str,
    lines: Lines,
    *,
    sale: CheckoutId | None = None,
) -> None:
    entry = Entry(
        kind=kind,
        source=source,
        lines=lines,
        currency=payment.amount.currency,
        checkout_id=sale or payment.checkout_id,
        payment_id=payment.id,
    )
    repository.book(uow.connection, entry)
