"""Whose card it is: a saved one pays for its customer only, and a guest saves none."""

from bodega.backbone.module import Context
from bodega.commerce.checkout.errors import MethodNotFound, ProviderNotHere, SignInToSave
from bodega.contracts.checkout import CheckoutRequest
from bodega.contracts.payment_methods import PaymentMethods
from bodega.kernel.ids import UserId


async def check_method(
    context: Context, request: CheckoutRequest, customer_id: UserId | None
) -> None:
    """Raises MethodNotFound, ProviderNotHere, SignInToSave, and Unavailable while the provider
    cannot be asked."""
    if request.payment_token.startswith("paypal:") and not context.settings.paypal_client_id:
        raise ProviderNotHere
    if request.save_payment_method and customer_id is None:
        raise SignInToSave
    if request.payment_source == "new":
        return
    if customer_id is None:
        raise MethodNotFound
    kept = await context.container.get(PaymentMethods).methods(customer_id)
    if request.payment_token not in [method.token for method in kept]:
        raise MethodNotFound
