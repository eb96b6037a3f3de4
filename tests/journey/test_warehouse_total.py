"""A file made up, and in the soak the real one, from `bodega import` to the warehouse: every row is
counted and not a penny is lost.

The last of the journeys: a third of a million rows would slow the others down.
"""

import csv
import gzip
import json
import os
import random
from decimal import Decimal
from pathlib import Path

import pytest

from bodega.data.ingest.online_retail.parse import COLUMNS
from bodega.data.lake.query import query
from tests.kit.tree import Tree, eventually

pytestmark = pytest.mark.journey

REAL = "online-retail/online_retail_2010-12_2011-08.csv.gz"
FOLDER = Path(os.environ.get("BODEGA_TEST_DATA") or Path(__file__).parents[3] / "shared" / "data")
NET = (
    "select coalesce(sum(total_amount), 0) as pence, count(*) as lines"
    " from gold.fct_order_lines where source = 'online_retail'"
)


def made_up(path: Path, count: int = 2000) -> Path:
    draw = random.Random(7)
    with gzip.open(path, "wt", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(COLUMNS)
        for number in range(count):
            back = draw.random() < 0.05
            writer.writerow(
                (
                    f"{'C' if back else ''}{900000 + number // 8}",
                    draw.choice(("POST", "M", "77001", "77002", "77003")),
                    "MADE UP",
                    -1 if back else draw.randint(1, 9),
                    f"2011-0{1 + number * 8 // count}-11 10:00:00",
                    draw.choice(("1.25", "0.001", "2.95")),
                    draw.choice(("", "70001.0", "70002.0")),
                    "France",
                )
            )
    return path


def net(lake: Path) -> tuple[int, int]:
    """Pence and lines of the import, as published."""
    ((pence, lines),) = query(lake, NET).rows
    return int(pence), int(lines)


def rows_of(path: Path) -> list[dict[str, str]]:
    with gzip.open(path, "rt", newline="") as file:
        return list(csv.DictReader(file))


@pytest.mark.parametrize("real", [False, pytest.param(True, marks=pytest.mark.soak)])
def test_the_warehouse_reports_what_the_file_sums_to(
    shop: Tree, tmp_path: Path, real: bool
) -> None:
    if real and not (FOLDER / REAL).exists():
        pytest.skip(f"no {REAL} beside the repository")
    path = FOLDER / REAL if real else made_up(tmp_path / "made_up.csv.gz")
    lake = shop.data_dir / "lake"
    before_pence, before_lines = net(lake)
    report = json.loads(shop.run("import", "online-retail", str(path), "--json"))
    rows = rows_of(path)
    exact = sum((int(row["Quantity"]) * Decimal(row["UnitPrice"]) for row in rows), Decimal(0))
    counted = report["categories"]
    assert len(rows) == sum(counted.values()) + sum(report["rejected"].values()) == report["rows"]
    assert report["notes"]["duplicate_rows"] == len(rows) - len({tuple(r.values()) for r in rows})
    assert Decimal(report["file_total"]) == exact
    pence = report["loaded_total"]["amount"]
    assert abs(pence - exact * 100) <= Decimal("0.5")
    if real:
        assert pence == 576_193_138
    lines = sum(counted.values()) - counted["stock_corrections"]

    def arrived() -> bool:
        return net(lake)[1] - before_lines == lines

    assert eventually(arrived, seconds=240, every=1)
    assert net(lake)[0] - before_pence == pence
