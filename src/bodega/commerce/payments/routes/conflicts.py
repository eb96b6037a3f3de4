"""Conflicts with the provider and disputes over HTTP, for staff."""

from typing import Annotated
from uuid import UUID

from bodega.backbone.http.deps import PageQuery, SagaClaim, Staff, Work, provided
from bodega.backbone.http.router import admin_router
from bodega.commerce.payments.schemas import Evidence, Resolution
from bodega.commerce.payments.service.books import resolve_conflict
from bodega.contracts.books import Books, ConflictView, DisputeStatus, DisputeView
from bodega.kernel.clock import SystemClock
from bodega.kernel.ids import DisputeId
from bodega.kernel.page import Page

staff = admin_router("payments", "/payment-conflicts")
disputes = admin_router("payments", "/disputes")


@staff.get("")
async def list_conflicts(
    who: Staff,
    books: Annotated[Books, provided(Books)],
    page: PageQuery,
    resolved: bool | None = None,
) -> Page[ConflictView]:
    """Where the provider and we disagree, newest first."""
    return await books.conflicts(page, resolved=resolved)


@staff.post("/{conflict_id}/resolve")
async def resolve(who: Staff, uow: Work, conflict_id: UUID, body: Resolution) -> ConflictView:
    """Say what was done about it."""
    now = SystemClock().now()
    return await resolve_conflict(uow, conflict_id=conflict_id, note=body.note, now=now)


@disputes.get("")
async def list_disputes(
    who: Staff,
    books: Annotated[Books, provided(Books)],
    page: PageQuery,
    status: DisputeStatus | None = None,
) -> Page[DisputeView]:
    """Buyers' objections with their banks, newest first."""
    return await books.disputes(page, status=status)


@disputes.post("/{dispute_id}/evidence")
async def send_evidence(
    who: Staff,
    books: Annotated[Books, provided(Books)],
    claim: SagaClaim,
    dispute_id: DisputeId,
    body: Evidence,
) -> DisputeView:
    """Hand evidence to the provider, once; it goes on to the buyer's bank."""
    return await books.submit_evidence(dispute_id, evidence=body.evidence, by=who.label)
