"""Any history of a shop, cut into any batches, gives the gold of a rebuild and of plain Python."""

import shutil
from collections import defaultdict
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import Any

import pytest

from bodega.data.lake.published import read_published
from bodega.data.lake.query import query
from bodega.data.pipelines.plan import Plan
from bodega.data.pipelines.refresh import refresh
from bodega.data.pipelines.warehouse import Warehouse
from tests.data.bronze import (
    Change,
    Source,
    deleted,
    order,
    order_line,
    product,
    return_line,
    returned,
    truncated,
    user,
)

AT = [f"2026-0{month}-{day:02d}T23:30:00Z" for month in (1, 2, 3) for day in (1, 15)]


@dataclass
class Shop:
    """The plain-Python answer: rows as they are now, beside the changes that made them so."""

    source: Source
    random: Random
    orders: dict[str, dict[str, Any]] = field(default_factory=dict)
    lines: dict[str, dict[str, Any]] = field(default_factory=dict)
    products: dict[str, dict[str, Any]] = field(default_factory=dict)
    users: dict[str, dict[str, Any]] = field(default_factory=dict)
    returns: dict[str, dict[str, Any]] = field(default_factory=dict)
    return_lines: dict[str, dict[str, Any]] = field(default_factory=dict)
    minted: int = 0

    def step(self) -> None:
        moves = [self.place] * 4 + [self.amend, self.cancel, self.forget, self.drop_line]
        moves += [self.describe] * 2 + [self.categorise, self.move, self.join, self.hand_over]
        moves += [self.give_back]
        if self.random.random() < 0.04:
            moves = [self.wipe]
        self.random.choice(moves)()

    def place(self) -> None:
        self.minted += 1
        order_id, at = f"o{self.minted}", self.random.choice(AT)
        lines = [
            order_line(
                f"l{self.minted}-{n}",
                order_id,
                quantity=self.random.randint(1, 5),
                total=self.random.randint(0, 900),
                product_id=f"p{self.random.randint(1, 6)}",
                at=at,
            )
            for n in range(self.random.randint(1, 3))
        ]
        total = sum(line.after["total_amount"] for line in lines if line.after)
        head = order(order_id, number=self.minted, total=total, at=at, **self._somebody())
        self._commit(*lines, head)

    def _somebody(self) -> dict[str, str | None]:
        """An account, a guest by the token of the e-mail, or nobody known."""
        who = self.random.randint(1, 3)
        return self.random.choice(
            [
                {"customer_id": f"u{who}", "email": f"p1.x.t{who}"},
                {"customer_id": None, "email": f"p1.x.t{who}"},
                {"customer_id": None, "email": None},
            ]
        )

    def join(self) -> None:
        """A guest gets an account: earlier orders of the same e-mail are its own."""
        id = f"u{self.random.randint(1, 3)}"
        self._commit(user(id, email=f"p1.x.t{id[1:]}", op="u" if id in self.users else "c"))

    def hand_over(self) -> None:
        """An order turns out to be somebody else's."""
        if row := self._any(self.orders):
            self._commit(_orders("u", row | self._somebody()))

    def give_back(self) -> None:
        if row := self._any(self.orders):
            self.minted += 1
            back, at = f"r{self.minted}", self.random.choice(AT)
            total = self.random.randint(1, 300)
            self._commit(
                returned(back, total=total, at=at, order_id=row["id"]),
                return_line(f"{back}-1", back, total=total, at=at, product_id="p1"),
            )

    def amend(self) -> None:
        if line := self._any(self.lines):
            total = self.random.randint(0, 900)
            self._commit(*self._changed(line | {"total_amount": total}))

    def drop_line(self) -> None:
        if line := self._any(self.lines):
            self._commit(*self._changed(line, gone=True))

    def cancel(self) -> None:
        if row := self._any(self.orders):
            self._commit(_orders("u", row | {"status": "cancelled"}))

    def move(self) -> None:
        """An order's date is corrected: its day and month of gold change."""
        if row := self._any(self.orders):
            self._commit(_orders("u", row | {"occurred_at": self.random.choice(AT)}))

    def forget(self) -> None:
        if row := self._any(self.orders):
            lines = [line for line in self.lines.values() if line["order_id"] == row["id"]]
            self._commit(
                *[deleted(_lines("u", line)) for line in lines], deleted(_orders("u", row))
            )

    def describe(self) -> None:
        id = f"p{self.random.randint(1, 6)}"
        op = "u" if id in self.products else "c"
        self._commit(product(id, title=f"Title {self.random.randint(1, 99)}", op=op))

    def categorise(self) -> None:
        """An update that leaves the long title out."""
        if row := self._any(self.products):
            after = row | {"category": self.random.choice(["tea", "cups", None])}
            partial = {name: value for name, value in after.items() if name != "title"}
            self._commit(
                Change("shop__catalog_products", "u", {"id": row["id"]}, partial, ["title"])
            )

    def wipe(self) -> None:
        self._commit(truncated("shop__orders_order_lines"), truncated("shop__orders_orders"))

    def _changed(self, line: dict[str, Any], *, gone: bool = False) -> list[Change]:
        order_row = self.orders[line["order_id"]]
        others = [
            other
            for other in self.lines.values()
            if other["order_id"] == line["order_id"] and other["id"] != line["id"]
        ]
        total = sum(other["total_amount"] for other in others)
        total += 0 if gone else line["total_amount"]
        change = _lines("u", line)
        return [
            deleted(change) if gone else change,
            _orders("u", order_row | {"total_amount": total}),
        ]

    def _any(self, rows: dict[str, dict[str, Any]]) -> dict[str, Any] | None:
        return rows[self.random.choice(sorted(rows))] if rows else None

    def _commit(self, *changes: Change) -> None:
        self.source.commit(*changes)
        for change in changes:
            self._apply(change)

    def _apply(self, change: Change) -> None:
        rows = {
            "shop__orders_orders": self.orders,
            "shop__orders_order_lines": self.lines,
            "shop__catalog_products": self.products,
            "shop__identity_users": self.users,
            "shop__orders_returns": self.returns,
            "shop__orders_return_lines": self.return_lines,
        }[change.table]
        if change.op == "t":
            rows.clear()
        elif change.op == "d":
            assert change.key
            rows.pop(change.key["id"])
        else:
            assert change.key
            assert change.after
            rows[change.key["id"]] = rows.get(change.key["id"], {}) | change.after

    def standing(self) -> list[tuple[Any, ...]]:
        sold = [
            (line["id"], self.orders[line["order_id"]]["occurred_at"][:10], line["total_amount"])
            for line in self.lines.values()
            if self.orders[line["order_id"]]["status"] != "cancelled"
        ]
        back = [
            (line["id"], self.returns[line["return_id"]]["occurred_at"][:10], -line["total_amount"])
            for line in self.return_lines.values()
        ]
        return sorted(sold + back)

    def buyers(self) -> list[tuple[Any, ...]]:
        """What each account, and each guest without one, ordered."""
        worth: dict[str, int] = defaultdict(int)
        accounts = {*self.users, *(row["customer_id"] for row in self.orders.values())}
        for row in self.orders.values():
            token = (row.get("email") or "").rpartition(".")[2]
            account = f"u{token[1:]}"
            who = row["customer_id"] or (account if account in accounts else token)
            who = f"guest:{who}" if who and who == token else who
            if who and row["status"] != "cancelled":
                worth[who] += row["total_amount"]
        return sorted(worth.items())

    def daily(self) -> list[tuple[Any, ...]]:
        days: dict[str, int] = defaultdict(int)
        for _, day, amount in self.standing():
            days[day] += amount
        return sorted(days.items())


