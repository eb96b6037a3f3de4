"""Brings the database to where the shop can open; a short-lived process, so that its memory goes.

    python -m bodega.apps.supervise.prepare [--no-seed]

Reports are JSON lines on standard output. Exit code 0 when all is done.
"""

import sys

from bodega.apps.supervise import steps
from bodega.apps.supervise.report import to_pipe
from bodega.backbone.settings import load_settings
from bodega.backbone.telemetry.logs import configure_logs
from bodega.kernel.errors import BodegaError


def main(arguments: list[str]) -> int:
    settings = load_settings()
    configure_logs(settings)
    report = to_pipe(sys.stdout)
    try:
        steps.migrate(settings, report)
        steps.make_admin(settings, report)
        if "--no-seed" not in arguments and settings.seed_orders:
            steps.seed(settings, report)
    except BodegaError as error:
        sys.stderr.write(f"{error.detail}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
