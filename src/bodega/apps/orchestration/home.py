"""DAGSTER_HOME of a shop: where Dagster keeps its runs, and what it is told at its start."""

import os
import sys
from collections.abc import Mapping
from pathlib import Path

import yaml

from bodega.apps.supervise.folder import DataFolder
from bodega.apps.supervise.lock import running
from bodega.backbone.settings import Settings

MODULE = "bodega.apps.orchestration.definitions"
MAX_RUNS = 4


def home_of(settings: Settings) -> Path:
    return settings.data_dir / "dagster"


def prepare_home(settings: Settings) -> Path:
    """Write Dagster's two files; its databases are left as they are. Definitions are loaded by this
    Python, whoever asks."""
    home = home_of(settings)
    home.mkdir(parents=True, exist_ok=True)
    instance = {
        "telemetry": {"enabled": False},
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
    workspace = {
        "load_from": [
            {
                "python_module": {
                    "module_name": MODULE,
                    "attribute": "load",
                    "location_name": "bodega",
                    "executable_path": sys.executable,
                    "working_directory": str(Path.cwd()),
                }
            }
        ]
    }
    (home / "dagster.yaml").write_text(yaml.safe_dump(instance))
    (home / "workspace.yaml").write_text(yaml.safe_dump(workspace))
    return home


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
