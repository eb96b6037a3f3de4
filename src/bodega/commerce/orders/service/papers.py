"""Issuing invoices and credit notes, and handing out their paper."""

import asyncio
from collections.abc import Sequence
from typing import Final
from uuid import UUID

from bodega.backbone.db import UnitOfWork
from bodega.backbone.module import Context
from bodega.commerce.orders.adapters import pdf
from bodega.commerce.orders.domain.papers import Paper, PaperLine, breakdown
from bodega.commerce.orders.repository import documents, numbers
from bodega.contracts.aftersales import DocumentIssued, DocumentKind
from bodega.contracts.orders import OrderView
from bodega.kernel.ids import DocumentId, OrderId, new_id

FIRST_DOCUMENT: Final = 1


async def issue(
    context: Context,
    uow: UnitOfWork,
    order: OrderView,
    kind: DocumentKind,
    lines: Sequence[PaperLine],
    *,
    reason: str | None = None,
    reference: UUID | None = None,
) -> DocumentId | None:
    """Under the next number of its kind; None when there is nothing to put on it."""
    if not lines:
        return None
    corrects = (
        await documents.latest_name(uow.connection, order.id, "invoice")
        if kind == "credit_note"
        else None
    )
    number = await numbers.take_numbers(uow.connection, 1, name=kind, first=FIRST_DOCUMENT)
    paper = _paper(context, order, kind, lines, number=number, reason=reason, corrects=corrects)
    document_id = DocumentId(new_id())
    documents.insert_document(
        uow.connection, id=document_id, order_id=order.id, paper=paper, reference=reference
    )
    uow.emit(DocumentIssued(order_id=order.id, document_id=document_id, kind=kind, number=number))
    return document_id


def _paper(
    context: Context,
    order: OrderView,
    kind: DocumentKind,
    lines: Sequence[PaperLine],
    *,
    number: int,
    reason: str | None,
    corrects: str | None,
) -> Paper:
    settings = context.settings
    return Paper(
        kind=kind,
        number=number,
        order_number=order.number,
        issued_at=context.clock.now(),
        currency=order.total.currency,
        locale=settings.locale,
        seller=settings.shop_name,
        seller_address=settings.orders_seller_address.replace("\\n", "\n"),
        seller_tax_id=settings.orders_seller_tax_id,
        email=order.email,
        billing_address=order.billing_address,
        shipping_address=order.shipping_address,
        lines=list(lines),
        taxes=breakdown(lines),
        reason=reason,
        corrects=corrects,
    )


async def paper(context: Context, order_id: OrderId, document_id: DocumentId) -> bytes | None:
    async with context.database.reading() as connection:
        stored = await documents.find_paper(connection, order_id, document_id)
    if stored is None:
        return None
    return await asyncio.to_thread(pdf.render, stored, fonts=context.settings.paper_fonts)
