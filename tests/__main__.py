"""The whole suite: units and integration in parallel, then the journeys one by one."""

import argparse
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

TESTS_FAILED = 1  # pytest's exit code


# Several workers share the cores; libraries that each take all of them only wait for one another.
ONE_THREAD = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", "POLARS_MAX_THREADS": "1"}


def _pytest(*arguments: str) -> int:
    env = {**os.environ, **ONE_THREAD}
    # Hundreds of processes begin in a run; without bytecode each would compile what it imports.
    env.pop("PYTHONDONTWRITEBYTECODE", None)
    return subprocess.run(
        [sys.executable, "-m", "pytest", "--durations=10", "--durations-min=2", *arguments],
        env=env,
        check=False,
    ).returncode


def _suite(spread: list[str], *arguments: str) -> int:
    """Failures are tried once more, one by one: these tests kill real servers against the clock,
    and a machine with other work may miss a deadline. What fails alone too, has failed."""
    code = _pytest(*spread, *arguments)
    if code != TESTS_FAILED:
        return code
    print("\nFailed above, now alone; what passes only here deserves a look:", flush=True)
    return _pytest("-p", "no:xdist", "--last-failed", "--last-failed-no-failures=none", *arguments)


def _coverage(*arguments: str) -> int:
    return subprocess.run([sys.executable, "-m", "coverage", *arguments], check=False).returncode


def _options() -> tuple[argparse.Namespace, list[str]]:
    parser = argparse.ArgumentParser(prog="python -m tests", description=__doc__)
    parser.add_argument("--no-journeys", action="store_true", help="leave the process trees out")
    parser.add_argument("--journeys-only", action="store_true", help="only the process trees")
    parser.add_argument("--coverage", action="store_true", help="measure, and fail below 85 %%")
    # One more worker than cores: real servers and kill tests wait as much as they work.
    parser.add_argument("-n", "--workers", default=str((os.cpu_count() or 2) + 1), metavar="N")
    return parser.parse_known_args()


@contextmanager
def _timed(part: str, spent: dict[str, float]) -> Iterator[None]:
    began = time.monotonic()
    yield
    spent[part] = time.monotonic() - began


def _that_grow() -> list[str]:
    """Proofs beside the journeys that take larger counts when asked to: kills, storms, machines."""
    found = Path(__file__).parent.rglob("test_*.py")
    return [
        str(path)
        for path in sorted(found)
        if "journey" not in path.parts and "BODEGA_SOAK" in path.read_text()
    ]


def main() -> int:
    options, rest = _options()
    spent: dict[str, float] = {}
    cover = ["--cov", "--cov-append", "--cov-report="] if options.coverage else []
    if options.coverage:
        _coverage("erase")
    failed = 0
    if not options.journeys_only:
        marks = "not journey and not soak"
        spread = ["-n", options.workers, "--dist", "loadgroup"]
        with _timed("units and integration", spent):
            failed |= _suite(spread, "-m", marks, *cover, *rest)
    if os.environ.get("BODEGA_SOAK") and options.journeys_only:
        with _timed("proofs that grow", spent):
            failed |= _suite(["-p", "no:xdist"], "-m", "not journey", *_that_grow(), *rest)
    if not options.no_journeys:
        marks = "journey or soak" if os.environ.get("BODEGA_SOAK") else "journey"
        with _timed("journeys", spent):
            failed |= _suite(["-p", "no:xdist"], "-m", marks, *cover, *rest)
    if options.coverage:
        _coverage("combine", "--append", "--quiet")
        failed |= _coverage("report", "--skip-covered", "--fail-under=85")
    for part, seconds in {**spent, "in all": sum(spent.values())}.items():
        print(f"{part:<22}{seconds:6.0f} s")
    return int(bool(failed))


if __name__ == "__main__":
    sys.exit(main())