def _orders(op: str, row: dict[str, Any]) -> Change:
    return Change("shop__orders_orders", op, {"id": row["id"]}, row)


def _lines(op: str, row: dict[str, Any]) -> Change:
    return Change("shop__orders_order_lines", op, {"id": row["id"]}, row)


def gold(lake: Path, sql: str) -> list[tuple[Any, ...]]:
    return query(lake, sql).rows


def check_history(lake: Path, plan: Plan, empty_warehouse: Path, seed: int) -> None:
    """Live through a random history in random batches, then compare three ways."""
    print("seed:", seed)  # shown when it fails
    random = Random(seed)
    lake.mkdir()
    warehouse = Warehouse(lake, memory_mb=512)
    shutil.copy(empty_warehouse, warehouse.path)
    shop = Shop(Source(lake), random)
    for _ in range(random.randint(2, 4)):
        for _ in range(random.randint(1, 25)):
            shop.step()
        whole = shop.source.position
        shop.step()
        # The flush may cut the last transaction; what is complete ends before it.
        cut = random.random() < 0.5 and shop.source.position > whole
        shop.source.flush(len(shop.source.pending) - cut)
        outcome = refresh(warehouse, plan, upto=whole)
        assert outcome.state != "blocked", outcome.failures
    shop.source.flush()
    assert refresh(warehouse, plan, upto=shop.source.position).state != "blocked"

    lines = (
        "select line_id, strftime(order_date, '%Y-%m-%d'), total_amount from gold.fct_order_lines"
    )
    assert gold(lake, f"{lines} order by 1") == shop.standing()
    daily = "select strftime(date, '%Y-%m-%d'), net_amount from gold.mart_daily_sales order by 1"
    assert gold(lake, daily) == shop.daily()
    worth = "select buyer_key, gross_amount from gold.mart_customers order by 1"
    assert gold(lake, worth) == shop.buyers()
    known = (
        "select product_id, title, category from gold.dim_products where not is_inferred order by 1"
    )
    assert gold(lake, known) == sorted(
        (row["id"], row["title"], row["category"]) for row in shop.products.values()
    )
    assert gold(lake, "select count(*) from gold.fct_orders") == [(len(shop.orders),)]

    before = read_published(lake)
    rebuilt = refresh(warehouse, plan, full=True)
    assert rebuilt.state == "published"
    assert rebuilt.written == {}, "a rebuild differs from the refreshes before it"
    assert {n: t.prints for n, t in read_published(lake).tables.items()} == {
        n: t.prints for n, t in before.tables.items()
    }


def test_any_history_in_any_batches_gives_the_gold_of_a_rebuild_and_of_plain_python(
    lake: Path, plan: Plan, empty_warehouse: Path
) -> None:
    check_history(lake, plan, empty_warehouse, Random().getrandbits(32))


@pytest.mark.soak
def test_many_histories_in_any_batches_give_the_gold_of_a_rebuild_and_of_plain_python(
    tmp_path_factory: pytest.TempPathFactory, plan: Plan, empty_warehouse: Path
) -> None:
    for _ in range(40):
        lake = tmp_path_factory.mktemp("h") / "lake"
        check_history(lake, plan, empty_warehouse, Random().getrandbits(32))
