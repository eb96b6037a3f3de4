"""Bronze for tests: changes as the change feed writes them, without a PostgreSQL behind."""

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
from deltalake import write_deltalake

SCHEMA = pa.schema(
    [
        ("key", pa.string()),
        ("before", pa.string()),
        ("after", pa.string()),
        ("unchanged", pa.list_(pa.string())),
        ("ts_ms", pa.int64()),
        ("txid", pa.int64()),
        ("_source", pa.string()),
        ("_position", pa.int64()),
        ("_sequence", pa.int32()),
        ("_op", pa.string()),
        ("_ingested_at", pa.timestamp("us", tz="UTC")),
    ]
)
START_MS = 1_767_225_600_000  # 2026-01-01T00:00:00Z


@dataclass(frozen=True)
class Change:
    """One envelope. `position` and `sequence` are given by the transaction."""

    table: str
    op: str
    key: dict[str, Any] | None
    after: dict[str, Any] | None = None
    unchanged: Sequence[str] = ()


@dataclass
class Source:
    """A shop that commits transactions; `flush` appends those not yet flushed to bronze."""

    lake: Path
    position: int = 1000
    pending: list[dict[str, Any]] = field(default_factory=list)

    def commit(self, *changes: Change) -> int:
        self.position += 10
        for sequence, change in enumerate(changes):
            self.pending.append(self._row(change, sequence))
        return self.position

    def _row(self, change: Change, sequence: int) -> dict[str, Any]:
        key = None if change.key is None else json.dumps(change.key, sort_keys=True)
        return {
            "table": change.table,
            "key": key,
            "before": key if change.op == "d" else None,
            "after": None if change.after is None else json.dumps(change.after),
            "unchanged": list(change.unchanged),
            "ts_ms": START_MS + self.position * 1000,
            "txid": self.position,
            "_source": "shop",
            "_position": self.position,
            "_sequence": sequence,
            "_op": change.op,
            "_ingested_at": datetime.now(UTC),
        }

    def flush(self, rows: int | None = None) -> None:
        """Append the first `rows` pending changes (all by default), a Delta commit a table."""
        cut = len(self.pending) if rows is None else rows
        batch, self.pending = self.pending[:cut], self.pending[cut:]
        by_table: dict[str, list[dict[str, Any]]] = {}
        for row in batch:
            envelope = {name: value for name, value in row.items() if name != "table"}
            by_table.setdefault(row["table"], []).append(envelope)
        for table, lines in by_table.items():
            append(self.lake, table, lines)


def append(lake: Path, table: str, rows: Iterable[dict[str, Any]]) -> None:
    data = pa.Table.from_pylist(list(rows), schema=SCHEMA)
    write_deltalake(str(lake / "bronze" / table), data, mode="append")


def times(at: str) -> dict[str, str]:
    return {"occurred_at": at, "known_at": at, "ingested_at": at}


def product(id: str, *, title: str = "Tea cup", op: str = "c", **over: Any) -> Change:
    row = {"id": id, "slug": f"tea-cup-{id}", "title": title, "category": None, "status": "active"}
    row |= {"source": None, "source_key": None, **times("2026-01-01T00:00:00Z"), **over}
    return Change("shop__catalog_products", op, {"id": id}, row)


def variant(id: str, product_id: str, *, price: int = 250, op: str = "c", **over: Any) -> Change:
    row = {"id": id, "product_id": product_id, "sku": f"SKU-{id}", "title": "default"}
    row |= {"price_amount": price, "price_currency": "GBP", "status": "active"}
    row |= {"source": None, "source_key": None, **times("2026-01-01T00:00:00Z"), **over}
    return Change("shop__catalog_variants", op, {"id": id}, row)


def user(id: str, *, op: str = "c", **over: Any) -> Change:
    row = {"id": id, "role": "customer", "status": "active", "country": "GB"}
    row |= {"source": None, "source_key": None, **times("2026-01-01T00:00:00Z"), **over}
    return Change("shop__identity_users", op, {"id": id}, row)


def order(
    id: str,
    *,
    number: int,
    total: int,
    at: str = "2026-02-03T10:00:00Z",
    op: str = "c",
    **over: Any,
) -> Change:
    row = {"id": id, "number": number, "checkout_id": None, "customer_id": None, "country": "GB"}
    row |= {"status": "paid", "subtotal_amount": total, "total_amount": total, "currency": "GBP"}
    row |= {"source": None, "source_key": None, **times(at), **over}
    return Change("shop__orders_orders", op, {"id": id}, row)


