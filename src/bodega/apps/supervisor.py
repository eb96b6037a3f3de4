"""Runs a whole shop as one process tree, keeps it up, and takes it down without a trace."""

import time
from collections.abc import Callable, Iterable
from contextlib import suppress
from datetime import UTC, datetime

from bodega.apps.supervise.credentials import credentials
from bodega.apps.supervise.environment import environment, open_ports
from bodega.apps.supervise.errors import FolderGone, ProcessFailed
from bodega.apps.supervise.folder import DataFolder, ours
from bodega.apps.supervise.lock import RunLock
from bodega.apps.supervise.logs import LogLine, Tail, rotate
from bodega.apps.supervise.preparation import Preparation
from bodega.apps.supervise.processes import Cast, Role, child, last_words
from bodega.apps.supervise.readiness import answers, wait_until
from bodega.apps.supervise.report import Report, Reporter, step
from bodega.apps.supervise.servers import Servers
from bodega.apps.supervise.signals import Stop, StopSignals
from bodega.apps.supervise.steps import has_model, has_sales, published_file
from bodega.apps.supervise.watched import Watched
from bodega.backbone.embedded.folder import writing_to
from bodega.backbone.embedded.process import ChildProcess
from bodega.backbone.settings import Settings

_TICK_SECONDS = 0.2
_ROTATE_SECONDS = 60.0
_READY_SECONDS = 120.0
_LAKE_SECONDS = 300.0
_GIVE_UP_RESTARTS = 3
INTERRUPTED = 130

LogSink = Callable[[LogLine], None]


