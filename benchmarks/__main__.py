"""Every benchmark, one after another: `make bench`, or `python -m benchmarks http startup`."""

import argparse
import subprocess
import sys

ALL = (
    *("http", "cart", "checkouts", "freshness", "startup"),
    *("import_rows", "change_feed", "ingest", "lake_build", "gold_build", "lake_care"),
)


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"of {', '.join(ALL)}")
    chosen = parser.parse_args().names or ALL
    unknown = sorted(set(chosen) - set(ALL))
    if unknown:
        parser.error(f"no such benchmark: {', '.join(unknown)}")
    failed = 0
    for name in chosen:
        print(f"\n=== {name}", flush=True)
        module = [sys.executable, "-m", f"benchmarks.{name}"]
        failed |= subprocess.run(module, check=False).returncode
    return int(bool(failed))


if __name__ == "__main__":
    sys.exit(main())
