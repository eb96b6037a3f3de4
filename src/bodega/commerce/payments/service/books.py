"""The books as staff read them, and what staff decide about conflicts."""

from collections.abc import Sequence
from datetime import datetime
from typing import TypeVar
from uuid import UUID

from bodega.backbone.db import UnitOfWork
from bodega.backbone.module import Context
from bodega.backbone.telemetry.metrics import DISPUTES_DUE, DISPUTES_OPEN, PAYMENT_CONFLICTS
from bodega.commerce.payments.errors import ConflictResolved, ConflictUnknown
from bodega.commerce.payments.repository import conflicts, disputes, ledger
from bodega.commerce.payments.service.disputes import SOON
from bodega.commerce.payments.service.evidence import submit_evidence
from bodega.contracts.books import (
    AccountBalance,
    ConflictView,
    DisputeStatus,
    DisputeView,
    LedgerEntry,
)
from bodega.kernel.errors import Invalid
from bodega.kernel.ids import CheckoutId, DisputeId
from bodega.kernel.page import NOT_OURS, Page, PageRequest, encode_cursor

T = TypeVar("T", LedgerEntry, ConflictView, DisputeView)


class BooksService:
    """Answers `bodega.contracts.books.Books`."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._database = context.database
        self._clock = context.clock

    async def balances(self) -> list[AccountBalance]:
        async with self._database.reading() as connection:
            return await ledger.balances(connection)

    async def entries(
        self, page: PageRequest, *, checkout_id: CheckoutId | None = None
    ) -> Page[LedgerEntry]:
        async with self._database.reading() as connection:
            found = await ledger.entries(
                connection, checkout_id=checkout_id, after=_after(page), limit=page.limit + 1
            )
        return _page(found, page)

    async def conflicts(
        self, page: PageRequest, *, resolved: bool | None = None
    ) -> Page[ConflictView]:
        async with self._database.reading() as connection:
            found = await conflicts.newest(
                connection, resolved=resolved, after=_after(page), limit=page.limit + 1
            )
        return _page(found, page)

    async def resolve(self, conflict_id: UUID, *, by: str, note: str) -> ConflictView:
        async with self._database.work(actor=by) as uow:
            return await resolve_conflict(
                uow, conflict_id=conflict_id, note=note, now=self._clock.now()
            )

    async def disputes(
        self, page: PageRequest, *, status: DisputeStatus | None = None
    ) -> Page[DisputeView]:
        async with self._database.reading() as connection:
            found = await disputes.newest(
                connection, status=status, after=_after(page), limit=page.limit + 1
            )
        return _page(found, page)

    async def submit_evidence(
        self, dispute_id: DisputeId, *, evidence: dict[str, str], by: str
    ) -> DisputeView:
        return await submit_evidence(self._context, dispute_id=dispute_id, evidence=evidence, by=by)


async def resolve_conflict(
    uow: UnitOfWork, *, conflict_id: UUID, note: str, now: datetime
) -> ConflictView:
    """Staff say what they did about it; the same said again is no error. Raises `ConflictResolved`
    when it was something else."""
    found = await conflicts.find(uow.connection, conflict_id)
    if found is None:
        raise ConflictUnknown
    if (found.resolved_by, found.note) == (uow.actor, note):
        return found
    if found.resolved_at is not None:
        raise ConflictResolved
    await conflicts.resolve(uow.connection, conflict_id, by=uow.actor, note=note, now=now)
    return found.model_copy(update={"resolved_at": now, "resolved_by": uow.actor, "note": note})


async def measure(context: Context) -> None:
    """Open conflicts and disputes, for `/metrics`."""
    async with context.database.reading() as connection:
        PAYMENT_CONFLICTS.set(await conflicts.count_open(connection))
        standing, due = await disputes.standing(connection, context.clock.now() + SOON)
    DISPUTES_OPEN.set(standing)
    DISPUTES_DUE.set(due)


def _after(page: PageRequest) -> UUID | None:
    """The key of a list sorted by id. Raises `Invalid` for any other cursor."""
    key = page.after()
    if key is None:
        return None
    try:
        (last,) = key
        return UUID(last)
    except ValueError as error:
        raise Invalid(NOT_OURS) from error


def _page(found: Sequence[T], page: PageRequest) -> Page[T]:
    items = list(found[: page.limit])
    more = len(found) > page.limit
    return Page(items=items, next_cursor=encode_cursor(items[-1].id) if more else None)
