"""Decides whether the database needs preparing, and has it done in a process of its own."""

import os
import subprocess
from collections.abc import Mapping, Sequence
from typing import IO

from bodega.apps.supervise.errors import StepFailed
from bodega.apps.supervise.folder import DataFolder
from bodega.apps.supervise.report import Reporter, from_pipe
from bodega.backbone.embedded.process import launcher
from bodega.backbone.heads import heads, installed


class Preparation:
    """Remembers in `prepared.json` what was done to which database, so that most starts skip it."""

    def __init__(self, folder: DataFolder, dsn: str, *, seed: bool) -> None:
        self._folder = folder
        self._dsn = dsn
        self._seed = seed

    @property
    def needed(self) -> bool:
        """Unless these very migrations made this very state, and goods are there or unasked."""
        done = self._folder.read(self._folder.prepared_file)
        same = done.get("installed") == installed() and done.get("heads") == heads(self._dsn)
        return not same or (self._seed and not done.get("seeded", False))

    def run(self, command: Sequence[str], environment: Mapping[str, str], report: Reporter) -> None:
        """Run `command`, which speaks in reports. Raises StepFailed with its last words."""
        log = self._folder.log("prepare")
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
        self._remember()

    def _remember(self) -> None:
        content = {"installed": installed(), "heads": heads(self._dsn), "seeded": self._seed}
        self._folder.write(self._folder.prepared_file, content)


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
