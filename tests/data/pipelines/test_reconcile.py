"""Reconciliation recounts bronze in its own words and sees any difference."""

import json
from pathlib import Path

from bodega.data.lake.storage import at
from bodega.data.pipelines.reconcile import Line, reconcile
from bodega.data.quality.history import History
from tests.data.bronze import (
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
from tests.data.conftest import Refresh


def figures(lines: list[Line]) -> dict[tuple[str, str], tuple[int, int]]:
    return {(line.measure, line.label): (line.source, line.gold) for line in lines}


def test_gold_agrees_with_bronze_to_the_row_and_the_cent(
    lake: Path, source: Source, refreshed: Refresh
) -> None:
    source.commit(product("gone"), truncated("shop__catalog_products"), product("p1"), user("u1"))
    source.commit(order("o1", number=1, total=350), order_line("l1", "o1", quantity=2, total=350))
    source.commit(
        order("o2", number=2, total=99, status="cancelled"), order_line("l2", "o2", total=99)
    )
    source.commit(order("o3", number=3, total=0, currency="EUR"), order_line("l3", "o3"))
    source.commit(
        deleted(order_line("l3", "o3")),
        order_line("l4", "o3", total=0, currency="EUR"),
    )
    source.commit(returned("r1", total=50), return_line("rl1", "r1", total=50))
    source.flush()
    assert refreshed().state == "published"

    kept = History(at(lake)).rows("reconciliations", limit=10_000)
    assert all(row["agrees"] for row in kept), [row for row in kept if not row["agrees"]]
    assert {row["hop"] for row in kept} == {
        "bronze → silver", "silver → gold", "gold → published",
    }  # fmt: skip
    told = {(row["hop"], row["table_name"], row["measure"]): row["target"] for row in kept}
    assert told["bronze → silver", "order_lines", "total_amount GBP"] == "449"
    assert told["silver → gold", "fct_order_lines", "total_amount GBP"] == "300"
    assert told["gold → published", "mart_daily_sales", "net_amount GBP"] == "300"

    lines = reconcile(lake)
    assert all(line.agrees for line in lines)
    seen = figures(lines)
    assert seen["orders", "cancelled"] == (1, 1)
    assert seen["money sold", "GBP"] == (350, 350)
    assert seen["units sold", "EUR"] == (1, 1)
    assert seen["money returned", "GBP"] == (50, 50)
    assert seen["products", "all"] == (1, 1)
    assert seen["customers", "all"] == (1, 1)


def test_changes_after_the_published_position_are_not_held_against_gold(
    lake: Path, source: Source, refreshed: Refresh
) -> None:
    source.commit(order("o1", number=1, total=250), order_line("l1", "o1"))
    source.flush()
    refreshed()
    source.commit(order("o2", number=2, total=250), order_line("l2", "o2"))
    source.flush()
    assert all(line.agrees for line in reconcile(lake))


def test_a_lost_line_is_a_difference(lake: Path, source: Source, refreshed: Refresh) -> None:
    source.commit(order("o1", number=1, total=250), order_line("l1", "o1"))
    source.flush()
    refreshed()
    pointer = lake / "published" / "current.json"
    told = json.loads(pointer.read_text())
    told["position"] = source.commit(
        order("o2", number=2, total=9), order_line("l2", "o2", total=9)
    )
    source.flush()
    pointer.write_text(json.dumps(told))

    wrong = figures([line for line in reconcile(lake) if not line.agrees])
    assert wrong["money sold", "GBP"] == (259, 250)
    assert wrong["orders", "paid"] == (2, 1)
