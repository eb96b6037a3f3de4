"""The dbt project in a warm process: parsed once, then run by name without a network."""

import hashlib
import os
import shutil
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from importlib.metadata import version
from pathlib import Path
from typing import Any

from bodega.data.pipelines.warehouse import Warehouse

PROJECT = Path(__file__).parent.parent / "transform"


@dataclass(frozen=True)
class NodeResult:
    """How one model or test went. `status` is dbt's: success, pass, fail, error, skipped."""

    node: str
    status: str
    seconds: float
    message: str
    started_at: datetime | None = None
    sql: str = ""
    relation: str = ""

    @property
    def kind(self) -> str:
        """model, test, unit_test, snapshot …"""
        return self.node.split(".")[0]

    @property
    def name(self) -> str:
        """Without kind, project and hash."""
        return self.node.split(".")[2]

    @property
    def failed(self) -> bool:
        return self.status in ("error", "fail", "runtime error")


@cache
def project_fingerprint() -> str:
    """Changes whenever a model, macro, test or setting of the project does."""
    digest = hashlib.sha256()
    for path in sorted(PROJECT.rglob("*")):
        if path.suffix in (".sql", ".yml") and "target" not in path.parts:
            digest.update(path.relative_to(PROJECT).as_posix().encode())
            digest.update(path.read_bytes())
    return digest.hexdigest()


@cache
def parsed_by() -> str:
    """Names what a parsed project holds good for: these very files, read by these very versions."""
    readers = "".join(version(name) for name in ("dbt-core", "dbt-duckdb"))
    return hashlib.sha256(f"{project_fingerprint()}{readers}".encode()).hexdigest()[:16]


class Transforms:
    """The dbt project over one warehouse."""

    def __init__(self, warehouse: Warehouse, manifest: Any = None) -> None:
        """`manifest`: the project as another instance parsed it."""
        self._warehouse = warehouse
        self._manifest = manifest

    def build(self, moved: Iterable[str], *, full: bool = False) -> list[NodeResult]:
        """Run what lies downstream of the `moved` tables of bronze (or `mapped.…`), each model with
        its tests.

        A failed test skips what lies below it. `full` rebuilds from the first change on."""
        if full:
            return self._run(["build", "--full-refresh", "--exclude", "resource_type:unit_test"])
        names = self._downstream(moved)
        if not names:
            return []
        return self._run(["build", "--indirect-selection", "empty", "--select", *names])

    def touched(self, moved: Iterable[str]) -> set[str]:
        """Models below `moved`, views among them: no other can hold anything new."""
        return {node.name for node in self._below(moved) if node.resource_type == "model"}

    def _downstream(self, moved: Iterable[str]) -> list[str]:
        """Models and tests below `moved`; views are left out, they follow their tables."""
        return sorted(
            node.name
            for node in self._below(moved)
            if node.resource_type in ("model", "test") and node.config.materialized != "view"
        )

    def _below(self, moved: Iterable[str]) -> list[Any]:
        manifest = self.manifest()
        sources = (table if table.startswith("mapped.") else f"bronze.{table}" for table in moved)
        queue = [f"source.bodega.{source}" for source in sources]
        reached: set[str] = set()
        while queue:
            for child in manifest.child_map.get(queue.pop(), ()):
                if child not in reached:
                    reached.add(child)
                    queue.append(child)
        return [manifest.nodes[id] for id in reached if id in manifest.nodes]

    def test(self, select: list[str]) -> list[NodeResult]:
        """Run the selected tests only; `test_type:unit` names the unit tests."""
        return self._run(["test", "--select", *select])

    @property
    def compiled(self) -> Path:
        """Where the SQL of models lies as it was last run, by package and path."""
        return self._scratch() / "target" / "compiled"

    def compile(self, select: str = "*", *, full: bool = False) -> None:
        """Write the SQL of every model without running it; `full` as for a first build."""
        anew = ["--full-refresh"] if full else []
        self._invoke(["compile", "--select", select, *anew], manifest=self.manifest())

    def docs(self, target: Path) -> Path:
        """Write every model, column, test and use as one HTML page; where it is."""
        scratch = self._scratch() / "docs"
        self._invoke(
            ["docs", "generate", "--static", "--empty-catalog", "--write-json"],
            manifest=None,
            scratch=scratch,
        )
        target.parent.mkdir(parents=True, exist_ok=True)
        return Path(shutil.copy(scratch / "target" / "static_index.html", target))

    def manifest(self) -> Any:
        """The parsed project; parsed on first use."""
        if self._manifest is None:
            self._manifest = self._invoke(["parse"], manifest=None)
            self._manifest.build_parent_and_child_maps()
        return self._manifest

    def _run(self, arguments: list[str]) -> list[NodeResult]:
        outcome = self._invoke(arguments, manifest=self.manifest())
        return [_node(result) for result in outcome.results]

    def _scratch(self) -> Path:
        """Where dbt keeps what it parsed. It trusts what it finds there after a model's YAML has
        changed, so each project has a place of its own, and those of others go."""
        folder = self._warehouse.work / "dbt"
        mine = folder / parsed_by()
        if not mine.exists():
            shutil.rmtree(folder, ignore_errors=True)
            mine.mkdir(parents=True)
        return mine

    def _invoke(self, arguments: list[str], *, manifest: Any, scratch: Path | None = None) -> Any:
        os.environ.update(self._warehouse.environment(), DO_NOT_TRACK="1")
        from dbt.cli.main import dbtRunner

        scratch = scratch or self._scratch()
        writes = [] if "--write-json" in arguments else ["--no-write-json"]
        outcome = dbtRunner(manifest=manifest).invoke(
            [
                *arguments,
                *("--project-dir", str(PROJECT), "--profiles-dir", str(PROJECT)),
                *("--target-path", str(scratch / "target"), "--log-path", str(scratch)),
                *("--log-level-file", "none", "--quiet", *writes),
                *("--no-send-anonymous-usage-stats", "--no-version-check", "--no-use-colors"),
            ]
        )
        if outcome.exception is not None:
            raise outcome.exception
        return outcome.result


def _node(result: Any) -> NodeResult:
    node = result.node
    return NodeResult(
        node=node.unique_id,
        status=str(result.status),
        seconds=float(result.execution_time),
        message=str(result.message or ""),
        started_at=_started(result),
        relation=f"{getattr(node, 'schema', '')}.{getattr(node, 'alias', '')}",
        sql=str(getattr(node, "compiled_code", None) or ""),
    )


def _started(result: Any) -> datetime | None:
    """When dbt began to execute a node; it keeps a time for each phase."""
    for phase in result.timing:
        if phase.name == "execute" and phase.started_at is not None:
            found: datetime = phase.started_at
            return found if found.tzinfo else found.replace(tzinfo=UTC)
    return None
