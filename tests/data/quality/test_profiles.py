"""Profiles of tables, their drift, and what is odd beside their history."""

import math
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import duckdb
import pytest

from bodega.data.lake.published import Published, PublishedTable, replace_published
from bodega.data.lake.storage import LakeRoot
from bodega.data.quality import arrivals
from bodega.data.quality.gate import Gate
from bodega.data.quality.history import History
from bodega.data.quality.policy import TablePolicy
from bodega.data.quality.profile import Profile, as_rows, from_rows, profile
from bodega.data.quality.statistics import robust_z, stability
from bodega.data.quality.watcher import Watcher, profiles
from tests.data.bronze import Source, user

NOW = datetime(2026, 11, 18, 12, tzinfo=UTC)  # a Wednesday
ORDERS = """
    select 'o' || n as order_id, case when n % 10 = 0 then 'DE' else 'GB' end as country,
        1000 + n % 97 as total_amount, case when n % 50 = 0 then null else 'post' end as method,
        'a' || n || '@example.com' as email, timestamptz '2026-11-17 09:00:00+00' as occurred_at
    from range(1000) t(n)
"""


@pytest.mark.parametrize(
    ("value", "history", "z"),
    [
        (10, [8, 9, 10, 11, 12], 0.0),
        (16, [8, 9, 10, 11, 12], 4.047),
        (10, [10] * 8, 0.0),
        (11, [10] * 8, math.inf),
        (13, [10, 10, 10, 10, 10, 12], 7.1811),
    ],
    ids=["median", "far", "still", "first-move", "mostly-still"],
)
def test_far_is_far_by_the_history_s_own_spread(
    value: float, history: list[float], z: float
) -> None:
    assert robust_z(value, history) == pytest.approx(z, abs=1e-3)


def test_the_stability_index_is_zero_for_the_same_and_large_for_another() -> None:
    assert stability({"a": 50, "b": 50}, {"a": 500, "b": 500}) == 0
    assert stability({"a": 50, "b": 50}, {"a": 40, "b": 60}) == pytest.approx(0.0405, abs=1e-4)
    assert stability({"a": 50, "b": 50}, {"c": 10}) > 2
    assert stability({}, {"a": 1}) == 0


def look(sql: str, before: Profile | None = None, **said: object) -> Profile:
    with duckdb.connect() as con:
        con.execute("set TimeZone = 'UTC'")
        con.execute(f"create table t as {sql}")
        policy = TablePolicy.model_validate(said)
        return profile(con, "gold.t", policy, "t", version=1, now=NOW, before=before)


def test_a_profile_tells_counts_quantiles_and_top_values_but_of_no_person() -> None:
    found = look(ORDERS)
    columns = {column.name: column for column in found.columns}
    assert found.rows == 1000
    assert columns["method"].nulls == 20
    assert columns["country"].top == {"GB": 900, "DE": 100}
    assert columns["total_amount"].lowest == "1000"
    assert columns["total_amount"].quantiles["0.5"] == pytest.approx(1047, abs=3)
    assert sum(columns["total_amount"].bins.values()) == 1000
    for name in ("email", "order_id"):
        assert not columns[name].top
    assert columns["email"].lowest is None
    kept = from_rows(as_rows(found))
    found.columns.sort(key=lambda column: column.name)
    assert kept == [found]


def test_a_declared_person_is_not_shown_either() -> None:
    found = look(ORDERS, columns={"country": {"personal": True}})
    assert not next(c for c in found.columns if c.name == "country").top


def test_drift_is_told_against_the_last_profile() -> None:
    first = look(ORDERS)
    again = {c.name: c.drift for c in look(ORDERS, first).columns}
    assert (again["country"], again["total_amount"]) == (0, 0)
    dearer = ORDERS.replace("1000 + n % 97", "1090 + n % 97").replace("n % 10 = 0", "n % 3 = 0")
    moved = {c.name: c.drift for c in look(dearer, first).columns}
    assert moved["total_amount"] is not None
    assert moved["total_amount"] > 0.25
    assert moved["country"] == pytest.approx(0.3527, abs=1e-3)


