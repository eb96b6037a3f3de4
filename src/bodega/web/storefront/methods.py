"""A customer's saved cards: kept by the payment provider, listed, added and removed here."""

from dataclasses import dataclass
from typing import Annotated
from urllib.parse import quote, urlsplit

from fastapi import APIRouter, Depends, Path, Query, Request
from starlette.responses import Response

from bodega.backbone.http.deps import provided
from bodega.backbone.settings import Settings
from bodega.contracts.payment_methods import MethodSetup, PaymentMethods, SavedMethod
from bodega.kernel.errors import BodegaError, NotFound, Unavailable
from bodega.kernel.ids import UserId
from bodega.kernel.principal import Principal
from bodega.web.access import Shopper
from bodega.web.forms import Posted
from bodega.web.pages import redirect, render
from bodega.web.storefront.till import TEST_CARDS, takes_test_cards

HERE = "/account/payment-methods"
router = APIRouter(prefix=HERE, include_in_schema=False)

Vault = Annotated[PaymentMethods, provided(PaymentMethods)]
_FAILED = "The bank did not agree to its being kept. Nothing was charged; try another card."
_UNCONFIRMED = "Your bank has not confirmed yet that it is you: add the card again to be asked."
_AWAY = "The payment provider does not answer. Your cards are safe there; look again shortly."


class MethodGone(NotFound):
    code = "payment_method_not_found"
    title = "You keep no such card (any more)"


@dataclass(frozen=True, slots=True)
class Wallet:
    """The form that was sent, and who keeps the cards."""

    form: Posted
    vault: Vault


AtWallet = Annotated[Wallet, Depends(Wallet)]


@router.get("")
async def show_methods(
    request: Request,
    who: Shopper,
    vault: Vault,
    setup: Annotated[str | None, Query(max_length=100)] = None,
    setup_intent: Annotated[str | None, Query(max_length=100)] = None,
) -> Response:
    """With a setup, the customer is back from the bank's page."""
    came_back = setup or setup_intent
    try:
        found = await vault.setup(customer_id=_id(who), setup_id=came_back) if came_back else None
    except Unavailable:
        found = None
    return await _page(request, who, vault, found)


@router.post("")
async def save_method(request: Request, who: Shopper, wallet: AtWallet) -> Response:
    """Keep a card; the same form twice keeps one."""
    try:
        found = await wallet.vault.begin_setup(
            command_id=wallet.form.command_id("save card"),
            customer_id=_id(who),
            payment_token=wallet.form.text("payment_token") or None,
            return_url=f"{request.base_url}{HERE.removeprefix('/')}",
        )
    except BodegaError as error:
        return await _page(request, who, wallet.vault, refused=error.detail, status=error.status)
    if _asks(found):
        return redirect(request, f"{HERE}/{found.id}/action")
    if found.status == "saved":
        return redirect(request, HERE, flash="card-saved")
    return await _page(request, who, wallet.vault, found, status=402)


@router.get("/{setup_id}/action")
async def ask_bank(
    request: Request, who: Shopper, vault: Vault, setup_id: Annotated[str, Path(max_length=100)]
) -> Response:
    """Sends the customer on to the bank: a form's answer may not lead a browser to another site."""
    found = await vault.setup(customer_id=_id(who), setup_id=setup_id)
    back = f"{HERE}?setup={quote(setup_id)}"
    if found is None or not _asks(found):
        return redirect(request, back)
    return render(request, "storefront/action.html", checkout=found, back=back)


def _asks(setup: MethodSetup) -> bool:
    """The provider's page is another site: only a web address is ever followed."""
    waits = setup.status == "requires_action"
    return waits and urlsplit(setup.action_url or "").scheme in ("http", "https")


@router.post("/remove")
async def remove_method(request: Request, who: Shopper, wallet: AtWallet) -> Response:
    """Raises MethodGone for somebody else's, too."""
    token = wallet.form.text("token")
    try:
        removed = await wallet.vault.remove(customer_id=_id(who), token=token)
    except Unavailable:
        return await _page(request, who, wallet.vault, refused=_AWAY, status=503)
    if not removed:
        raise MethodGone
    return redirect(request, HERE, flash="card-removed")


async def _page(
    request: Request,
    who: Principal,
    vault: PaymentMethods,
    setup: MethodSetup | None = None,
    *,
    refused: str | None = None,
    status: int = 200,
) -> Response:
    settings: Settings = request.app.state.settings
    kept: list[SavedMethod] = []
    try:
        kept = await vault.methods(_id(who))
    except Unavailable:
        refused = refused or _AWAY
    if setup is not None and setup.status == "failed":
        refused = _FAILED
    if setup is not None and setup.status == "requires_action":
        refused = _UNCONFIRMED
    return render(
        request,
        "storefront/methods.html",
        status=status,
        methods=kept,
        refused=refused,
        just_saved=setup is not None and setup.status == "saved",
        test_cards=TEST_CARDS if takes_test_cards(settings) else (),
    )


def _id(who: Principal) -> UserId:
    assert who.id is not None
    return UserId(who.id)
