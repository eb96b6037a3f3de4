"""First and warm starts, and memory at rest, against starting PostgreSQL alone.

Processor seconds are those of the whole process tree; a busy machine hardly moves them. Memory is
the proportional set size (PSS) of the same, as `bodega status` shows it.

    python -m benchmarks startup
"""

import argparse
import statistics
import tempfile
import time
from pathlib import Path
from typing import NamedTuple

from benchmarks.spent import processor_of
from tests.kit.tree import Tree


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--rest", type=float, default=30, help="seconds before memory is read")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="bodega-bench-") as folder:
        tree = Tree(Path(folder) / ".bodega")
        first = started(tree)
        print(f"first start        {first.seconds:6.1f} s  (seeded, first gold, first model)")
        print(f"                   {first.processor:6.1f} s  of processor")
        starts = []
        for _ in range(options.rounds):
            tree.stop()
            starts.append(started(tree))
        postgres = servers_alone(Path(folder) / "alone")
        median = statistics.median(start.seconds for start in starts)
        print(f"warm start         {median:6.1f} s  (median of {options.rounds})")
        spent = statistics.median(start.processor for start in starts)
        print(f"                   {spent:6.1f} s  of processor")
        print(
            f"PostgreSQL alone   {postgres:6.2f} s  a warm start is x{median / postgres:.0f} of it"
        )
        time.sleep(options.rest)
        status = tree.status()
        for row in status["processes"]:
            print(f"  {row['name']:<12} {row['memory_mb']:5} MB")
        print(f"memory at rest     {status['memory_mb']:5} MB  (aim 1,536)")
        tree.stop()


class Start(NamedTuple):
    seconds: float
    processor: float


def started(tree: Tree) -> Start:
    """Until everything is ready; the processor seconds of all processes by then."""
    seconds = tree.start()
    return Start(seconds, processor_of(tree.status()["pid"]))


def servers_alone(data: Path) -> float:
    """Seconds of a warm start of the embedded PostgreSQL by itself."""
    from bodega.backbone.embedded.postgres import EmbeddedPostgres

    data.mkdir()
    server = EmbeddedPostgres(data / "postgres", password="bench", port=0)
    server.start()
    server.stop()
    started = time.perf_counter()
    server.start()
    took = time.perf_counter() - started
    server.stop()
    return took


if __name__ == "__main__":
    main()
