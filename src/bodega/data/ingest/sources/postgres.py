"""Any other PostgreSQL as a source: its change feed, as the shop's own, into bronze envelopes.

The database needs `wal_level = logical` and a user that may replicate and create a publication.
Tables are copied first and followed then, each change once; docs/sources.md says how to set it up.
"""

import threading
import time
from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Literal

import psycopg
from pydantic import Field, model_validator

from bodega.backbone.changes.connection import sql_connection
from bodega.backbone.changes.errors import ChangeError
from bodega.backbone.changes.feed import ChangeFeed, FlushPolicy
from bodega.backbone.changes.sink import NEVER, Sink
from bodega.backbone.changes.slot import identify_server
from bodega.backbone.vault.store import Vault
from bodega.data.ingest.bronze import BronzeSink
from bodega.data.ingest.seal import SealedSink
from bodega.data.ingest.sources.contract import Column, Finding, Page, Personal, State, Stream
from bodega.data.ingest.sources.envelopes import envelopes
from bodega.data.ingest.sources.errors import SourceRefused, SourceUnreachable
from bodega.data.ingest.sources.persons import personal_data
from bodega.data.ingest.sources.report import LoadReport
from bodega.data.ingest.sources.streams import Scheduled, Secret
from bodega.data.lake.paths import feed_state
from bodega.data.lake.storage import LakeRoot

PATIENCE_SECONDS = 30.0
_COLUMNS = """
SELECT format('%%s.%%s', n.nspname, c.relname), a.attname, t.typname, a.atttypmod,
       coalesce(a.attnum = any(p.indkey::int2[]), false)
FROM pg_class c
JOIN pg_namespace n ON n.oid = c.relnamespace
JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
JOIN pg_type t ON t.oid = a.atttypid
LEFT JOIN pg_index p ON p.indrelid = c.oid AND p.indisprimary
WHERE c.relkind = 'r' AND a.attgenerated = ''
  AND format('%%s.%%s', n.nspname, c.relname) = any(%s)
ORDER BY 1, a.attnum
"""
_KINDS = {
    "int2": "integer", "int4": "integer", "int8": "integer", "bool": "boolean", "date": "date",
    "float4": "number", "float8": "number", "timestamptz": "timestamp", "timestamp": "timestamp",
    "json": "json", "jsonb": "json",
}  # fmt: skip


class PostgresConfig(Scheduled):
    """`tables` are read with the listed columns, or `all`. The publication and the slot are named
    `bodega_<name>` after the source. `personal` says per table whose its personal columns are.
    `follow`: the running shop follows it all the time."""

    kind: Literal["postgres"]
    dsn: Secret
    tables: Mapping[str, Literal["all"] | tuple[str, ...]] = Field(min_length=1)
    personal: Mapping[str, Personal] = {}
    follow: bool = True

    @model_validator(mode="after")
    def _of_its_tables(self) -> "PostgresConfig":
        if unknown := sorted(self.personal.keys() - self.tables.keys()):
            raise ValueError(f"`personal` tells of {unknown[0]}, which is not among `tables`")
        return self

    def declared(self) -> list[Stream]:
        return [Stream(name=table.replace(".", "_")) for table in self.tables]


