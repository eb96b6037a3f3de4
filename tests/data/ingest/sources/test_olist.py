"""The declaration of Olist that the documents ship fits its files: no row is set aside."""

from pathlib import Path

import pytest

from bodega.backbone.settings import load_settings
from bodega.data.ingest.sources.config import read_sources
from bodega.data.ingest.sources.registry import build_source
from tests.data.ingest.sources.conftest import Bench

SHIPPED = Path(__file__).parents[4] / "docs" / "sources-olist.yml"
ROWS = {"orders": 8135}


def test_the_shipped_declaration_is_understood() -> None:
    assert len(read_sources(SHIPPED).sources["olist"].declared()) == 9


@pytest.mark.parametrize("name", ["orders", "order_payments", "order_reviews", "products"])
def test_real_olist_files_fit(bench: Bench, shared_data: Path, name: str) -> None:
    path = bench.folder / "sources.yml"
    path.write_text(SHIPPED.read_text().replace("olist/", f"{shared_data}/olist-sample/"))
    file = read_sources(path)
    stream = file.stream(f"olist.{name}")
    assert stream is not None
    report = bench.read(build_source("olist", file, load_settings()), stream)
    assert (report.set_aside, report.unchanged) == (0, 0)
    assert report.rows == ROWS.get(name, report.rows) > 0
