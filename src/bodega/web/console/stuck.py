"""Stuck events in the console: what a handler failed on, who waits behind it, who decided what."""

import asyncio
from dataclasses import dataclass
from typing import Annotated, cast, get_args
from uuid import UUID

from fastapi import APIRouter, Depends, Request
from starlette.responses import Response

from bodega.backbone.events.stuck import ParkedState, StuckEvents
from bodega.backbone.http.deps import provided
from bodega.kernel.page import PageRequest
from bodega.kernel.principal import Principal, Role
from bodega.web.access import ConsoleAdmin, ConsoleStaff
from bodega.web.console.doing import Refused
from bodega.web.forms import FieldOdd, Posted, PostedForm
from bodega.web.pages import redirect, render

SHOWN, DECISIONS = 50, 20
MAX_WHY = 200
STATES = get_args(ParkedState)
HERE = "/console/stuck"
router = APIRouter(prefix=HERE, include_in_schema=False)

Stuck = Annotated[StuckEvents, provided(StuckEvents)]


@dataclass(frozen=True, slots=True)
class Filters:
    """Which of them the page shows."""

    consumer: str = ""
    state: str = ""
    cursor: str | None = None

    @property
    def known_state(self) -> ParkedState | None:
        return cast("ParkedState | None", self.state if self.state in STATES else None)


@dataclass(frozen=True, slots=True)
class Place:
    """An event, as a consumer failed on it."""

    consumer: str
    event_id: UUID


Wanted = Annotated[Filters, Depends()]
Named = Annotated[Place, Depends()]


@router.get("")
async def list_stuck(request: Request, who: ConsoleStaff, stuck: Stuck, wanted: Wanted) -> Response:
    return await _list(request, who, stuck, wanted)


@router.post("")
async def replay_consumer(
    request: Request, who: ConsoleAdmin, stuck: Stuck, form: Posted
) -> Response:
    """Everything that holds up a consumer, again."""
    consumer = form.text("consumer")
    try:
        await stuck.replay(actor=who.label, why=_why(form), consumer=consumer)
    except FieldOdd as error:
        return await _list(request, who, stuck, Filters(consumer), refused=error)
    return redirect(request, f"{HERE}?consumer={consumer}", flash="stuck-replayed")


@router.get("/{consumer}/{event_id}")
async def show_stuck(request: Request, who: ConsoleStaff, stuck: Stuck, place: Named) -> Response:
    return await _one(request, who, stuck, place)


@router.post("/{consumer}/{event_id}/replay")
async def replay_key(
    request: Request, who: ConsoleAdmin, stuck: Stuck, form: Posted, place: Named
) -> Response:
    found = await stuck.show(consumer=place.consumer, event_id=place.event_id)
    key = found.parked.event.envelope.key
    try:
        await stuck.replay(actor=who.label, why=_why(form), consumer=place.consumer, key=key)
    except FieldOdd as error:
        return await _one(request, who, stuck, place, refused=error)
    return redirect(request, HERE, flash="stuck-replayed")


@router.post("/{consumer}/{event_id}/drop")
async def drop_event(
    request: Request, who: ConsoleAdmin, stuck: Stuck, form: Posted, place: Named
) -> Response:
    try:
        why = _why(form)
        if form.text("sure") != "yes":
            raise FieldOdd("sure", "Tick that the handler shall never see this event")
    except FieldOdd as error:
        return await _one(request, who, stuck, place, refused=error)
    await stuck.drop(actor=who.label, why=why, consumer=place.consumer, event_id=place.event_id)
    return redirect(request, HERE, flash="stuck-dropped")


async def _list(
    request: Request,
    who: Principal,
    stuck: StuckEvents,
    wanted: Filters,
    *,
    refused: FieldOdd | None = None,
) -> Response:
    page = PageRequest(limit=SHOWN, cursor=wanted.cursor)
    found, counts, decisions = await asyncio.gather(
        stuck.latest(page, consumer=wanted.consumer or None, state=wanted.known_state),
        stuck.counts(),
        stuck.decisions(limit=DECISIONS),
    )
    return render(
        request,
        "console/stuck.html",
        status=refused.status if refused else 200,
        page=found,
        counts=counts,
        decisions=decisions,
        consumer=wanted.consumer,
        state=wanted.known_state or "",
        may_decide=who.at_least(Role.ADMIN),
        refused=_said(refused),
        max_why=MAX_WHY,
    )


async def _one(
    request: Request,
    who: Principal,
    stuck: StuckEvents,
    place: Place,
    *,
    refused: FieldOdd | None = None,
) -> Response:
    found = await stuck.show(consumer=place.consumer, event_id=place.event_id)
    event = found.parked.event.envelope
    decisions = await stuck.decisions(limit=DECISIONS, consumer=place.consumer, key=event.key)
    return render(
        request,
        "console/stuck_event.html",
        status=refused.status if refused else 200,
        found=found,
        event=event,
        decisions=decisions,
        may_decide=who.at_least(Role.ADMIN),
        refused=_said(refused),
        max_why=MAX_WHY,
    )


def _said(error: FieldOdd | None) -> Refused | None:
    return Refused(error.detail, error.status) if error else None


def _why(form: PostedForm) -> str:
    why = form.text("why")
    if not why or len(why) > MAX_WHY:
        raise FieldOdd("why", f"Say why in at most {MAX_WHY} letters")
    return why
