"""The made-up history straight into bronze, for lakes of a size no shop is seeded with.

The same plan gives the same shop as by the operational road; only the stock is left out. Rows are
the envelopes that the change feed would have written, a commit a batch.
"""

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from functools import cache
from itertools import count
from typing import Any

import pyarrow as pa

from bodega.contracts.orders import ImportedOrder, ImportedReturn, OrderLine
from bodega.data.ingest.bronze import COMPLETE, SCHEMA, SOURCE
from bodega.data.ingest.seed.history import History
from bodega.data.ingest.seed.load import SOURCE as SEED
from bodega.data.ingest.seed.plan import SeedPlan
from bodega.data.lake.delta import AppendOnlyTable
from bodega.data.lake.paths import FEED_STATE, bronze_path
from bodega.data.lake.storage import LakeRoot
from bodega.kernel.errors import Conflict

Row = dict[str, Any]


class LakeNotEmpty(Conflict):
    code = "lake_seed_not_empty"
    title = "A made-up history goes into a lake that holds nothing yet"


def seed_bronze(
    plan: SeedPlan, root: LakeRoot, *, lines: int, progress: Callable[[int], None] = lambda _: None
) -> int:
    """Write the plan's history until it has `lines` order lines; how many. Raises LakeNotEmpty."""
    if root.read_json(FEED_STATE) is not None or root.names("bronze"):
        raise LakeNotEmpty
    history, bronze = History(plan), _Bronze(root, plan.until)
    bronze.append("catalog.products", _products(history, plan.since))
    bronze.append("catalog.variants", _variants(history, plan.since))
    bronze.append("identity.users", _users(history, plan.since))
    written = 0
    for orders, returns in history.batches():
        wanted = _cut(orders, lines - written)
        written += bronze.take(orders=wanted, returns=returns)
        progress(written)
        if written >= lines:
            break
    bronze.complete()
    return written


def _cut(orders: Iterable[ImportedOrder], lines: int) -> list[ImportedOrder]:
    """Whole orders until there are so many lines."""
    taken: list[ImportedOrder] = []
    for order in orders:
        if lines <= 0:
            break
        taken.append(order)
        lines -= len(order.lines)
    return taken


class _Bronze:
    """Tables of bronze, one commit position a batch."""

    def __init__(self, root: LakeRoot, now: datetime) -> None:
        self._root, self._now = root, now
        self._tables: dict[str, AppendOnlyTable] = {}
        self._positions = count(10, 10)
        self._position = next(self._positions)
        self._numbers = count(1)
        self._goods: dict[int, tuple[OrderLine, str]] = {}

    def take(self, *, orders: list[ImportedOrder], returns: list[ImportedReturn]) -> int:
        """How many order lines that were."""
        sold = [row for order in orders for row in self._lines(order)]
        known = {order.id for order in orders}
        back = [one for one in returns if one.order_id in known]
        self._position = next(self._positions)
        self._append("orders.orders", [_order(next(self._numbers), order) for order in orders])
        self._append("orders.order_lines", sold)
        self.append("orders.returns", [_return(one) for one in back])
        self.append("orders.return_lines", [row for one in back for row in _return_lines(one)])
        return len(sold)

    def append(self, name: str, rows: Iterable[Row]) -> None:
        self._append(name, [(row["id"], json.dumps(row)) for row in rows])

    def _append(self, name: str, rows: Sequence[tuple[str, str]]) -> None:
        """Ids and texts of rows."""
        if not rows:
            return
        size = len(rows)
        constants: Mapping[str, object] = {
            "before": None,
            "unchanged": [],
            "ts_ms": int(self._now.timestamp() * 1000),
            "txid": self._position,
            "_source": SOURCE,
            "_position": self._position,
            "_op": "c",
            "_ingested_at": self._now,
        }
        columns: Mapping[str, Sequence[object]] = {
            "key": [f'{{"id": "{key}"}}' for key, _ in rows],
            "after": [text for _, text in rows],
            "_sequence": range(size),
        }
        arrays = [
            pa.array(columns[field.name], field.type)
            if field.name in columns
            else pa.repeat(pa.scalar(constants[field.name], field.type), size)
            for field in SCHEMA
        ]
        self._table(name).append(
            pa.Table.from_arrays(arrays, schema=SCHEMA), {COMPLETE: self._position}
        )

    def _lines(self, order: ImportedOrder) -> Iterator[tuple[str, str]]:
        """As `json.dumps` would write them. Most rows are lines, and most lines are alike: what
        was bought is written once."""
        times = _told(order.placed_at)
        order_id = str(order.id)
        for position, line in enumerate(order.lines):
            id_ = f"{order_id}-{position}"
            head = f'"id": "{id_}", "order_id": "{order_id}", "position": {position}'
            yield id_, f"{{{head}, {self._written(line)}, {times}}}"

    def _written(self, line: OrderLine) -> str:
        """By the object, which is kept so that no other takes its place."""
        known = self._goods.get(id(line))
        if known is None:
            known = self._goods[id(line)] = (line, json.dumps(_bought(line))[1:-1])
        return known[1]

    def complete(self) -> None:
        self._root.write_json(FEED_STATE, {"position": self._position})

    def _table(self, name: str) -> AppendOnlyTable:
        if name not in self._tables:
            uri = self._root.uri(bronze_path(SOURCE, name))
            self._tables[name] = AppendOnlyTable(uri, SCHEMA, options=self._root.options)
            self._tables[name].create()
        return self._tables[name]


