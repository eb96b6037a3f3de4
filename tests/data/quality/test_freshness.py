"""Each table's age against what is promised of it: the feed, the pipelines and schedules tell."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pyarrow as pa
import pytest
from deltalake import write_deltalake

from bodega.data.ingest.sources.config import SourcesFile, read_sources
from bodega.data.ingest.sources.runs import Run, remember_run
from bodega.data.lake.published import Published, PublishedTable, replace_published
from bodega.data.lake.storage import LakeRoot
from bodega.data.quality.freshness import TableAge, freshness, record_pulse
from bodega.data.quality.policy import QualityMalformed, read_policy
from bodega.kernel.clock import FixedClock

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)
SOURCES = """
sources:
  suppliers:
    kind: files
    schedule: every hour
    streams: {prices: {path: "in/*.csv", key: [sku]}}
  byhand:
    kind: files
    streams: {notes: {path: "notes/*.csv"}}
mappings:
  goods:
    key: [sku]
    columns: {sku: string}
    from: [{stream: suppliers.prices, fields: {sku: sku}}]
"""


@pytest.fixture
def root(tmp_path: Path) -> LakeRoot:
    """Gold found up to date just now."""
    root = LakeRoot(tmp_path / "lake")
    table = PublishedTable(version=3, rows=7, columns={}, prints={}, updated_at=NOW)
    replace_published(root, Published(tables={"fct_orders": table}, published_at=NOW))
    checked(root, NOW)
    return root


def checked(root: LakeRoot, at: datetime) -> None:
    root.write_json("status.json", {"checked_at": at.isoformat()})


def age_of(
    table: str, root: LakeRoot, file: SourcesFile | None = None, policy: Path | None = None
) -> TableAge:
    ages = freshness(root, read_policy(policy), file, FixedClock(NOW))
    return next(age for age in ages if age.table == table)


@pytest.mark.parametrize(
    ("of", "state", "hours"),
    [("at", "warn", 3), ("day", "late", 36), ("nothing", "unknown", None)],
    ids=["instants", "days", "no-such-column"],
)
def test_a_table_may_be_as_old_as_its_newest_value(
    root: LakeRoot, tmp_path: Path, of: str, state: str, hours: int | None
) -> None:
    file = tmp_path / "quality.yml"
    file.write_text(
        f"tables: {{bronze.byhand__notes: {{freshness: {{warn: 1 hour, late: 1 day, of: {of}}}}}}}"
    )
    rows = {
        "at": [NOW - timedelta(hours=3), NOW - timedelta(days=9), NOW + timedelta(days=9000)],
        "day": ["2026-11-20", "soon", None],
    }
    write_deltalake(root.uri("bronze/byhand__notes"), pa.table(rows))
    (tmp_path / "sources.yml").write_text(SOURCES)
    sources = read_sources(tmp_path / "sources.yml")
    found = age_of("bronze.byhand__notes", root, sources, file)
    assert found.state == state
    assert found.age_seconds == (None if hours is None else hours * 3600)
    assert ("nothing" in found.why) is (state == "unknown")


@pytest.mark.parametrize(
    ("minutes", "state"), [(0, "ok"), (2, "warn"), (6, "late")], ids=["fresh", "warn", "late"]
)
def test_gold_grows_old_while_the_pipelines_are_silent(
    root: LakeRoot, minutes: int, state: str
) -> None:
    checked(root, NOW - timedelta(minutes=minutes))
    found = age_of("gold.fct_orders", root)
    assert (found.state, found.age_seconds, found.rows) == (state, minutes * 60, 7)


def test_a_feed_that_waits_makes_everything_behind_it_late(root: LakeRoot) -> None:
    record_pulse(
        root, fresh_as_of=NOW - timedelta(hours=1), state="waiting", error="connection refused"
    )
    for table in ("bronze.shop__orders_orders", "silver.orders", "gold.fct_orders"):
        found = age_of(table, root)
        assert (found.state, found.why) == ("late", "connection refused"), table


def test_tables_never_found_up_to_date_are_unknown(tmp_path: Path) -> None:
    root = LakeRoot(tmp_path)
    table = PublishedTable(version=0, rows=0, columns={}, prints={}, updated_at=NOW)
    replace_published(root, Published(tables={"fct_orders": table}))
    assert age_of("gold.fct_orders", root).state == "unknown"


@pytest.mark.parametrize(
    ("minutes", "state"),
    [(60, "ok"), (80, "warn"), (140, "late")],
    ids=["in-time", "one-missed", "two-missed"],
)
def test_a_source_is_held_against_its_schedule(
    root: LakeRoot, tmp_path: Path, minutes: int, state: str
) -> None:
    (tmp_path / "sources.yml").write_text(SOURCES)
    file = read_sources(tmp_path / "sources.yml")
    assert age_of("bronze.suppliers__prices", root, file).state == "unknown"
    well = NOW - timedelta(minutes=minutes)
    run = Run(started=NOW, ended=NOW, ok=False, said="it is down", succeeded_at=well)
    remember_run(root, "suppliers", run)
    found = age_of("bronze.suppliers__prices", root, file)
    assert (found.state, found.why) == (state, "it is down")
    assert age_of("bronze.byhand__notes", root, file).state == "unwatched"
    assert age_of("silver.goods", root, file).as_of == well


def test_an_operator_promises_something_else(root: LakeRoot, tmp_path: Path) -> None:
    own = tmp_path / "quality.yml"
    own.write_text("tables: {gold.fct_orders: {freshness: {warn: 1 hour, late: 1 day}}}")
    checked(root, NOW - timedelta(minutes=30))
    assert age_of("gold.fct_orders", root, policy=own).state == "ok"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("tables: {fct_orders: {}}", "tables.fct_orders"),
        ("tables: {gold.x: {freshness: {warn: 2 hours, late: 1 hour}}}", "`warn` comes before"),
        ("tables: {gold.x: {freshnes: {}}}", "freshnes"),
        ("- a list", "no mapping"),
        ("a: [", "cannot be read"),
    ],
    ids=["no-layer", "order", "misspelt", "list", "yaml"],
)
def test_a_policy_that_breaks_a_rule_says_where(tmp_path: Path, text: str, said: str) -> None:
    (tmp_path / "quality.yml").write_text(text)
    with pytest.raises(QualityMalformed, match=said):
        read_policy(tmp_path / "quality.yml")
