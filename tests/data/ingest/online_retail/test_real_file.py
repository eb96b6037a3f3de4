"""The real file, where it is: every row counted, the sum kept to the cent."""

import gzip
import os
from decimal import Decimal
from pathlib import Path

import polars
import pytest

from tests.data.ingest.online_retail.shop import Shop

NAME = "online-retail/online_retail_2010-12_2011-08.csv.gz"
BESIDE = Path(__file__).parents[5] / "shared" / "data"
FILE = Path(os.environ.get("BODEGA_TEST_DATA") or BESIDE) / NAME


@pytest.mark.skipif(not FILE.exists(), reason=f"no {NAME} beside the repository")
async def test_the_real_file_adds_up_to_its_rows_and_its_cents(tmp_path: Path) -> None:
    shop = Shop()
    report = await shop.take(FILE, tmp_path)
    with gzip.open(FILE) as file:
        table = polars.read_csv(file.read(), infer_schema_length=0)
    exact = table.select(
        (
            polars.col("Quantity").cast(polars.Int64)
            * polars.col("UnitPrice").cast(polars.Decimal(20, 6))
        ).sum()
    ).item()
    assert report.rows == table.height == 320_705
    assert sum(report.categories.values()) == report.rows
    assert report.notes.duplicate_rows == table.height - table.unique().height
    assert report.file_total == exact
    assert shop.net == round(exact * 100) == report.loaded_total.amount
    assert report.loaded_total.decimal == Decimal("5761931.38")
    assert {item.source_key for item in shop.books.returns.values()} >= {"C536383"}
