"""Durable work in the console: what is under way, what holds it up, retry and cancel."""

from typing import Annotated

from fastapi import APIRouter, Query, Request
from starlette.responses import Response

from bodega.backbone.http.deps import provided
from bodega.backbone.workflows import OPEN, Workflows
from bodega.web.access import ConsoleStaff
from bodega.web.forms import Posted
from bodega.web.pages import redirect, render

LIMIT = 100
router = APIRouter(prefix="/console/workflows", include_in_schema=False)

Flows = Annotated[Workflows, provided(Workflows)]


@router.get("")
async def list_workflows(
    request: Request,
    who: ConsoleStaff,
    flows: Flows,
    kind: str = "",
    ended: Annotated[bool, Query(alias="all")] = False,
) -> Response:
    known = kind if kind in flows.kinds else None
    found = await flows.latest(kind=known, limit=LIMIT, open_only=not ended)
    return render(
        request,
        "console/workflows.html",
        found=found,
        kinds=flows.kinds,
        kind=known or "",
        ended=ended,
        limit=LIMIT,
    )


@router.get("/{id_:path}")
async def show_workflow(request: Request, who: ConsoleStaff, flows: Flows, id_: str) -> Response:
    found = await flows.show(id_)
    return render(request, "console/workflow.html", found=found, open=found.state in OPEN)


@router.post("/{id_:path}/retry")
async def retry_workflow(
    request: Request, who: ConsoleStaff, flows: Flows, form: Posted, id_: str
) -> Response:
    await flows.retry(id_)
    return redirect(request, f"/console/workflows/{id_}", flash="workflow-retried")


@router.post("/{id_:path}/cancel")
async def cancel_workflow(
    request: Request, who: ConsoleStaff, flows: Flows, form: Posted, id_: str
) -> Response:
    await flows.cancel(id_)
    return redirect(request, f"/console/workflows/{id_}", flash="workflow-cancelled")
