"""A small shop under the real supervisor, in a folder and on a port of its own."""

import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from bodega.apps.supervise.folder import DataFolder
from bodega.apps.supervise.inspection import Inspection, inspect
from bodega.apps.supervise.report import Report, from_pipe
from bodega.backbone.embedded.ports import free_port

SMALL_SHOP = Path(__file__).with_name("small_shop.py")


class SmallShop:
    """Starts, asks and signals a supervisor in another process."""

    def __init__(self, path: Path) -> None:
        self.folder = DataFolder(path)
        self.port = free_port()
        self.ports: dict[str, int] = {}  # while it was open
        self.reports: list[Report] = []
        self.environment: dict[str, str] = {}
        self._process: subprocess.Popen[str] | None = None

    def launch(self, manner: str = "well") -> None:
        self.end()
        env = {name: value for name, value in os.environ.items() if not name.startswith("BODEGA_")}
        env |= {
            "BODEGA_DATA_DIR": str(self.folder.path),
            "BODEGA_PORT": str(self.port),
            "BODEGA_SHUTDOWN_SECONDS": "0.5",
            **self.environment,
        }
        self._process = subprocess.Popen(
            [sys.executable, str(SMALL_SHOP), manner],
            env=env,
            cwd=self.folder.path.parent,
            stdout=subprocess.PIPE,
            text=True,
        )

    def listen(self, until: str = "ready", *, step: str = "") -> Report:
        """Collect reports up to the first of that kind."""
        assert self._process
        assert self._process.stdout
        for report in from_pipe(self._process.stdout):
            self.reports.append(report)
            if report.kind == until and step in report.step:
                return report
        raise AssertionError(f"no {until} in {[r.text for r in self.reports]}")

    def up(self, manner: str = "well") -> "SmallShop":
        self.launch(manner)
        self.listen()
        return self

    def signal(self, number: signal.Signals) -> None:
        assert self._process
        self._process.send_signal(number)

    def finish(self, seconds: float = 30) -> int:
        """Read to the end and answer the exit code; -9 if that takes longer than `seconds`."""
        assert self._process
        assert self._process.stdout
        watchdog = threading.Timer(seconds, self._process.kill)
        watchdog.start()
        self.reports += from_pipe(self._process.stdout)
        watchdog.cancel()
        return self._process.wait()

    def end(self) -> None:
        if self._process and self._process.poll() is None:
            self._process.kill()
        if self._process and self._process.stdout:
            self._process.communicate()
            self._process.stdout.close()

    def inspect(self) -> Inspection:
        return inspect(self.folder)

    def pid_of(self, name: str) -> int | None:
        pids = {row["name"]: row["pid"] for row in self.inspect().processes}
        found: int | None = pids[name]
        return found

    def text(self) -> str:
        return "\n".join(report.text for report in self.reports)


def eventually(condition: Callable[[], bool], seconds: float = 15) -> bool:
    deadline = time.monotonic() + seconds
    while not condition() and time.monotonic() < deadline:
        time.sleep(0.05)
    return condition()


def processes_of(path: Path) -> list[str]:
    """Command lines of living processes that were told of the folder."""
    wanted = f"BODEGA_DATA_DIR={path}".encode()
    found = []
    for entry in Path("/proc").iterdir():
        try:
            told = wanted in (entry / "environ").read_bytes().split(b"\0")
            command = (entry / "cmdline").read_bytes()
        except OSError:
            continue
        if told or str(path).encode() in command:
            found.append(command.replace(b"\0", b" ").decode()[:80])
    return found


@contextmanager
def new_place() -> Iterator[Path]:
    path = Path(tempfile.mkdtemp(prefix="bodega-test-"))
    path.chmod(0o755)
    yield path / "shop"
    shutil.rmtree(path)


@contextmanager
def new_shop() -> Iterator[SmallShop]:
    """Whatever a test did to it, no process of it is left."""
    with new_place() as path:
        small = SmallShop(path)
        yield small
        small.end()
        assert eventually(lambda: not processes_of(path)), processes_of(path)


@pytest.fixture
def data_dir() -> Iterator[Path]:
    with new_place() as path:
        yield path


@pytest.fixture
def shop() -> Iterator[SmallShop]:
    """A shop to break."""
    with new_shop() as small:
        yield small


@pytest.fixture(scope="module")
def open_shop() -> Iterator[SmallShop]:
    """A shop to look at, not to break."""
    with new_shop() as small:
        yield small.up()


@pytest.fixture(scope="module")
def once_open() -> Iterator[SmallShop]:
    """A shop that was opened for the first time, and closed."""
    with new_shop() as small:
        small.ports = small.up().inspect().ports
        small.signal(signal.SIGTERM)
        assert small.finish() == 0
        yield small


@pytest.fixture
def warm_shop(once_open: SmallShop) -> Iterator[SmallShop]:
    """A shop to break that has been open before: a copy, for a first start takes seconds."""
    with new_shop() as small:
        place = small.folder.path
        subprocess.run(["cp", "-a", str(once_open.folder.path), str(place)], check=True)
        yield small


@pytest.fixture
def patiently() -> Callable[..., bool]:
    return eventually


@pytest.fixture
def living() -> Callable[[Path], list[str]]:
    return processes_of


@pytest.fixture
def written() -> Callable[[Path, object], Path]:
    def write(path: Path, content: object) -> Path:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(content))
        return path

    return write
