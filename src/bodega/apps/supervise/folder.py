"""The data directory: where things are in it, which version wrote it, and how it is emptied."""

import json
import os
import shutil
from importlib.metadata import version
from pathlib import Path
from typing import Any

from bodega.apps.supervise.errors import NewerFolder, NotAShop
from bodega.backbone.embedded.folder import writing_to

DATA_VERSION = 1
_OURS = (
    *("postgres", "valkey", "lake", "models", "search", "objects", "logs", "ports"),
    *("provider.sqlite3", "provider.sqlite3-wal", "provider.sqlite3-shm"),
    *(
        "secrets.json",
        "state.json",
        "environment.json",
        "supervisor.pid",
        "version.json",
        "prepared.json",
    ),
)


class DataFolder:
    """Everything a shop keeps on one machine."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.version_file = path / "version.json"
        self.pid_file = path / "supervisor.pid"
        self.state_file = path / "state.json"
        self.environment_file = path / "environment.json"
        self.prepared_file = path / "prepared.json"
        self.secrets_file = path / "secrets.json"
        self.logs = path / "logs"
        self.ports = path / "ports"

    def open(self) -> None:
        """Make it at the first start; refuse one of the future. Errors say what to do."""
        with writing_to(self.path):
            if not self.path.exists():
                self.path.mkdir(parents=True)
                self.path.chmod(0o711)  # servers that run as `nobody` pass through
            self.check_version()
            if not self.version_file.exists():
                self.write(self.version_file, {"data_version": DATA_VERSION, "bodega": ours()})
            self.logs.mkdir(exist_ok=True)
            self.ports.mkdir(exist_ok=True)
            os.utime(self.version_file)

    def check_version(self) -> None:
        noted = self.read(self.version_file)
        if int(noted.get("data_version", DATA_VERSION)) > DATA_VERSION:
            written_by = str(noted.get("bodega", "of the future"))
            raise NewerFolder(self.path, written_by=written_by, ours=ours())

    def log(self, process: str) -> Path:
        return self.logs / f"{process}.log"

    def read(self, file: Path) -> dict[str, Any]:
        """A JSON file of ours; empty when there is none."""
        try:
            content: dict[str, Any] = json.loads(file.read_text())
        except (FileNotFoundError, ValueError):
            return {}
        return content

    def write(self, file: Path, content: object) -> None:
        """Replace a JSON file at once; only we may read it."""
        draft = file.with_suffix(f".{os.getpid()}.tmp")
        with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as out:
            json.dump(content, out, indent=2)
        draft.replace(file)

    def delete(self) -> None:
        """Remove what is ours; a stranger's files in the folder stay, and then so does it."""
        if not self.version_file.exists():
            raise NotAShop(self.path)
        for name in _OURS:
            target = self.path / name
            if target.is_dir() and not target.is_symlink():
                shutil.rmtree(target)
            else:
                target.unlink(missing_ok=True)
        if not any(self.path.iterdir()):
            self.path.rmdir()


def ours() -> str:
    return version("bodega")
