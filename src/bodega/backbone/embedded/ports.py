"""Loopback ports: pick a free one, keep it over restarts, and say who holds one that is not."""

import random
import socket
from pathlib import Path

from bodega.backbone.embedded.errors import PortInUse

LOOPBACK = "127.0.0.1"
# Below the range from which Linux takes ports for outgoing connections.
_CANDIDATES = range(20_000, 32_000)
_LISTENING = "0A"


def is_free(port: int, *, host: str = LOOPBACK) -> bool:
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError:
            return False
    return True


def free_port() -> int:
    for port in random.sample(_CANDIDATES, 200):
        if is_free(port):
            return port
    raise PortInUse(port=_CANDIDATES.start, holder="too many programs", setting="BODEGA_*_PORT")


def require_free(port: int, *, setting: str, host: str = LOOPBACK) -> int:
    """`port` again, or PortInUse with the name of who holds it."""
    if not is_free(port, host=host):
        raise PortInUse(port=port, holder=holder(port), setting=setting)
    return port


def kept_port(file: Path, *, wanted: int, setting: str) -> int:
    """The `wanted` port, else the one remembered in `file`, else a new one, remembered."""
    if wanted:
        return require_free(wanted, setting=setting)
    remembered = _read(file)
    if remembered and is_free(remembered):
        return remembered
    port = free_port()
    file.write_text(f"{port}\n")
    return port


def _read(file: Path) -> int | None:
    try:
        return int(file.read_text())
    except (OSError, ValueError):
        return None


def holder(port: int) -> str | None:
    """`name (pid 123)` of the process that listens on `port`, as far as we may see."""
    sockets = {f"socket:[{inode}]" for inode in _listening_inodes(port)}
    if not sockets:
        return None
    for process in Path("/proc").iterdir():
        if process.name.isdigit() and _holds(process, sockets):
            return f"{_name(process)} (pid {process.name})"
    return None


def _listening_inodes(port: int) -> set[str]:
    """Rows of /proc/net/tcp{,6}: sl local_address rem_address st … inode (proc(5))."""
    inodes = set()
    for table in ("/proc/net/tcp", "/proc/net/tcp6"):
        try:
            rows = Path(table).read_text().splitlines()[1:]
        except OSError:
            continue
        for row in rows:
            cells = row.split()
            if cells[3] == _LISTENING and int(cells[1].rpartition(":")[2], 16) == port:
                inodes.add(cells[9])
    return inodes


def _holds(process: Path, sockets: set[str]) -> bool:
    try:
        return any(str(fd.readlink()) in sockets for fd in (process / "fd").iterdir())
    except OSError:
        return False


def _name(process: Path) -> str:
    try:
        return (process / "comm").read_text().strip()
    except OSError:
        return "a process"
