"""What others know of the things in a cart: prices, stock, promotions, taxes and ways to send."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from pydantic import TypeAdapter, ValidationError

from bodega.backbone.module import Context
from bodega.backbone.settings import Settings
from bodega.commerce.cart.adapters.tries import CouponTry, count_try
from bodega.commerce.cart.domain import Basket, Limits, countable, priced, quoted
from bodega.commerce.cart.errors import CouponRefused
from bodega.contracts.cart import CartQuote, CartView
from bodega.contracts.catalog import Catalog, SellableVariant
from bodega.contracts.checkout import CartCheckout, Checkouts
from bodega.contracts.inventory import Inventory
from bodega.contracts.pricing import Basket as Priceable
from bodega.contracts.pricing import BasketLine, Pricing
from bodega.contracts.shipping import Parcel, Shipping, ShippingOption
from bodega.kernel.coupons import CouponCode
from bodega.kernel.errors import Unavailable
from bodega.kernel.ids import CartId, ShippingMethodId, UserId, VariantId
from bodega.kernel.money import Money
from bodega.kernel.regions import region_of

Known = Mapping[VariantId, SellableVariant]
_CODES: TypeAdapter[str] = TypeAdapter(CouponCode)
_HOPELESS = {
    "unknown": "There is no such code: check how it is spelled",
    "expired": "This code has expired",
    "used_up": "This code has been used as often as it may be",
}


@dataclass(frozen=True, slots=True)
class Destination:
    """Where a cart is to go; without a country, wherever the shop is."""

    country: str | None = None
    region: str = ""
    postal_code: str = ""


HERE = Destination()


def limits_of(settings: Settings) -> Limits:
    return Limits(
        max_units=settings.cart_max_units,
        max_total_units=settings.cart_max_total_units,
        min_total=settings.cart_min_total,
        max_total=settings.cart_max_total,
        guest_life=timedelta(days=settings.cart_guest_days),
        customer_life=timedelta(days=settings.cart_customer_days),
    )


def coupon_code(typed: str) -> str:
    """As the shop spells it. Raises CouponRefused."""
    try:
        return _CODES.validate_python(typed)
    except ValidationError as error:
        raise CouponRefused from error


class Shelves:
    """Asks the other modules about a basket; every question may be asked inside a unit of work."""

    def __init__(self, context: Context) -> None:
        self.context = context
        self._container = context.container
        self._clock = context.clock
        self._currency = context.settings.currency
        self._country = context.settings.country
        self.limits = limits_of(context.settings)

    def now(self) -> datetime:
        return self._clock.now()

    async def checkout_of(self, cart_id: CartId) -> CartCheckout | None:
        """None while nobody checks the cart out."""
        if Checkouts not in self._container:
            return None
        return await self._container.get(Checkouts).of_cart(cart_id)

    async def known(self, variant_ids: Iterable[VariantId]) -> Known:
        wanted = list(variant_ids)
        return await self._container.get(Catalog).sellable(wanted) if wanted else {}

    async def view(self, basket: Basket, known: Known | None = None) -> CartView:
        """The cart with today's prices, stock and quote; `known` spares asking the catalogue."""
        view = await self.stocked(basket, known)
        if basket.status != "open" or not view.lines:
            return view
        try:
            quote, discounts = await self._quoted(view)
        except Unavailable:
            return view
        lines = [
            line.model_copy(update={"discount": discounts.get(str(line.variant_id))})
            for line in view.lines
        ]
        return view.model_copy(update={"lines": lines, "quote": quote})

    async def quote(
        self,
        basket: Basket,
        there: Destination,
        *,
        customer_id: UserId | None,
        method_id: ShippingMethodId | None,
    ) -> CartQuote | None:
        """What the basket costs there; None when there is nothing to buy. Raises Unavailable."""
        view = await self.stocked(basket._replace(customer_id=customer_id))
        if not countable(view.lines, view.currency):
            return None
        quote, _ = await self._quoted(view, there, method_id)
        return quote

    async def check_coupon(self, basket: Basket, known: Known, code: str) -> None:
        """Raises CouponRefused for a code that can never apply; one that does not apply yet stays,
        with the reason beside it. Raises Unavailable."""
        asked = basket._replace(coupons=[*basket.coupons, code])
        view = priced(asked, known, {}, currency=self._currency, limits=self.limits)
        found = await self._container.get(Pricing).quote(_priceable(view, None, HERE))
        refusal = next((item.refusal for item in found.coupons if item.code == code), None)
        if refusal in _HOPELESS:
            raise CouponRefused(_HOPELESS[refusal], refusal=refusal)

    async def count_try(self, cart_id: CartId, client: str | None) -> CouponTry:
        """Raises CouponTriesExceeded."""
        context = self.context
        return await count_try(context.cache, context.settings, cart_id=cart_id, client=client)

    async def unquoted(self, basket: Basket) -> CartView:
        """The cart with today's prices."""
        known = await self.known([line.variant_id for line in basket.lines])
        return priced(basket, known, None, currency=self._currency, limits=self.limits)

    async def stocked(self, basket: Basket, known: Known | None = None) -> CartView:
        """The cart with today's prices and stock."""
        wanted = [line.variant_id for line in basket.lines]
        left: Mapping[VariantId, int] = {}
        if wanted:
            left = await self._container.get(Inventory).available(wanted)
        if known is None:
            known = await self.known(wanted)
        return priced(
            basket,
            known,
            left,
            currency=self._currency,
            limits=self.limits,
            allowed=await self._allowed(basket, known),
        )

    async def _allowed(self, basket: Basket, known: Known) -> dict[VariantId, int]:
        """How many the customer may still buy of what has a purchase limit; nothing of a guest."""
        limits = {
            line.variant_id: limit
            for line in basket.lines
            if line.variant_id in known and (limit := known[line.variant_id].purchase_limit)
        }
        if not limits or basket.customer_id is None or Checkouts not in self._container:
            return {}
        return await self._container.get(Checkouts).allowances(
            customer_id=basket.customer_id, limits=limits, beside=basket.id
        )

    async def _quoted(
        self,
        view: CartView,
        there: Destination = HERE,
        method_id: ShippingMethodId | None = None,
    ) -> tuple[CartQuote, dict[str, Money]]:
        """The quote, and what is taken off each line by its key."""
        country = there.country or self._country
        options = await self._options(view, country, there.postal_code)
        chosen = _chosen(options, method_id)
        asked = _priceable(view, chosen.price if chosen else None, there)
        found = await self._container.get(Pricing).quote(asked)
        quote = quoted(
            found,
            options,
            country=country,
            currency=view.currency,
            method_id=chosen.method_id if chosen else None,
        )
        return quote, {line.key: line.discount for line in found.lines}

    async def _options(
        self, view: CartView, country: str, postal_code: str
    ) -> list[ShippingOption]:
        counted = countable(view.lines, view.currency)
        parcel = Parcel(
            country=country,
            postal_code=postal_code,
            subtotal=view.total,
            weight_grams=sum(line.weight_grams * line.quantity for line in counted),
            units=sum(line.quantity for line in counted),
        )
        return await self._container.get(Shipping).options(parcel)


def _chosen(
    options: list[ShippingOption], method_id: ShippingMethodId | None
) -> ShippingOption | None:
    cheapest = options[0] if options else None
    return next((option for option in options if option.method_id == method_id), cheapest)


def _priceable(view: CartView, shipping: Money | None, there: Destination) -> Priceable:
    return Priceable(
        currency=view.currency,
        lines=[
            BasketLine(
                key=str(line.variant_id),
                product_id=line.product_id,
                variant_id=line.variant_id,
                quantity=line.quantity,
                unit_price=line.unit_price,
                category=line.category,
                tax_class=line.tax_class,
            )
            for line in countable(view.lines, view.currency)
        ],
        shipping=shipping,
        country=there.country,
        region=there.region or region_of(there.country or "", there.postal_code),
        customer_id=view.customer_id,
        coupons=view.coupons,
    )
