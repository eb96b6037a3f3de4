"""HTTP of checkout."""

from typing import Annotated, Any

from fastapi import APIRouter, Response, status

from bodega.backbone.http.deps import Anyone, Claim, PageQuery, SagaClaim, Staff, provided
from bodega.backbone.http.router import api_router
from bodega.commerce.checkout.domain import live, refusal
from bodega.commerce.checkout.errors import CheckoutNotFound
from bodega.commerce.checkout.schemas import ReviewDecision
from bodega.contracts.checkout import CheckoutRequest, Checkouts, CheckoutView, HeldCheckout
from bodega.kernel.ids import CheckoutId, UserId, derived_id
from bodega.kernel.page import Page
from bodega.kernel.principal import Principal, Role

router = api_router("checkout", "/checkouts")
admin = api_router("checkout", "/admin/checkouts")

Till = Annotated[Checkouts, provided(Checkouts)]
_ANSWERS: dict[int | str, dict[str, Any]] = {
    202: {
        "model": CheckoutView,
        "description": "Not settled yet: send the buyer to `action_url`, or ask again at Location",
    },
    402: {"description": "`payment_declined`: nothing was charged"},
    409: {"description": "`out_of_stock`, `cart_in_checkout`, `cart_ordered`, …"},
}


@router.post("", status_code=status.HTTP_201_CREATED, responses=_ANSWERS)
async def submit_checkout(
    who: Anyone, claim: SagaClaim, till: Till, request: CheckoutRequest, response: Response
) -> CheckoutView:
    """Buy what the cart shows. The same Idempotency-Key again answers the same outcome."""
    checkout = await till.submit(
        checkout_id=_checkout_id(claim, who, request),
        request=request,
        customer_id=UserId(who.id) if who.id else None,
    )
    return _answered(checkout, response)


@router.get("/{checkout_id}")
async def get_checkout(who: Anyone, till: Till, checkout_id: CheckoutId) -> CheckoutView:
    """A guest's checkout is known to whoever knows its id, a customer's only to that customer."""
    checkout = await till.checkout(checkout_id)
    if checkout is None or not _may_see(who, checkout):
        raise CheckoutNotFound
    return checkout


@router.post("/{checkout_id}/proceed", responses=_ANSWERS)
async def proceed_checkout(
    who: Anyone, claim: SagaClaim, till: Till, checkout_id: CheckoutId, response: Response
) -> CheckoutView:
    """The buyer is back from `action_url`: go on with what the provider says."""
    known = await till.checkout(checkout_id)
    if known is None or not _may_see(who, known):
        raise CheckoutNotFound
    return _answered(await till.proceed(checkout_id) or known, response)


@router.post("/{checkout_id}/abandon")
async def abandon_checkout(
    who: Anyone, claim: SagaClaim, till: Till, checkout_id: CheckoutId
) -> CheckoutView:
    """The buyer wants to pay another way: what waits for them is undone, the cart is theirs."""
    known = await till.checkout(checkout_id)
    if known is None or not _may_see(who, known):
        raise CheckoutNotFound
    return await till.abandon(checkout_id) or known


@admin.get("/held")
async def list_held(who: Staff, till: Till, page: PageQuery) -> Page[HeldCheckout]:
    """The review queue, the longest waiting first."""
    return await till.held(page)


@admin.post("/{checkout_id}/review")
async def review_checkout(
    who: Staff, claim: SagaClaim, till: Till, checkout_id: CheckoutId, decision: ReviewDecision
) -> CheckoutView:
    """Accept: the money is taken. Refuse: the order is cancelled and the money let go."""
    assert who.id is not None
    return await till.review(
        checkout_id, accept=decision.accept, reviewer=UserId(who.id), note=decision.note
    )


def _checkout_id(claim: Claim, who: Principal, request: CheckoutRequest) -> CheckoutId:
    """All guests share one name, so a guest's keys are told apart by the cart, which nobody else
    knows; the id cannot be guessed from the key alone."""
    if who.id is not None:
        return CheckoutId(claim.id)
    return CheckoutId(derived_id(claim.id, str(request.cart_id)))


def _answered(checkout: CheckoutView, response: Response) -> CheckoutView:
    if checkout.state == "failed":
        raise refusal(
            checkout.failure_code,
            checkout.failure_detail,
            checkout_id=checkout.id,
            decline_code=checkout.decline_code,
        )
    if live(checkout.state):
        response.status_code = status.HTTP_202_ACCEPTED
    response.headers["location"] = f"/api/v1/checkouts/{checkout.id}"
    return checkout


def _may_see(who: Principal, checkout: CheckoutView) -> bool:
    return checkout.customer_id in (None, who.id) or who.at_least(Role.STAFF)


ROUTERS: list[APIRouter] = [router, admin]