def order_line(
    id: str,
    order_id: str,
    *,
    quantity: int = 1,
    total: int = 250,
    at: str = "2026-02-03T10:00:00Z",
    op: str = "c",
    **over: Any,
) -> Change:
    row = {"id": id, "order_id": order_id, "position": 1, "kind": "product", "product_id": None}
    row |= {"variant_id": None, "sku": "SKU", "title": "Tea cup", "quantity": quantity}
    row |= {"unit_price_amount": total // max(quantity, 1), "total_amount": total}
    row |= {"currency": "GBP", "source": None, "source_key": None, **times(at), **over}
    return Change("shop__orders_order_lines", op, {"id": id}, row)


def returned(
    id: str, *, total: int, at: str = "2026-02-05T10:00:00Z", op: str = "c", **over: Any
) -> Change:
    row = {"id": id, "order_id": None, "customer_id": None, "country": "GB", "reason": None}
    row |= {"total_amount": total, "currency": "GBP", "source": None, "source_key": None}
    return Change("shop__orders_returns", op, {"id": id}, row | times(at) | over)


def return_line(
    id: str,
    return_id: str,
    *,
    quantity: int = 1,
    total: int = 250,
    at: str = "2026-02-05T10:00:00Z",
    op: str = "c",
    **over: Any,
) -> Change:
    row = {"id": id, "return_id": return_id, "order_line_id": None, "kind": "product"}
    row |= {"product_id": None, "variant_id": None, "sku": "SKU", "title": "Tea cup"}
    row |= {"quantity": quantity, "unit_price_amount": 250, "total_amount": total}
    row |= {"currency": "GBP", "source": None, "source_key": None}
    return Change("shop__orders_return_lines", op, {"id": id}, row | times(at) | over)


def deleted(change: Change) -> Change:
    return Change(change.table, "d", change.key)


def truncated(table: str) -> Change:
    return Change(table, "t", None)


def payment(id: str, *, amount: int, op: str = "c", **over: Any) -> Change:
    row = {"id": id, "checkout_id": None, "amount_amount": amount, "amount_currency": "GBP"}
    row |= {"status": "captured", "provider": "stripe", "failure_code": None}
    return Change(
        "shop__payments_payments", op, {"id": id}, row | times("2026-02-03T10:00:00Z") | over
    )


def payment_refund(id: str, payment_id: str, *, amount: int, op: str = "c", **over: Any) -> Change:
    row = {"id": id, "payment_id": payment_id, "amount_amount": amount, "amount_currency": "GBP"}
    row |= {"status": "succeeded", "failure_code": None, **times("2026-02-05T10:00:00Z"), **over}
    return Change("shop__payments_refunds", op, {"id": id}, row)


def booked(id: str, payment_id: str, *, kind: str, **accounts: int) -> list[Change]:
    """An entry of the ledger with its lines."""
    entry = {"id": id, "kind": kind, "checkout_id": None, "payment_id": payment_id}
    entry |= {"currency": "GBP", "occurred_at": "2026-02-03T10:00:00Z"}
    changes = [Change("shop__payments_ledger_entries", "c", {"id": id}, entry)]
    for position, (account, amount) in enumerate(accounts.items()):
        key = {"entry_id": id, "position": position}
        line = key | {"account": account, "amount": amount}
        changes.append(Change("shop__payments_ledger_lines", "c", key, line))
    return changes


def promotion(id: str, *, op: str = "c", **over: Any) -> Change:
    row = {"id": id, "title": f"Offer {id}", "kind": "percentage", "currency": "GBP"}
    row |= {"automatic": False, "active": True, "starts_at": None, "ends_at": None}
    at = times("2026-01-01T00:00:00Z")
    return Change("shop__pricing_promotions", op, {"id": id}, row | at | over)


def coupon(code: str, promotion_id: str, *, op: str = "c", **over: Any) -> Change:
    row = {"code": code, "promotion_id": promotion_id, "active": True}
    row |= {"created_at": "2026-01-01T00:00:00Z"}
    return Change("shop__pricing_coupons", op, {"code": code}, row | over)


def redemption(
    id: str, promotion_id: str, checkout_id: str, *, discount: int, op: str = "c", **over: Any
) -> Change:
    row = {"id": id, "checkout_id": checkout_id, "promotion_id": promotion_id, "coupon_code": None}
    row |= {"customer_id": None, "discount_amount": discount, "discount_currency": "GBP"}
    row |= {"redeemed_at": "2026-02-03T10:00:00Z", "released_at": None}
    return Change("shop__pricing_redemptions", op, {"id": id}, row | over)


def abandonment(cart_id: str, *, value: int, op: str = "c", **over: Any) -> Change:
    key = {"cart_id": cart_id, "abandoned_at": "2026-02-03T10:00:00Z"}
    row = {**key, "customer_id": None, "units": 1, "value_amount": value, "currency": "GBP"}
    return Change("shop__cart_abandonments", op, key, row | {"ordered_at": None} | over)
