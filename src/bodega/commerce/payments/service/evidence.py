"""Evidence against a dispute, handed to the provider; the rest comes back by webhook."""

from collections.abc import Mapping

from bodega.backbone.module import Context
from bodega.commerce.payments.adapters.port import ProviderDispute
from bodega.commerce.payments.adapters.providers import Providers
from bodega.commerce.payments.errors import DisputeClosedAlready, DisputeUnknown
from bodega.commerce.payments.repository import disputes
from bodega.contracts.books import DisputeView
from bodega.kernel.ids import DisputeId


async def submit_evidence(
    context: Context, *, dispute_id: DisputeId, evidence: Mapping[str, str], by: str
) -> DisputeView:
    """Once: what was sent already is not sent again. Raises `DisputeClosedAlready` when the
    provider waits for none, ProviderUnreachable when its answer is lost: then send it again."""
    async with context.database.reading() as connection:
        found = await disputes.find_dispute(connection, dispute_id)
    if found is None:
        raise DisputeUnknown
    if found.evidence_sent_at is not None:
        return found
    if found.status != "needs_response":
        raise DisputeClosedAlready
    told = await _hand_over(context, found, evidence)
    return await _keep(context, found, told, by)


async def _hand_over(
    context: Context, found: DisputeView, evidence: Mapping[str, str]
) -> ProviderDispute:
    providers = Providers(context.settings)
    try:
        provider = providers.named(found.provider)
        return await provider.submit_evidence(found.reference, evidence=evidence, submit=True)
    finally:
        await providers.aclose()


async def _keep(
    context: Context, found: DisputeView, told: ProviderDispute, by: str
) -> DisputeView:
    now = context.clock.now()
    async with context.database.work(actor=by) as uow:
        await disputes.evidence_sent(uow.connection, found.id, now, status=told.status)
        kept = await disputes.find_dispute(uow.connection, found.id)
    assert kept is not None
    return kept
