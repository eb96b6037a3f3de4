"""What embedded servers have in common: a folder, a port, a child process, a patient start."""

import time
from abc import ABC, abstractmethod
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import ClassVar, Self
from urllib.parse import quote

from bodega.backbone.embedded.errors import (
    DiskFull,
    EmbeddedError,
    FolderNotWritable,
    PortInUse,
    ServerFailed,
)
from bodega.backbone.embedded.folder import ServerFolder, writing_to
from bodega.backbone.embedded.ports import LOOPBACK, holder, kept_port
from bodega.backbone.embedded.process import (
    ChildProcess,
    RunAs,
    end_leftovers,
    unprivileged,
)

_POLL_SECONDS = 0.02
_PORT_ATTEMPTS = 3
_NEEDED_MB = 16


class EmbeddedServer(ABC):
    """A server in `folder`, reachable on loopback at `url` after `start`.

    `port` 0 picks a free port and keeps it. Start and stop as often as you like; data stays.
    Every failure is an EmbeddedError with a sentence on what to do.
    """

    name: ClassVar[str]
    program: ClassVar[str]
    port_setting: ClassVar[str]
    first_needed_mb: ClassVar[int]

    def __init__(
        self,
        folder: Path,
        *,
        password: str,
        port: int = 0,
        run_as: RunAs | None = None,
        log: Path | None = None,
    ) -> None:
        self.folder = folder.absolute()
        self.password = password
        self.port = port
        self.log = log or self.folder / "server.log"
        self.run_as = run_as or unprivileged()
        self._wanted_port = port
        self._home = ServerFolder(self.folder, run_as=self.run_as)
        self._child: ChildProcess | None = None

    @property
    @abstractmethod
    def url(self) -> str:
        """How clients connect, password included."""

    @property
    @abstractmethod
    def data(self) -> Path:
        """The server's working folder."""

    @abstractmethod
    def _prepare(self) -> None:
        """Everything before the launch: versions, first files, configuration."""

    @abstractmethod
    def _configure(self) -> ChildProcess:
        """Write the configuration for `self.port`; answer the process to start."""

    @abstractmethod
    def _answers(self) -> bool:
        """Does it serve clients yet?"""

    def _explain(self, words: str) -> EmbeddedError | None:
        """The error that the server's own words mean, if they mean one of ours."""
        return None

    @property
    def _login(self) -> str:
        return f"{quote(self.password, safe='')}@{LOOPBACK}:{self.port}"

    @property
    def pid(self) -> int | None:
        return self._child.pid if self._child else None

    @property
    def running(self) -> bool:
        return self._child is not None and self._child.running

    def start(self, *, seconds: float = 60) -> str:
        """Start, wait until it serves, and answer `url`."""
        self._home.open(needed_mb=_NEEDED_MB if self.data.exists() else self.first_needed_mb)
        try:
            with writing_to(self.folder):
                end_leftovers(self.data, program=self.program)
                self._prepare()
                self._start_on_some_port(seconds)
        except BaseException:
            self.kill()
            self._home.close()
            raise
        return self.url

    def stop(self, *, seconds: float = 20) -> bool:
        """Stop in order; False if it had to be killed."""
        polite = self._child.stop(grace_seconds=seconds) if self._child else True
        self._home.close()
        return polite

    def kill(self) -> None:
        if self._child is not None:
            self._child.kill()

    def restart(self, *, seconds: float = 60) -> str:
        """Start again after a crash, on the same port as long as it is free."""
        self.kill()
        self._home.close()
        return self.start(seconds=seconds)

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()

    def _start_on_some_port(self, seconds: float) -> None:
        """A free port may be taken between the look and the launch: then look again."""
        kept = self.folder / "port"
        for attempts_left in reversed(range(_PORT_ATTEMPTS)):
            self.port = kept_port(kept, wanted=self._wanted_port, setting=self.port_setting)
            try:
                self._launch(seconds)
            except PortInUse:
                if self._wanted_port or not attempts_left:
                    raise
            else:
                return

    def _launch(self, seconds: float) -> None:
        self._child = child = self._configure()
        child.start()
        deadline = time.monotonic() + seconds
        while not self._answers():
            if not child.running:
                raise self._reason(child)
            if time.monotonic() > deadline:
                raise ServerFailed(
                    server=self.name,
                    reason=f"no answer after {seconds:.0f} s",
                    log=self.log,
                )
            time.sleep(_POLL_SECONDS)

    def _reason(self, child: ChildProcess) -> EmbeddedError:
        return self.explained(child.words(), f"it ended with code {child.exit_code}")

    def explained(self, words: str, otherwise: str) -> EmbeddedError:
        known = _common_reason(self, words) or self._explain(words)
        last = next((line for line in reversed(words.splitlines()) if line.strip()), otherwise)
        return known or ServerFailed(server=self.name, reason=last.strip(), log=self.log)


def _common_reason(server: EmbeddedServer, words: str) -> EmbeddedError | None:
    if "No space left on device" in words:
        return DiskFull(server.folder)
    if "Address already in use" in words:
        return PortInUse(port=server.port, holder=holder(server.port), setting=server.port_setting)
    if "Read-only file system" in words or "Permission denied" in words:
        return FolderNotWritable(server.folder, reason="see " + str(server.log))
    return None


def bare_environment(home: Path) -> Mapping[str, str]:
    """Nothing of the caller's PG*, LC_* or LD_* reaches a server."""
    return {"PATH": "/usr/bin:/bin", "LC_ALL": "C", "TZ": "UTC", "HOME": str(home)}
