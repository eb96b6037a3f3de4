"""A refresh takes what moved, and only good numbers reach the readers."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from deltalake import DeltaTable

from bodega.data.ingest.sources.config import SourcesFile
from bodega.data.lake.publish import publish
from bodega.data.lake.published import read_published
from bodega.data.lake.query import query
from bodega.data.lake.sets import hold, release
from bodega.data.lake.storage import LakeRoot
from bodega.data.pipelines import months
from bodega.data.pipelines import refresh as refreshing
from bodega.data.pipelines.plan import Plan
from bodega.data.pipelines.refresh import refresh
from bodega.data.pipelines.warehouse import Warehouse
from bodega.data.quality.dead import dead_rows
from bodega.data.quality.redrive import Repair, redrive
from tests.data.bronze import (
    START_MS,
    Source,
    deleted,
    order,
    order_line,
    product,
    return_line,
    returned,
    truncated,
    user,
    variant,
)
from tests.data.conftest import Refresh


def gold(lake: Path, sql: str) -> list[tuple[Any, ...]]:
    return query(lake, sql).rows


def prints(lake: Path) -> dict[str, dict[str, str]]:
    return {name: table.prints for name, table in read_published(lake).tables.items()}


def test_a_sale_reaches_gold_and_a_second_look_finds_nothing_new(
    lake: Path, source: Source, refreshed: Refresh
) -> None:
    source.commit(product("p1"), variant("v1", "p1"), user("u1"))
    position = source.commit(
        order("o1", number=1001, total=750, customer_id="u1"),
        order_line("l1", "o1", quantity=2, total=500, product_id="p1", variant_id="v1"),
        order_line("l2", "o1", kind="shipping", total=250),
    )
    source.flush()
    outcome = refreshed()

    assert outcome.state == "published", outcome.failures
    assert gold(
        lake, "from gold.mart_daily_sales select orders, units, gross_amount, net_amount"
    ) == [(1, 2, 750, 750)]
    assert gold(lake, "select number, units, total_amount from gold.fct_orders") == [(1001, 2, 750)]
    published = read_published(lake)
    assert published.position == position
    assert published.known_at == datetime.fromtimestamp((START_MS + position * 1000) / 1000, UTC)
    assert refreshed().state == "nothing"


def test_readers_who_are_put_back_during_a_refresh_stay_there_until_they_are_let_go(
    lake: Path, source: Source, refreshed: Refresh, monkeypatch: pytest.MonkeyPatch
) -> None:
    def sold(name: str, number: int) -> None:
        source.commit(order(name, number=number, total=5), order_line(name, name, total=5))
        source.flush()

    def orders() -> int:
        return int(gold(lake, "select count(*) from gold.fct_orders")[0][0])

    def meanwhile(*given: Any, **named: Any) -> Any:
        hold(LakeRoot(lake), datetime.now(UTC))
        return publish(*given, **named)

    sold("o1", 1)
    refreshed()
    sold("o2", 2)
    with monkeypatch.context() as patched:
        patched.setattr(refreshing, "publish", meanwhile)
        outcome = refreshed()
    assert (outcome.state, outcome.failures, orders()) == ("blocked", [refreshing.HELD], 1)
    release(LakeRoot(lake))
    assert (refreshed().state, orders()) == ("published", 2)


def test_an_empty_lake_is_not_built_nor_one_of_which_nothing_is_complete(
    lake: Path, source: Source, plan: Plan
) -> None:
    warehouse = Warehouse(lake)
    assert refresh(warehouse, plan).state == "nothing"
    source.commit(product("p1"))
    source.flush()
    assert refresh(warehouse, plan, upto=0).state == "nothing"
    assert not read_published(lake).tables


def test_a_compaction_of_bronze_is_no_news(lake: Path, source: Source, refreshed: Refresh) -> None:
    for n in range(3):
        source.commit(product(f"p{n}"))
        source.flush()
    refreshed(upto=source.position)
    table = DeltaTable(str(lake / "bronze" / "shop__catalog_products"))
    assert table.optimize.compact()["numFilesRemoved"] == 3
    assert refreshed(upto=source.position).state == "nothing"
    source.commit(product("p3"))
    source.flush()
    assert refreshed(upto=source.position).moved == ["shop__catalog_products"]
    assert read_published(lake).tables["dim_products"].rows == 4


def test_only_the_month_that_changed_is_written_again(
    lake: Path, source: Source, refreshed: Refresh
) -> None:
    for month in (1, 2, 3):
        at = f"2026-0{month}-03T10:00:00Z"
        source.commit(
            order(f"o{month}", number=month, total=250, at=at),
            order_line(f"l{month}", f"o{month}", at=at),
        )
    source.flush()
    refreshed()
    source.commit(
        order("o4", number=4, total=250, at="2026-02-09T10:00:00Z"),
        order_line("l4", "o4", at="2026-02-09T10:00:00Z"),
    )
    source.flush()
    outcome = refreshed()

    assert outcome.written["fct_order_lines"] == ["2026-02"]
    assert outcome.moved == ["shop__orders_orders", "shop__orders_order_lines"]
    assert gold(
        lake, "select order_month, count(*) from gold.fct_order_lines group by 1 order by 1"
    ) == [
        ("2026-01", 1),
        ("2026-02", 2),
        ("2026-03", 1),
    ]


def sold_in(source: Source, month: int, number: int) -> None:
    at = f"2026-0{month}-03T10:00:00Z"
    source.commit(
        order(f"o{number}", number=number, total=250, at=at),
        order_line(f"l{number}", f"o{number}", at=at),
    )
    source.flush()


def test_what_did_not_change_is_looked_at_once_a_day(
    lake: Path, source: Source, refreshed: Refresh, warehouse_rows: Any
) -> None:
    for month in (1, 2):
        sold_in(source, month, month)
    refreshed()
    before = prints(lake)["fct_order_lines"]
    warehouse_rows(
        "update intermediate.int_sales_lines set total_amount = 1 where order_month = '2026-01'"
    )

    sold_in(source, 2, 3)
    outcome = refreshed()
    assert outcome.state == "published", outcome.failures
    assert outcome.written["fct_order_lines"] == ["2026-02"]
    assert prints(lake)["fct_order_lines"]["2026-01"] == before["2026-01"]
    assert read_published(lake).tables["fct_order_lines"].rows == 3

    warehouse_rows("update meta.refresh set looked_at = looked_at - interval 25 hours")
    sold_in(source, 2, 4)
    blocked = refreshed()
    assert blocked.state == "blocked"
    assert any("net_sales_are_sales" in failure for failure in blocked.failures)


def test_months_that_readers_may_not_have_are_looked_at_until_they_do(
    lake: Path, source: Source, refreshed: Refresh, monkeypatch: pytest.MonkeyPatch
) -> None:
    for month in (1, 2, 3):
        sold_in(source, month, month)
    refreshed()
    pointer = lake / "published" / "current.json"
    older = pointer.read_text()
    for place in ("publish", "remember"):
        with monkeypatch.context() as dying:
            dying.setattr(f"bodega.data.pipelines.refresh.{place}", _killed)
            sold_in(source, 1, 10 if place == "publish" else 11)
            with pytest.raises(KeyboardInterrupt):
                refreshed()
    sold_in(source, 3, 12)
    refreshed()

    counted = "select order_month, count(*) from gold.fct_order_lines group by 1 order by 1"
    assert gold(lake, counted) == [("2026-01", 3), ("2026-02", 1), ("2026-03", 2)]
    given = prints(lake)
    assert refreshed(full=True).written == {}
    assert prints(lake) == given

    pointer.write_text(older)  # by hand, where `bodega lake restore` was to be used
    assert refreshed().moved == []
    assert gold(lake, counted) == [("2026-01", 3), ("2026-02", 1), ("2026-03", 2)]


def test_a_clock_that_was_ahead_puts_no_look_off(lake: Path) -> None:
    now = datetime(2026, 11, 22, 12, tzinfo=UTC)
    with Warehouse(lake).open() as con:
        for hours, due in ((1, False), (23, False), (25, True), (-1, True), (-87600, True)):
            last = now - timedelta(hours=hours)
            con.execute("update meta.refresh set looked_at = ?", [last])
            assert months.due(con, now) is due, hours


def _killed(*_: Any, **__: Any) -> None:
    raise KeyboardInterrupt


def test_a_line_that_arrives_before_its_order_and_its_product_waits_for_the_order(
    lake: Path, source: Source, refreshed: Refresh
) -> None:
    source.commit(product("p0"))
    source.commit(order_line("l1", "o1", product_id="p1", title="Rose teapot"))
    source.flush()
    refreshed()
    assert gold(lake, "from gold.fct_order_lines") == []

    source.commit(order("o1", number=1, total=250))
    source.flush()
    assert refreshed().state == "published"
    assert gold(
        lake, "select title, is_inferred from gold.dim_products where product_id = 'p1'"
    ) == [("Rose teapot", True)]

    source.commit(product("p1", title="Rose teapot, large"))
    source.flush()
    refreshed()
    assert gold(
        lake, "select title, is_inferred from gold.dim_products where product_id = 'p1'"
    ) == [("Rose teapot, large", False)]
    assert gold(lake, "select title, total_amount from gold.fct_order_lines") == [
        ("Rose teapot", 250)
    ]


def test_a_transaction_cut_by_a_flush_is_not_counted_until_it_is_whole(
    lake: Path, source: Source, refreshed: Refresh
) -> None:
    before = source.commit(order("o1", number=1, total=250), order_line("l1", "o1"))
    whole = source.commit(
        order("o2", number=2, total=500), order_line("l2", "o2"), order_line("l3", "o2")
    )
    source.flush(rows=4)
    assert refreshed(upto=before).state == "published"
    assert gold(lake, "select count(*) from gold.fct_orders") == [(1,)]

    source.flush()
    assert refreshed(upto=whole).state == "published"
    assert gold(lake, "select sum(total_amount) from gold.fct_order_lines") == [(750,)]


def test_numbers_that_contradict_each_other_keep_the_readers_on_the_old_set(
    lake: Path, source: Source, refreshed: Refresh
) -> None:
    source.commit(order("o1", number=1, total=250), order_line("l1", "o1"))
    source.flush()
    refreshed()
    source.commit(order("o2", number=2, total=999), order_line("l2", "o2"))
    source.flush()
    blocked = refreshed()

    assert blocked.state == "blocked"
    assert any("order_total_is_the_sum_of_its_lines" in failure for failure in blocked.failures)
    assert gold(lake, "select count(*) from gold.fct_orders") == [(1,)]

    source.commit(order("o2", number=2, total=250, op="u"))
    source.flush()
    assert refreshed().state == "published"
    assert gold(lake, "select count(*) from gold.fct_orders") == [(2,)]


def test_a_cancelled_or_deleted_order_leaves_sales_and_a_return_counts_against_them(
    lake: Path, source: Source, refreshed: Refresh
) -> None:
    for number in (1, 2, 3):
        source.commit(
            order(f"o{number}", number=number, total=250), order_line(f"l{number}", f"o{number}")
        )
    source.flush()
    refreshed()
    source.commit(order("o1", number=1, total=250, status="cancelled", op="u"))
    source.commit(deleted(order_line("l2", "o2")), deleted(order("o2", number=2, total=250)))
    source.commit(returned("r1", total=100, order_id="o3"), return_line("rl1", "r1", total=100))
    source.flush()
    assert refreshed().state == "published"

    lines = "select line_id, is_return, number, quantity, total_amount from gold.fct_order_lines"
    assert gold(lake, f"{lines} order by 1") == [
        ("l3", False, 3, 1, 250),
        ("rl1", True, 3, -1, -100),
    ]
    assert gold(lake, "select order_id, status from gold.fct_orders order by 1") == [
        ("o1", "cancelled"),
        ("o3", "paid"),
    ]


def test_an_unchanged_toast_column_keeps_its_last_value_across_batches(
    lake: Path, source: Source, refreshed: Refresh
) -> None:
    source.commit(product("p1", title="A very long title"))
    source.flush()
    refreshed()
    partial = product("p1", op="u", category="tea")
    assert partial.after is not None
    partial.after.pop("title")
    source.commit(type(partial)(partial.table, "u", partial.key, partial.after, ["title"]))
    source.flush()
    assert refreshed().state == "published"
    assert gold(lake, "select title, category from gold.dim_products") == [
        ("A very long title", "tea")
    ]


def test_a_truncate_empties_what_came_before_it_only(
    lake: Path, source: Source, refreshed: Refresh
) -> None:
    source.commit(product("p1"), product("p2"))
    source.flush()
    refreshed()
    source.commit(
        product("p3"), truncated("shop__catalog_products"), product("p2", title="Back again")
    )
    source.flush()
    refreshed()
    assert gold(lake, "select product_id, title from gold.dim_products") == [("p2", "Back again")]


def test_an_unfit_row_is_quarantined_with_its_reason_until_it_is_corrected(
    lake: Path, source: Source, refreshed: Refresh, warehouse_rows: Any
) -> None:
    source.commit(product("p1", title=None), product("p2", status="sold out"))
    source.commit(user("u1", known_at="yesterday"))
    source.flush()
    assert refreshed().state == "published"
    assert warehouse_rows("select entity, reason from silver.rejects order by 1, 2") == [
        ("customers", "known_at: not timestamptz"),
        ("products", "status: unknown"),
        ("products", "title: missing"),
    ]
    root = LakeRoot(lake)
    dead = {row.reason: row.id for row in dead_rows(root)}
    assert set(dead) == {"known_at: not timestamptz", "status: unknown", "title: missing"}
    source.commit(product("p1", title="Tea cup", op="u"))  # mended where it comes from
    source.flush()
    mended = Repair("operator:ada", "a typo", {"status": "active"})
    assert redrive(root, SourcesFile(), [dead["status: unknown"]], mended)[0].outcome == "driven"
    assert refreshed().state == "published"
    sold = gold(lake, "select product_id from gold.dim_products order by 1")
    assert sold == [("p1",), ("p2",)]
    assert [row.reason for row in dead_rows(root)] == ["known_at: not timestamptz"]


def test_prices_keep_their_history(source: Source, refreshed: Refresh, warehouse_rows: Any) -> None:
    source.commit(variant("v1", "p1", price=250))
    source.flush()
    refreshed()
    source.commit(variant("v1", "p1", price=250, title="renamed", op="u"))
    raised = source.commit(variant("v1", "p1", price=300, op="u"))
    source.flush()
    refreshed()
    gone = source.commit(deleted(variant("v1", "p1")))
    source.flush()
    refreshed()

    def at(position: int) -> datetime:
        return datetime.fromtimestamp((START_MS + position * 1000) / 1000, UTC)

    assert warehouse_rows(
        "select price_amount, valid_from, valid_to, is_current "
        "from silver.variant_prices order by 2"
    ) == [
        (250, datetime(2026, 1, 1, tzinfo=UTC), at(raised), False),
        (300, at(raised), at(gone), False),
    ]


def test_a_full_rebuild_publishes_nothing_new(
    lake: Path, source: Source, refreshed: Refresh
) -> None:
    source.commit(product("p1"), variant("v1", "p1"))
    source.commit(order("o1", number=1, total=250), order_line("l1", "o1", product_id="p1"))
    source.flush()
    refreshed()
    source.commit(order("o1", number=1, total=250, op="u", status="cancelled"))
    source.flush()
    refreshed()
    incremental = prints(lake)

    outcome = refreshed(full=True)
    assert outcome.full
    assert outcome.written == {}
    assert prints(lake) == incremental


def test_a_changed_project_rebuilds_by_itself(
    source: Source, refreshed: Refresh, monkeypatch: pytest.MonkeyPatch
) -> None:
    source.commit(product("p1"))
    source.flush()
    refreshed()
    monkeypatch.setattr("bodega.data.pipelines.refresh.project_fingerprint", lambda: "another")
    assert refreshed().full
    assert refreshed().state == "nothing"


def test_a_line_that_moves_twice_while_publishing_is_blocked_leaves_every_day_it_was_counted_on(
    lake: Path, source: Source, refreshed: Refresh
) -> None:
    def moved(at: str, *, total: int = 250) -> None:
        source.commit(order("o1", number=1, total=total, at=at, op="u"))
        source.flush()

    source.commit(order("o1", number=1, total=250), order_line("l1", "o1", product_id="p1"))
    source.commit(order("o2", number=2, total=250, at="2026-03-20T10:00:00Z"))
    source.commit(order_line("l2", "o2", at="2026-03-20T10:00:00Z"))
    source.flush()
    assert refreshed().state == "published"
    moved("2026-03-10T10:00:00Z", total=1)
    assert refreshed().state == "blocked"
    moved("2026-03-15T10:00:00Z")
    assert refreshed().state == "published"

    days = "select strftime(date, '%m-%d'), net_amount from gold.mart_daily_sales order by 1"
    assert gold(lake, days) == [("03-15", 250), ("03-20", 250)]
    days = "select strftime(date, '%m-%d'), net_amount from gold.mart_product_sales order by 1"
    assert gold(lake, days) == [("03-15", 250)]
