"""Rows of a file → what the shop is given, and a report that accounts for each."""

import csv
import json
import tempfile
from collections.abc import Sequence
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bodega.data.ingest.online_retail.errors import SkuTaken, WrongHeader
from bodega.data.ingest.online_retail.report import ImportReport
from bodega.data.ingest.online_retail.rules import Category
from tests.data.ingest.online_retail.shop import Shop, row, write


async def imported(
    folder: Path, *rows: Sequence[str], packed: bool = False
) -> tuple[Shop, ImportReport]:
    shop = Shop()
    report = await shop.take(write(folder, rows, packed=packed), folder / "reports")
    return shop, report


def table(path: str) -> list[dict[str, str]]:
    with Path(path).open() as file:
        return list(csv.DictReader(file))


async def test_an_invoice_becomes_one_order_with_its_lines(tmp_path: Path) -> None:
    shop, report = await imported(
        tmp_path, row(), row(code="71053", quantity=2, price="3.39", at="2010-12-01 08:25:00")
    )
    (order,) = shop.books.orders.values()
    assert order.source_key == "536365"
    assert order.placed_at == datetime(2010, 12, 1, 8, 25, tzinfo=UTC)
    assert order.customer_id == shop.users["17850"].id
    assert [(line.sku, line.quantity, line.total.amount) for line in order.lines] == [
        ("85123A", 6, 1530),
        ("71053", 2, 678),
    ]
    assert order.lines[0].product_id == shop.products["85123A"].id
    assert order.country == "GB"
    assert (report.notes.orders, report.new.orders_and_returns) == (1, 1)


async def test_a_row_without_customer_is_a_guest_order(tmp_path: Path) -> None:
    shop, report = await imported(tmp_path, row(customer=""))
    (order,) = shop.books.orders.values()
    assert order.customer_id is None
    assert not shop.users
    assert (report.notes.guest_orders, report.notes.guest_lines) == (1, 1)


async def test_an_invoice_torn_apart_in_the_file_is_still_one_order(tmp_path: Path) -> None:
    shop, _ = await imported(tmp_path, row("1"), row("2"), row("1", "71053"))
    assert [len(order.lines) for order in shop.books.orders.values()] == [1, 2]


