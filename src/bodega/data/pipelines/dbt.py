"""The dbt project: parsed and compiled, without a network, into a plan that runs without dbt."""

import hashlib
import os
import shutil
from contextlib import suppress
from functools import cache
from importlib.metadata import version
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from bodega.data.lake.publish import gold_tables
from bodega.data.lake.storage import LakeRoot
from bodega.data.pipelines import plan as plans
from bodega.data.pipelines.plan import Column, Node, Plan, in_order
from bodega.data.pipelines.warehouse import Warehouse
from bodega.kernel.errors import BodegaError, Invalid

PROJECT = Path(__file__).parent.parent / "transform"
_WITH_NEWS = ("config.materialized:incremental", "test_type:data")
_PLAN = "plan.json"
_MATERIALIZED = ("view", "table", "incremental")
_ADDED = (None, "delete+insert")


class PlanImpossible(Invalid):
    code = "plan_impossible"
    title = "A refresh knows no hooks, seeds or snapshots, and adds rows by delete and insert only"


def _beyond_a_plan(node: Any) -> bool:
    config = node.config
    if str(node.resource_type) == "test":
        return False
    if str(node.resource_type) != "model" or config.materialized not in _MATERIALIZED:
        return True
    return bool(config.pre_hook or config.post_hook) or config.incremental_strategy not in _ADDED


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
    ours = "".join(Path(file).read_text() for file in (__file__, plans.__file__))
    readers = "".join(version(name) for name in ("dbt-core", "dbt-duckdb")) + ours
    return hashlib.sha256(f"{project_fingerprint()}{readers}".encode()).hexdigest()[:16]


def _in_cache() -> list[Path]:
    """As the XDG base directories say; nowhere for a user without a home."""
    try:
        root = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    except RuntimeError:
        return []
    return [root / "bodega" / f"plan-{parsed_by()}.json"]


def _read(place: Path) -> Plan | None:
    """None where there is none, or none that can be read."""
    try:
        return Plan.model_validate_json(place.read_bytes())
    except (OSError, ValidationError):
        return None


class Project:
    """The dbt project, with its scratch beside a warehouse. What is costly is done when it is first
    asked for."""

    def __init__(self, warehouse: Warehouse, manifest: Any = None) -> None:
        """`manifest`: the project as another instance parsed it."""
        self._warehouse = warehouse
        self._manifest = manifest

    def plan(self) -> Plan:
        """What the project comes to; compiled once a version, then read where it is kept: beside
        the warehouse, and in the user's cache for the next one."""
        places = [self.scratch / _PLAN, *_in_cache()]
        plan = next((kept for place in places if (kept := _read(place))), None) or self.compile()
        for place in places:
            if not place.exists():
                with suppress(OSError, BodegaError):  # it is compiled again, that is all
                    place.parent.mkdir(parents=True, exist_ok=True)
                    LakeRoot(place.parent).write_json(place.name, plan.model_dump(mode="json"))
        return plan

    def compile(self) -> Plan:
        """Let dbt compile every model, and both ways of the incremental ones and of tests, whatever
        the warehouse holds. Raises PlanImpossible."""
        nodes = self.manifest().nodes
        if beyond := sorted(node.name for node in nodes.values() if _beyond_a_plan(node)):
            raise PlanImpossible(", ".join(beyond))
        whole = self._compiled(["--full-refresh"])
        news = self._compiled(["--select", *_WITH_NEWS, "--vars", "{incremental: true}"])
        return Plan(
            nodes=in_order([_node(nodes[id], sql, news.get(id)) for id, sql in whole.items()]),
            gold=tuple(gold_tables(nodes)),
        )

    def _compiled(self, arguments: list[str]) -> dict[str, str]:
        """Over an empty warehouse: dbt keeps open what it has opened."""
        empty = Warehouse(self.scratch)
        outcome = self._invoke(["compile", *arguments], manifest=self.manifest(), warehouse=empty)
        return {result.node.unique_id: result.node.compiled_code for result in outcome.results}

    def run(self, *arguments: str) -> dict[str, str]:
        """Let dbt itself work on the warehouse, as in `run("test", "--select", "test_type:unit")`;
        by name how each node went: success, pass, fail, error, skipped."""
        outcome = self._invoke(list(arguments), manifest=self.manifest())
        return {result.node.name: str(result.status) for result in outcome.results}

    def docs(self, target: Path) -> Path:
        """Write every model, column, test and use as one HTML page; where it is."""
        scratch = self.scratch / "docs"
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
        return self._manifest

    @property
    def scratch(self) -> Path:
        """Where dbt keeps what it parsed. It trusts what it finds there after a model's YAML has
        changed, so each project has a place of its own, and those of others go."""
        folder = self._warehouse.work / "dbt"
        mine = folder / parsed_by()
        if not mine.exists():
            shutil.rmtree(folder, ignore_errors=True)
            mine.mkdir(parents=True)
        return mine

    def _invoke(
        self,
        arguments: list[str],
        *,
        manifest: Any,
        scratch: Path | None = None,
        warehouse: Warehouse | None = None,
    ) -> Any:
        os.environ.update((warehouse or self._warehouse).environment(), DO_NOT_TRACK="1")
        from dbt.cli.main import dbtRunner

        scratch = scratch or self.scratch
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


def _node(node: Any, sql: str, news: str | None) -> Node:
    kind, config = str(node.resource_type), node.config
    if kind == "test":
        more = {
            "severity": config.severity.lower(),
            "failures": config.fail_calc,
            "warn_if": config.warn_if,
            "error_if": config.error_if,
        }
    else:
        more = {
            "relation": f"{node.schema}.{node.alias}",
            "unique_key": config.unique_key,
            "month": config.meta.get("month"),
            "columns": _contract(node),
        }
    return Node.model_validate(
        {
            "id": node.unique_id,
            "kind": kind,
            "name": node.name,
            "parents": tuple(node.depends_on.nodes),
            "materialized": config.materialized,
            "sql": sql,
            "news": None if kind == "test" and news == sql else news,
            **more,
        }
    )


def _contract(node: Any) -> tuple[Column, ...]:
    """None where it is not to be enforced."""
    if not node.config.contract.enforced:
        return ()
    return tuple(
        Column(
            name=column.name,
            type=column.data_type,
            required=any(rule.type.value == "not_null" for rule in column.constraints),
        )
        for column in node.columns.values()
    )
