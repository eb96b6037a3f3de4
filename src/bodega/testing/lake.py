"""A lake for a test: in a folder or in memory, with sources read into it and days run to gold."""

import json
import shutil
import tempfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import duckdb
import pyarrow as pa
from deltalake import write_deltalake

from bodega.backbone.settings import Settings, load_settings
from bodega.backbone.vault.keys import PersonKey, new_key
from bodega.backbone.vault.store import Person
from bodega.data.ingest.bronze import SCHEMA
from bodega.data.ingest.sources.config import read_sources
from bodega.data.ingest.sources.contract import Finding, Page, Source, State, Stream
from bodega.data.ingest.sources.load import load
from bodega.data.ingest.sources.look import look
from bodega.data.ingest.sources.persons import SealedSource
from bodega.data.ingest.sources.records import rows_to_table
from bodega.data.ingest.sources.registry import build_source
from bodega.data.ingest.sources.report import LoadReport
from bodega.data.lake.paths import BRONZE, bronze_table
from bodega.data.lake.query import query
from bodega.data.lake.storage import LakeRoot
from bodega.kernel.clock import FixedClock
from bodega.kernel.ids import new_id

if TYPE_CHECKING:
    from bodega.data.pipelines.plan import Plan

Row = dict[str, Any]
START = datetime(2026, 1, 1, tzinfo=UTC)


class KeysInMemory:
    """Seals personal fields without a shop; `erase` forgets an e-mail, or `user:<id>`, for good."""

    def __init__(self) -> None:
        self._keys: dict[str, PersonKey | None] = {}

    def keys_of(self, persons: Sequence[Person]) -> list[PersonKey | None]:
        return [self._key_of(person) for person in persons]

    def _key_of(self, person: Person) -> PersonKey | None:
        known = [self._keys[alias] for alias in person.aliases if alias in self._keys]
        if None in known:
            return None
        key = known[0] if known else PersonKey(new_id(), new_key())
        self._keys |= dict.fromkeys(person.aliases, key)
        return key

    def mail_alias(self, email: str) -> str:
        return email.strip().lower()

    def erase(self, alias: str) -> None:
        self._keys[alias.strip().lower()] = None


@dataclass
class TestLake:
    """`folder` is the data directory; the lake is in its `lake/`. The clock stands until moved."""

    __test__ = False
    folder: Path
    clock: FixedClock = field(default_factory=lambda: FixedClock(START))
    keys: KeysInMemory = field(default_factory=KeysInMemory)
    _position: int = 1_000

    @classmethod
    @contextmanager
    def in_memory(cls) -> Iterator["TestLake"]:
        """A lake on the machine's memory disk where it has one; gone afterwards."""
        memory = Path("/dev/shm")  # noqa: S108 - the point of it
        with tempfile.TemporaryDirectory(
            prefix="bodega-test-lake-", dir=memory if memory.is_dir() else None
        ) as folder:
            yield cls(Path(folder))

    @property
    def settings(self) -> Settings:
        return load_settings(
            data_dir=self.folder, lake_url=None, sources_file=self.folder / "sources.yml"
        )

    @property
    def root(self) -> LakeRoot:
        return LakeRoot.of(self.settings)

    # Sources

    def file(self, name: str, content: str | bytes) -> Path:
        """A file for a source to find, in the folder where `sources.yml` is."""
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return path

    def declare(self, text: str) -> None:
        """Write `sources.yml`."""
        self.file("sources.yml", text)

    def read(self, name: str, *, full: bool = False) -> LoadReport:
        """Read a declared stream, `source.stream`. Raises what reading raises."""
        source = name.partition(".")[0]
        file = read_sources(self.folder / "sources.yml")
        found = file.stream(name)
        if found is None:
            raise KeyError(f"no stream {name} in sources.yml")
        return self.load(source, build_source(source, file, self.settings), found, full=full)

    def load(self, name: str, source: Source, stream: Stream, *, full: bool = False) -> LoadReport:
        """Read a source of your own. The report is checked to account for every row."""
        if stream.personal is not None:
            source = SealedSource(source, self.keys, stream)
        report = load(name, source, stream, self.root, clock=self.clock, full=full)
        assert report.rows == report.kept + report.unchanged + report.set_aside, report
        return report

    def rows(self, name: str, stream: Stream, *, as_of: datetime | None = None) -> list[Row]:
        """What a stream holds now (or held then), without audit columns."""
        columns, rows = look(self.root, name, stream, as_of=as_of)
        return [
            {c: v for c, v in zip(columns, row, strict=True) if not c.startswith("_")}
            for row in rows
        ]

    def rejected(self, name: str, stream: Stream) -> list[tuple[str, str]]:
        """Why a row was set aside, and the row as JSON."""
        columns, rows = look(self.root, name, stream, rejected=True)
        why, raw = columns.index("_rejected"), columns.index("_raw")
        return [(row[why], row[raw]) for row in rows]

    # The shop's own changes

    def commit(self, *changes: tuple[str, str, Mapping[str, Any], Mapping[str, Any] | None]) -> int:
        """One transaction of the shop into bronze: (`orders.orders`, `c`|`u`|`d`, key, row) each;
        its position."""
        self._position += 10
        by_table: dict[str, list[Row]] = {}
        for sequence, (table, op, key, row) in enumerate(changes):
            by_table.setdefault(table, []).append(self._envelope(op, key, row, sequence))
        for table, rows in by_table.items():
            place = self.root.uri(f"{BRONZE}/{bronze_table('shop', table)}")
            write_deltalake(place, pa.Table.from_pylist(rows, schema=SCHEMA), mode="append")
        return self._position

    def _envelope(
        self, op: str, key: Mapping[str, Any], row: Mapping[str, Any] | None, sequence: int
    ) -> Row:
        return {
            "key": json.dumps(key, sort_keys=True),
            "before": json.dumps(key) if op == "d" else None,
            "after": None if row is None else json.dumps(row, default=str),
            "unchanged": [],
            "ts_ms": int(self.clock.now().timestamp() * 1000),
            "txid": self._position,
            "_source": "shop",
            "_position": self._position,
            "_sequence": sequence,
            "_op": op,
            "_ingested_at": self.clock.now(),
        }

    def build(self, *, full: bool = False) -> "list[str]":
        """Bring gold up to date, with every check; the tables that changed. Raises AssertionError
        naming what failed."""
        from bodega.data.pipelines.refresh import refresh
        from bodega.data.pipelines.warehouse import Warehouse

        warehouse = Warehouse(self.root, memory_mb=512)
        outcome = refresh(warehouse, _plan(), full=full)
        assert outcome.state != "blocked", outcome.failures
        return sorted(outcome.written)

    def gold(self, sql: str) -> list[Row]:
        """Rows of a SELECT over the published tables."""
        found = query(self.root, sql)
        return [dict(zip(found.columns, row, strict=True)) for row in found.rows]

    def silver(self, name: str) -> list[Row]:
        """Rows of a mapping's table."""
        with duckdb.connect() as con:
            con.register("silver", self.root.delta(f"silver/{name}").to_pyarrow_dataset())
            result = con.execute("select * from silver")
            names = [column[0] for column in result.description or []]
            return [dict(zip(names, row, strict=True)) for row in result.fetchall()]

    def copy(self, to: Path) -> "TestLake":
        """The same lake elsewhere, for what must not disturb this one."""
        shutil.copytree(self.folder, to)
        return TestLake(to, FixedClock(self.clock.at), self.keys, self._position)


