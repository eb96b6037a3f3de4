"""DAGSTER_HOME of a shop: where Dagster keeps its runs, and what it is told at its start."""

import hashlib
import os
import socket
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from bodega.apps.supervise.folder import DataFolder
from bodega.apps.supervise.lock import running
from bodega.backbone.settings import Settings

MODULE = "bodega.apps.orchestration.definitions"
MAX_RUNS = 4
SOCKET_LENGTH = 100


def home_of(settings: Settings) -> Path:
    return settings.data_dir / "dagster"


def prepare_home(settings: Settings) -> Path:
    """Write Dagster's two files; its databases are left as they are. Definitions are loaded by this
    Python, whoever asks."""
    home = home_of(settings)
    home.mkdir(parents=True, exist_ok=True)
    instance = {
        "telemetry": {"enabled": False},
        "nux": {"enabled": False},
        "concurrency": {
            "runs": {"max_concurrent_runs": MAX_RUNS},
            "pools": {"default_limit": 1, "granularity": "op"},
        },
        "retention": {
            "schedule": {"purge_after_days": 7},
            "sensor": {
                "purge_after_days": {
                    "skipped": 1,
                    "failure": 14,
                    "success": settings.pipelines_keep_days,
                }
            },
        },
        "run_monitoring": {"enabled": True},
    }
    (home / "dagster.yaml").write_text(yaml.safe_dump(instance))
    place = _served(settings) if settings.orchestrator == "dagster" else _module()
    (home / "workspace.yaml").write_text(yaml.safe_dump({"load_from": [place]}))
    return home


def workspace_of_ui(settings: Settings) -> Path:
    """Definitions from the shop's own process where there is one, else made for the UI."""
    home = prepare_home(settings)
    if settings.orchestrator == "dagster" and _answers(code_socket(settings)):
        return home / "workspace.yaml"
    own = home / "workspace-ui.yaml"
    own.write_text(yaml.safe_dump({"load_from": [_module()]}))
    return own


def _answers(path: Path) -> bool:
    with socket.socket(socket.AF_UNIX) as caller:
        try:
            caller.connect(str(path))
        except OSError:
            return False
    return True


def code_socket(settings: Settings) -> Path:
    """Where the process with the definitions listens. A path of a socket has 100 letters at most:
    a data folder that lies deeper has it in a folder of its own below the temporary one."""
    near = home_of(settings) / "code.sock"
    if len(str(near)) <= SOCKET_LENGTH:
        return near
    name = hashlib.sha256(str(near).encode()).hexdigest()[:16]
    folder = Path(tempfile.gettempdir()) / f"bodega-{os.getuid()}-{name}"
    folder.mkdir(mode=0o700, exist_ok=True)
    return folder / "code.sock"


def _served(settings: Settings) -> dict[str, Any]:
    """By one process for all: Dagster makes a new one a minute where it makes them itself."""
    return {"grpc_server": {"socket": str(code_socket(settings)), "location_name": "bodega"}}


def _module() -> dict[str, Any]:
    """By a process that whoever asks makes for itself."""
    return {
        "python_module": {
            "module_name": MODULE,
            "attribute": "load",
            "location_name": "bodega",
            "executable_path": sys.executable,
            "working_directory": str(Path.cwd()),
        }
    }


def environment_of(settings: Settings) -> Mapping[str, str]:
    """What Dagster's processes are started with: beside a running shop, what that was told."""
    folder = DataFolder(settings.data_dir)
    told = folder.read(folder.environment_file) if running(folder.pid_file) else {}
    own = {
        "BODEGA_DATA_DIR": str(settings.data_dir),
        "BODEGA_ORCHESTRATOR": settings.orchestrator,
        "DAGSTER_HOME": str(home_of(settings)),
        "DO_NOT_TRACK": "1",
        "MALLOC_ARENA_MAX": "2",
    }
    return {**os.environ, **{name: str(value) for name, value in told.items()}, **own}
