"""Webhooks in: verified, stored, answered; then handled in order per object, and judged."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Protocol
from uuid import UUID

from bodega.backbone.db import Database, UnitOfWork
from bodega.backbone.module import Context
from bodega.backbone.telemetry.logs import get_logger
from bodega.commerce.payments.adapters.paypal_webhooks import PayPalWebhooks
from bodega.commerce.payments.adapters.stripe_webhooks import StripeWebhooks
from bodega.commerce.payments.domain.webhooks import (
    IN_FLIGHT,
    MAX_ATTEMPTS,
    PATIENCE,
    Disagreement,
    DisputeFact,
    Notice,
    Ours,
    PaymentFact,
    RefundFact,
    RefundStanding,
    judge,
    judge_dispute,
    wait_seconds,
)
from bodega.commerce.payments.errors import ProviderUnknown
from bodega.commerce.payments.repository import payments as repository
from bodega.commerce.payments.repository import refunds, webhooks
from bodega.commerce.payments.repository.payments import Matched, Payment
from bodega.commerce.payments.repository.webhooks import Group, Pending, Queue, WebhookStatus
from bodega.commerce.payments.service import disputes
from bodega.commerce.payments.service.conflicts import record_conflict
from bodega.contracts.payments import PaymentActionDone

log = get_logger(__name__)
_AT_ONCE = 200


class WebhookSource(Protocol):
    """A provider's way of signing and wording its webhooks."""

    async def verify(self, *, body: bytes, headers: Mapping[str, str], now: datetime) -> None:
        """Raises `WebhookRefused` unless the provider itself has just sent it."""

    def read(self, body: bytes | str) -> Notice:
        """Raises `WebhookMalformed`."""


def sources(context: Context) -> dict[str, WebhookSource]:
    settings = context.settings
    return {"stripe": StripeWebhooks(settings), "paypal": PayPalWebhooks(settings)}


class WebhookService:
    """Answers `bodega.contracts.books.Webhooks`."""

    def __init__(self, context: Context) -> None:
        self._database = context.database
        self._clock = context.clock
        self._sources = sources(context)

    async def receive(self, *, provider: str, body: bytes, headers: dict[str, str]) -> bool:
        source = self._sources.get(provider)
        if source is None:
            raise ProviderUnknown
        now = self._clock.now()
        await source.verify(body=body, headers=headers, now=now)
        notice = source.read(body)
        async with self._database.work(actor=provider) as uow:
            return await webhooks.store(
                uow, notice, body=body.decode(), status=_status(notice), now=now
            )


def _status(notice: Notice) -> WebhookStatus:
    if notice.unreadable:
        log.error("webhook_unreadable", type=notice.type, lacks=notice.unreadable)
        return "failed"
    return "received" if notice.fact else "ignored"


async def handle_due(context: Context) -> int:
    """Everything that is due, object by object; how many webhooks were handled."""
    known, database, handled = sources(context), context.database, 0
    while True:
        now = context.clock.now()
        async with database.reading() as connection:
            groups = await webhooks.due_groups(connection, now, limit=_AT_ONCE)
        if not groups:
            return handled
        provider = groups[0].provider
        own = [group for group in groups if group.provider == provider]
        handled += await _handle(database, known[provider], own, now)


async def _handle(
    database: Database, source: WebhookSource, groups: Sequence[Group], now: datetime
) -> int:
    """All in one transaction; each in its own when something fails, so that only that waits."""
    try:
        async with database.work(actor=groups[0].provider) as uow:
            return await _Hands(uow, source, now).take(groups)
    except Exception as error:
        log.info("webhooks_taken_apart", groups=len(groups), error=type(error).__name__)
    return sum([await _handle_alone(database, source, group, now) for group in groups])


async def _handle_alone(
    database: Database, source: WebhookSource, group: Group, now: datetime
) -> int:
    hands: _Hands | None = None
    try:
        async with database.work(actor=group.provider) as uow:
            hands = _Hands(uow, source, now)
            return await hands.take([group])
    except Exception as error:
        if hands is None or hands.current is None:
            raise
        log.warning("webhook_failed", webhook_id=str(hands.current.id), exc_info=error)
        async with database.work() as uow:
            await _postpone(uow, group, hands.current, now, type(error).__name__)
        return 0


class _Hands:
    """What handles webhooks within one transaction; `current` is the one in hand."""

    def __init__(self, uow: UnitOfWork, source: WebhookSource, now: datetime) -> None:
        self._uow = uow
        self._source = source
        self._now = now
        self._marked: dict[WebhookStatus, list[UUID]] = {}
        self.current: Pending | None = None

    async def take(self, groups: Sequence[Group]) -> int:
        """How many were handled."""
        connection = self._uow.connection
        queues = await webhooks.lock_pending(connection, groups)
        notices = {one.id: self._read(one) for queue in queues for one in queue.pending}
        if not notices:
            return 0
        notices = await self._belonging(groups[0].provider, notices)
        matched = await repository.find_matching(
            connection,
            provider=groups[0].provider,
            ids=[one.payment_id for one in notices.values() if one.payment_id],
            references=[one.reference for one in notices.values() if one.reference],
        )
        for queue in queues:
            await self._settle(queue, notices, matched)
        for status, ids in self._marked.items():
            webhooks.mark(connection, ids, status, self._now)
        return sum(map(len, self._marked.values()))

    async def _belonging(self, provider: str, notices: Mapping[UUID, Notice]) -> dict[UUID, Notice]:
        """What only names the part it is of belongs to whom that part's own webhook told."""
        parts = [one.part_of for one in notices.values() if one.part_of]
        if not parts:
            return dict(notices)
        owners = await webhooks.owners(self._uow.connection, provider, parts)
        return {
            id: replace(notice, payment_id=owners[notice.part_of])
            if notice.part_of in owners
            else notice
            for id, notice in notices.items()
        }

    def _read(self, webhook: Pending) -> Notice:
        self.current = webhook
        return self._source.read(webhook.body)

    async def _settle(self, queue: Queue, notices: Mapping[UUID, Notice], matched: Matched) -> None:
        for webhook in queue.pending:
            self.current, notice = webhook, notices[webhook.id]
            stated = (notice.at, notice.rank)
            last = queue.newest.get(notice.subject, stated)
            status = await _settle(
                self._uow,
                notice,
                matched,
                late=stated < last,
                attempts=webhook.attempts,
                now=self._now,
            )
            if status is None:
                reason = "the payment is in flight"
                await _postpone(self._uow, queue.group, webhook, self._now, reason)
                return
            self._marked.setdefault(status, []).append(webhook.id)
            queue.newest[notice.subject] = max(stated, last)


