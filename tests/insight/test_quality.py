"""The state of tables as the console asks for it, told from a lake that was really read into."""

from pathlib import Path

import pytest

pytest.importorskip("deltalake")

from bodega.apps.repair import drive_again
from bodega.apps.sources import read_all
from bodega.backbone.settings import Settings, load_settings
from bodega.data.lake.storage import LakeRoot
from bodega.insight.quality import LakeQuality
from bodega.kernel.clock import SystemClock

SOURCES = """
sources:
  suppliers:
    kind: files
    schedule: every hour
    streams: {prices: {path: "in/*.csv", key: [sku], fields: {price: "decimal(12,2)"}}}
"""
POLICY = """
tables:
  bronze.suppliers__prices: {owner: purchasing, columns: {price: {at_least: 1, severity: block}}}
"""


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    (tmp_path / "sources.yml").write_text(SOURCES)
    (tmp_path / "quality.yml").write_text(POLICY)
    (tmp_path / "in").mkdir()
    return load_settings(
        data_dir=tmp_path / "data",
        lake_url=None,
        sources_file=tmp_path / "sources.yml",
        quality_file=tmp_path / "quality.yml",
    )


@pytest.fixture
def quality(settings: Settings) -> LakeQuality:
    return LakeQuality(
        LakeRoot.of(settings),
        SystemClock(),
        policy=settings.quality_file,
        sources=settings.sources_file,
        drive=lambda ids, repair: drive_again(settings, ids, repair),
    )


async def test_an_empty_lake_has_only_promises(quality: LakeQuality) -> None:
    standing = await quality.standing()
    assert [(one.table, one.state) for one in standing.tables] == [
        ("bronze.suppliers__prices", "unknown")
    ]
    assert (standing.failing, standing.loads) == ([], 0)
    assert await quality.table(name="gold.nothing") is None


async def test_a_table_tells_what_was_found_and_is_mended(
    quality: LakeQuality, settings: Settings, tmp_path: Path
) -> None:
    (tmp_path / "in" / "a.csv").write_text("sku,price,email\nA,2.50,a@b.c\nB,dear,d@e.f\nC,0.10,\n")
    read_all(settings, None, full=False)
    (one,) = (await quality.standing()).tables
    assert (one.owner, one.state, one.rows, one.dead) == ("purchasing", "ok", 2, 1)
    assert (one.failing, one.blocking, one.trend) == (2, 1, [2])
    report = await quality.table(name=one.table)
    assert report is not None
    failing = {check.check: check.observed for check in report.checks if not check.passed}
    assert failing == {"price range": "0.10", "rows set aside": "price: not a decimal(12,2) (1)"}
    assert {line.measure for line in report.loads} == {"rows", "set aside", "checksum", "price"}
    assert all(line.agrees for line in report.loads)
    email = next(column for column in report.columns if column.name == "email")
    assert (email.top, email.lowest) == ({}, None)

    (dead,) = await quality.dead(table=one.table)
    assert dead.row == {"sku": "B", "price": "dear", "email": "(personal)"}
    asked = {"ids": [dead.id], "by": "admin:1", "why": "typo"}
    (refused,) = await quality.redrive(**asked | {"ids": ["gone"]}, edits={})
    assert refused.outcome == "refused"
    (driven,) = await quality.redrive(**asked, edits={"price": "9.75"})
    assert driven.outcome == "driven"
    (again,) = await quality.redrive(**asked, edits={"price": "9.75"})
    assert again.outcome == "already"
    assert await quality.dead() == []
    left = {check.check for check in (await quality.standing()).failing}
    assert left == {"price range"}
