"""Invoices and credit notes: numbered without gaps, never changed."""

from typing import Any
from uuid import UUID

from sqlalchemy import Row, select, text
from sqlalchemy.ext.asyncio import AsyncConnection

from bodega.backbone.db import Connection
from bodega.commerce.orders.domain.papers import Paper, name_of
from bodega.commerce.orders.tables import documents
from bodega.contracts.aftersales import DocumentKind, DocumentView
from bodega.kernel.ids import DocumentId, OrderId
from bodega.kernel.money import Money


def _document(row: Row[Any]) -> DocumentView:
    def money(amount: int) -> Money:
        return Money(amount=amount, currency=row.currency)

    return DocumentView(
        id=row.id,
        order_id=row.order_id,
        kind=row.kind,
        number=row.number,
        name=name_of(row.kind, row.number),
        issued_at=row.issued_at,
        net=money(row.net_amount),
        tax=money(row.tax_amount),
        total=money(row.total_amount),
    )


_INSERT = text(
    """INSERT INTO orders.documents (id, order_id, kind, number, issued_at, net_amount, tax_amount,
           total_amount, currency, reference, body)
       VALUES (:id, :order_id, :kind, :number, :issued_at, :net_amount, :tax_amount, :total_amount,
           :currency, :reference, CAST(:body AS jsonb))"""
)


def insert_document(
    connection: Connection,
    *,
    id: DocumentId,
    order_id: OrderId,
    paper: Paper,
    reference: UUID | None,
) -> None:
    row = {
        "id": id,
        "order_id": order_id,
        "kind": paper.kind,
        "number": paper.number,
        "issued_at": paper.issued_at,
        "net_amount": paper.total - paper.tax,
        "tax_amount": paper.tax,
        "total_amount": paper.total,
        "currency": paper.currency,
        "reference": reference,
        "body": paper.model_dump_json(),
    }
    connection.later(_INSERT, row)


async def find_documents(connection: AsyncConnection, order_id: OrderId) -> list[DocumentView]:
    found = await connection.execute(
        select(documents).where(documents.c.order_id == order_id).order_by(documents.c.id)
    )
    return [_document(row) for row in found]


async def find_paper(
    connection: AsyncConnection, order_id: OrderId, document_id: DocumentId
) -> Paper | None:
    chosen = documents.c.id == document_id, documents.c.order_id == order_id
    row = (await connection.execute(select(documents.c.body).where(*chosen))).first()
    return Paper.model_validate(row.body) if row else None


async def latest_name(
    connection: AsyncConnection, order_id: OrderId, kind: DocumentKind
) -> str | None:
    """What the order's newest document of that kind is called."""
    chosen = (
        select(documents.c.number)
        .where(documents.c.order_id == order_id, documents.c.kind == kind)
        .order_by(documents.c.id.desc())
        .limit(1)
    )
    number = (await connection.execute(chosen)).scalar_one_or_none()
    return name_of(kind, number) if number is not None else None
