"""What the models are given to learn from."""

from datetime import timedelta
from pathlib import Path

from bodega.ml.features.popularity import best_sellers
from bodega.ml.features.purchases import data_version, read_purchases
from tests.ml.gold import START, Sale, lose_another_table, product, publish_sales


def test_nothing_published_is_nothing_to_learn_from(tmp_path: Path) -> None:
    assert read_purchases(tmp_path) is None
    assert data_version(tmp_path) == {}
    assert best_sellers(tmp_path) == []


def test_an_empty_table_has_no_version_to_learn_from(tmp_path: Path) -> None:
    publish_sales(tmp_path, [])
    assert data_version(tmp_path) == {}
    found = read_purchases(tmp_path)
    assert found is not None
    assert len(found) == 0


def test_only_products_sold_count_each_once_an_order(tmp_path: Path) -> None:
    publish_sales(
        tmp_path,
        [
            Sale("1", "cup"),
            Sale("1", "cup"),
            Sale("1", "pot", customer="ann"),
            Sale("2", "post", kind="shipping"),
            Sale("2", "cup", is_return=True),
        ],
    )
    found = read_purchases(tmp_path)
    assert found is not None
    assert len(found) == 2
    assert found.products == sorted(str(product(name)) for name in ("cup", "pot"))
    assert found.data == data_version(tmp_path)


def test_nothing_is_known_before_its_time(tmp_path: Path) -> None:
    publish_sales(tmp_path, [Sale("1", "cup", day=1), Sale("2", "pot", day=2)])
    before = read_purchases(tmp_path, as_of=START + timedelta(days=1))
    assert before is not None
    assert before.products == [str(product("cup"))]


def test_purchases_run_by_time_and_are_cut_by_it(tmp_path: Path) -> None:
    publish_sales(tmp_path, [Sale(str(day), f"p{day}", day=day) for day in (3, 1, 2)])
    found = read_purchases(tmp_path)
    assert found is not None
    assert list(found.known_us) == sorted(found.known_us)
    middle = found.between(int(found.known_us[1]), int(found.known_us[2]))
    assert [middle.products[place] for place in middle.product] == [str(product("p2"))]


def test_best_sellers_are_those_of_the_last_days(tmp_path: Path) -> None:
    old = [Sale(f"a{n}", "old", day=0) for n in range(9)]
    new = [Sale(f"b{n}", "new", day=60) for n in range(3)] + [Sale("c", "other", day=59)]
    publish_sales(tmp_path, old + new)
    assert best_sellers(tmp_path) == [str(product("new")), str(product("other"))]
    assert best_sellers(tmp_path, days=90)[0] == str(product("old"))


def test_a_table_that_is_not_asked_is_not_opened(tmp_path: Path) -> None:
    publish_sales(tmp_path, [Sale("1", "cup")])
    lose_another_table(tmp_path)
    assert best_sellers(tmp_path) == [str(product("cup"))]
    found = read_purchases(tmp_path)
    assert found is not None
    assert found.products == [str(product("cup"))]
