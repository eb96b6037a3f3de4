"""Which provider takes a payment: nothing for nothing, else the one its token names."""

from bodega.backbone.settings import Settings
from bodega.commerce.payments.adapters.free import FreeOfCharge
from bodega.commerce.payments.adapters.paypal import PayPalProvider
from bodega.commerce.payments.adapters.port import Provider
from bodega.commerce.payments.adapters.stripe import StripeProvider
from bodega.commerce.payments.errors import ProviderRefused
from bodega.kernel.money import Money


class Providers:
    """`paypal:TOKEN` names a provider; a token without a name goes to the default one."""

    def __init__(self, settings: Settings) -> None:
        self._free: Provider = FreeOfCharge()
        self._default: Provider = StripeProvider(settings)
        self._named: dict[str, Provider] = {
            known.name: known for known in (self._free, self._default)
        }
        if settings.paypal_client_id:
            self._named["paypal"] = PayPalProvider(settings)

    def chosen(self, amount: Money, token: str) -> Provider:
        if not amount.amount:
            return self._free
        name, colon, _ = token.partition(":")
        return self.named(name) if colon else self._default

    def named(self, name: str) -> Provider:
        """Raises ProviderRefused for one that is not set up here."""
        if name not in self._named:
            raise ProviderRefused(f"There is no payment provider {name!r} here")
        return self._named[name]

    def charging(self) -> list[Provider]:
        """Those whose books can be compared with ours."""
        return [known for known in self._named.values() if known is not self._free]

    async def aclose(self) -> None:
        for provider in self._named.values():
            await provider.aclose()
