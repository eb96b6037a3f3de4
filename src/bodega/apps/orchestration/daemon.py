"""The process that orchestrates where BODEGA_ORCHESTRATOR=dagster: Dagster's own daemon.

python -m bodega.apps.orchestration.daemon
"""

import os
import sys

from bodega.apps.orchestration.home import environment_of, prepare_home
from bodega.backbone.settings import Settings, load_settings
from bodega.kernel.errors import Conflict


class LoopOrchestrates(Conflict):
    code = "loop_orchestrates"
    title = "The loop orchestrates this shop: set BODEGA_ORCHESTRATOR=dagster for Dagster's daemon"


def command(settings: Settings) -> list[str]:
    """Raises LoopOrchestrates: exactly one of them is active."""
    if settings.orchestrator != "dagster":
        raise LoopOrchestrates
    workspace = prepare_home(settings) / "workspace.yaml"
    return [sys.executable, "-m", "dagster._daemon", "run", "-w", str(workspace)]


def main() -> None:
    """This process becomes the daemon, so that whoever supervises it sees it live and die."""
    settings = load_settings()
    argv = command(settings)
    os.execve(argv[0], argv, dict(environment_of(settings)))


if __name__ == "__main__":
    main()