def test_only_the_last_days_are_profiled_where_the_policy_says_so() -> None:
    old = f"{ORDERS} union all select 'x', 'FR', 1, 'post', 'x', timestamptz '2024-01-01'"
    found = look(old, watch={"by": "occurred_at", "days": 35})
    assert (found.rows, found.total) == (1000, 1001)


class Bench:
    """A warehouse with one gold table, and a watcher over it."""

    def __init__(self, lake: Path) -> None:
        self.root = LakeRoot(lake)
        self.path = lake / "warehouse.duckdb"
        lake.mkdir()
        (lake / "quality.yml").write_text(
            "tables: {gold.orders: {watch: {by: occurred_at, days: 35, history: 4}}}"
        )
        gate = Gate(lake, lake / "quality.yml")
        self.watcher = Watcher(gate, lake, self.opened, every=timedelta(minutes=10))
        self.version = 0
        self.now = NOW
        with self.opened() as con:
            con.execute("create schema gold; create schema meta")
            con.execute("create table meta.bronze (table_name varchar, version int, since bigint)")

    @contextmanager
    def opened(self) -> Iterator[duckdb.DuckDBPyConnection]:
        with duckdb.connect(str(self.path)) as con:
            con.execute("set TimeZone = 'UTC'")
            yield con

    def publish(self, sql: str) -> None:
        with self.opened() as con:
            con.execute(f"create or replace table gold.orders as {sql}")
        self.version += 1
        table = PublishedTable(
            version=self.version, rows=1, columns={}, prints={}, updated_at=self.now
        )
        replace_published(self.root, Published(tables={"orders": table}))

    def later(self, minutes: int = 15) -> list[str]:
        self.now += timedelta(minutes=minutes)
        return [found.table for found in self.watcher.rest(now=self.now)]

    def odd(self) -> dict[str, str]:
        rows = History(self.root).rows("results", "not passed")
        return {row["check_name"]: row["observed"] for row in rows}


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    return Bench(tmp_path / "lake")


def test_a_table_is_looked_at_once_a_version_and_not_too_often(bench: Bench) -> None:
    bench.publish(ORDERS)
    assert bench.later() == ["gold.orders"]
    assert bench.later() == []
    bench.publish(ORDERS)
    assert bench.later() == ["gold.orders"]
    bench.publish(ORDERS)
    assert bench.later(minutes=3) == []
    assert bench.later() == ["gold.orders"]
    assert len(profiles(History(bench.root), "gold.orders")) == 3
    assert bench.odd() == {}


@pytest.mark.parametrize("by", ["gone", "country"])
def test_a_watch_that_makes_no_sense_of_its_table_is_told_until_it_does(
    bench: Bench, by: str
) -> None:
    rules = bench.root.work / "quality.yml"
    good = rules.read_text()
    rules.write_text(good.replace("occurred_at", by))
    bench.publish(ORDERS)
    assert bench.later() == []
    assert list(bench.odd()) == ["watch"]
    rules.write_text(good)
    bench.publish(ORDERS)
    assert bench.later() == ["gold.orders"]
    newest = History(bench.root).rows("results", "check_name = 'watch'", order="noted_at")
    assert [row["passed"] for row in newest] == [False, True]


def test_a_column_that_comes_goes_or_changes_is_told(bench: Bench) -> None:
    bench.publish(ORDERS)
    bench.later()
    bench.publish(
        f"select * exclude (method), 1 as extra, from ({ORDERS})".replace(", from", " from")
    )
    bench.later()
    assert bench.odd() == {"columns as before": "gone: method, new: extra"}


