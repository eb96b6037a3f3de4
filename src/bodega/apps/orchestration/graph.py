"""The graph as Dagster knows it: a table of bronze, a model of dbt, a test of dbt, each by name."""

from collections.abc import Iterable, Mapping
from datetime import date
from graphlib import TopologicalSorter
from typing import Any

import dagster as dg

from bodega.data.pipelines.bronze import TABLES
from bodega.data.pipelines.days import DAILY

OWNER = "team:data"
GATE = "fit_to_publish"
GATED = dg.AssetKey(["gold", "mart_daily_sales"])
_NODES = ("model", "snapshot")


def bronze_key(table: str) -> dg.AssetKey:
    return dg.AssetKey(["bronze", table])


def daily(first: date) -> dg.DailyPartitionsDefinition:
    """UTC days from `first` on, today among them."""
    return dg.DailyPartitionsDefinition(start_date=first.isoformat(), end_offset=1)


def bronze_specs() -> list[dg.AssetSpec]:
    """What the change feed appends to; Dagster watches it and does not run it."""
    return [
        dg.AssetSpec(
            bronze_key(table),
            group_name="bronze",
            owners=[OWNER],
            kinds={"delta"},
            description=f"Changes of {table.removeprefix('shop__')} as the feed wrote them.",
        )
        for table in TABLES
    ]


class Models:
    """dbt's models and tests under Dagster's keys."""

    def __init__(self, manifest: Any) -> None:
        self.manifest = manifest
        self._nodes: Mapping[str, Any] = manifest.nodes
        self._sources: Mapping[str, Any] = manifest.sources
        self.keys = {  # in the order of their dependencies, in which Dagster is told of them
            node_id: dg.AssetKey([self._nodes[node_id].schema, self._nodes[node_id].alias])
            for node_id in self._sorted()
        }
        self.by_name = {self._nodes[node_id].name: key for node_id, key in self.keys.items()}
        self.daily = {self.by_name[name] for name in DAILY if name in self.by_name}
        self.checks: dict[str, dg.AssetCheckKey] = {
            node.name: dg.AssetCheckKey(key, node.name)
            for node in self._nodes.values()
            if node.resource_type == "test" and (key := self._tested(node)) is not None
        }

    def specs(self, partitions: dg.PartitionsDefinition[str]) -> list[dg.AssetSpec]:
        return [
            self._spec(node_id, key, partitions if key in self.daily else None)
            for node_id, key in self.keys.items()
        ]

    def check_specs(self) -> list[dg.AssetCheckSpec]:
        """Every data test of dbt, and the gate before publishing: each blocks."""
        tests = [
            dg.AssetCheckSpec(key.name, asset=key.asset_key, blocking=True)
            for key in self.checks.values()
        ]
        gate = "Both sides of the load agree, and what must hold of gold holds, before it is read."
        return [*tests, dg.AssetCheckSpec(GATE, asset=GATED, blocking=True, description=gate)]

    def _spec(
        self, node_id: str, key: dg.AssetKey, partitions: dg.PartitionsDefinition[str] | None
    ) -> dg.AssetSpec:
        node = self._nodes[node_id]
        meta = node.config.meta
        return dg.AssetSpec(
            key,
            deps=sorted(set(self._parents(node.depends_on.nodes))),
            group_name=key.path[0],
            owners=[meta.get("owner") or OWNER],
            kinds={"dbt", "duckdb", *(["delta"] if meta.get("publish") else [])},
            description=node.description or None,
            partitions_def=partitions,
            metadata={"dagster/column_schema": _columns(node.columns.values())},
        )

    def _sorted(self) -> Iterable[str]:
        built = {n: node for n, node in self._nodes.items() if node.resource_type in _NODES}
        below = {n: set(node.depends_on.nodes) & built.keys() for n, node in built.items()}
        return TopologicalSorter(below).static_order()

    def _parents(self, node_ids: Iterable[str]) -> Iterable[dg.AssetKey]:
        for node_id in node_ids:
            if node_id in self.keys:
                yield self.keys[node_id]
            elif (source := self._sources.get(node_id)) and source.source_name != "meta":
                yield dg.AssetKey([source.source_name, source.name])

    def _tested(self, test: Any) -> dg.AssetKey | None:
        """The model a test is about; of a test about several, the last one of them."""
        attached = getattr(test, "attached_node", None)
        about = [attached] if attached else sorted(test.depends_on.nodes)
        known = [node_id for node_id in about if node_id in self.keys]
        return self.keys[known[-1]] if known else None


def _columns(columns: Iterable[Any]) -> dg.TableSchema:
    return dg.TableSchema(
        [
            dg.TableColumn(
                column.name, type=column.data_type or "unknown", description=column.description
            )
            for column in columns
        ]
    )
