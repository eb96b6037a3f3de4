"""A sample for development hangs together: nothing in it points at what is not there."""

import json
from pathlib import Path

import duckdb
import pytest
from typer.testing import CliRunner

from bodega.apps import cli
from bodega.data.lake.storage import LakeRoot
from bodega.data.pipelines.bronze import TABLES, read_bronze, register
from bodega.data.pipelines.refresh import complete_position
from bodega.data.pipelines.subset import NotEmpty, subset
from tests.data.bronze import (
    Source,
    deleted,
    order,
    order_line,
    product,
    return_line,
    returned,
    user,
    variant,
)

REFERENCES = (
    ("shop__orders_order_lines", "order_id", "shop__orders_orders"),
    ("shop__orders_order_lines", "product_id", "shop__catalog_products"),
    ("shop__orders_order_lines", "variant_id", "shop__catalog_variants"),
    ("shop__orders_returns", "order_id", "shop__orders_orders"),
    ("shop__orders_return_lines", "return_id", "shop__orders_returns"),
    ("shop__orders_orders", "customer_id", "shop__identity_users"),
    ("shop__catalog_variants", "product_id", "shop__catalog_products"),
)


@pytest.fixture
def shop(source: Source) -> Source:
    """Forty orders by ten customers of five products; every fourth came back, one line is gone."""
    for n in range(10):
        source.commit(user(f"u{n}"), product(f"p{n}"), variant(f"v{n}", f"p{n}"))
    for n in range(40):
        goods = {"product_id": f"p{n % 5}", "variant_id": f"v{n % 5}"}
        source.commit(
            order(f"o{n}", number=n, total=250, customer_id=f"u{n % 10}"),
            order_line(f"l{n}", f"o{n}", **goods),
        )
        if n % 4 == 0:
            source.commit(
                returned(f"r{n}", total=250, order_id=f"o{n}", customer_id=f"u{n % 10}"),
                return_line(f"rl{n}", f"r{n}", **goods),
            )
        source.commit(order(f"o{n}", number=n, total=250, customer_id=f"u{n % 10}", op="u"))
    source.commit(deleted(order_line("l3", "o3")))
    source.flush()
    return source


def rows(con: duckdb.DuckDBPyConnection, table: str, column: str) -> set[str]:
    found = con.execute(
        f"select distinct after->>'$.{column}' from bronze.\"{table}\" where after is not null"
    ).fetchall()
    return {row[0] for row in found if row[0] is not None}


def test_a_sample_is_whole_the_same_each_time_and_keeps_every_change(
    shop: Source, lake: Path, tmp_path: Path
) -> None:
    small, again = LakeRoot(tmp_path / "small"), LakeRoot(tmp_path / "again")
    copied = subset(LakeRoot(lake), small, rows=8)
    assert copied == subset(LakeRoot(lake), again, rows=8)
    assert copied["shop__orders_orders"] == 16
    assert 0 < copied["shop__catalog_products"] <= 5
    with duckdb.connect() as con:
        register(con, read_bronze(small).values(), {})
        assert len(rows(con, "shop__orders_orders", "id")) == 8
        for table, column, target in REFERENCES:
            assert rows(con, table, column) <= rows(con, target, "id"), (table, column)
    assert complete_position(small) == shop.position


def test_a_sample_never_overwrites_a_lake(shop: Source, lake: Path) -> None:
    with pytest.raises(NotEmpty):
        subset(LakeRoot(lake), LakeRoot(lake), rows=1)


def test_the_command_copies_and_says_how_to_go_on(
    shop: Source, lake: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BODEGA_LAKE_URL", str(lake))
    monkeypatch.chdir(tmp_path)
    small = tmp_path / "small"
    done = CliRunner().invoke(cli.app, ["lake", "subset", "--rows", "3", "--to", str(small)])
    assert done.exit_code == 0, done.output
    assert "bodega lake build" in done.output
    assert json.loads((small / "bronze" / "_feed.json").read_text())["position"] == shop.position
    assert set(TABLES) <= {path.name for path in (small / "bronze").iterdir()}
