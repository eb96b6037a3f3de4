"""The whole suite: units and integration in parallel, and the journeys one by one beside them."""

import argparse
import os
import subprocess
import sys
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryFile
from typing import IO

TESTS_FAILED = 1  # pytest's exit code


# Several workers share the cores; libraries that each take all of them only wait for one another.
ONE_THREAD = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", "POLARS_MAX_THREADS": "1"}
ALONE = ("-p", "no:xdist")


@dataclass
class Part:
    """One run of pytest. What it keeps from run to run lies apart: two may run at once."""

    name: str
    arguments: Sequence[str]
    of_all: Sequence[str] = ()  # what makes sense when everything is run
    seconds: float = 0

    def run(self, *more: str, output: IO[bytes] | None = None) -> int:
        env = {**os.environ, **ONE_THREAD}
        # Hundreds of processes begin in a run; without bytecode each would compile its imports.
        env.pop("PYTHONDONTWRITEBYTECODE", None)
        cache = f"cache_dir=.pytest_cache/{self.name.split()[0]}"
        command = [sys.executable, "-m", "pytest", "--durations=10", "--durations-min=2"]
        began = time.monotonic()
        done = subprocess.run(
            [*command, "-o", cache, *self.arguments, *more],
            env=env,
            check=False,
            stdout=output,
            stderr=output and subprocess.STDOUT,
        )
        self.seconds += time.monotonic() - began
        return done.returncode

    def all(self, output: IO[bytes] | None = None) -> int:
        return self.run(*self.of_all, output=output)

    def again(self, code: int) -> int:
        """Failures are tried once more, one by one: these tests kill real servers against the
        clock, and a machine with other work may miss a deadline. What fails alone too, failed."""
        if code != TESTS_FAILED:
            return code
        print(f"\nFailed in {self.name}, now alone; what passes only here deserves a look:")
        sys.stdout.flush()
        alone = ("-n", "0", "--dist", "no") if "-n" in self.arguments else ()
        return self.run(*alone, "--last-failed", "--last-failed-no-failures=none")


def one_by_one(parts: Sequence[Part]) -> int:
    return max((part.again(part.all()) for part in parts), default=0)


def beside(first: Part, second: Part) -> int:
    """Both at once, so that no core waits while a journey does; the second's lines come after."""
    with TemporaryFile() as output, ThreadPoolExecutor(1) as pool:
        print(f"{second.name} run beside and are shown afterwards", flush=True)
        other = pool.submit(second.all, output=output)
        codes = first.all(), other.result()
        output.seek(0)
        print(f"\n{second.name}:\n{output.read().decode(errors='replace')}", flush=True)
    return max(first.again(codes[0]), second.again(codes[1]))


def _coverage(*arguments: str) -> int:
    return subprocess.run([sys.executable, "-m", "coverage", *arguments], check=False).returncode


def _options() -> tuple[argparse.Namespace, list[str]]:
    parser = argparse.ArgumentParser(prog="python -m tests", description=__doc__)
    parser.add_argument("--no-journeys", action="store_true", help="leave the process trees out")
    parser.add_argument("--journeys-only", action="store_true", help="only the process trees")
    parser.add_argument("--coverage", action="store_true", help="measure, and fail below 85 %%")
    parser.add_argument("-n", "--workers", help="processes for units and integration", metavar="N")
    return parser.parse_known_args()


def _that_grow() -> list[str]:
    """Proofs beside the journeys that take larger counts when asked to: kills, storms, machines."""
    found = Path(__file__).parent.rglob("test_*.py")
    return [
        str(path)
        for path in sorted(found)
        if "journey" not in path.parts and "BODEGA_SOAK" in path.read_text()
    ]


def _parts(options: argparse.Namespace, rest: list[str]) -> list[Part]:
    soak = bool(os.environ.get("BODEGA_SOAK"))
    if options.coverage:
        rest = ["--cov", "--cov-append", "--cov-report=", *rest]
    # More workers than cores: real servers and kill tests wait as much as they work, and one
    # worker is busy with the lake for most of the time.
    workers = options.workers or str((os.cpu_count() or 2) + 2)
    spread = ["-n", workers, "--dist", "loadgroup", "-m", "not journey and not soak"]
    of_all = [] if rest else ["--every-error=report"]
    journeys = [*ALONE, "-m", "journey or soak" if soak else "journey and not soak"]
    parts = []
    if not options.journeys_only:
        parts.append(Part("units and integration", [*spread, *rest], of_all))
    elif soak:
        parts.append(Part("proofs that grow", [*ALONE, "-m", "not journey", *_that_grow(), *rest]))
    if not options.no_journeys:
        parts.append(Part("journeys", [*journeys, *rest]))
    return parts


def main() -> int:
    options, rest = _options()
    began = time.monotonic()
    parts = _parts(options, rest)
    if options.coverage:
        _coverage("erase")
    apart = options.coverage or options.journeys_only or options.no_journeys
    failed = one_by_one(parts) if apart else beside(*parts)
    if options.coverage:
        _coverage("combine", "--append", "--quiet")
        failed |= _coverage("report", "--skip-covered", "--fail-under=85")
    for part in parts:
        print(f"{part.name:<22}{part.seconds:6.0f} s")
    print(f"{'in all':<22}{time.monotonic() - began:6.0f} s")
    return int(bool(failed))


if __name__ == "__main__":
    sys.exit(main())
