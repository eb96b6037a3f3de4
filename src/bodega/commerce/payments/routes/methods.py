"""HTTP of saved cards: each customer's own."""

from typing import Annotated

from fastapi import Response, status

from bodega.backbone.http.deps import SagaClaim, SignedIn, provided
from bodega.backbone.http.router import api_router
from bodega.commerce.payments.errors import MethodNotFound, SetupNotFound
from bodega.commerce.payments.schemas import MethodList, MethodSaving
from bodega.contracts.payment_methods import MethodSetup, PaymentMethods
from bodega.kernel.ids import CommandId, UserId
from bodega.kernel.principal import Principal

own = api_router("payments", "/payment-methods")

Vault = Annotated[PaymentMethods, provided(PaymentMethods)]


@own.get("")
async def list_methods(who: SignedIn, vault: Vault) -> MethodList:
    """The cards the provider keeps for this customer."""
    return MethodList(items=await vault.methods(_customer(who)))


@own.post("/setups", status_code=status.HTTP_201_CREATED)
async def begin_setup(
    who: SignedIn, vault: Vault, claim: SagaClaim, wanted: MethodSaving
) -> MethodSetup:
    """Save a card by its token, or get a `client_secret` for the provider's form in the browser."""
    return await vault.begin_setup(
        command_id=CommandId(claim.id),
        customer_id=_customer(who),
        payment_token=wanted.payment_token,
        return_url=wanted.return_url,
    )


@own.get("/setups/{setup_id}")
async def get_setup(who: SignedIn, vault: Vault, setup_id: str) -> MethodSetup:
    """How it stands, asked of the provider."""
    found = await vault.setup(customer_id=_customer(who), setup_id=setup_id)
    if found is None:
        raise SetupNotFound
    return found


@own.delete("/{token}", status_code=status.HTTP_204_NO_CONTENT)
async def remove_method(who: SignedIn, vault: Vault, token: str) -> Response:
    """The provider forgets the card."""
    if not await vault.remove(customer_id=_customer(who), token=token):
        raise MethodNotFound
    return Response(status_code=status.HTTP_204_NO_CONTENT)


def _customer(who: Principal) -> UserId:
    assert who.id is not None
    return UserId(who.id)
