"""A running shop seen from outside: its state, whether it answers, how much memory it takes."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from bodega.apps.supervise.folder import DataFolder
from bodega.apps.supervise.lock import running, started_ticks
from bodega.apps.supervise.readiness import answers


@dataclass(frozen=True)
class Inspection:
    """`healthy` means open and every process up. Memory is proportional (PSS), in MB."""

    running: bool
    pid: int | None
    phase: str
    url: str | None
    healthy: bool
    memory_mb: int
    data_dir: str
    started_at: str | None
    ports: dict[str, int]
    processes: list[dict[str, Any]]


def inspect(folder: DataFolder) -> Inspection:
    pid = running(folder.pid_file)
    state = folder.read(folder.state_file) if pid else {}
    rows = [_process(row) for row in state.get("processes", [])]
    url = state.get("url")
    up = bool(pid) and all(row["state"] == "running" for row in rows)
    supervisor_mb = _memory_mb({pid}) if pid else 0
    return Inspection(
        running=pid is not None,
        pid=pid,
        phase=str(state.get("phase", "stopped")) if pid else "stopped",
        url=url,
        healthy=up and state.get("phase") == "ready" and _open(url),
        memory_mb=supervisor_mb + sum(int(row["memory_mb"]) for row in rows),
        data_dir=str(folder.path),
        started_at=state.get("started_at"),
        ports=state.get("ports", {}),
        processes=rows,
    )


def _open(url: str | None) -> bool:
    parts = urlsplit(url or "")
    return bool(parts.port) and answers(parts.hostname or "", parts.port or 0)


def _process(row: dict[str, Any]) -> dict[str, Any]:
    pid = row.get("pid")
    alive = pid is not None and _alive(int(pid))
    memory = _memory_mb(_family(int(pid))) if alive and pid is not None else 0
    return {**row, "state": "running" if alive else "down", "memory_mb": memory}


def _alive(pid: int) -> bool:
    try:
        started_ticks(pid)
    except OSError:
        return False
    return True


def _family(pid: int) -> set[int]:
    """A process and all that it started."""
    children: dict[int, list[int]] = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            children.setdefault(_parent(entry), []).append(int(entry.name))
    family, found = set(), [pid]
    while found:
        member = found.pop()
        family.add(member)
        found += children.get(member, [])
    return family


def _parent(entry: Path) -> int:
    try:
        return int((entry / "stat").read_text().rpartition(")")[2].split()[1])
    except OSError:
        return 0


def _memory_mb(pids: set[int]) -> int:
    return round(sum(_pss_kb(pid) for pid in pids) / 1024)


def _pss_kb(pid: int) -> int:
    try:
        lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    except OSError:
        return 0
    return next((int(line.split()[1]) for line in lines if line.startswith("Pss:")), 0)