@dataclass
class PlayedSource:
    """A source that plays pages: `pages` of records, whole or adding, down behind `fails_at`."""

    pages: Sequence[Sequence[Any]]
    whole: bool = False
    fails_at: int | None = None
    asked: list[int] = field(default_factory=list)

    def check(self) -> list[Finding]:
        return [Finding("*", ok=True, says=f"{len(self.pages)} pages")]

    def discover(self) -> list[Stream]:
        return []

    def read(self, stream: str, state: State) -> Iterator[Page]:
        from bodega.data.ingest.sources.errors import SourceUnreachable

        start = int(state.get("page", 0))
        for number, rows in list(enumerate(self.pages))[start:]:
            if self.fails_at == number:
                raise SourceUnreachable("the source is down")
            self.asked.append(number)
            table, hints, rejects = rows_to_table(rows)
            last = number == len(self.pages) - 1
            yield Page(
                table,
                {"page": 0 if self.whole and last else number + 1},
                "played",
                hints,
                rejects,
                whole=self.whole,
                begins=number == 0,
                ends=last,
            )


_FIRST_DAY, _ORDERS_A_DAY = date(2000, 1, 1), 10_000


def orders_of_a_day(
    day: datetime, totals: Iterable[int], *, currency: str = "GBP", first: int = 1
) -> list[tuple[str, str, Mapping[str, Any], Mapping[str, Any]]]:
    """Paid orders of one line each, as changes for `TestLake.commit`; totals in minor units. Those
    of another day are others; more of the same day begin at another `first`."""
    since = (day.astimezone(UTC).date() - _FIRST_DAY).days * _ORDERS_A_DAY
    at = day.astimezone(UTC).isoformat()
    times = {"occurred_at": at, "known_at": at, "ingested_at": at, "source": None}
    changes: list[tuple[str, str, Mapping[str, Any], Mapping[str, Any]]] = []
    for number, total in enumerate(totals, start=since + first):
        order, line = f"order-{number}", f"line-{number}"
        money = {"total_amount": total, "currency": currency, "source_key": None, **times}
        changes.append(
            (
                "orders.orders",
                "c",
                {"id": order},
                {
                    "id": order, "number": number, "checkout_id": None, "customer_id": None,
                    "country": "GB", "status": "paid", "subtotal_amount": total, **money,
                },
            )
        )  # fmt: skip
        changes.append(
            (
                "orders.order_lines",
                "c",
                {"id": line},
                {
                    "id": line, "order_id": order, "position": 1, "kind": "product",
                    "product_id": None, "variant_id": None, "sku": "SKU", "title": "Thing",
                    "quantity": 1, "unit_price_amount": total, **money,
                },
            )
        )  # fmt: skip
    return changes


@cache
def _plan() -> "Plan":
    """Of the dbt project, compiled once a process."""
    from bodega.data.pipelines.dbt import Project
    from bodega.data.pipelines.warehouse import Warehouse

    with tempfile.TemporaryDirectory() as scratch:
        return Project(Warehouse(Path(scratch))).plan()