async def _postpone(
    uow: UnitOfWork, group: Group, webhook: Pending, now: datetime, error: str
) -> None:
    await webhooks.postpone(
        uow.connection,
        group,
        webhook,
        until=now + timedelta(seconds=wait_seconds(webhook.attempts + 1)),
        error=error,
        give_up=webhook.attempts + 1 > MAX_ATTEMPTS,
    )


async def _settle(
    uow: UnitOfWork,
    notice: Notice,
    matched: Matched,
    *,
    late: bool,
    attempts: int,
    now: datetime,
) -> WebhookStatus | None:
    """None: the payment is in flight, or what tells whose it is has not come: look again later."""
    fact = notice.fact
    if fact is None:
        return _status(notice)
    payment = matched.payment(notice.payment_id, notice.reference)
    if isinstance(fact, DisputeFact):
        await disputes.note(
            uow,
            fact,
            provider=notice.provider,
            payment=payment,
            stated=(notice.at, notice.rank),
        )
        odd = judge_dispute(payment.amount if payment else None, fact)
        return await _conflict(uow, notice, payment, odd, now) if odd else "done"
    if late:
        return "superseded"
    if isinstance(fact, RefundStanding):
        return await _refund_told(uow, notice, fact, payment, now)
    if payment is None:
        return await _unmatched(uow, notice, fact, attempts=attempts, now=now)
    moved = matched.taken_and_returned(payment)
    return await _compare(uow, notice, payment, fact, moved, attempts=attempts, now=now)


async def _refund_told(
    uow: UnitOfWork, notice: Notice, fact: RefundStanding, payment: Payment | None, now: datetime
) -> WebhookStatus:
    """A refund of ours that the provider tells otherwise is asked after; one that was made without
    a refund of ours (the void of a capture) and failed is a conflict."""
    refund = await refunds.matching_refund(
        uow.connection,
        refund_id=fact.refund_id,
        provider=notice.provider,
        reference=fact.reference,
    )
    if refund is not None:
        if refund.status != fact.status:
            await refunds.make_due(uow.connection, refund.id, at=now)
        return "done"
    if fact.status != "failed" or payment is None:
        return "ignored"
    found = Disagreement("refund", payment.status, f"refund of {fact.amount} failed")
    await record_conflict(
        uow, found, provider=notice.provider, reference=fact.reference, payment=payment, now=now
    )
    return "conflict"


async def _compare(
    uow: UnitOfWork,
    notice: Notice,
    payment: Payment,
    fact: PaymentFact | RefundFact,
    moved: tuple[int, int],
    *,
    attempts: int,
    now: datetime,
) -> WebhookStatus | None:
    if payment.status in IN_FLIGHT:
        if attempts < MAX_ATTEMPTS:
            return None
        found = Disagreement("unsettled", payment.status, notice.type)
        return await _conflict(uow, notice, payment, found, now)
    if isinstance(fact, PaymentFact) and _acted(uow, payment, fact):
        return "done"
    disagreement = judge(Ours(payment.status, payment.amount, *moved), fact)
    if disagreement is None:
        return "done"
    if isinstance(fact, RefundFact) and attempts < PATIENCE:
        return None
    return await _conflict(uow, notice, payment, disagreement, now)


def _acted(uow: UnitOfWork, payment: Payment, fact: PaymentFact) -> bool:
    """The buyer's action, if that is what it is about: checkout asks how it went."""
    if payment.status == "requires_action" and fact.status != "requires_action":
        uow.emit(PaymentActionDone(payment_id=payment.id, checkout_id=payment.checkout_id))
    return payment.status == "requires_action" or fact.status == "requires_action"


async def _unmatched(
    uow: UnitOfWork,
    notice: Notice,
    fact: PaymentFact | RefundFact,
    *,
    attempts: int,
    now: datetime,
) -> WebhookStatus | None:
    """Money at the provider that we never asked for, or a part whose whole was not told yet."""
    if notice.part_of and attempts < PATIENCE:
        return None
    if isinstance(fact, PaymentFact) and fact.status in ("authorised", "captured"):
        found = Disagreement("unknown_payment", "nothing", f"{fact.status} {fact.amount}")
        return await _conflict(uow, notice, None, found, now)
    return "ignored"


async def _conflict(
    uow: UnitOfWork, notice: Notice, payment: Payment | None, found: Disagreement, now: datetime
) -> WebhookStatus:
    await record_conflict(
        uow,
        found,
        provider=notice.provider,
        reference=notice.reference or notice.subject,
        payment=payment,
        now=now,
    )
    return "conflict"


async def forget(uow: UnitOfWork, before: datetime) -> None:
    await webhooks.forget_bodies(uow.connection, before)


async def replay(uow: UnitOfWork, now: datetime) -> int:
    """Webhooks that were given up, tried again from now on; how many."""
    return await webhooks.replay_failed(uow.connection, now)
