"""`bodega up --detach`: a supervisor of its own session, whose start is shown until it is open."""

import os
import subprocess
import sys
from collections.abc import Callable
from typing import IO

from bodega.apps.supervise.folder import DataFolder
from bodega.apps.supervise.processes import cast_of
from bodega.apps.supervise.report import Report, Reporter, from_pipe, to_pipe
from bodega.apps.supervise.terminal import Terminal
from bodega.backbone.settings import Settings, load_settings
from bodega.kernel.errors import BodegaError

_REPORT_FD = "BODEGA_REPORT_FD"


def start_detached(settings: Settings, *, seed: bool, report: Reporter) -> int:
    """Start, pass on what is reported until the shop is open, and leave it running; exit code."""
    folder = DataFolder(settings.data_dir)
    folder.open()
    reading, writing = os.pipe()
    with folder.log("supervisor").open("a") as log:
        supervisor = subprocess.Popen(
            [
                sys.executable,
                "-m",
                "bodega.apps.detach",
                *([] if seed else ["--no-seed"]),
            ],
            env={**os.environ, _REPORT_FD: str(writing)},
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            pass_fds=[writing],
            start_new_session=True,
        )
    os.close(writing)
    with os.fdopen(reading) as pipe:
        try:
            return _follow(supervisor, pipe, report)
        except KeyboardInterrupt:
            supervisor.terminate()
            return supervisor.wait()


def _follow(supervisor: subprocess.Popen[bytes], pipe: IO[str], report: Reporter) -> int:
    for said in from_pipe(pipe):
        report(said)
        if said.kind == "ready":
            supervisor.returncode = 0  # it is not ours to wait for any longer
            return 0
    return supervisor.wait() or 1


def main(arguments: list[str]) -> int:
    """The detached side: reports to the pipe, and all but secrets to its own log."""
    from bodega.apps.supervisor import Supervisor

    descriptor = int(os.environ.pop(_REPORT_FD))
    os.set_inheritable(descriptor, False)
    with os.fdopen(descriptor, "w") as pipe, Terminal() as log:
        report = _both(to_pipe(pipe), log)
        try:
            settings = load_settings()
            cast = cast_of(settings, seed="--no-seed" not in arguments)
            return Supervisor(settings, cast, report=report, echo=None).run()
        except BodegaError as error:
            report(Report("error", text=error.detail))
            return 1


def _both(pipe: Reporter, log: Callable[[Report], None]) -> Reporter:
    def report(said: Report) -> None:
        pipe(said)
        if said.kind != "secret":
            log(said)

    return report


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
