"""HTTP of stuck events: staff look, admins decide, as in the console."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated
from uuid import UUID

from fastapi import Depends, Query, status

from bodega.backbone.events import stuck as deciding
from bodega.backbone.events.stuck import Decision, ParkedState, StuckCount, StuckEvents
from bodega.backbone.http.deps import Admin, PageQuery, Staff, Work, provided
from bodega.backbone.http.router import api_router
from bodega.commerce.views.schemas import Replay, Replayed, StuckView, Why
from bodega.kernel.page import Page

router = api_router("events", "/admin/stuck-events")

Stuck = Annotated[StuckEvents, provided(StuckEvents)]


@dataclass(frozen=True, slots=True)
class Place:
    """An event, as a consumer failed on it."""

    consumer: str
    event_id: UUID


Named = Annotated[Place, Depends()]


@router.get("")
async def list_stuck(
    who: Staff,
    stuck: Stuck,
    page: PageQuery,
    consumer: Annotated[str | None, Query(max_length=200)] = None,
    state: ParkedState | None = None,
) -> Page[StuckView]:
    """The first stuck event of each key, newest first."""
    found = await stuck.latest(page, consumer=consumer, state=state)
    return Page(items=[StuckView.of(one) for one in found.items], next_cursor=found.next_cursor)


@router.get("/counts")
async def count_stuck(who: Staff, stuck: Stuck) -> Sequence[StuckCount]:
    """How many are dead, tried again and waiting, by consumer."""
    return await stuck.counts()


@router.get("/decisions")
async def list_decisions(
    who: Staff, stuck: Stuck, limit: Annotated[int, Query(ge=1, le=200)] = 50
) -> Sequence[Decision]:
    """Who had what tried again or given up, and why; the newest first."""
    return await stuck.decisions(limit=limit)


@router.post("/replays")
async def replay_stuck(who: Admin, uow: Work, asked: Replay) -> Replayed:
    """Try everything of a consumer again, or what holds up one key."""
    woken = await deciding.replay(
        uow, actor=who.label, why=asked.why, consumer=asked.consumer, key=asked.key
    )
    return Replayed(woken=woken)


@router.get("/{consumer}/{event_id}")
async def get_stuck(who: Staff, stuck: Stuck, place: Named) -> StuckView:
    """An event as a consumer failed on it."""
    return StuckView.of(await stuck.show(consumer=place.consumer, event_id=place.event_id))


@router.post("/{consumer}/{event_id}/replay")
async def replay_event(who: Admin, uow: Work, stuck: Stuck, place: Named, said: Why) -> Replayed:
    """Try its key again, from the first event that is stuck there."""
    found = await stuck.show(consumer=place.consumer, event_id=place.event_id)
    key = found.parked.event.envelope.key
    woken = await deciding.replay(
        uow, actor=who.label, why=said.why, consumer=place.consumer, key=key
    )
    return Replayed(woken=woken)


@router.post("/{consumer}/{event_id}/drop", status_code=status.HTTP_204_NO_CONTENT)
async def drop_event(who: Admin, uow: Work, place: Named, said: Why) -> None:
    """The consumer shall never see this event; the next of its key goes on."""
    await deciding.drop(
        uow, actor=who.label, why=said.why, consumer=place.consumer, event_id=place.event_id
    )