async def test_an_endless_invoice_becomes_several_orders(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bodega.data.ingest.online_retail.assemble.MAX_LINES", 2)
    shop, report = await imported(tmp_path, *(row(quantity=n) for n in range(1, 6)))
    sizes = {key: len(order.lines) for key, order in shop.books.orders.items()}
    assert sizes == {"536365": 2, "536365/2": 2, "536365/3": 1}
    assert shop.net == report.loaded_total.amount == 15 * 255


async def test_codes_that_are_no_product_become_lines_of_their_kind(tmp_path: Path) -> None:
    codes = ["85123A", "POST", "BANK CHARGES", "D", "M", "gift_0001_20"]
    shop, report = await imported(tmp_path, *(row(code=code) for code in codes))
    kinds = ["product", "shipping", "fee", "discount", "adjustment", "adjustment"]
    assert [line.kind for line in shop.order_lines] == kinds
    assert [line.product_id is not None for line in shop.order_lines] == [True] + [False] * 5
    assert set(shop.products) == {"85123A"}
    assert report.categories[Category.ADJUSTMENT] == 2


async def test_both_spellings_of_a_code_are_one_product(tmp_path: Path) -> None:
    shop, _ = await imported(tmp_path, row(code="85123A"), row(code="85123a"))
    assert {line.sku for line in shop.order_lines} == {"85123A"}
    assert len(shop.products) == 1


async def test_a_cancellation_goes_back_to_the_order_it_came_from(tmp_path: Path) -> None:
    shop, report = await imported(
        tmp_path,
        row("C3", quantity=-2, at="2010-12-03 09:00:00"),
        row("1", at="2010-12-01 09:00:00"),
        row("2", at="2010-12-02 09:00:00"),
        row("4", at="2010-12-04 09:00:00"),
    )
    (back,) = shop.books.returns.values()
    assert back.order_id == shop.books.orders["2"].id
    assert (back.lines[0].quantity, back.lines[0].total.amount) == (2, 510)
    assert report.notes.returns_linked == 1


async def test_a_cancellation_prefers_an_order_that_still_has_the_units(tmp_path: Path) -> None:
    shop, _ = await imported(
        tmp_path,
        row("1", quantity=50, at="2010-12-01 09:00:00"),
        row("2", quantity=1, at="2010-12-02 09:00:00"),
        row("C3", quantity=-50, at="2010-12-03 09:00:00"),
    )
    (back,) = shop.books.returns.values()
    assert back.order_id == shop.books.orders["1"].id


async def test_a_cancellation_of_two_orders_becomes_two_returns(tmp_path: Path) -> None:
    shop, report = await imported(
        tmp_path,
        row("1"),
        row("2", "71053"),
        row("C3", quantity=-1),
        row("C3", "71053", quantity=-1),
    )
    origins = {item.source_key: item.order_id for item in shop.books.returns.values()}
    assert origins == {
        "C3/1": shop.books.orders["1"].id,
        "C3/2": shop.books.orders["2"].id,
    }
    assert (report.notes.returns, report.categories[Category.RETURN]) == (2, 2)


@pytest.mark.parametrize(
    "stranger",
    [{"customer": "1"}, {"customer": ""}, {"at": "2010-11-01 08:00:00"}, {"code": "71053"}],
)
async def test_a_cancellation_of_nothing_known_stands_alone(
    tmp_path: Path, stranger: dict[str, str]
) -> None:
    given_back = {"at": "2010-12-03 09:00:00", "code": "85123A", **stranger}
    shop, report = await imported(
        tmp_path, row("1"), row("C3", given_back.pop("code"), quantity=-1, **given_back)
    )
    (back,) = shop.books.returns.values()
    assert back.order_id is None
    assert report.notes.returns_linked == 0


async def test_a_negative_price_lowers_the_books_as_an_adjustment(tmp_path: Path) -> None:
    shop, report = await imported(
        tmp_path, row("A1", "B", quantity=1, price="-11062.06", customer="")
    )
    (line,) = shop.order_lines
    assert (line.kind, line.quantity, line.total.amount) == ("adjustment", 1, -1106206)
    assert report.categories[Category.ADJUSTMENT] == 1
    assert not shop.products


async def test_stock_keeping_moves_no_money_and_makes_no_order(tmp_path: Path) -> None:
    shop, report = await imported(
        tmp_path,
        row("1", description="", quantity=56, price="0.0", customer=""),
        row("2", description="damaged", quantity=-10, price="0.0", customer=""),
    )
    assert report.categories[Category.STOCK] == 2
    assert not shop.books.orders
    assert not shop.products


async def test_what_was_given_away_is_a_line_without_money(tmp_path: Path) -> None:
    shop, report = await imported(tmp_path, row(), row(code="22423", price="0.0"))
    assert [line.total.amount for line in shop.order_lines] == [1530, 0]
    assert report.categories[Category.FREE] == 1
    assert shop.products["22423"].status == "draft"


async def test_an_exact_duplicate_stays_a_line_and_is_counted(tmp_path: Path) -> None:
    shop, report = await imported(tmp_path, row(), row(), row(quantity=7))
    assert len(shop.order_lines) == 3
    assert report.notes.duplicate_rows == 1
    assert report.file_total == Decimal("48.45")
    assert shop.net == 4845


async def test_fractions_of_a_penny_are_carried_until_they_are_one(tmp_path: Path) -> None:
    shop, report = await imported(
        tmp_path, *(row(str(number), quantity=1, price="0.004") for number in range(5))
    )
    assert [line.total.amount for line in shop.order_lines] == [0, 1, 0, 1, 0]
    assert report.notes.sub_cent_rows == 5
    assert report.loaded_total.amount == shop.net == 2


async def test_a_product_has_the_title_and_price_most_rows_give_it(tmp_path: Path) -> None:
    shop, _ = await imported(
        tmp_path,
        row("1", price="2.95", at="2010-12-02 08:00:00"),
        row("2", description="WHITE LANTERN ", price="2.55"),
        row("3", description="wrongly marked", price="2.55"),
    )
    product = shop.products["85123A"]
    assert (product.title, product.price.amount) == ("WHITE LANTERN", 255)
    assert product.first_seen_at == datetime(2010, 12, 1, 8, 26, tzinfo=UTC)


async def test_a_customer_lives_where_the_latest_row_says(tmp_path: Path) -> None:
    shop, _ = await imported(
        tmp_path, row("1", country="Germany", at="2011-01-01 08:00:00"), row("2", country="EIRE")
    )
    assert shop.users["17850"].country == "DE"


async def test_countries_that_are_none_are_left_open(tmp_path: Path) -> None:
    shop, _ = await imported(tmp_path, row(country="European Community"))
    assert shop.users["17850"].country is None


async def test_opening_stock_covers_the_last_month(tmp_path: Path) -> None:
    shop, _ = await imported(
        tmp_path,
        row("1", quantity=500, at="2011-01-01 08:00:00"),
        row("2", quantity=70, at="2011-03-01 08:00:00"),
        row("3", "71053", quantity=1, at="2011-03-02 08:00:00"),
    )
    assert {level.on_hand for level in shop.levels} == {70, 10}
    assert {level.known_at for level in shop.levels} == {datetime(2011, 3, 2, 8, tzinfo=UTC)}


async def test_malformed_lines_are_written_beside_the_report(tmp_path: Path) -> None:
    _, report = await imported(tmp_path, row(), row(quantity="six"), row(price="x"), packed=True)
    assert report.rejected == {"bad quantity": 1, "bad price": 1}
    assert report.rejects_file
    listed = table(report.rejects_file)
    assert [(item["line"], item["reason"]) for item in listed] == [
        ("3", "bad quantity"),
        ("4", "bad price"),
    ]
    assert "six" in listed[0]["text"]
    saved = json.loads((tmp_path / f"reports/{report.import_batch_id}/report.json").read_bytes())
    assert saved == report.model_dump(mode="json")


async def test_the_same_file_again_adds_nothing(tmp_path: Path) -> None:
    path = write(tmp_path, [row(), row("2", "POST"), row("C3", quantity=-1)])
    shop = Shop()
    first = await shop.take(path, tmp_path)
    again = await shop.take(path, tmp_path)
    assert (first.new.orders_and_returns, first.new.products, first.new.customers) == (3, 1, 1)
    assert sum(again.new.model_dump().values()) == 0
    assert again.import_batch_id == first.import_batch_id
    assert again.categories == first.categories


async def test_a_refused_file_loads_nothing(tmp_path: Path) -> None:
    path = tmp_path / "other.csv"
    path.write_text("a,b,c\n1,2,3\n")
    shop = Shop()
    with pytest.raises(WrongHeader):
        await shop.take(path, tmp_path)
    assert not shop.users
    assert not shop.books.orders


async def test_a_sku_of_another_product_stops_the_import_before_orders(tmp_path: Path) -> None:
    shop = Shop()
    shop.goods.foreign = frozenset({"85123A"})
    with pytest.raises(SkuTaken, match="85123A"):
        await shop.take(write(tmp_path, [row()]), tmp_path)
    assert not shop.books.orders


rows = st.builds(
    row,
    st.sampled_from(["1", "2", "3", "C4", "C5", "A6", ""]),
    st.sampled_from(["85123A", "85123a", "71053", "POST", "D", "M", "B", "gift_0001_20", ""]),
    description=st.sampled_from(["LANTERN", "HEART", "", "?"]),
    quantity=st.sampled_from([1, 2, -1, -7, 100, 0, "six", "3.0"]),
    at=st.sampled_from(["2010-12-01 08:26:00", "2011-02-01 10:00:00", "12/9/2010 8:26", "never"]),
    price=st.sampled_from(["2.55", "0", "0.001", "0.0049", "-3.337", "19.99", "nil"]),
    customer=st.sampled_from(["17850.0", "17850", "12346", ""]),
)


@settings(max_examples=60, deadline=None)
@given(st.lists(rows, max_size=40))
async def test_whatever_the_file_every_row_and_every_penny_is_accounted_for(
    content: list[tuple[str, ...]],
) -> None:
    with tempfile.TemporaryDirectory() as folder:
        shop, report = await imported(Path(folder), *content)
    assert report.rows == len(content)
    assert report.rows == sum(report.categories.values()) + sum(report.rejected.values())
    counted = len(shop.order_lines) + len(shop.return_lines) + report.categories[Category.STOCK]
    assert counted == sum(report.categories.values())
    assert shop.net == report.loaded_total.amount
    assert abs(shop.net - report.file_total * 100) <= Decimal("0.5")
    assert all(line.quantity > 0 for line in (*shop.order_lines, *shop.return_lines))
