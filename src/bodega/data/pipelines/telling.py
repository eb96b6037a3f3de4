"""What a refresh tells the history of itself: a step for each table, model, test and check."""

from collections.abc import Iterable, Mapping

from bodega.contracts.pipelines import StepState
from bodega.data.lake.published import Published
from bodega.data.operations.runs import Run
from bodega.data.pipelines.execute import NodeResult


def tell_bronze(run: Run, moved: Iterable[str], changes: Mapping[str, int]) -> None:
    for table in moved:
        name = table if "." in table else f"bronze.{table}"
        run.step(name, kind="bronze", rows=changes.get(table))


def tell_nodes(run: Run, results: Iterable[NodeResult], rows: Mapping[str, int]) -> None:
    """Models and tests; of what failed, the SQL as well."""
    for result in results:
        node = result.node
        state: StepState = "succeeded"
        if result.failed:
            state = "failed"
            run.say(f"{result.message}\n\n{node.sql}".strip(), step=node.name, level="error")
        elif result.status == "skipped":
            state = "skipped"
        elif result.status == "warn":
            run.say(result.message, step=node.name, level="warning")
        run.step(
            node.name,
            kind=node.kind,
            state=state,
            started_at=result.started_at,
            seconds=round(result.seconds, 3),
            rows=rows.get(node.relation),
            detail=result.message if result.failed else "",
        )


def tell_refusals(run: Run, failures: Iterable[str]) -> None:
    """What the gate found, each as a failing step of its own."""
    for failure in failures:
        name = failure.partition(":")[0]
        run.step(name, kind="check", state="failed", detail=failure)
        run.say(failure, step=name, level="error")


def tell_written(run: Run, published: Published, written: Mapping[str, list[str]]) -> None:
    """Rows and bytes of the run are those of the tables it wrote."""
    run.rows = run.bytes = 0
    for name, partitions in sorted(written.items()):
        table = published.tables.get(name)
        if table is None:
            continue
        rows = sum(
            int(table.prints[part].split("-")[0]) for part in partitions if part in table.prints
        )
        run.step(f"gold.{name}", kind="publish", rows=rows, bytes=table.written_bytes)
        run.say(f"version {table.version}: {_named(partitions)}", step=f"gold.{name}")
        run.rows += rows
        run.bytes += table.written_bytes


def _named(partitions: list[str]) -> str:
    if partitions == [""]:
        return "whole"
    more = f" and {len(partitions) - 12} more" if len(partitions) > 12 else ""
    return ", ".join(partitions[:12]) + more
