"""Durable work that staff may look into: sagas of modules and jobs, behind one small protocol.

A module that drives rows of its own lists a source in its manifest (`Module.workflows`); `apps`
binds all of them as one `Workflows`, which the command line and the console ask.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal, Protocol

from bodega.kernel.errors import Conflict, NotFound

WorkflowState = Literal["running", "waiting", "undoing", "failed", "completed", "cancelled"]
OPEN: tuple[WorkflowState, ...] = ("running", "waiting", "undoing")


class WorkflowUnknown(NotFound):
    code = "workflow_not_found"
    title = "There is no such workflow: see `bodega workflows list --all`"


class WorkflowStands(Conflict):
    code = "workflow_not_changed"
    title = "This workflow cannot be retried or cancelled as it stands"


@dataclass(frozen=True, slots=True)
class Workflow:
    """One piece of durable work. `trouble` is why it did not get on when it was last tried; `facts`
    are what its kind has to tell, without personal data."""

    kind: str
    id: str
    state: WorkflowState
    at: str
    started_at: datetime
    ended_at: datetime | None = None
    next_try_at: datetime | None = None
    attempts: int = 0
    trouble: str | None = None
    facts: dict[str, str] = field(default_factory=dict)


class WorkflowSource(Protocol):
    """One kind of durable work. Ids are unique within the kind."""

    kind: str

    async def latest(self, *, limit: int, open_only: bool) -> Sequence[Workflow]:
        """Newest first; with `open_only` those that have still to come to an end."""

    async def find(self, id_: str) -> Workflow | None: ...

    async def retry(self, id_: str) -> bool:
        """Try it again now; False when that means nothing as it stands."""

    async def cancel(self, id_: str) -> bool:
        """Have it undone or stopped; False when it is too late, or not to be stopped."""


class Workflows:
    """Every source as one."""

    def __init__(self, sources: Sequence[WorkflowSource]) -> None:
        self._sources = {source.kind: source for source in sources}

    @property
    def kinds(self) -> list[str]:
        return sorted(self._sources)

    async def latest(
        self, *, kind: str | None = None, limit: int = 50, open_only: bool = True
    ) -> list[Workflow]:
        """Newest first over all kinds, or of one. Raises WorkflowUnknown for an unknown kind."""
        sources = self._sources.values() if kind is None else [self._source(kind)]
        found = [
            workflow
            for source in sources
            for workflow in await source.latest(limit=limit, open_only=open_only)
        ]
        return sorted(found, key=lambda workflow: workflow.started_at, reverse=True)[:limit]

    async def show(self, id_: str) -> Workflow:
        """Raises WorkflowUnknown."""
        return (await self._find(id_))[1]

    async def retry(self, id_: str) -> Workflow:
        """Raises WorkflowUnknown, WorkflowStands."""
        source, workflow = await self._find(id_)
        if not await source.retry(id_):
            raise WorkflowStands(f"A {workflow.kind} that is {workflow.state} is not tried again")
        return await self.show(id_)

    async def cancel(self, id_: str) -> Workflow:
        """Raises WorkflowUnknown, WorkflowStands."""
        source, workflow = await self._find(id_)
        if not await source.cancel(id_):
            raise WorkflowStands(f"A {workflow.kind} that is {workflow.state} cannot be cancelled")
        return await self.show(id_)

    def _source(self, kind: str) -> WorkflowSource:
        if kind not in self._sources:
            raise WorkflowUnknown(f"No workflows of kind {kind!r}: {', '.join(self.kinds)}")
        return self._sources[kind]

    async def _find(self, id_: str) -> tuple[WorkflowSource, Workflow]:
        for source in self._sources.values():
            workflow = await source.find(id_)
            if workflow is not None:
                return source, workflow
        raise WorkflowUnknown