def test_nulls_means_and_shares_are_odd_beside_a_long_enough_history(bench: Bench) -> None:
    for n in (48, 50, 51, 53):
        bench.publish(ORDERS.replace("n % 50 = 0", f"n % {n} = 0"))
        bench.later()
    assert bench.odd() == {}
    worse = ORDERS.replace("n % 50 = 0", "n % 2 = 0").replace("n % 10 = 0", "n % 11 = 0")
    bench.publish(worse)
    bench.later()
    odd = bench.odd()
    assert odd["method nulls"].startswith("0.5 (z ")
    assert "country share of GB" not in odd, "one of a hundred is nothing"
    dearer = ORDERS.replace("1000 + n % 97", "2000 + n % 97")
    bench.publish(dearer)
    bench.later()
    assert "never seen before" in bench.odd()["total_amount mean"]
    assert bench.odd()["total_amount drift"].startswith("PSI ")


def test_a_day_is_compared_with_the_same_weekdays(bench: Bench) -> None:
    def weeks(last: int) -> str:
        """100 orders each Tuesday, 10 on other days; `last` of them yesterday, a Tuesday."""
        return f"""
            select 'o' as order_id, d as occurred_at from (
                select d, case when d = date '2026-11-17' then {last}
                    when dayofweek(d) = 2 then 100 else 10 end as n
                from (select cast(unnest(generate_series(date '2026-09-01', date '2026-11-17',
                    interval 1 day)) as date) as d)
            ), range(100) r(i) where i < n
        """

    bench.publish(weeks(95))
    bench.later()
    assert bench.odd() == {}
    bench.publish(weeks(10))  # enough for a Monday
    bench.later()
    assert list(bench.odd()) == ["rows of a Tuesday"]


def test_bronze_is_profiled_by_what_came_in_and_tells_of_no_row(bench: Bench) -> None:
    source, table = Source(bench.root.work), "bronze.shop__identity_users"

    def arrive(ids: range, op: str = "c") -> None:
        for n in ids:
            source.commit(user(f"u{n}", op=op, email=f"ada{n}@example.com"))
        source.flush()
        with bench.opened() as con:
            con.execute("delete from meta.bronze")
            con.execute(
                "insert into meta.bronze values ('shop__identity_users', 1, ?)", [source.position]
            )

    arrive(range(3))
    assert bench.later() == [table]
    arrive(range(250), "u")
    assert bench.later(minutes=3) == []
    assert bench.later() == [table]
    assert bench.later() == [], "nothing came in"
    arrive(range(10, 260), "u")
    bench.later()
    third, second, first = profiles(History(bench.root), table)
    assert [one.total for one in (first, second, third)] == [3, 250, 250]
    columns = {column.name: column for column in second.columns}
    assert columns["op"].top == {"u": 250}
    assert (columns["key"].distinct > 200, columns["key"].nulls) == (True, 0)
    assert columns["before"].nulls == 250
    assert columns["bytes"].mean
    for hidden in ("key", "before", "after"):
        assert (columns[hidden].top, columns[hidden].lowest) == ({}, None)
    assert next(c for c in third.columns if c.name == "op").drift == 0
    kept = History(bench.root).rows("profiles")
    assert "ada" not in str(kept)
    assert bench.odd() == {}


def test_a_look_at_bronze_reads_a_bounded_number_of_changes(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(arrivals, "CHANGES", 4)
    source = Source(bench.root.work)
    for n in range(3):
        source.commit(*(user(f"u{n}-{m}") for m in range(3)))
        source.flush()
    sql = arrivals.arrivals(bench.root, "shop__identity_users", after=-1, upto=source.position)
    assert sql is not None
    assert sql.count(".parquet") == 2, "the newest files, as many as are needed"
    with duckdb.connect() as con:
        assert len(con.execute(sql).fetchall()) == 4
    after = source.position
    assert arrivals.arrivals(bench.root, "shop__identity_users", after=after, upto=after) is None
    assert arrivals.arrivals(bench.root, "shop__none", after=-1, upto=after) is None
