"""What the dbt project comes to: every model and test as SQL, in an order in which they can run.

dbt writes it once for a version of the project; to run it, dbt is not needed (docs/decisions/0052).
"""

from collections.abc import Collection, Iterable
from functools import cached_property
from typing import Literal

from pydantic import BaseModel

from bodega.data.lake.publish import GoldTable


class Column(BaseModel, frozen=True):
    """A column as a model's contract declares it."""

    name: str
    type: str
    required: bool = False


class Node(BaseModel, frozen=True):
    """A model or a test. `sql` makes a model from nothing, `news` what has changed since it last
    ran, to be put in place of the rows with the same `unique_key`. `columns` are those of its
    contract, `month` says in which month a row of the model lies. A test's `news` looks at changed
    months only. A test fails when `failures` of its rows is as `error_if` says, and only warns as
    `warn_if` says, or where its severity is no more."""

    id: str
    kind: Literal["model", "test"]
    name: str
    parents: tuple[str, ...]
    sql: str
    relation: str = ""
    materialized: Literal["view", "table", "incremental", "test"]
    news: str | None = None
    unique_key: str | None = None
    month: str | None = None
    columns: tuple[Column, ...] = ()
    severity: Literal["error", "warn"] = "error"
    failures: str = "count(*)"
    warn_if: str = "!= 0"
    error_if: str = "!= 0"


class Plan(BaseModel, frozen=True):
    """`nodes` come after all that they read, a test right after the last model it looks at; `gold`
    is what readers see."""

    nodes: tuple[Node, ...]
    gold: tuple[GoldTable, ...]

    def below(self, moved: Iterable[str]) -> list[Node]:
        """What reads the `moved` tables of bronze (or `mapped.…`), near or far, in order."""
        sources = (table if table.startswith("mapped.") else f"bronze.{table}" for table in moved)
        return self.after(f"source.bodega.{source}" for source in sources)

    def after(self, ids: Iterable[str]) -> list[Node]:
        """What reads any of `ids`, near or far, in order."""
        reached, found = set(ids), []
        for node in self.nodes:
            if not reached.isdisjoint(node.parents):
                reached.add(node.id)
                found.append(node)
        return found

    def touched(self, moved: Iterable[str]) -> set[str]:
        """Models below `moved`, views among them: no other can hold anything new."""
        return {node.name for node in self.below(moved) if node.kind == "model"}

    @cached_property
    def sql(self) -> dict[str, str]:
        """By id, the statement that makes each model from nothing."""
        return {node.id: node.sql for node in self.nodes if node.kind == "model"}


def in_order(nodes: Collection[Node]) -> tuple[Node, ...]:
    """Models after what they read, tests as early as they can run."""
    waiting = sorted(nodes, key=lambda node: (node.kind == "model", node.id))
    ours = {node.id for node in nodes}
    done: dict[str, Node] = {}
    while waiting:
        node = next(node for node in waiting if not (ours & {*node.parents}) - done.keys())
        waiting.remove(node)
        done[node.id] = node
    return tuple(done.values())
