"""An outside engine answers for shipping or prices in the place of ours."""

from collections.abc import AsyncIterator, Iterator

import pytest
from pydantic import SecretStr

from bodega.apps.compose import Shop, compose
from bodega.backbone.container import Container
from bodega.backbone.http.edge import create_app
from bodega.backbone.http.remote import RemoteFailed, RemoteUnavailable, expose
from bodega.backbone.settings import Settings
from bodega.commerce.pricing.service import PricingService
from bodega.contracts.cart import Carts
from bodega.contracts.pricing import AppliedPromotion, Basket, PricedLine, Pricing, Quote
from bodega.contracts.shipping import Parcel, Shipping, ShippingOption
from bodega.kernel.ids import CheckoutId, CommandId, PromotionId, ShippingMethodId, new_id
from bodega.kernel.money import Money
from tests.kit.goods import filled_cart, stocked
from tests.kit.served import served
from tests.kit.tree import free_port

PARCEL = Parcel(country="GB", subtotal=Money(amount=1000, currency="GBP"), units=1)


class Courier:
    """Asks a penny a unit."""

    async def options(self, parcel: Parcel) -> list[ShippingOption]:
        price = Money(amount=parcel.units, currency=parcel.subtotal.currency)
        option = ShippingOption(
            method_id=ShippingMethodId(new_id()),
            name="Courier",
            carrier="ACME",
            price=price,
            min_days=1,
            max_days=1,
        )
        return [option]

    async def option(self, method_id: ShippingMethodId, parcel: Parcel) -> ShippingOption | None:
        return None


class HalfPrice:
    """Half of everything, and one redemption in all."""

    def __init__(self) -> None:
        self.left = 1

    async def quote(self, basket: Basket) -> Quote:
        lines = [self._line(line.key, line.unit_price * line.quantity) for line in basket.lines]
        shipping = self._line("shipping", basket.shipping) if basket.shipping else None
        every = [*lines, shipping] if shipping else lines

        def of(amounts: list[int]) -> Money:
            return Money(amount=sum(amounts), currency=basket.currency)

        return Quote(
            lines=lines,
            shipping=shipping,
            subtotal=of([line.subtotal.amount for line in lines]),
            discount=of([line.discount.amount for line in every]),
            tax=of([]),
            total=of([line.total.amount for line in every]),
            promotions=[],
            coupons=[],
        )

    def _line(self, key: str, price: Money) -> PricedLine:
        off = Money(amount=price.amount // 2, currency=price.currency)
        half = AppliedPromotion(promotion_id=PromotionId(new_id()), title="Half", amount=off)
        return PricedLine(
            key=key,
            subtotal=price,
            discount=off,
            tax=Money.zero(price.currency),
            tax_rate=0,
            tax_included=True,
            total=price - off,
            promotions=[half],
        )

    async def redeem(
        self,
        *,
        command_id: CommandId,
        checkout_id: CheckoutId,
        basket: Basket,
        expected: Money | None = None,
    ) -> bool:
        self.left -= 1
        return self.left >= 0

    async def release(self, *, command_id: CommandId, checkout_id: CheckoutId) -> None:
        self.left += 1


@pytest.fixture
def engine() -> Iterator[str]:
    """Both, on a port of their own."""
    app = create_app(
        Settings(_env_file=None),
        title="engine",
        routers=[
            expose(Shipping, Courier(), token="sesame"),
            expose(Pricing, HalfPrice(), token="sesame"),
        ],
        container=Container(),
        database=None,
    )
    with served(app, lifespan="off") as url:
        yield url


@pytest.fixture
async def shop(settings: Settings, engine: str) -> AsyncIterator[Shop]:
    token = SecretStr("sesame")
    theirs = {
        "pricing_url": engine,
        "pricing_token": token,
        "shipping_url": engine,
        "shipping_token": token,
    }
    composed = compose(settings.model_copy(update=theirs))
    yield composed
    await composed.close()


async def test_a_cart_shows_what_the_engines_say(shop: Shop) -> None:
    mug = await stocked(shop.context, 9, price=Money(amount=1000, currency="GBP"))
    cart_id = await filled_cart(shop.context, mug, quantity=4)
    cart = await shop.context.container.get(Carts).cart(cart_id, customer_id=None)
    assert cart
    assert cart.quote
    assert [option.name for option in cart.quote.shipping_options] == ["Courier"]
    assert (cart.quote.discount.amount, cart.quote.total.amount) == (2002, 2002)


async def test_a_redemption_is_the_engines_to_count(shop: Shop) -> None:
    pricing = shop.context.container.get(Pricing)
    asked = Basket(currency="GBP", lines=[])
    ids = {"command_id": CommandId(new_id()), "checkout_id": CheckoutId(new_id())}
    assert await pricing.redeem(**ids, basket=asked, expected=Money.zero("GBP"))
    assert not await pricing.redeem(**ids, basket=asked)
    await pricing.release(**ids)
    await pricing.release(**ids)
    assert await pricing.redeem(**ids, basket=asked)


async def test_an_engine_that_is_away_or_shut_is_never_guessed_for(settings: Settings) -> None:
    nowhere = {"shipping_url": f"http://127.0.0.1:{free_port()}", "shipping_token": SecretStr("x")}
    shop = compose(settings.model_copy(update=nowhere))
    try:
        with pytest.raises(RemoteUnavailable):
            await shop.context.container.get(Shipping).options(PARCEL)
        assert isinstance(shop.context.container.get(Pricing), PricingService)
    finally:
        await shop.close()


async def test_an_engine_refuses_who_lacks_its_token(settings: Settings, engine: str) -> None:
    wrong = {"shipping_url": engine, "shipping_token": SecretStr("abracadabra")}
    shop = compose(settings.model_copy(update=wrong))
    try:
        with pytest.raises(RemoteFailed):
            await shop.context.container.get(Shipping).options(PARCEL)
    finally:
        await shop.close()
