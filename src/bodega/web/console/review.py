"""The review queue in the console: purchases in doubt, why, and what staff decide."""

from typing import Annotated

from fastapi import APIRouter, Request
from starlette.responses import Response

from bodega.backbone.http.deps import PageQuery, provided
from bodega.contracts.checkout import Checkouts
from bodega.kernel.ids import CheckoutId, UserId
from bodega.web.access import ConsoleStaff
from bodega.web.forms import Posted
from bodega.web.pages import redirect, render

router = APIRouter(prefix="/console/review", include_in_schema=False)

Till = Annotated[Checkouts, provided(Checkouts)]


@router.get("")
async def show_queue(request: Request, who: ConsoleStaff, till: Till, page: PageQuery) -> Response:
    return render(request, "console/review.html", held=await till.held(page))


@router.post("/{checkout_id}")
async def decide(
    request: Request, who: ConsoleStaff, till: Till, form: Posted, checkout_id: CheckoutId
) -> Response:
    """The same decision twice is one decision."""
    assert who.id is not None
    accept = form.one_of("decision", "accept", "refuse") == "accept"
    await till.review(
        checkout_id, accept=accept, reviewer=UserId(who.id), note=form.text("note")[:1000]
    )
    return redirect(request, "/console/review", flash="accepted" if accept else "refused")
