"""Dagster's pages, in an environment of their own made on demand.

Its web server wants older libraries than the shop does, so it never shares the shop's environment:
it asks this Python for the definitions, over a socket.
"""

import importlib.metadata
import os
import shutil
import signal
import subprocess
import sys
import venv
from collections.abc import Callable, Sequence
from pathlib import Path

from bodega.apps.orchestration.home import environment_of, workspace_of_ui
from bodega.backbone.embedded.ports import LOOPBACK, require_free
from bodega.backbone.settings import Settings
from bodega.kernel.errors import Unavailable

PATIENCE_SECONDS = 900
_MARK = "made.txt"
Tell = Callable[[str], None]


class WebserverMissing(Unavailable):
    code = "dagster_webserver_missing"
    title = "Dagster's web server could not be fetched from the package index"


def wanted() -> str:
    """The newest web server that speaks with the Dagster installed here and is not newer."""
    installed = importlib.metadata.version("dagster")
    minor = ".".join(installed.split(".")[:2])
    return f"dagster-webserver>={minor},<={installed}"


def environment_folder(settings: Settings) -> Path:
    return settings.data_dir / "dagster" / "ui"


def prepare_ui(settings: Settings, tell: Tell) -> Path:
    """The environment with the web server, made if it is not there or is another version; its
    command. Raises WebserverMissing."""
    folder = environment_folder(settings)
    mark = folder / _MARK
    if not (mark.is_file() and mark.read_text() == wanted()):
        tell(f"Fetching {wanted()} into {folder} (once, about 160 MB) …")
        shutil.rmtree(folder, ignore_errors=True)
        folder.parent.mkdir(parents=True, exist_ok=True)
        for command in _installation(folder):
            _run(command, tell)
        mark.write_text(wanted())
    return folder / "bin" / "dagster-webserver"


def serve(settings: Settings, *, port: int, tell: Tell) -> int:
    """The pages until they are stopped; the exit code. Raises WebserverMissing, and what a taken
    port raises."""
    require_free(port, setting="BODEGA_PIPELINES_UI_PORT", host=LOOPBACK)
    program = prepare_ui(settings, tell)
    command = [
        *(str(program), "-w", str(workspace_of_ui(settings))),
        *("-h", LOOPBACK, "-p", str(port)),
    ]
    tell(f"http://{LOOPBACK}:{port}  (Ctrl-C stops it; the first page takes some seconds)")
    for name in (signal.SIGTERM, signal.SIGHUP):  # whoever stops us stops the pages, too
        signal.signal(name, _leave)
    with subprocess.Popen(command, env=dict(environment_of(settings))) as process:
        try:
            return process.wait()
        except KeyboardInterrupt:
            process.terminate()
            return process.wait(timeout=30)


def _leave(*_: object) -> None:
    raise KeyboardInterrupt


def _installation(folder: Path) -> Sequence[Sequence[str]]:
    """By uv where there is one, else by pip."""
    python = folder / "bin" / "python"
    if uv := shutil.which("uv"):
        return (
            (uv, "venv", "--quiet", "--python", sys.executable, str(folder)),
            (uv, "pip", "install", "--python", str(python), wanted()),
        )
    venv.create(folder, with_pip=True)
    return ((str(python), "-m", "pip", "install", "--disable-pip-version-check", wanted()),)


def _run(command: Sequence[str], tell: Tell) -> None:
    """What it says is passed on line by line; of a failure the last lines are told."""
    said: list[str] = []
    quiet = {k: v for k, v in os.environ.items() if k not in ("PYTHONPATH", "VIRTUAL_ENV")}
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, env=quiet
    ) as process:
        assert process.stdout is not None
        for line in process.stdout:
            said.append(line.rstrip()[:200])
            tell(f"  {said[-1]}")
        code = process.wait(timeout=PATIENCE_SECONDS)
    if code:
        why = "; ".join(line for line in said if "error" in line.lower()) or f"exit {code}"
        raise WebserverMissing(
            f"Dagster's web server could not be fetched: {why}. Is the package index in reach? "
            f"`pip install '{wanted()}'` into any environment does as well: run its "
            "`dagster-webserver` with DAGSTER_HOME set to the folder `dagster` of the data folder."
        )
