"""Reconciliation: our ledger beside the provider's list, each difference found and explained."""

from datetime import datetime, timedelta
from typing import Literal
from uuid import UUID

from bodega.backbone.db import UnitOfWork
from bodega.backbone.module import Context
from bodega.commerce.payments.adapters.port import Provider, ProviderRecord
from bodega.commerce.payments.adapters.providers import Providers
from bodega.commerce.payments.domain import ledger as entries
from bodega.commerce.payments.domain.reconcile import Here, There, compare, fee_source, matched
from bodega.commerce.payments.domain.webhooks import Disagreement
from bodega.commerce.payments.repository import ledger
from bodega.commerce.payments.repository import reconcile as repository
from bodega.commerce.payments.repository.payments import find_by_id
from bodega.commerce.payments.service.conflicts import record_conflict
from bodega.contracts.books import ConflictKind, Difference, Reconciliation
from bodega.kernel.money import Money

_SKEW = timedelta(minutes=5)
_LOOK_BACK = timedelta(days=2)
# How late a payment may show in the provider's list (PayPal's report says up to three hours).
_LISTED_AFTER = {"paypal": timedelta(hours=3)}
_AS_CONFLICT: dict[str, ConflictKind] = {
    "missing_here": "unknown_payment",
    "twice": "unknown_payment",
    "missing_there": "missing_at_provider",
    "amount": "amount",
    "currency": "currency",
    "status": "status",
    "unsettled": "unsettled",
    "refund": "refund",
    "fee": "fee",
}
Fees = Literal["book", "report"]


async def reconcile(
    context: Context, *, since: datetime, until: datetime, fees: Fees = "report"
) -> Reconciliation:
    """Every provider's list of payments begun between `since` and `until` beside ours. Fees that
    the ledger lacks are booked, or reported as differences."""
    report = Reconciliation(
        since=since, until=until, here=0, there=0, fees_booked=0, differences=[]
    )
    providers = Providers(context.settings)
    try:
        asked = [provider.name for provider in providers.charging()]
        for provider in providers.charging():
            report = await _one(context, provider, report, fees)
    finally:
        await providers.aclose()
    async with context.database.reading() as connection:
        others = await repository.of_others(connection, asked=asked, since=since, until=until)
    return report.model_copy(update={"not_compared": others})


async def _one(
    context: Context, provider: Provider, report: Reconciliation, fees: Fees
) -> Reconciliation:
    since, until, now = report.since, report.until, context.clock.now()
    asked = provider.list_payments(since=since - _SKEW, until=until + _SKEW)
    lines = [line async for line in asked]
    here = await _here(context, provider.name, lines, since=since, until=until)
    booked = await _book_fees(context, here, lines) if fees == "book" else 0
    if booked:
        here = await _here(context, provider.name, lines, since=since, until=until)
    listed = now - _LISTED_AFTER.get(provider.name, _SKEW)
    found = compare(here, map(_there, lines), since=since, listed=listed, now=now)
    return report.model_copy(
        update={
            "here": report.here + len(here),
            "there": report.there + len(lines),
            "fees_booked": report.fees_booked + booked,
            "differences": report.differences
            + [one.model_copy(update={"provider": provider.name}) for one in found],
        }
    )


async def _here(
    context: Context,
    provider: str,
    lines: list[ProviderRecord],
    *,
    since: datetime,
    until: datetime,
) -> dict[UUID, Here]:
    async with context.database.reading() as connection:
        return await repository.payments_between(
            connection,
            provider=provider,
            since=since,
            until=until,
            references=[line.reference for line in lines],
            ids=[line.payment_id for line in lines if line.payment_id],
        )


async def _book_fees(context: Context, here: dict[UUID, Here], lines: list[ProviderRecord]) -> int:
    charged = [(matched(here, _there(line)), line) for line in lines if line.fee]
    async with context.database.work() as uow:
        return sum([await _book_fee(uow, ours, line) for ours, line in charged if ours])


async def _book_fee(uow: UnitOfWork, ours: Here, line: ProviderRecord) -> bool:
    fee = line.fee or Money.zero(line.amount.currency)
    entry = ledger.Entry(
        kind="fee",
        source=fee_source(line.reference),
        lines=entries.charged_fee(fee.amount),
        currency=fee.currency,
        payment_id=ours.id,
    )
    return await ledger.post(uow.connection, entry)


def _there(line: ProviderRecord) -> There:
    return There(
        reference=line.reference,
        payment_id=line.payment_id,
        status=line.status,
        amount=line.amount,
        taken=line.captured.amount,
        returned=line.refunded.amount,
        fee=line.fee,
    )


async def keep_reconciled(context: Context) -> None:
    """The last two days: fees booked, every other difference a conflict for staff. What differed
    only because it moved while we looked is gone at the second look."""
    now = context.clock.now()
    since = now - _LOOK_BACK
    first = (await reconcile(context, since=since, until=now, fees="book")).differences
    if first:
        second = (await reconcile(context, since=since, until=now, fees="book")).differences
        for difference in (one for one in second if one in first):
            await _record(context, difference, now)


async def _record(context: Context, difference: Difference, now: datetime) -> None:
    found = Disagreement(_AS_CONFLICT[difference.kind], difference.here, difference.there)
    async with context.database.work() as uow:
        payment = (
            await find_by_id(uow.connection, difference.payment_id)
            if difference.payment_id
            else None
        )
        await record_conflict(
            uow,
            found,
            provider=difference.provider,
            reference=difference.reference or str(difference.payment_id),
            payment=payment,
            now=now,
        )
