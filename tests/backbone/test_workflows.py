"""Durable work of several kinds as one list."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta

import pytest

from bodega.backbone.workflows import (
    OPEN,
    Workflow,
    Workflows,
    WorkflowStands,
    WorkflowState,
    WorkflowUnknown,
)

NOON = datetime(2026, 3, 14, 12, tzinfo=UTC)


def workflow(kind: str, id_: str, state: WorkflowState, minute: int) -> Workflow:
    at = NOON + timedelta(minutes=minute)
    return Workflow(kind=kind, id=id_, state=state, at="", started_at=at)


@dataclass
class Memory:
    """A source that works, in memory."""

    kind: str
    known: dict[str, Workflow] = field(default_factory=dict)

    def add(self, id_: str, state: WorkflowState, minute: int) -> None:
        self.known[id_] = workflow(self.kind, id_, state, minute)

    async def latest(self, *, limit: int, open_only: bool) -> Sequence[Workflow]:
        found = [one for one in self.known.values() if one.state in OPEN or not open_only]
        return sorted(found, key=lambda one: one.started_at, reverse=True)[:limit]

    async def find(self, id_: str) -> Workflow | None:
        return self.known.get(id_)

    async def retry(self, id_: str) -> bool:
        return self.known[id_].state in OPEN

    async def cancel(self, id_: str) -> bool:
        if self.known[id_].state not in OPEN:
            return False
        self.known[id_] = replace(self.known[id_], state="cancelled")
        return True


@pytest.fixture
def flows() -> Workflows:
    checkouts, jobs = Memory("checkout"), Memory("job")
    checkouts.add("c1", "running", 1)
    checkouts.add("c2", "completed", 2)
    jobs.add("j1", "waiting", 3)
    return Workflows([checkouts, jobs])


async def test_all_kinds_are_one_list_newest_first(flows: Workflows) -> None:
    assert [one.id for one in await flows.latest()] == ["j1", "c1"]
    assert [one.id for one in await flows.latest(open_only=False)] == ["j1", "c2", "c1"]
    assert [one.id for one in await flows.latest(open_only=False, limit=1)] == ["j1"]
    assert [one.id for one in await flows.latest(kind="checkout")] == ["c1"]
    assert flows.kinds == ["checkout", "job"]


async def test_one_is_found_wherever_it_is_kept(flows: Workflows) -> None:
    assert (await flows.show("j1")).kind == "job"
    assert (await flows.cancel("j1")).state == "cancelled"
    assert (await flows.retry("c1")).state == "running"


async def test_what_has_ended_stands(flows: Workflows) -> None:
    for change in (flows.retry, flows.cancel):
        with pytest.raises(WorkflowStands, match="completed"):
            await change("c2")


async def test_what_nobody_knows_is_said_to_be_unknown(flows: Workflows) -> None:
    for change in (flows.show, flows.retry, flows.cancel):
        with pytest.raises(WorkflowUnknown):
            await change("nobody")
    with pytest.raises(WorkflowUnknown, match="checkout, job"):
        await flows.latest(kind="dreams")