def _times(at: datetime) -> Row:
    told = dict.fromkeys(("occurred_at", "known_at", "ingested_at"), at.isoformat())
    return {**told, "source": SEED}


def _products(history: History, at: datetime) -> Iterator[Row]:
    for product in history.products():
        yield {
            "id": str(product.id), "slug": product.sku.lower(), "title": product.title,
            "category": product.category, "status": "active", **_times(at),
        }  # fmt: skip


def _variants(history: History, at: datetime) -> Iterator[Row]:
    for product in history.products():
        yield {
            "id": str(product.variant_id), "product_id": str(product.id),
            "sku": product.sku, "title": "default", "price_amount": product.price.amount,
            "price_currency": product.price.currency, "status": "active", **_times(at),
        }  # fmt: skip


def _users(history: History, at: datetime) -> Iterator[Row]:
    """Bronze holds no names, so none are made up."""
    people = history.people
    for number in range(history.plan.customers):
        yield {
            "id": str(people.id(number)), "role": "customer", "status": "active",
            "country": people.country(number), **_times(at),
        }  # fmt: skip


def _order(number: int, order: ImportedOrder) -> tuple[str, str]:
    """Its id, and its text as `json.dumps` would write it."""
    id_, total = str(order.id), sum(line.total.amount for line in order.lines)
    buyer = "null" if order.customer_id is None else f'"{order.customer_id}"'
    text = (
        f'{{"id": "{id_}", "number": {number}, "checkout_id": null, "status": "paid", '
        f'"customer_id": {buyer}, "country": {_quoted(order.country)}, '
        f'"subtotal_amount": {total}, "total_amount": {total}, '
        f'"currency": {_quoted(order.currency)}, "source_key": {json.dumps(order.source_key)}, '
        f"{_told(order.placed_at)}}}"
    )
    return id_, text


@cache
def _quoted(text: str | None) -> str:
    """One of a few texts."""
    return json.dumps(text)


def _told(at: datetime) -> str:
    """The members of `_times`."""
    text = at.isoformat()
    return (
        f'"occurred_at": "{text}", "known_at": "{text}", "ingested_at": "{text}", '
        f'"source": {_quoted(SEED)}'
    )


def _return(back: ImportedReturn) -> Row:
    return {
        "id": str(back.id), "order_id": str(back.order_id), "reason": back.reason,
        "customer_id": None if back.customer_id is None else str(back.customer_id),
        "country": back.country, "total_amount": sum(line.total.amount for line in back.lines),
        "currency": back.currency, "source_key": back.source_key, **_times(back.returned_at),
    }  # fmt: skip


def _return_lines(back: ImportedReturn) -> Iterator[Row]:
    times = _times(back.returned_at)
    for position, line in enumerate(back.lines):
        row = {"id": f"{back.id}-{position}", "return_id": str(back.id), "order_line_id": None}
        yield row | _bought(line) | times


def _bought(line: OrderLine) -> Row:
    return {
        "kind": line.kind, "sku": line.sku, "title": line.title, "quantity": line.quantity,
        "product_id": None if line.product_id is None else str(line.product_id),
        "variant_id": None if line.variant_id is None else str(line.variant_id),
        "unit_price_amount": line.unit_price.amount, "total_amount": line.total.amount,
        "currency": line.total.currency,
    }  # fmt: skip