class Supervisor:
    """One shop: servers, then preparation, then processes; watched until a signal comes.

    `report` hears the steps, `echo` every log line worth showing.
    """

    def __init__(
        self, settings: Settings, cast: Cast, *, report: Reporter, echo: LogSink | None
    ) -> None:
        self.settings = settings
        self.folder = DataFolder(settings.data_dir)
        self._report = report
        self._echo = echo
        self._cast = cast
        self._lock = RunLock(self.folder.pid_file)
        self._phase = "starting"
        self._started_at = datetime.now(UTC)
        self._servers = Servers(settings, self.folder)
        self._children: list[tuple[Role, ChildProcess]] = []
        self._watched: list[Watched] = []
        self._tails: list[Tail] = []
        self._ports: dict[str, int] = {}
        self._environment: dict[str, str] = {}

    def run(self) -> int:
        """Until a signal; the exit code. Raises BodegaError when the start fails."""
        self.folder.open()
        self._lock.take()
        try:
            with StopSignals(self._force) as signals, writing_to(self.folder.path):
                return self._until_stopped(signals)
        finally:
            self._lock.release()

    def _until_stopped(self, signals: StopSignals) -> int:
        try:
            self._start()
            while True:
                self._watch()
        except Stop:
            return 0 if self._phase == "ready" else INTERRUPTED
        finally:
            signals.stopping = True
            self._stop()

    def _start(self) -> None:
        self._note("starting")
        self._ports = open_ports(self.settings, self.folder)
        secrets = credentials(self.folder)
        self._watched += self._servers.start(secrets, self._report)
        self._environment = environment(
            self.settings,
            credentials=secrets,
            ports=self._ports,
            database_url=self._servers.database_url,
            valkey_url=self._servers.valkey_url,
        )
        self.folder.write(self.folder.environment_file, self._environment)
        first = self._prepare()
        self._begin(self._cast.shop)
        if not first:  # nothing is built: all together are up sooner than one after the other
            self._begin(self._cast.back)
        self._open_shop()
        if first:
            self._begin(self._cast.back)
        self._open_back()
        self._fill_the_back()
        for watched in self._watched:
            self._wait(watched.name, lambda watched=watched: watched.steady)  # type: ignore[misc]
        self._note("ready")
        self._report(Report("ready", text="Bodega is open", values=self.urls()))

    def _prepare(self) -> bool:
        """Whether there was something to prepare."""
        preparation = Preparation(self.folder, self._servers.database_url, seed=self._cast.seed)
        if not preparation.needed:
            return False
        preparation.run(self._cast.prepare, self._environment, self._report)
        return True

    def _begin(self, roles: Iterable[Role]) -> None:
        for role in roles:
            rotate(self.folder.log(role.name))
            process = child(role, self.folder, self._environment)
            self._children.append((role, process))
            self._tails.append(Tail(role.name, process.log))
            watched = Watched(
                role.name,
                process,
                begin=process.start,
                ended=lambda process=process: last_words(process),  # type: ignore[misc]
            )
            watched.start()
            self._watched.append(watched)
        self._note(self._phase)

    def _open_shop(self) -> None:
        host, port = self.settings.host, self._ports["port"]
        with step("Shop", self._report) as current:
            self._wait("api", lambda: answers(host, port))
            current.detail = self.url

    def _open_back(self) -> None:
        with step("Models and metrics", self._report):
            self._wait("serving", lambda: answers("127.0.0.1", self._ports["serving_port"]))

    def _wait(self, process: str, condition: Callable[[], bool]) -> None:
        if not wait_until(condition, seconds=_READY_SECONDS, meanwhile=self._tick_starting):
            log = self.folder.log(process)
            reason = f"no answer for {_READY_SECONDS:.0f} s"
            raise ProcessFailed(process=process, reason=reason, log=log)

    def _fill_the_back(self) -> None:
        """The first gold tables and the first model; the shop is open meanwhile."""
        published = published_file(self.settings)
        if published is None:
            return
        if not published.exists():
            self._appears("First gold tables", published.exists)
        if has_sales(published) and not has_model(self.settings):
            self._appears("First model", lambda: has_model(self.settings))

    def _appears(self, name: str, condition: Callable[[], bool]) -> None:
        with step(name, self._report) as current:
            current.progress(f"the shop is open at {self.url}")
            there = wait_until(condition, seconds=_LAKE_SECONDS, meanwhile=self._tick_starting)
            current.detail = "" if there else "still under way: see `bodega logs pipelines`"

    def _tick_starting(self) -> None:
        """As later, but a process that keeps dying ends the start."""
        self._tick()
        for role, process in self._children:
            watched = next(item for item in self._watched if item.name == role.name)
            if watched.restarts >= _GIVE_UP_RESTARTS and not process.running:
                reason, log = last_words(process), process.log
                raise ProcessFailed(process=role.name, reason=reason, log=log)

    def _watch(self) -> None:
        """A minute's watch, then log files that grew too long are put aside."""
        end = time.monotonic() + _ROTATE_SECONDS
        while time.monotonic() < end:
            self._tick()
            time.sleep(_TICK_SECONDS)
        for file in self.folder.logs.glob("*.log"):
            rotate(file)

    def _tick(self) -> None:
        self._check_folder()
        try:
            changed = [watched.look(self._report) for watched in self._watched]
        except FileNotFoundError:
            self._check_folder()
            raise
        if any(changed):
            self._note(self._phase)
        for tail in self._tails:
            for line in tail.lines():
                if self._echo is not None and line.worth_showing:
                    self._echo(line)

    def _check_folder(self) -> None:
        """Nothing is started again in a folder that was deleted. Raises FolderGone."""
        if not self._lock.held:
            raise FolderGone(self.folder.path)

    def _stop(self) -> None:
        """People's requests end first, then the work behind them, then the servers."""
        self._note("stopping")
        if not self._watched:
            return
        with step("Stopping", self._report) as current:
            for first in (True, False):
                self._stop_children([p for role, p in self._children if role.faces_people is first])
            self._servers.stop()
            kept = ", nothing is lost" if self._lock.held else ""
            current.detail = f"everything is stopped{kept}"
        with suppress(OSError):
            self.folder.state_file.unlink(missing_ok=True)
            self.folder.environment_file.unlink(missing_ok=True)

    def _stop_children(self, processes: list[ChildProcess]) -> None:
        grace = self.settings.shutdown_seconds + 2
        deadline = time.monotonic() + grace
        for process in processes:
            process.ask_to_stop()
        for process in processes:
            if not process.stop(grace_seconds=max(0.1, deadline - time.monotonic())):
                said = f"{process.name} did not stop within {grace:.0f} s and was ended"
                self._report(Report("notice", text=said))

    def _force(self) -> None:
        for watched in self._watched:
            watched.subject.kill()

    @property
    def url(self) -> str:
        host = self.settings.host
        shown = "127.0.0.1" if host in ("0.0.0.0", "::") else host  # noqa: S104
        return f"http://{shown}:{self._ports['port']}"

    def urls(self) -> dict[str, str]:
        return {
            "shop": self.url,
            "console": f"{self.url}/console",
            "API": f"{self.url}/docs",
            "data": str(self.folder.path),
            "stop": "Ctrl-C, or `bodega down`",
        }

    def _note(self, phase: str) -> None:
        self._phase = phase
        content = {
            "bodega": ours(),
            "phase": phase,
            "started_at": self._started_at.isoformat(),
            "url": self.url if self._ports else None,
            "ports": {**self._ports, **self._servers.ports},
            "processes": [watched.describe() for watched in self._watched],
        }
        with suppress(OSError):  # a full disk must not take a running shop down
            self.folder.write(self.folder.state_file, content)
