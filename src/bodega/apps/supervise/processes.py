"""The Python processes of a shop, each `python -m bodega.apps.NAME` with its environment."""

import os
import signal
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.util import find_spec

from bodega.apps.supervise.environment import uses_provider_double
from bodega.apps.supervise.errors import ExtrasMissing
from bodega.apps.supervise.folder import DataFolder
from bodega.apps.supervise.logs import LogLine
from bodega.backbone.embedded.process import ChildProcess
from bodega.backbone.settings import Settings

_BACK_LIBRARIES = ("dbt", "deltalake", "duckdb", "faker", "implicit", "pyarrow")


@dataclass(frozen=True)
class Role:
    """What runs under a name, and whether it stops among the first."""

    name: str
    command: tuple[str, ...]
    faces_people: bool = False


@dataclass(frozen=True)
class Cast:
    """All that a shop runs. `prepare` brings the database to where `shop` can start; it runs once,
    in the beginning, and speaks in reports. `back` is not needed to open the shop."""

    prepare: tuple[str, ...]
    shop: tuple[Role, ...]
    back: tuple[Role, ...]
    seed: bool = True


def cast_of(settings: Settings, *, seed: bool) -> Cast:
    """The whole shop of this installation. Raises ExtrasMissing."""
    missing = [name for name in _BACK_LIBRARIES if find_spec(name) is None]
    if missing:
        raise ExtrasMissing(missing)
    double = ("provider",) if uses_provider_double(settings) else ()
    count = settings.api_processes
    names = ["api"] if count == 1 else [f"api-{number + 1}" for number in range(count)]
    return Cast(
        prepare=(*module("supervise.prepare"), *(() if seed else ("--no-seed",))),
        shop=(
            *(Role(name, module("api"), faces_people=True) for name in names),
            *(Role(name, module(name)) for name in (*double, "relay", "worker")),
        ),
        back=(
            *(Role(name, module(name)) for name in ("serving", "pipelines")),
            *_dagster(settings),
        ),
        seed=seed,
    )


def _dagster(settings: Settings) -> tuple[Role, ...]:
    """Its definitions and its daemon, where it orchestrates."""
    if settings.orchestrator != "dagster":
        return ()
    daemon = module("orchestration.daemon")
    return (Role("dagster-code", (*daemon, "code")), Role("dagster", daemon))


def module(name: str) -> tuple[str, ...]:
    return (sys.executable, "-m", f"bodega.apps.{name}")


def child(role: Role, folder: DataFolder, environment: Mapping[str, str]) -> ChildProcess:
    """The process of a role, not started yet."""
    return ChildProcess(
        name=role.name,
        command=role.command,
        log=folder.log(role.name),
        env={
            **os.environ,
            **environment,
            "BODEGA_PROCESS": role.name,
            "BODEGA_LOG_FORMAT": "json",
            "PYTHONUNBUFFERED": "1",
        },
        stop_signal=signal.SIGTERM,
    )


def last_words(process: ChildProcess) -> str:
    """How a process ended: the signal or code, and its last line."""
    code = process.exit_code
    if code is not None and code < 0:
        return f"killed by {signal.Signals(-code).name}"
    said = [line for line in process.words().splitlines() if line.strip()]
    return f"code {code}" + (f": {_spoken(said[-1])[:300]}" if said else "")


def _spoken(raw: str) -> str:
    """A line as a person would say it: of a logged exception its last line, of JSON the event."""
    entry = LogLine.parse("", raw).entry
    trace = str(entry.get("exception", "")).strip().splitlines()
    return trace[-1] if trace else str(entry.get("event", raw.strip()))
