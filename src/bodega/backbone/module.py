"""The manifest by which a module announces itself; `apps` reads it, nobody else."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from fastapi import APIRouter
from sqlalchemy import MetaData

from bodega.backbone.cache import Cache
from bodega.backbone.container import Container
from bodega.backbone.db import Database, UnitOfWork
from bodega.backbone.read_models import ReadModel
from bodega.backbone.settings import Settings
from bodega.backbone.workflows import WorkflowSource
from bodega.kernel.clock import Clock
from bodega.kernel.events import Envelope, Event

Classification = Literal["public", "personal", "secret"]


@dataclass(frozen=True, slots=True)
class Context:
    """What a module's implementation may lean on. Other modules come from `container`, lazily."""

    settings: Settings
    database: Database
    cache: Cache
    clock: Clock
    container: Container


@dataclass(frozen=True, slots=True)
class Handler:
    """A named reaction to events; its name owns a position in the log, so never rename it.

    `react(context, uow, envelope, event)` runs in the transaction that advances the position.
    """

    name: str
    events: tuple[type[Event], ...]
    react: Callable[[Context, UnitOfWork, Envelope, Any], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Job:
    """Scheduled work: `run(context)` every `every_seconds`, on one worker at a time."""

    name: str
    every_seconds: float
    run: Callable[[Context], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class PersonalData:
    """Whose the personal columns of a table are: `user` names the column with the customer's id,
    `mail` the one with the e-mail; whoever shares either is one person."""

    columns: tuple[str, ...] = ()
    user: str | None = None
    mail: str | None = None


@dataclass(frozen=True, slots=True)
class Module:
    """One bounded context. `published` lists, per table, the columns others may see in the lake
    and their class; a column that is not listed, or is secret, never leaves the schema. Personal
    ones leave it sealed under the key of the person whom `persons` tells; without that, they stay.
    `workflows` make the module's durable work visible to staff; `read_models` can be made anew from
    the event log."""

    name: str
    metadata: MetaData | None = None
    routers: Sequence[APIRouter] = ()
    handlers: Sequence[Handler] = ()
    jobs: Sequence[Job] = ()
    workflows: Sequence[Callable[[Context], WorkflowSource]] = ()
    read_models: Sequence[ReadModel] = ()
    provides: Mapping[type, Callable[[Context], object]] = field(default_factory=dict)
    published: Mapping[str, Mapping[str, Classification]] = field(default_factory=dict)
    persons: Mapping[str, PersonalData] = field(default_factory=dict)
    migrations: Path | None = None


def public(*columns: str) -> dict[str, Classification]:
    """Columns without personal data or secrets: they may enter the lake."""
    return dict.fromkeys(columns, "public")
