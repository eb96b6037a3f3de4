"""Runs `prepare` in a process of its own and passes on what it says."""

import os
import subprocess
from collections.abc import Mapping, Sequence
from typing import IO

from bodega.apps.supervise.errors import StepFailed
from bodega.apps.supervise.folder import DataFolder
from bodega.apps.supervise.report import Reporter, from_pipe
from bodega.backbone.embedded.process import launcher


def prepare(
    folder: DataFolder, environment: Mapping[str, str], command: Sequence[str], report: Reporter
) -> None:
    """Run `command`, which speaks in reports. Raises StepFailed with its last words."""
    log = folder.log("prepare")
    under_way = "Preparing the database"
    with log.open("w") as errors, _start(command, environment, errors) as process:
        assert process.stdout is not None
        try:
            for said in from_pipe(process.stdout):
                under_way = said.step or under_way
                report(said)
        except BaseException:
            process.kill()
            raise
    if process.returncode != 0:
        lines = [line for line in log.read_text().splitlines() if line.strip()]
        reason = lines[-1] if lines else f"it ended with code {process.returncode}"
        raise StepFailed(step=under_way, reason=reason, log=log)


def _start(
    command: Sequence[str], environment: Mapping[str, str], errors: IO[str]
) -> subprocess.Popen[str]:
    return subprocess.Popen(
        launcher(command),
        env={**os.environ, **environment, "BODEGA_PROCESS": "prepare"},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=errors,
        text=True,
        start_new_session=True,
    )
