"""The processes that orchestrate where BODEGA_ORCHESTRATOR=dagster: one holds the definitions and
starts the runs, the other is Dagster's daemon, which decides when.

python -m bodega.apps.orchestration.daemon code
python -m bodega.apps.orchestration.daemon
"""

import os
import sys
from collections.abc import Sequence

from bodega.apps.orchestration.home import MODULE, code_socket, environment_of, prepare_home
from bodega.backbone.settings import Settings, load_settings
from bodega.kernel.errors import Conflict


class LoopOrchestrates(Conflict):
    code = "loop_orchestrates"
    title = "The loop orchestrates this shop: set BODEGA_ORCHESTRATOR=dagster for Dagster's daemon"


def command(settings: Settings, *, code: bool = False) -> list[str]:
    """Raises LoopOrchestrates: exactly one of them is active."""
    if settings.orchestrator != "dagster":
        raise LoopOrchestrates
    workspace = prepare_home(settings) / "workspace.yaml"
    if not code:
        return [sys.executable, "-m", "dagster._daemon", "run", "-w", str(workspace)]
    socket = code_socket(settings)
    socket.unlink(missing_ok=True)
    return [
        *(sys.executable, "-m", "dagster", "api", "grpc", "--socket", str(socket)),
        *("-m", MODULE, "-a", "load", "--location-name", "bodega", "--log-level", "warning"),
        *("--lazy-load-user-code", "--use-python-environment-entry-point"),
    ]


def main(arguments: Sequence[str]) -> None:
    """This process becomes Dagster's, so that whoever supervises it sees it live and die."""
    settings = load_settings()
    argv = command(settings, code=list(arguments) == ["code"])
    os.execve(argv[0], argv, dict(environment_of(settings)))


if __name__ == "__main__":
    main(sys.argv[1:])