class PostgresSource:
    """`check` and `discover` of the contract; instead of `read`, `catch_up` and `follow`: a change
    feed is pushed in the order of commits, over all tables at once."""

    def __init__(
        self, name: str, config: PostgresConfig, root: LakeRoot, vault: Vault | None = None
    ) -> None:
        self._name, self._config, self._root, self._vault = name, config, root, vault
        self._dsn = config.dsn.reveal()

    def check(self) -> list[Finding]:
        try:
            columns = self._columns()
            with sql_connection(self._dsn) as connection:
                level = connection.execute("SHOW wal_level").fetchone()
        except (SourceUnreachable, psycopg.Error) as error:
            return [Finding("*", ok=False, says=str(error).strip())]
        if level is None or level[0] != "logical":
            said = f"wal_level is {level[0] if level else '?'}: set it to logical and restart"
            return [Finding("*", ok=False, says=said)]
        return [self._checked(table, columns.get(table, [])) for table in self._config.tables]

    def _checked(self, table: str, columns: list[tuple[str, str, bool]]) -> Finding:
        what = table.replace(".", "_")
        if not columns:
            return Finding(what, ok=False, says=f"there is no table {table}")
        if not any(is_key for _, _, is_key in columns):
            return Finding(what, ok=False, says=f"{table} has no primary key")
        return Finding(what, ok=True, says=f"{len(columns)} columns")

    def discover(self) -> list[Stream]:
        return [
            Stream(
                name=table.replace(".", "_"),
                columns=tuple(Column(name=n, type=kind) for n, kind, _ in columns),
                key=tuple(n for n, _, is_key in columns if is_key),
            )
            for table, columns in self._columns().items()
        ]

    def read(self, stream: str, state: State) -> Iterator[Page]:
        raise SourceRefused("A change feed is followed as a whole: `catch_up`")

    def follow(self, stop: threading.Event) -> None:
        """Until `stop` is set."""
        self._feed(FlushPolicy()).run(stop)

    def catch_up(self, *, patience: float = PATIENCE_SECONDS) -> list[LoadReport]:
        """Everything committed before now is in bronze afterwards. Raises SourceUnreachable after
        `patience` seconds without progress."""
        try:
            target = identify_server(self._dsn).position
        except psycopg.Error as error:
            raise SourceUnreachable(f"{self._name}: {str(error).strip()}") from error
        before = self._counts()
        stop = threading.Event()
        feed = self._feed(FlushPolicy(seconds=0.2))
        thread = threading.Thread(target=feed.run, args=(stop,), name=f"source-{self._name}")
        thread.start()
        try:
            self._wait(feed, target, patience)
        finally:
            stop.set()
            thread.join()
        after = self._counts()
        return [
            LoadReport(source=self._name, stream=name, rows=rows, kept=rows)
            for name, rows in ((n, after[n] - before[n]) for n in after)
        ]

    def _wait(self, feed: ChangeFeed, target: int, patience: float) -> None:
        """Until what the server may forget includes `target`."""
        deadline, rows, known = time.monotonic() + patience, 0, 0
        tables = self._columns().keys()
        while (confirmed := self._confirmed(tables)) < target:
            status = feed.status
            if (status.rows, confirmed) != (rows, known):
                rows, known, deadline = status.rows, confirmed, time.monotonic() + patience
            if time.monotonic() > deadline:
                raise SourceUnreachable(f"{self._name}: {status.error or 'no progress'}")
            time.sleep(0.1)

    def _confirmed(self, tables: Collection[str]) -> int:
        """What is in bronze for good; 0 while `tables` are still copied."""
        saved = self._root.read_json(feed_state(self._name)) or {}
        copied = saved.get("tables", {})
        if any(copied.get(table, NEVER) == NEVER for table in tables):
            return 0
        return int(saved.get("confirmed", 0))

    def _feed(self, policy: FlushPolicy) -> ChangeFeed:
        return ChangeFeed(
            self._dsn,
            self._published(),
            self._sink(),
            slot=f"bodega_{self._name}",
            publication=f"bodega_{self._name}",
            policy=policy,
        )

    def _sink(self) -> Sink:
        """Raises SourceRefused for a personal column that is part of a key."""
        sink = BronzeSink(self._root, source=self._name)
        if not self._config.personal:
            return sink
        assert self._vault is not None
        for table, columns in self._columns().items():
            told = self._config.personal.get(table)
            for name in (n for n, _, is_key in columns if is_key and told and n in told.sealed):
                raise SourceRefused(f"{table}.{name} is part of the key, which cannot be sealed")
        return SealedSink(sink, self._vault, personal_data(self._config.personal))

    def _published(self) -> dict[str, Sequence[str]]:
        found = self._columns()
        return {
            table: [name for name, _, _ in found.get(table, [])] if wanted == "all" else wanted
            for table, wanted in self._config.tables.items()
        }

    def _columns(self) -> dict[str, list[tuple[str, str, bool]]]:
        """Name, type and whether it is of the primary key, of every wanted column."""
        try:
            with sql_connection(self._dsn) as connection:
                rows = connection.execute(_COLUMNS, [list(self._config.tables)]).fetchall()
        except (psycopg.Error, ChangeError) as error:
            raise SourceUnreachable(f"{self._name}: {str(error).strip()}") from error
        found: dict[str, list[tuple[str, str, bool]]] = {}
        for table, column, kind, _, is_key in rows:
            wanted = self._config.tables[str(table)]
            if wanted == "all" or column in wanted:
                known = _KINDS.get(str(kind), "string")
                found.setdefault(str(table), []).append((str(column), known, bool(is_key)))
        return found

    def _counts(self) -> dict[str, int]:
        names = [table.replace(".", "_") for table in self._config.tables]
        return {name: envelopes(self._root, self._name, name)[1] for name in names}
