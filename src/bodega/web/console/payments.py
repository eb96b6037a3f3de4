"""The console's page on money: the trial balance, conflicts with the provider, disputes."""

import asyncio
from collections import defaultdict
from collections.abc import Sequence
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Request
from starlette.responses import Response

from bodega.backbone.http.deps import PageQuery, provided
from bodega.contracts.books import AccountBalance, Books, DisputeView
from bodega.contracts.orders import Orders, OrderView
from bodega.kernel.ids import DisputeId
from bodega.kernel.money import Money
from bodega.kernel.page import PageRequest
from bodega.web.access import ConsoleStaff
from bodega.web.forms import FormMangled, Posted
from bodega.web.pages import redirect, render

router = APIRouter(prefix="/console/payments", include_in_schema=False)

Ledger = Annotated[Books, provided(Books)]
AllOrders = Annotated[Orders, provided(Orders)]
MAX_NOTE = 2000
MAX_EVIDENCE = 20_000


@router.get("")
async def show_payments(
    request: Request, who: ConsoleStaff, books: Ledger, orders: AllOrders, page: PageQuery
) -> Response:
    balances, conflicts, disputes = await asyncio.gather(
        books.balances(),
        books.conflicts(page, resolved=False),
        books.disputes(PageRequest(limit=50)),
    )
    return render(
        request,
        "console/payments.html",
        trial=trial_balance(balances),
        conflicts=conflicts,
        disputes=disputes,
        sold=await _sold(orders, disputes.items),
    )


async def _sold(orders: Orders, disputes: Sequence[DisputeView]) -> dict[DisputeId, OrderView]:
    """What was bought, of those that want an answer: it has the parcels and their numbers."""
    found = {
        item.id: await orders.by_checkout(item.checkout_id)
        for item in disputes
        if item.checkout_id is not None and item.status == "needs_response"
    }
    return {id: order for id, order in found.items() if order is not None}


@router.post("/conflicts/{conflict_id}")
async def resolve_conflict(
    request: Request, who: ConsoleStaff, books: Ledger, form: Posted, conflict_id: UUID
) -> Response:
    """The same note twice is one note."""
    note = form.text("note")[:MAX_NOTE]
    if not note:
        raise FormMangled("Write down what you did about it")
    await books.resolve(conflict_id, by=who.label, note=note)
    return redirect(request, "/console/payments", flash="resolved")


@router.post("/disputes/{dispute_id}")
async def answer_dispute(
    request: Request, who: ConsoleStaff, books: Ledger, form: Posted, dispute_id: DisputeId
) -> Response:
    """The same evidence twice is sent once."""
    text = form.text("evidence")[:MAX_EVIDENCE]
    if not text:
        raise FormMangled("Write down why the payment is right")
    await books.submit_evidence(dispute_id, evidence={"uncategorized_text": text}, by=who.label)
    return redirect(request, "/console/payments", flash="evidence-sent")


def trial_balance(balances: Sequence[AccountBalance]) -> dict[str, list[tuple[str, Money]]]:
    """By currency, every account that was ever booked with its debits less credits."""
    found: dict[str, list[tuple[str, Money]]] = defaultdict(list)
    for one in balances:
        name = one.account.replace("_", " ").capitalize()
        found[one.currency].append((name, Money(amount=one.balance, currency=one.currency)))
    return dict(found)
